"""Another code for a browser that waits for one. It goes to the reader alone; staff see nothing of it."""

from __future__ import annotations

from enum import StrEnum

from allauth.core import ratelimit
from django.db import transaction
from django.http import HttpRequest

from foldline.site.readers import codes, mail
from foldline.site.readers.models import Reader, SignInCode


class Resent(StrEnum):
    """What became of it."""

    SENT = "code"
    NOBODY_WAITS = "no-code"
    TOO_MANY = "too-many"


def waiting(reader: Reader) -> SignInCode | None:
    """What a reader's browser asked for last and still waits for; None where none does, or the account is closed."""
    return codes.waiting(reader) if reader.is_active else None


def resend(request: HttpRequest, reader: Reader) -> Resent:
    """Mail a new code for what was asked for last. A code is good in the browser that asked and in no other, so that
    one which was sent to nobody's question could be typed nowhere. The tries that were made still count."""
    asked = waiting(reader)
    if asked is None:
        return Resent.NOBODY_WAITS
    # The wide limit of the readers' side: a mailbox is not flooded from here either.
    if not ratelimit.consume(request, action="code_for_address", key=reader.email):
        return Resent.TOO_MANY
    code = codes.renew(asked)
    if not code:
        return Resent.NOBODY_WAITS
    # What a mail names has to stand in the table before it is sent.
    transaction.on_commit(lambda: mail.send_code_again(reader.email, code))
    return Resent.SENT
