"""To the provider's pages, by a page in between, because no form of ours may lead to another host; and what is shown
while it does not answer."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from foldline.site.billing.provider import ProviderUnavailable
from foldline.site.readers import rendering
from foldline.site.readers.wording import words

#: Seconds after which the page that waits for the provider asks again by itself.
ASK_AGAIN = 5


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


def plans_for(path: str) -> str:
    """The page of plans, which knows where one came from."""
    return f"{reverse('subscribe')}?{urlencode({'next': path}, safe='/')}"


def to_sign_in(here: str) -> str:
    """To sign in, and back here."""
    return f"{reverse('account_login')}?{urlencode({'next': here}, safe='/')}"


def silent(request: HttpRequest) -> HttpResponse:
    """The provider does not answer: nothing is known, so nothing is opened, and the page asks again by itself."""
    response = rendering.page(request, "billing/silent", words()["subscribed.silent-title"], status=503)
    response.headers["Refresh"] = str(ASK_AGAIN)
    return response
