"""The desk's addresses: signing in, the second factor, and the admin behind both."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from foldline import config
from foldline.server.see_as import SeeAs
from foldline.site.circulation import desk_pages as circulation
from foldline.site.desk.see_as import SeeAsPages
from foldline.site.desk.service import addresses as service
from foldline.site.gifts import desk_pages as gifts
from foldline.site.institutions import desk_pages as institutions
from foldline.site.newsstand import desk_pages as newsstand

handler400 = "foldline.site.desk.errors.bad_request"
handler403 = "foldline.site.desk.errors.forbidden"
handler404 = "foldline.site.desk.errors.not_found"
handler429 = "foldline.site.desk.errors.too_many"
handler500 = "foldline.site.desk.errors.server_error"


def addresses(foldline: config.Settings) -> list[URLPattern | URLResolver]:
    """The demonstration's way in has no address anywhere else."""
    eye = SeeAs(foldline)
    found: list[URLPattern | URLResolver] = [
        path("", include("foldline.site.desk.urls")),
        *service.addresses(eye),
        *institutions.ADDRESSES,
        *circulation.ADDRESSES,
        *SeeAsPages(eye).addresses,
        *newsstand.addresses(),
        *gifts.ADDRESSES,
    ]
    if foldline.demo:
        found.append(path("demo/", include("foldline.server.demo.desk_urls")))
    # Last: the admin answers every other address with its own sign-in.
    return [*found, path("", admin.site.urls)]


urlpatterns = addresses(settings.FOLDLINE)
