"""Error pages of the desk. Each is one constant text: nothing of the request stands in it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def _constant(title: str, sentence: str, status: int) -> HttpResponse:
    return HttpResponse(render_to_string("desk/error.html", {"title": title, "sentence": sentence}), status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _constant("This request makes no sense here", "Go back and try again.", 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _constant("This is not for you", "Your role does not include it. An administrator can change that.", 403)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _constant(
        "This form could not be trusted", "It was open for too long, or cookies are off. Load the page anew.", 403
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _constant("There is no such page at the desk", "It may have been moved or deleted.", 404)


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _constant("Too many tries", "Wait a few minutes, then try again.", 429)


def server_error(request: HttpRequest) -> HttpResponse:
    return _constant("Something went wrong at the desk", "The error is in the log of the desk's process.", 500)
