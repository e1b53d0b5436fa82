"""The meter: who has read how many articles in a window, as keyed hashes. One atomic, idempotent spend.

A store is whatever passes the contract suite (`tests/stores/meter_contract.py`). This one is a SQLite file of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

from foldline.errors import StoreUnavailable
from foldline.signed.counting import Charge, Counted, Owner, Row, Settled, settle
from foldline.stores.home import Home
from foldline.stores.schema import connect

#: How long a spend waits for the writers before it, in seconds. A spend takes a fraction of a millisecond.
LOCK_SECONDS = 1.0

_PLACE = "owner = ? AND meter = ? AND window_number = ? AND article = ?"


class Tally(NamedTuple):
    """So many articles in a window of a meter, which ends at an epoch second."""

    meter: str
    ends: int
    articles: int


class MeterStore(Protocol):
    """All of it raises StoreUnavailable, and has then done nothing or all of what was asked."""

    def spend(self, charge: Charge) -> Counted:
        """Count an article once, and never beyond the limit, whoever else counts at the same moment."""

    def used(self, owner: Owner, meter: str, window: int) -> int:
        """How many articles an owner has read in a window."""

    def tallies(self, owner: Owner) -> tuple[Tally, ...]:
        """What is counted of an owner, for the owner to see. It names no article."""

    def forget(self, owner: Owner) -> int:
        """Delete everything about an owner. How many rows there were."""

    def move(self, owner: Owner, to: Owner) -> int:
        """What is counted of one owner is another's from now on, beside what is counted of them. How many rows there
        were. An article that both have read is two until it is opened once more."""

    def prune(self, now: int) -> int:
        """Delete everything about windows that have ended. How many rows there were."""

    def close(self) -> None:
        """Let go of what is open. It is opened again when it is asked."""


class SqliteMeter:
    """A MeterStore in `meter.db`. Not to be asked by two threads at once."""

    def __init__(self, home: Home, lock_seconds: float = LOCK_SECONDS) -> None:
        self._path = home.meter_db
        self._lock_seconds = lock_seconds
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0)

    def spend(self, charge: Charge) -> Counted:
        with self._transaction() as connection:
            settled = settle(charge, _rows(connection, charge))
            _write(connection, charge, settled)
            return settled.counted

    def used(self, owner: Owner, meter: str, window: int) -> int:
        marks = ",".join("?" * len(owner))
        query = f"SELECT COUNT(*) FROM foldline_meter WHERE owner IN ({marks}) AND meter = ? AND window_number = ?"  # noqa: S608
        with self._transaction() as connection:
            count: int = connection.execute(query, (*owner, meter, window)).fetchone()[0]
            return count

    def tallies(self, owner: Owner) -> tuple[Tally, ...]:
        marks = ",".join("?" * len(owner))
        query = (
            f"SELECT meter, ends, COUNT(*) FROM foldline_meter WHERE owner IN ({marks})"  # noqa: S608 - question marks
            " GROUP BY meter, window_number, ends ORDER BY meter, ends"
        )
        with self._transaction() as connection:
            return tuple(Tally(*row) for row in connection.execute(query, owner))

    def forget(self, owner: Owner) -> int:
        with self._transaction() as connection:
            rows = connection.executemany("DELETE FROM foldline_meter WHERE owner = ?", [(name,) for name in owner])
            deleted = rows.rowcount
        self._overwrite()
        return deleted

    def move(self, owner: Owner, to: Owner) -> int:
        with self._transaction() as connection:
            # The salt stays: nobody knows which article stands behind a hash, and with it a given one is still told.
            connection.executemany(
                "INSERT OR IGNORE INTO foldline_meter (owner, meter, window_number, ends, salt, article, handed)"
                " SELECT ?, meter, window_number, ends, salt, article, handed FROM foldline_meter WHERE owner = ?"
                " ORDER BY id",
                [(to[0], name) for name in owner],
            )
            rows = connection.executemany("DELETE FROM foldline_meter WHERE owner = ?", [(name,) for name in owner])
            moved = rows.rowcount
        self._overwrite()
        return moved

    def prune(self, now: int) -> int:
        with self._transaction() as connection:
            deleted = connection.execute("DELETE FROM foldline_meter WHERE ends <= ?", (now,)).rowcount
        self._overwrite()
        return deleted

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction, which nobody else writes beside."""
        try:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise StoreUnavailable(f"meter: {error}") from error

    def _open(self) -> sqlite3.Connection:
        """The connection to the file that lies there now: one that was taken away must not go on counting unseen."""
        lies = self._path.stat()
        if self._connection is not None and self._file != (lies.st_dev, lies.st_ino):
            self.close()
        if self._connection is None:
            self._connection = connect(self._path, existing=True, timeout=self._lock_seconds)
            self._file = (lies.st_dev, lies.st_ino)
            # After a crash of the machine the last spends may be lost, to the reader's advantage; the file is sound.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            # What is deleted is overwritten: who reads the file afterwards finds nobody's articles.
            self._connection.execute("PRAGMA secure_delete = ON")
        return self._connection

    def _overwrite(self) -> None:
        """Take deleted rows out of the write-ahead log too; where somebody reads just now, the next time does it."""
        try:
            self._open().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise StoreUnavailable(f"meter: {error}") from error


def _rows(connection: sqlite3.Connection, charge: Charge) -> list[Row]:
    marks = ",".join("?" * len(charge.owners))
    found = connection.execute(
        f"SELECT owner, salt, article, handed FROM foldline_meter"  # noqa: S608 - only question marks are put in
        f" WHERE owner IN ({marks}) AND meter = ? AND window_number = ? ORDER BY id",
        (*charge.owners, charge.meter, charge.window),
    )
    return [Row(owner, salt, article, bool(handed)) for owner, salt, article, handed in found]


def _write(connection: sqlite3.Connection, charge: Charge, settled: Settled) -> None:
    place = (charge.meter, charge.window)

    def places(rows: Iterable[Row]) -> list[tuple[bytes, str, int, bytes]]:
        return [(row.owner, *place, row.article) for row in rows]

    connection.executemany(f"DELETE FROM foldline_meter WHERE {_PLACE}", places(settled.delete))  # noqa: S608 - a constant
    connection.executemany(
        f"UPDATE foldline_meter SET handed = 1 WHERE {_PLACE}",  # noqa: S608 - a constant
        places(settled.hand),
    )
    connection.executemany(
        "INSERT INTO foldline_meter (owner, meter, window_number, ends, salt, article, handed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(row.owner, *place, charge.ends, row.salt, row.article, row.handed) for row in settled.insert],
    )
