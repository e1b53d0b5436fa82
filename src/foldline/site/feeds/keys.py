"""Making, listing and ending the keys of private feeds. A key is a session that only feeds use: what it may show
follows its reader's entitlements as every session does, and signing out everywhere ends it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count

from foldline.signed import feed_key
from foldline.site.feeds.models import FeedKey, FeedUse
from foldline.site.readers import moment, passes
from foldline.site.readers.models import Reader

#: Days for which it is kept from how many networks a feed was asked for, today among them.
WATCHED_DAYS = 7
#: From so many networks on one day on, a feed is probably in more hands than its reader's.
MANY = 8


@dataclass(frozen=True, slots=True)
class Running:
    """A feed that answers. `used_on` is the day of its last use, an ordinal, 0 for none; `networks` from how many it
    was asked for on the busiest day that is known."""

    key: FeedKey
    used_on: int
    networks: int

    @property
    def many(self) -> bool:
        return self.networks >= MANY


def make(reader: Reader, base: str) -> str:
    """A new key for a list's feed, in place of the one before it. It can be shown now, and never again."""
    key = feed_key.new(secrets.token_bytes)
    session = feed_key.session_of(key.encode(), base)
    if session is None:
        raise ValueError("a new key is a key")
    with transaction.atomic():
        end(FeedKey.objects.filter(reader=reader, base=base))
        FeedKey.objects.create(reader=reader, base=base, pass_session=session.hex())
        passes.begin(session.hex(), reader)
    return key


def running(reader: Reader) -> list[Running]:
    """The feeds of a reader that answer, by their lists."""
    days = passes.days_of_use(reader)
    keys = FeedKey.objects.filter(reader=reader, pass_session__in=list(days))
    counts = _busiest([key.pass_session for key in keys])
    return [Running(key, days[key.pass_session], counts.get(key.pass_session, 0)) for key in keys]


def end(keys: Iterable[FeedKey]) -> None:
    """End feeds: from now on their addresses answer as any address without a key does."""
    ending = list(keys)
    sessions = [key.pass_session for key in ending]
    with transaction.atomic():
        passes.forget(sessions)
        FeedUse.objects.filter(session__in=sessions).delete()
        FeedKey.objects.filter(pk__in=[key.pk for key in ending]).delete()


def end_all(reader: Reader) -> None:
    """End every feed of a reader."""
    end(FeedKey.objects.filter(reader=reader))


def prune() -> int:
    """Delete keys whose sessions are gone, and what was watched before the last days. How many rows there were."""
    late = FeedUse.objects.filter(day__lte=moment.today() - WATCHED_DAYS).delete()[0]
    return late + FeedKey.objects.exclude(pass_session__in=passes.known_sessions()).delete()[0]


def _busiest(sessions: list[str]) -> dict[str, int]:
    since = moment.today() - WATCHED_DAYS
    rows = FeedUse.objects.filter(session__in=sessions, day__gt=since).values_list("session", "day")
    busiest: dict[str, int] = {}
    for session, _day, count in rows.annotate(count=Count("network")).order_by("session", "day"):
        busiest[session] = max(count, busiest.get(session, 0))
    return busiest
