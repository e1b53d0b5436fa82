"""What due jobs delete: addresses that nobody confirmed, codes and sessions that have ended, changes that are known."""

from __future__ import annotations

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet

from foldline.site.readers import codes
from foldline.site.readers.models import Change, Entitlement, PassFacts, Reader, ReaderSession
from foldline.stores.changes import ORIGIN_KINDS

UNCONFIRMED_FOR = timedelta(days=1)
#: Workers hear of a change within seconds. One that comes back later than this is told that everything changed.
HEARD_FOR = timedelta(days=7)


def prune_unverified(now: datetime) -> int:
    """Delete readers who typed an address a day ago or longer, and never a code. How many there were."""
    return unconfirmed().filter(joined_at__lt=now - UNCONFIRMED_FOR).delete()[1].get("readers.Reader", 0)


def unconfirmed() -> QuerySet[Reader]:
    """Readers who are an address that somebody typed, and nothing else."""
    confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    entitled = Entitlement.objects.filter(reader=OuterRef("pk"))
    return Reader.objects.filter(~Exists(confirmed), ~Exists(entitled), is_staff=False, last_login=None)


def prune_sign_ins(now: datetime) -> int:
    """Delete codes, and sessions of both kinds, that can't be used any more. How many rows there were."""
    over = PassFacts.objects.filter(session_until__lt=int(now.timestamp()))
    sessions = ReaderSession.objects.filter(pass_session__in=over.values("session"))
    rows = codes.prune(now) + sessions.delete()[0] + over.delete()[0]
    return rows + Session.objects.filter(expire_date__lt=now).delete()[0]


def heard(now: datetime) -> QuerySet[Change]:
    """Changes that everybody has heard of. The newest stays, so that who has read up to it goes on; so does what an
    origin told, by which a host knows what not to show any more."""
    old = Change.objects.filter(at__lt=int((now - HEARD_FOR).timestamp())).exclude(kind__in=ORIGIN_KINDS)
    newest = Change.objects.order_by("-pk").values_list("pk", flat=True).first()
    return old if newest is None else old.exclude(pk=newest)


def prune_changes(now: datetime) -> int:
    """Delete changes that everybody has heard of. How many there were."""
    return heard(now).delete()[0]
