"""How a provider signs a notice: `t=<unix seconds>,v1=<hex>[,v1=…]`, HMAC-SHA256 over `<t>.<raw body>`.

The scheme is Stripe's (stripe-python, `_webhook.py`); the till signs alike, so that one check serves both. Ours instead
of the library's because that one asks the machine's clock, and takes one secret where a rotation has two.
"""

from __future__ import annotations

import hmac
import re

from foldline.site.billing.provider import NOTICE_TOLERANCE, NoticeRefused

# A provider that rotates its secret sends two; a header of thousands is no provider's.
MOST_PARTS = 16
_MOMENT = re.compile(r"[0-9]{1,12}")


def sign(body: bytes, secret: str, at: int) -> str:
    """The header for `body`."""
    return f"t={at},v1={_digest(body, secret, str(at))}"


def verify(body: bytes, header: str, secrets: tuple[str, ...], now: int) -> int:
    """When `body` was signed, if one of `secrets` signed it and that is not long ago.

    Raises:
        NoticeRefused: 400, with what was wrong: `no secret`, `no signature`, `malformed`, `not ours`, `too old`,
            `from the future`.
    """
    if not secrets or not all(secrets):
        raise NoticeRefused(400, "no secret")
    if not header:
        raise NoticeRefused(400, "no signature")
    parts = [part.partition("=")[::2] for part in header.split(",")]
    moments = [value for name, value in parts if name.strip() == "t"]
    given = [value for name, value in parts if name.strip() == "v1"]
    if len(parts) > MOST_PARTS or len(moments) != 1 or not given or not _MOMENT.fullmatch(moments[0]):
        raise NoticeRefused(400, "malformed")
    wanted = [_digest(body, secret, moments[0]).encode() for secret in secrets]
    if not any(hmac.compare_digest(one.encode(), want) for one in given for want in wanted):
        raise NoticeRefused(400, "not ours")
    at = int(moments[0])
    if at < now - NOTICE_TOLERANCE:
        raise NoticeRefused(400, "too old")
    if at > now + NOTICE_TOLERANCE:
        raise NoticeRefused(400, "from the future")
    return at


def _digest(body: bytes, secret: str, moment: str) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, "sha256").hexdigest()
