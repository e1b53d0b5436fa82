"""Before every view of the desk: staff whose second factor has been seen, or the page where one is set up."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from foldline.site.desk.access import has_entered, must_enrol, sign_in_address
from foldline.site.readers.adapter import SeeOther

Handler = Callable[[HttpRequest], HttpResponse]

_OWN = "headers_of_its_own"


def staff_with_second_factor(get_response: Handler) -> Handler:
    """Whoever is signed in without a second factor reaches the page that sets one up, and the way out."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(settings.STATIC_URL) or not request.user.is_authenticated or has_entered(request):
            return get_response(request)
        if not must_enrol(request):
            logout(request)
            return SeeOther(sign_in_address())
        if request.path in (reverse("second_factor"), reverse("account_logout")):
            return get_response(request)
        return SeeOther(reverse("second_factor"))

    return handle


def framed_pages(get_response: Handler) -> Handler:
    """Outside of everything: an answer that has headers of its own keeps them (`headers_of_its_own`)."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in getattr(response, _OWN, {}).items():
            response.headers[name] = value
        return response

    return handle


def headers_of_its_own(response: HttpResponse, headers: dict[str, str]) -> HttpResponse:
    """Give an answer headers that stand in the place of what every page of the desk has."""
    setattr(response, _OWN, headers)
    return response
