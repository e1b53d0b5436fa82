"""From what sources answer to their cards. Each source is one transaction, and none that was removed comes back."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC
from urllib.parse import urlsplit

from django.db import transaction

from foldline.config import Settings
from foldline.site.newsroom import lists
from foldline.site.newsroom.press import settings
from foldline.site.newsstand.models import LONGEST_ADDRESS, Source, SourceCard
from foldline.site.newsstand.shelf import path_of
from foldline.site.readers import moment
from foldline.syndication.newsstand.cards import ReadFeed
from foldline.syndication.newsstand.fetching import Guest
from foldline.syndication.newsstand.round import PAUSE, Asked, Outcome, asked_all, next_in

log = logging.getLogger(__name__)


def guest_of(today: Settings) -> Guest:
    """As whom this publication asks."""
    return Guest(today.publication.url, today.newsstand_inner)


def refresh(pause: float = PAUSE) -> str:
    """Ask every source whose time has come. Says what is wrong with how many, "" for nothing."""
    today = settings()
    due = Source.objects.filter(next_at__lte=moment.epoch()).order_by("next_at")
    asked = [Asked(one.pk, one.address, one.etag, one.last_modified) for one in due]
    if asked:
        changed = [keep(outcome) for outcome in asked_all(asked, guest_of(today), pause)]
        if any(changed):
            lists.due([path_of(today.publication)])
    failing = Source.objects.filter(failures__gt=0).count()
    return f"{failing} of {Source.objects.count()} sources do not answer well" if failing else ""


def keep(outcome: Outcome) -> bool:
    """Write down what a source answered: whether its cards are others now."""
    with transaction.atomic():
        source = Source.objects.select_for_update().filter(pk=outcome.number).first()
        if source is None:
            return False
        now = moment.epoch()
        if outcome.problem:
            source.failures += 1
            source.problem = outcome.problem[:200]
            log.warning("newsstand: %s: %s", named(source.address), source.problem)
        else:
            source.failures, source.problem, source.fetched_at = 0, "", now
            source.etag, source.last_modified = outcome.etag, outcome.last_modified
        source.next_at = now + next_in(outcome.wait, source.failures)
        changed = outcome.feed is not None and keep_cards(source, outcome.feed)
        source.save()
    return changed


def keep_cards(source: Source, feed: ReadFeed) -> bool:
    """Let a source have exactly these cards. Does not save the source, whose name and language it may change."""
    before = (source.title, source.language)
    if feed.title and not source.named:
        source.title = feed.title
    source.language = feed.language
    source.left_out = ", ".join(f"{count} {why}" for why, count in sorted(feed.left_out.items()))[:200]
    if feed.left_out:
        log.info("newsstand: %s: left out: %s", named(source.address), source.left_out)
    now = moment.now()
    known = {card.key: card for card in source.cards.all()}
    made = []
    for card in feed.cards:
        seen = known[card.key].first_seen if card.key in known else now
        made.append(
            SourceCard(
                source=source,
                key=card.key,
                link=card.link,
                headline=card.headline,
                standfirst=card.standfirst,
                at=card.at,
                tags=list(card.tags),
                first_seen=seen,
                sorted_at=min(card.at or seen, seen),
            )
        )
    if _said(known.values()) == _said(made):
        return before != (source.title, source.language)
    source.cards.all().delete()
    SourceCard.objects.bulk_create(made)
    return True


def add(address: str, feed: ReadFeed, title: str = "") -> Source:
    """A new source with the cards that it has now. `title` is what the desk calls it, "" for the feed's own name.

    Raises:
        django.db.IntegrityError: there is one with this address.
    """
    today = settings()
    with transaction.atomic():
        now = moment.epoch()
        source = Source.objects.create(
            address=address[:LONGEST_ADDRESS],
            title=title or feed.title or named(address),
            named=bool(title),
            added_at=now,
            fetched_at=now,
            next_at=now + next_in(feed.wait),
        )
        keep_cards(source, feed)
        source.save()
        lists.due([path_of(today.publication)])
    return source


def remove(source: Source) -> None:
    """Take a source and all its cards away."""
    with transaction.atomic():
        source.delete()
        lists.due([path_of(settings().publication)])


def named(address: str) -> str:
    """A source in a log: its host and path. A query may hold a key."""
    parts = urlsplit(address)
    return f"{parts.hostname or ''}{parts.path}"[:80]


def _said(cards: Iterable[SourceCard]) -> list[tuple[object, ...]]:
    told = [
        (card.key, card.link, card.headline, card.standfirst, card.at.astimezone(UTC) if card.at else None, card.tags)
        for card in cards
    ]
    return sorted(told, key=lambda one: str(one[0]))
