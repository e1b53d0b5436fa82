"""One append-only table of what changed, written in the transaction of the change and read by every worker."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import NamedTuple

from foldline.errors import StoreUnavailable
from foldline.stores.database import FAILURES, Connection, connect, transaction
from foldline.stores.home import Home

#: Seconds between two looks of a worker. The bound for this host is 1 s.
INTERVAL = 0.25


#: By how many seconds the clocks of two who write changes may differ (`foldline check --deploy` names what is more).
_CLOCKS = 300

#: What a site behind the gate tells of its pages.
ORIGIN_KINDS = ("origin-changed", "origin-withdrawn", "origin-all")


class ToldChange(NamedTuple):
    """The last that the origin told of a page: one of `ORIGIN_KINDS`, and when, an epoch second."""

    kind: str
    at: int


class Change(NamedTuple):
    """`kind` is article (key: a path), session (key: a session in hex), gift (key: a gift in hex, a colon and its
    end: it was taken back), rules, keys, mode, open-now, crawlers, institutions or all (key: empty); of a site behind
    the gate origin-changed, origin-withdrawn (key: a path) or origin-all (key: empty)."""

    id: int
    kind: str
    key: str


class _Row(NamedTuple):
    id: int
    kind: str
    key: str
    at: int


#: Where a table stands that has no change yet.
_EMPTY = _Row(0, "", "", 0)


class ChangeFeed:
    """Reads changes in order, each once."""

    def __init__(self, home: Home, since: int = 0) -> None:
        """The first call gives the session changes since that epoch second: a worker that starts knows nothing of
        passes that were ended while they still look fresh. Of other changes it needs none, its memory is empty."""
        self._home = home
        self._since = since
        self._connection: Connection | None = None
        self._last: _Row | None = None
        #: Whether it could not be read before it had a place: nobody knows what changed since.
        self._late = False
        self._untold: list[Change] = []

    def stand(self) -> None:
        """Take the place at the end of the table now, before what changes is read elsewhere: `read` tells what changed
        since. Where that fails nothing is raised, and the first `read` that succeeds says that everything changed."""
        with contextlib.suppress(StoreUnavailable):
            self._untold = self.read()

    def read(self) -> list[Change]:
        """What changed since the last call; the first call starts at the end of the table, unless this stands there
        already.

        Raises:
            StoreUnavailable: the database can't be read. The next call goes on where this one stood; where this one
                stood nowhere yet, it says that everything changed.
        """
        try:
            if self._connection is None:
                self._connection = connect(self._home.site_db, read_only=True, timeout=0.05)
            found = self._read(self._connection)
        except FAILURES as error:
            self._late = self._last is None
            self.close()
            raise StoreUnavailable(f"changes: {error}") from error
        told, self._untold = [*self._untold, *found], []
        return told

    def _read(self, connection: Connection) -> list[Change]:
        if self._last is None:
            last, sessions = self._begin(connection, self._since)
            return [Change(last.id, "all", ""), *sessions] if self._late else sessions
        rows = connection.execute(
            "SELECT id, kind, key, at FROM foldline_changes WHERE id >= ? ORDER BY id", (self._last.id,)
        ).fetchall()
        if self._last != _EMPTY and (not rows or _Row(*rows[0]) != self._last):
            # The last change that was read is gone, or another has its number: another database is in this one's place,
            # or one that took over without the last that was written.
            last, sessions = self._begin(connection, self._last.at)
            return [Change(last.id, "all", ""), *sessions]
        found = [_Row(*row) for row in rows if row[0] > self._last.id]
        if found:
            self._last = found[-1]
        return [Change(row.id, row.kind, row.key) for row in found]

    def _begin(self, connection: Connection, since: int) -> tuple[_Row, list[Change]]:
        """Stand at the end of the table: where that is, and its session changes since an epoch second by any host's
        clock."""
        # The end first: a session that ends between the two questions would be before it, and never be told.
        row = connection.execute("SELECT id, kind, key, at FROM foldline_changes ORDER BY id DESC LIMIT 1").fetchone()
        last = _Row(*row) if row else _EMPTY
        rows = connection.execute(
            "SELECT id, kind, key FROM foldline_changes WHERE kind = 'session' AND at >= ? AND id <= ? ORDER BY id",
            (since - _CLOCKS, last.id),
        ).fetchall()
        self._last = last
        return last, [Change(*row) for row in rows]

    def told(self) -> dict[str, ToldChange]:
        """The last that the origin told of each page, whatever host it told; what is about all of them has the key "".

        Raises:
            StoreUnavailable: the database can't be read.
        """
        try:
            if self._connection is None:
                self._connection = connect(self._home.site_db, read_only=True, timeout=0.05)
            rows = self._connection.execute(
                "SELECT key, kind, at FROM foldline_changes WHERE kind IN (?, ?, ?) ORDER BY id", ORIGIN_KINDS
            ).fetchall()
        except FAILURES as error:
            self.close()
            raise StoreUnavailable(f"changes: {error}") from error
        return {key: ToldChange(kind, at) for key, kind, at in rows}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def write_changes(home: Home, changes: Iterable[tuple[str, str]], now: int) -> None:
    """Tell every worker of (kind, key), all of it or nothing.

    Raises:
        StoreUnavailable: it can't be written.
    """
    connection = None
    try:
        connection = connect(home.site_db, existing=True)
        with transaction(connection):
            connection.executemany(
                "INSERT INTO foldline_changes (kind, key, at) VALUES (?, ?, ?)", [(*change, now) for change in changes]
            )
    except FAILURES as error:
        raise StoreUnavailable(f"changes: {error}") from error
    finally:
        if connection is not None:
            connection.close()
