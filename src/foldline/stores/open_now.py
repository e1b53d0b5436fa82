"""What editors have opened to everybody for a time: rows that are added and closed, never deleted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from foldline.errors import StoreUnavailable
from foldline.policy.open_now import LONGEST, OpenNow
from foldline.stores.home import Home
from foldline.stores.schema import connect

_COLUMNS = "id, scope, key, reason, starts, ends, made_by, made_at, closed_by, closed_at"
LONGEST_REASON = 120


@dataclass(frozen=True, slots=True)
class StoredOpenNow:
    """An entry with who made it, and who closed it before its end ("" and 0 where nobody did). Epoch seconds."""

    id: int
    entry: OpenNow
    by: str
    at: int
    closed_by: str = ""
    closed_at: int = 0

    def runs(self, now: int) -> bool:
        return not self.closed_at and self.entry.runs(now)


class OpenNowStore:
    """The table in the site's database."""

    def __init__(self, home: Home, *, read_only: bool = False, timeout: float = 5.0) -> None:
        self._home = home
        self._read_only = read_only
        self._timeout = timeout
        self._connection: sqlite3.Connection | None = None

    def close_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def add(self, entry: OpenNow, by: str, now: int) -> int:
        """Open something; the entry's number. The gate's workers hear of it in the same transaction.

        Raises:
            ValueError: no reason, an end that is not after the start and now, or one that is too far away.
            StoreUnavailable: it can't be written; nothing is opened.
        """
        if not entry.reason.strip() or len(entry.reason) > LONGEST_REASON:
            raise ValueError(f"write a reason of at most {LONGEST_REASON} characters: readers are shown it")
        if entry.ends <= max(entry.starts, now):
            raise ValueError("the end must be after the start, and still to come")
        if entry.ends - max(entry.starts, now) > LONGEST:
            raise ValueError(f"nothing is opened for longer than {LONGEST // 86_400} days at once")
        with self._changing(now) as connection:
            cursor = connection.execute(
                "INSERT INTO foldline_open_now (scope, key, reason, starts, ends, made_by, made_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*entry, by, now),
            )
        return cursor.lastrowid or 0

    def close(self, number: int, by: str, now: int) -> None:
        """End an entry before its time; nothing happens to one that was closed already.

        Raises:
            LookupError: there is no such entry.
            StoreUnavailable: it can't be written.
        """
        with self._changing(now) as connection:
            if not connection.execute("SELECT 1 FROM foldline_open_now WHERE id = ?", (number,)).fetchone():
                raise LookupError(f"nothing was opened under the number {number}")
            connection.execute(
                "UPDATE foldline_open_now SET closed_by = ?, closed_at = ? WHERE id = ? AND closed_at = 0",
                (by, now, number),
            )

    def running(self, now: int) -> list[StoredOpenNow]:
        """What is open at `now` or will be later, the first to end first.

        Raises:
            StoreUnavailable: it can't be read.
        """
        return self._read("WHERE closed_at = 0 AND ends > ? ORDER BY ends, id", now)

    def history(self, limit: int = 100) -> list[StoredOpenNow]:
        """The newest entries first.

        Raises:
            StoreUnavailable: it can't be read.
        """
        return self._read("ORDER BY id DESC LIMIT ?", limit)

    def _read(self, what: str, value: int) -> list[StoredOpenNow]:
        try:
            rows = self._open().execute(f"SELECT {_COLUMNS} FROM foldline_open_now {what}", (value,)).fetchall()  # noqa: S608
        except sqlite3.Error as error:
            self.close_connection()
            raise StoreUnavailable(f"open now: {error}") from error
        return [StoredOpenNow(row[0], OpenNow(*row[1:6]), *row[6:]) for row in rows]

    @contextmanager
    def _changing(self, now: int) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('open-now', '', ?)", (now,))
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            self.close_connection()
            raise StoreUnavailable(f"open now: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            if not self._home.site_db.exists():
                raise StoreUnavailable(f"{self._home.site_db} is not there. Run `foldline migrate` first.")
            self._connection = connect(self._home.site_db, read_only=self._read_only, timeout=self._timeout)
        return self._connection
