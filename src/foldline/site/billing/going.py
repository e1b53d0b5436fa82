"""To the provider's pages: a page in between, because no form of ours may lead to another host."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

from foldline.site.billing.provider import ProviderUnavailable
from foldline.site.readers import rendering
from foldline.site.readers.wording import words


def to_the_provider(request: HttpRequest, address: str) -> HttpResponse:
    """A page that goes on by itself to `address`, and has a link where a browser does not.

    Raises:
        ProviderUnavailable: the provider gave something that is no address of a page.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ProviderUnavailable("the provider's page has no address")
    context = {"address": address, "going": words()["billing.going"], "going_on": words()["billing.going-on"]}
    response = rendering.page(request, "going", words()["billing.going-title"], context)
    response.headers["Refresh"] = f"0; url={address}"
    return response
