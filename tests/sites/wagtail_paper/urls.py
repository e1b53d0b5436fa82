"""Addresses as a Wagtail project has them: its own administration, documents, API, search, feed and sitemap."""

from __future__ import annotations

from datetime import datetime

from django.contrib.syndication.views import Feed
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import include, path
from tests.sites.wagtail_paper.news.models import NewsArticle
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as admin_urls
from wagtail.api.v2.router import WagtailAPIRouter
from wagtail.api.v2.views import PagesAPIViewSet
from wagtail.contrib.sitemaps.views import sitemap
from wagtail.documents import urls as documents_urls
from wagtail.models import Page

api = WagtailAPIRouter("wagtailapi")
api.register_endpoint("pages", PagesAPIViewSet)


class News(Feed):
    """Whole texts."""

    title = "The Winterhaven Signal"
    link = "/news/"
    description = "News of the coast"

    def items(self) -> list[NewsArticle]:
        return list(NewsArticle.objects.live().order_by("-published")[:20])

    def item_title(self, item: NewsArticle) -> str:
        return str(item.title)

    def item_description(self, item: NewsArticle) -> str:
        return str(item.body)

    def item_pubdate(self, item: NewsArticle) -> datetime:
        return item.published

    def item_link(self, item: NewsArticle) -> str:
        return str(item.url)


def search(request: HttpRequest) -> HttpResponse:
    """Pages that hold the words."""
    query = request.GET.get("query", "")
    found = Page.objects.live().search(query) if query else Page.objects.none()
    shown = Paginator(found, 10).get_page(request.GET.get("page", 1))
    return TemplateResponse(request, "search.html", {"query": query, "results": [page.specific for page in shown]})


def robots(request: HttpRequest) -> HttpResponse:
    """Where the sitemap is."""
    text = f"User-agent: *\nDisallow: /admin/\nSitemap: {request.build_absolute_uri('/sitemap.xml')}\n"
    return HttpResponse(text, content_type="text/plain")


urlpatterns = [
    path("admin/", include(admin_urls)),
    path("documents/", include(documents_urls)),
    path("api/v2/", api.urls),
    path("search/", search),
    path("feed/", News()),
    path("sitemap.xml", sitemap),
    path("robots.txt", robots),
    path("", include(wagtail_urls)),
]
