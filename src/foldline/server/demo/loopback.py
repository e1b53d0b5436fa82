"""The demonstration's powers are for who sits at this machine, and for its own pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def only_here(view: View) -> View:
    """Refuse (403) whoever does not ask from loopback, for a loopback host, from a page of ours or from no page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if not (settings.FOLDLINE.demo and _from_this_machine(request) and _from_our_pages(request)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def _from_this_machine(request: HttpRequest) -> bool:
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    return _is_loopback(get_adapter().get_client_ip(request)) and (host == "localhost" or _is_loopback(host))


def _from_our_pages(request: HttpRequest) -> bool:
    """A page of another site must not be able to change who one is here (Fetch Metadata, W3C)."""
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return request.method == "GET" and request.headers.get("Sec-Fetch-Mode") == "navigate"
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.get_host()


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
