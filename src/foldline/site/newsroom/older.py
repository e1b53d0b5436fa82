"""Older pages of long lists, and sitemaps of many articles: written at leisure, some pages at a time.

A publication writes what is newest. What lies behind is due in a row of its own and is written again between two looks
of the newsroom's job, so that nothing else waits for it: a publication costs the same with a million articles.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from django.db import transaction

from foldline.site.newsroom import lists
from foldline.site.newsroom.models import Article, DueList
from foldline.site.newsroom.press import Press, open_press
from foldline.syndication import sitemaps

#: Cards that are written at once, and seconds that a turn takes, about.
AT_ONCE, TURN = 20 * lists.CARDS, 0.5
#: Seconds until a list's older pages are written again, at least, and how many times as long as they took.
PAUSE, REST = 600.0, 20.0


class Older:
    """What is written at leisure, one list after the other. Its work so far is in memory: a start begins anew."""

    def __init__(self) -> None:
        self._steps: Iterator[None] | None = None
        self._base = ""
        self._spent = 0.0
        self._not_before: dict[str, float] = {}

    def turn(self, *, at_leisure: bool = True) -> bool:
        """Go on for a moment; whether there was anything to do. Not `at_leisure` nothing rests."""
        began = time.monotonic()
        if self._steps is None and not self._begin(began, at_leisure):
            return False
        assert self._steps is not None
        try:
            while time.monotonic() - began < TURN:
                next(self._steps)
        except StopIteration:
            self._steps = None
        except BaseException:
            self._steps = None
            raise
        self._spent += time.monotonic() - began
        if self._steps is None:
            self._not_before[self._base] = time.monotonic() + max(PAUSE, REST * self._spent)
        return True

    def _begin(self, now: float, at_leisure: bool) -> bool:
        rows = lists.due_later().values_list("path", flat=True)
        for base in dict.fromkeys(path.removeprefix(lists.OLDER).removeprefix(lists.BEGUN) for path in rows):
            if not at_leisure or self._not_before.get(base, now) <= now:
                self._steps, self._base, self._spent = _steps(base), base, 0.0
                return True
        return False


def finish() -> None:
    """Write all that is due, now."""
    older = Older()
    while older.turn(at_leisure=False):
        pass


def _steps(base: str) -> Iterator[None]:
    with transaction.atomic():
        DueList.objects.filter(path=lists.OLDER + base).delete()
        DueList.objects.get_or_create(path=lists.BEGUN + base)
    yield from _sitemap_steps() if base == sitemaps.PATH else _page_steps(base)
    # What changed meanwhile is due in a row of its own.
    DueList.objects.filter(path=lists.BEGUN + base).delete()


def _page_steps(base: str) -> Iterator[None]:
    number, last = lists.FRONT + 1, None
    while True:
        with open_press() as press, transaction.atomic():
            cards = lists.cards_of(base)
            articles = [] if cards is None else _next(cards, last)
            some, more = articles[:AT_ONCE], len(articles) > AT_ONCE
            if cards is not None and some:
                for path, html in lists.pages_from(press, cards, some, number, more=more):
                    lists.write(press, path, html)
                number += -(-len(some) // lists.CARDS)
                last = some[-1]
            if not more:
                # A list that is none any more has no front either.
                lists.delete_pages(press, base, number if cards is not None else 1)
                return
        yield


def _next(cards: lists.Cards, last: Article | None) -> list[Article]:
    """The articles behind the one that was written last, and one more than are written at once."""
    if last is None:
        front = lists.before(cards.kind, lists.FRONT + 1)
        return list(cards.articles[front : front + AT_ONCE + 1])
    behind = cards.articles.filter(published_at__lte=last.published_at)
    return list(behind.exclude(published_at=last.published_at, pk__gte=last.pk)[: AT_ONCE + 1])


def _sitemap_steps() -> Iterator[None]:
    """The lists in files of their own, then the articles, the oldest first: a new one changes the last file alone."""
    parts: list[str] = []
    with open_press() as press, transaction.atomic():
        _write_parts(press, parts, lists.places_of_lists())
    last = None
    while True:
        yield
        with open_press() as press, transaction.atomic():
            found = lists.dated()
            if last is not None:
                found = found.filter(published_at__gte=last.published_at)
                found = found.exclude(published_at=last.published_at, pk__lte=last.pk)
            some = list(found[: sitemaps.MOST_ADDRESSES])
            if some:
                _write_parts(press, parts, map(lists.place, some))
                last = some[-1]
            if len(some) < sitemaps.MOST_ADDRESSES:
                text = sitemaps.index(press.settings.publication, parts)
                lists.write(press, sitemaps.PATH, text, sitemaps.TYPE)
                lists.delete_sitemaps(press, len(parts) + 1)
                return


def _write_parts(press: Press, parts: list[str], places: Iterable[sitemaps.Place]) -> None:
    for text in sitemaps.files_of(press.settings.publication, places):
        parts.append(sitemaps.part(len(parts) + 1))
        lists.write(press, parts[-1], text, sitemaps.TYPE)
