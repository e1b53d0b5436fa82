"""What was told of an origin's pages becomes so: on disk at once, and in every worker when it reads the changes."""

from __future__ import annotations

from contextlib import closing

from foldline.sources.origin.notice import Notice
from foldline.stores.changes import Change, write_changes
from foldline.stores.fetched import EVERY_PAGE, FetchedPages
from foldline.stores.home import Home
from foldline.stores.records import RecordWriter


def tell(home: Home, notice: Notice, now: float) -> None:
    """Make a notice so. Nothing of a withdrawn page is sealed any more when this returns. Told twice, it is the same.

    Raises:
        StoreUnavailable: not all of it is written. Pages are not shown longer for it; it is to be told again.
    """
    changed = [EVERY_PAGE] * notice.everything + [path.encode() for path in notice.changed]
    with closing(FetchedPages(home)) as fetched:
        fetched.tell(changed, [path.encode() for path in notice.withdrawn], now)
        if notice.withdrawn:
            fetched.settle()
    with closing(RecordWriter(home)) as records:
        for path in notice.withdrawn:
            records.put_gone(path)
        if notice.withdrawn:
            records.settle()
    write_changes(home, [(change.kind, change.key) for change in rows_of(notice)], int(now))


def rows_of(notice: Notice) -> list[Change]:
    """What stands in the table of changes for a notice. The rows have no numbers yet."""
    everything = [Change(0, "origin-all", "")] * notice.everything
    changed = [Change(0, "origin-changed", path) for path in notice.changed]
    return [*everything, *changed, *(Change(0, "origin-withdrawn", path) for path in notice.withdrawn)]
