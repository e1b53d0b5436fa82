"""Giving an article, and taking it back. Whether somebody may give, the one decider says."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction

from foldline import config
from foldline.policy.decide import Decision
from foldline.policy.facts import Article, Visit
from foldline.policy.facts import Reader as PolicyReader
from foldline.policy.giving import decide_giving
from foldline.policy.window import Window, window_at
from foldline.signed import gift, reader_pass
from foldline.signed.counting import Owner, reader_owner
from foldline.site.billing import held
from foldline.site.newsroom.press import rules_in_force
from foldline.site.readers import moment, passes
from foldline.site.readers.models import Change, Reader
from foldline.stores.gifts import LONGEST_NAME, Gave, Given, Giving, SqliteGifts

DAY = 86_400


def month() -> Window:
    """The month that gifts count in now."""
    return window_at(moment.epoch(), foldline().zone)


def decision(reader: Reader, article: Article) -> Decision:
    """Whether this reader may give this article: by what they may read now, as the decider sees it."""
    now = moment.epoch()
    facts = reader_pass.PassFacts(
        bytes.fromhex(reader.key),
        bytes(16),
        passes.product_ends(reader),
        now + DAY,
        payment_failed=held.awaits_payment(reader),
    )
    carried = reader_pass.from_facts(facts, now)
    visitor = PolicyReader(carried.products, carried.ended_on, carried.payment_failed)
    return decide_giving(Visit(article, now, visitor), rules_in_force())


def give(reader: Reader, article: int, name: str) -> Gave:
    """Give an article. The same one again this month is the same gift.

    Raises:
        StoreUnavailable: nothing was given.
    """
    with _store() as store:
        return store.give(_wish(owner(reader), article, name, foldline().gifts.days, foldline().gifts.openers))


def publish(article: int, days: int, openers: int) -> Given:
    """A gift of the publication's own. Raises StoreUnavailable: nothing was given."""
    with _store() as store:
        return store.publish(_wish((), article, "", days, openers))


def of(reader: Reader) -> tuple[Given, ...]:
    """What a reader gave, the newest first, as long as it is kept. Raises StoreUnavailable."""
    with _store() as store:
        return store.of(owner(reader))


def published() -> tuple[Given, ...]:
    """What the publication gave, the newest first. Raises StoreUnavailable."""
    with _store() as store:
        return store.published()


def left(gifts: tuple[Given, ...]) -> int:
    """How many articles may still be given this month, by whoever gave these."""
    starts = month().starts
    return max(0, foldline().gifts.per_month - sum(one.made_at >= starts for one in gifts))


def take_back(number: bytes, reader: Reader | None = None) -> Given | None:
    """Take back a reader's gift, without one the publication's: what it opened closes. None for what is not theirs.

    Raises:
        StoreUnavailable: it can't be written. It may be taken back all the same; doing it again tells every worker.
    """
    with transaction.atomic(), _store() as store:
        given = store.take_back(number, moment.epoch(), owner(reader) if reader is not None else ())
        if given is not None:
            _tell(given.number, given.ends)
        return given


def forget(reader: Reader) -> None:
    """Forget who gave what this reader gave, and take it back. Raises StoreUnavailable."""
    with transaction.atomic(), _store() as store:
        for link in store.forget(owner(reader), moment.epoch()):
            _tell(link.number, link.ends)


def prune(now: int) -> int:
    """Forget who opened what has ended, and gifts that are over. How many rows there were."""
    with _store() as store:
        return store.prune(now)


def over(now: int) -> tuple[int, int]:
    """(gifts, openers) that `prune` would delete."""
    with _store() as store:
        return store.over(now)


def link(given: Given, path: str) -> str:
    """The address to pass on."""
    return f"{foldline().publication.url}{path}?{gift.FIELD}={gift.issue(passes.keyring(), given.link)}"


def owner(reader: Reader) -> Owner:
    """How the store knows a giver."""
    return reader_owner(passes.keyring(), bytes.fromhex(reader.key))


def foldline() -> config.Settings:
    found: config.Settings = settings.FOLDLINE
    return found


def plain_name(name: str) -> str:
    """A name on one line, without what would turn the rest of the sentence around."""
    return " ".join("".join(char if char.isprintable() else " " for char in name).split())[:LONGEST_NAME]


def _wish(whose: Owner, article: int, name: str, days: int, openers: int) -> Giving:
    now, window = moment.epoch(), month()
    return Giving(
        secrets.token_bytes(gift.NUMBER),
        whose,
        article,
        window.number,
        window.ends,
        now,
        now + days * DAY,
        openers,
        foldline().gifts.per_month,
        plain_name(name),
    )


def _tell(number: bytes, ends: int) -> None:
    Change.objects.create(kind="gift", key=f"{number.hex()}:{ends}", at=moment.epoch())


@contextmanager
def _store() -> Iterator[SqliteGifts]:
    store = SqliteGifts(foldline().home)
    try:
        yield store
    finally:
        store.close()
