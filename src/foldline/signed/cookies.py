"""Names and attributes of the cookies that carry signed things (`__Host-`: draft-ietf-httpbis-rfc6265bis, 4.1.3.2)."""

from __future__ import annotations

PASS = "__Host-foldline-pass"  # noqa: S105 - a name, not a password
METER = "__Host-foldline-meter"
OPENING = "__Host-foldline-opening"

#: Browsers keep no cookie longer (rfc6265bis, 5.6.1).
LONGEST = 400 * 86_400


def set_cookie(name: str, value: str, max_age: int) -> str:
    """The value of a `Set-Cookie` header; `max_age` in seconds."""
    return f"{name}={value}; Max-Age={min(max_age, LONGEST)}; Path=/; Secure; HttpOnly; SameSite=Lax"


def expire(name: str) -> str:
    """The value of a `Set-Cookie` header that ends a cookie."""
    return set_cookie(name, "", 0)
