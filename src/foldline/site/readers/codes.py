"""Sign-in codes: made, mailed, tried at most five times, spent once. Only hashes of them are stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from allauth.core.internal.cryptokit import normalize_user_code
from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum

from foldline.site.readers import moment
from foldline.site.readers.models import Reader, SignInCode

LIFE = timedelta(minutes=10)
#: How long a browser waits for a code that it asked for: another one may come as long.
WAITING = timedelta(hours=1)
MOST_TRIES = 5
DIGITS = 6

#: A new code does not give new tries without end: so many wrong ones for one address within a time (ASVS 6.3.1), of
#: codes that one network asked for, and of all. So a stranger elsewhere does not use up a reader's own tries.
MOST_TRIES_FOR_AN_ADDRESS = ((timedelta(hours=1), 15, 60), (timedelta(days=1), 40, 160))
KEPT = max(time for time, _, _ in MOST_TRIES_FOR_AN_ADDRESS)


class Outcome(Enum):
    """What a typed code came to. OVER: too many tries, too late, or spent; the code can't be tried any more."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Mailed:
    """What goes into the mail. `opaque` stands in the link, and names the code without being of use for signing in."""

    code: str
    opaque: str
    lookup: str


def make(email: str, reader: Reader | None, network: str = "") -> Mailed:
    """A new code for an address, asked for from a network. For no reader it is a code that nobody can type."""
    opaque = secrets.token_urlsafe(24)
    lookup = _lookup(opaque)
    code = code_of(opaque)
    SignInCode.objects.create(
        lookup=lookup,
        code_hash=_code_hash(lookup, code),
        address=address_hash(email),
        network=_keyed("sign-in network", f"{email} {network}").hex(),
        reader=reader,
    )
    return Mailed(code, opaque, lookup)


def code_of(opaque: str) -> str:
    """The code that the link's value stands for; so a page that is given the link can fill it in."""
    number = int.from_bytes(_keyed("sign-in code", opaque)[:8], "big") % 10**DIGITS
    return f"{number:0{DIGITS}}"


def find_live(opaque: str) -> SignInCode | None:
    """The code of a link while it can still be typed. Asking changes nothing."""
    lookup = _lookup(opaque)
    # One that was renewed has another code than the link's.
    return _live().filter(lookup=lookup, code_hash=_code_hash(lookup, code_of(opaque))).first()


def redeem(lookup: str, typed: str) -> Outcome:
    """Try a code. The try is counted before anything is compared, so that parallel tries count as well."""
    if not _live().filter(lookup=lookup).update(tries=F("tries") + 1):
        return Outcome.OVER
    asked = SignInCode.objects.get(lookup=lookup)
    if _is_tried_too_often(asked):
        return Outcome.OVER
    right = hmac.compare_digest(_code_hash(lookup, normalize_user_code(typed)), asked.code_hash)
    if not right or asked.reader_id is None:
        return Outcome.WRONG if asked.tries < MOST_TRIES else Outcome.OVER
    spent = SignInCode.objects.filter(pk=asked.pk, spent_at=None).update(spent_at=moment.now())
    return Outcome.RIGHT if spent else Outcome.OVER


def waiting(reader: Reader) -> SignInCode | None:
    """What a reader's browser asked for last, if it may still wait for a code; None for nothing."""
    since = moment.now() - WAITING
    asked = SignInCode.objects.filter(
        reader=reader, spent_at=None, replaced_at=None, tries__lt=MOST_TRIES, asked_at__gt=since
    )
    return asked.order_by("-asked_at", "-pk").first()


def renew(asked: SignInCode) -> str:
    """Another code for the browser that asked, which lives as long as a new one; the one before and its link are over.
    The tries go on counting. Gives the code, "" where the browser has signed in, or asked anew, in the meantime."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    open_still = SignInCode.objects.filter(pk=asked.pk, spent_at=None, replaced_at=None)
    renewed = open_still.update(code_hash=_code_hash(asked.lookup, code), asked_at=moment.now())
    return code if renewed else ""


def went_to(lookup: str, email: str) -> bool:
    """Whether a code was made for this address."""
    return SignInCode.objects.filter(lookup=lookup, address=address_hash(email)).exists()


def replace(lookup: str) -> None:
    """A code that a newer one replaces can't be typed any more. Its tries still count."""
    SignInCode.objects.filter(lookup=lookup, spent_at=None, replaced_at=None).update(replaced_at=moment.now())


def replace_all(reader: Reader) -> None:
    """No code that was mailed to a reader before can be typed any more."""
    SignInCode.objects.filter(reader=reader, spent_at=None, replaced_at=None).update(replaced_at=moment.now())


def forget(email: str) -> None:
    """Delete every code that was made for an address."""
    SignInCode.objects.filter(address=address_hash(email)).delete()


def address_hash(email: str) -> str:
    """What stands for an address in the table of codes."""
    return _keyed("sign-in address", email).hex()


def prune(now: datetime) -> int:
    """Delete codes that count for nothing any more; how many there were."""
    return SignInCode.objects.filter(asked_at__lt=now - KEPT).delete()[0]


def _live() -> QuerySet[SignInCode]:
    return SignInCode.objects.filter(
        spent_at=None, replaced_at=None, tries__lt=MOST_TRIES, asked_at__gt=moment.now() - LIFE
    )


def _is_tried_too_often(asked: SignInCode) -> bool:
    # A code that was typed right in the end took tries of an honest reader only.
    unspent = SignInCode.objects.filter(address=asked.address, spent_at=None)
    from_here = Sum("tries", filter=Q(network=asked.network), default=0)
    for time, most, most_of_all in MOST_TRIES_FOR_AN_ADDRESS:
        recent = unspent.filter(asked_at__gt=moment.now() - time)
        tries = recent.aggregate(here=from_here, all=Sum("tries", default=0))
        if tries["here"] > most or tries["all"] > most_of_all:
            return True
    return False


def _lookup(opaque: str) -> str:
    return hashlib.sha256(opaque.encode()).hexdigest()


def _code_hash(lookup: str, code: str) -> str:
    return _keyed("sign-in code hash", lookup + code).hex()


def _keyed(purpose: str, value: str) -> bytes:
    # The readers' own key, at the desk too: what is written there is compared here.
    key = hmac.digest(settings.FOLDLINE_READERS_KEY.encode(), purpose.encode(), "sha256")
    return hmac.digest(key, value.encode(), "sha256")
