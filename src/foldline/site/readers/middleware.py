"""What holds for every answer of the site and the desk: headers, one cookie of a name, sessions that still run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from foldline.signed import cookies
from foldline.site.readers import passes

Handler = Callable[[HttpRequest], HttpResponse]

#: No page here may be kept by a cache, framed, indexed, or run anything that is not a file of ours.
HEADERS = {
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def private_pages(get_response: Handler) -> Handler:
    """Give every answer the headers of a private page."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        if not request.path.startswith(settings.STATIC_URL):
            response.headers["Cache-Control"] = "private, no-store"
            response.headers.pop("Expires", None)
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Content-Security-Policy", settings.FOLDLINE_CONTENT_POLICY)
        return response

    return handle


class OwnForms(CsrfViewMiddleware):
    """Django's guard of forms, token and all, with one more way to tell that a form is ours: a browser says of it that
    the page and its target have one origin (`Sec-Fetch-Site`, which no page can write). Behind a library's rewriting
    proxy that is so, while `Origin` names the proxy."""

    def _origin_verified(self, request: HttpRequest) -> bool:
        if request.headers.get("Sec-Fetch-Site") == "same-origin":
            return True
        return bool(super()._origin_verified(request))  # type: ignore[misc]


def single_cookies(get_response: Handler) -> Handler:
    """Two cookies of one name of ours mean none: a neighbouring host may have tossed one of them."""
    ours = {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, cookies.PASS}

    def handle(request: HttpRequest) -> HttpResponse:
        pairs = [pair.strip() for pair in request.META.get("HTTP_COOKIE", "").split(";")]
        names = Counter(pair.partition("=")[0].strip() for pair in pairs)
        doubled = {name for name in ours if names[name] > 1}
        if doubled:
            kept = (pair for pair in pairs if pair.partition("=")[0].strip() not in doubled)
            request.META["HTTP_COOKIE"] = "; ".join(kept)
        return get_response(request)

    return handle


def running_sessions(get_response: Handler) -> Handler:
    """A Django session lives only as long as the pass session beside it; each visit to a page here renews both."""

    def handle(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            passes.adopt(request)
        if not request.user.is_authenticated:
            return get_response(request)
        session = passes.running(request)
        if session is None:
            logout(request)
            response = get_response(request)
            passes.expire_cookies(response)
            return response
        if passes.roll(session):
            request.session.modified = True
        return get_response(request)

    return handle
