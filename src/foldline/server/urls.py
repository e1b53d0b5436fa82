"""Everything under the prefix that the gate does not answer itself."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from foldline import config
from foldline.site.circulation import pages as circulation
from foldline.site.feeds import pages as feeds
from foldline.site.gifts import pages as gifts

handler400 = "foldline.site.readers.errors.bad_request"
handler403 = "foldline.site.readers.errors.forbidden"
handler404 = "foldline.site.readers.errors.not_found"
handler429 = "foldline.site.readers.errors.too_many"
handler500 = "foldline.site.readers.errors.server_error"


def addresses(foldline: config.Settings) -> list[URLPattern | URLResolver]:
    """The demonstration's powers have no address anywhere else."""
    prefix = foldline.publication.prefix.removeprefix("/")
    found: list[URLPattern | URLResolver] = [
        path(prefix, include("foldline.site.readers.urls")),
        path(prefix, include("foldline.site.billing.urls")),
        path(prefix, include("foldline.site.machines.urls")),
        path(prefix, include(circulation.ADDRESSES)),
        path(prefix, include(feeds.ADDRESSES)),
        path(prefix, include(gifts.ADDRESSES)),
    ]
    if foldline.demo:
        found.append(path(f"{prefix}demo/", include("foldline.server.demo.urls")))
    return found


urlpatterns = addresses(settings.FOLDLINE)
