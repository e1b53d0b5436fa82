"""How often one may ask for codes: counted for a network, for an address from a network, and for an address."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.http import HttpRequest

from foldline.callers.address import client_address, network


def network_of(request: HttpRequest) -> str:
    """The network that a request came from (/24 of IPv4, /56 of IPv6), as the gate saw it."""
    return network(client_address(get_adapter().get_client_ip(request), (), 0))


def may_ask(request: HttpRequest, email: str) -> bool:
    """Whether one more code for an address may be asked for from here; it is counted before anything is made.

    The narrow limit is for an address and a network together: what a stranger asks for elsewhere takes nothing from the
    reader. The wide one, for an address from everywhere, keeps a mailbox from being flooded.
    """
    return _consume(request, email, "request_login_code", "code_for_address")


def may_declare(request: HttpRequest, email: str) -> bool:
    """Whether one more withdrawal may be declared from here for an address, under limits as for codes."""
    return _consume(request, email, "withdrawal", "withdrawal_for_address")


def _consume(request: HttpRequest, email: str, narrow: str, wide: str) -> bool:
    if not ratelimit.consume(request, action=narrow, key=f"{email} {network_of(request)}"):
        return False
    return bool(ratelimit.consume(request, action=wide, key=email))
