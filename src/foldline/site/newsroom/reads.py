"""How often articles were read, from the event lines to the cards: counted often, shown in batches."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from foldline.insight.reads import RollUp, figure
from foldline.signed.keys import Keyring
from foldline.site.newsroom import lists
from foldline.site.newsroom.press import settings
from foldline.site.readers import moment
from foldline.site.readers.models import Reader
from foldline.stores.reads import ReadStore

#: Articles that are looked up at once.
_AT_ONCE = 500


def count() -> None:
    """Count what the event lines tell since the last time, and forget whose reads they were some days ago.

    Raises:
        StoreUnavailable: the counts can't be read or written; nothing is lost.
    """
    today = settings()
    with closing(ReadStore(today.home)) as store:
        keyring = Keyring(today.secrets, today.host)
        roll_up = RollUp(today.home.events, store, keyring, today.zone, staff)
        now = moment.epoch()
        if not roll_up.run(now).more:
            roll_up.forget(now)


def drop_lines() -> None:
    """Delete event lines that are too old (`insight.reads.LINES_KEPT`). Raises StoreUnavailable."""
    today = settings()
    with closing(ReadStore(today.home)) as store:
        keyring = Keyring(today.secrets, today.host)
        RollUp(today.home.events, store, keyring, today.zone, staff).drop_lines(moment.epoch())


def staff() -> list[bytes]:
    """The keys of those who read for their work, and are not counted."""
    return [bytes.fromhex(key) for key in Reader.objects.filter(is_staff=True).values_list("key", flat=True)]


def show() -> None:
    """Let cards show what has been counted, where that is another figure, and have their lists written again. Wherever
    it is stopped, the next run goes on. Raises StoreUnavailable."""
    with closing(ReadStore(settings().home)) as store:
        store.show(changed_figures(store.standing()))
        waiting = store.unlisted()
        for begun in range(0, len(waiting), _AT_ONCE):
            some = waiting[begun : begun + _AT_ONCE]
            articles = lists.published().filter(pk__in=some)
            # Articles of a site behind the gate are none of the newsroom's, and stand beside its lists only.
            paths = [*(path for article in articles for path in lists.lists_of(article)), *lists.beside()]
            lists.due(paths)
            store.listed(some)


def changed_figures(standing: Iterable[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """(article, figure) of those whose figure is not the one that is shown."""
    return [(article, figure(reads)) for article, reads, shown in standing if figure(reads) != shown]
