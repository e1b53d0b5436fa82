"""Who stands before the desk, and how far they have come."""

from __future__ import annotations

from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest
from django.urls import reverse

from foldline.site.readers.models import Reader


def has_entered(request: HttpRequest) -> bool:
    """Staff, and this session has shown a second factor."""
    user = request.user
    if not isinstance(user, Reader) or not (user.is_staff and user.is_active):
        return False
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, user))


def must_enrol(request: HttpRequest) -> bool:
    """Staff who came in by password and have no second factor yet."""
    user = request.user
    return isinstance(user, Reader) and user.is_staff and not is_mfa_enabled(user)


def record_second_factor(request: HttpRequest, reader: Reader, how: str) -> None:
    """Write into the session that the second factor has been seen."""
    record_authentication(request, reader, "mfa", type=how)


def sign_in_address(return_path: str = "/") -> str:
    """The desk's sign-in, leading back to `return_path`."""
    address = reverse("account_login")
    return address if return_path == "/" else f"{address}?{urlencode({'next': return_path}, safe='/')}"
