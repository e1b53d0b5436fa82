"""The addresses of the newspaper. Those under `/-/` belong to the gate."""

from django.http import HttpResponse, JsonResponse
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls


def cookies(request):
    return JsonResponse({"cookies": sorted(request.COOKIES)})


def style(request):
    return HttpResponse("body { margin: 2rem auto; max-width: 40rem; }\n", content_type="text/css")


urlpatterns = [
    path("admin/", include(wagtailadmin_urls)),
    path("cookies/", cookies),
    path("static/site.css", style),
    path("", include(wagtail_urls)),
]
