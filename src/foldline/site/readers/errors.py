"""Error pages. Each is one constant text: nothing of the request stands in it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from foldline.site.readers import rendering
from foldline.site.readers.wording import words


def _constant(request: HttpRequest, key: str, status: int) -> HttpResponse:
    title = words()[f"error.{key}.title"]
    context = {"sentence": words()[f"error.{key}.sentence"]}
    return rendering.page(request, "error", title, context, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _constant(request, "bad-request", 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _constant(request, "not-allowed", 403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without our token: another site's, an old one, or a browser without cookies."""
    return _constant(request, "forbidden", 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _constant(request, "not-found", 404)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """What allauth answers with where a rate limit is reached."""
    return _constant(request, "too-many", 429)


def server_error(request: HttpRequest) -> HttpResponse:
    return _constant(request, "server-error", 500)
