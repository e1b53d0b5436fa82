"""The file of what is counted: one connection, and transactions that nobody writes beside."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from foldline.errors import StoreUnavailable
from foldline.stores.home import Home
from foldline.stores.schema import connect

#: How long a spend waits for the writers before it, in seconds. A spend takes a fraction of a millisecond.
LOCK_SECONDS = 1.0


class MeterFile:
    """`meter.db`. Not to be asked by two threads at once."""

    def __init__(self, home: Home, lock_seconds: float = LOCK_SECONDS) -> None:
        self._path = home.meter_db
        self._lock_seconds = lock_seconds
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0)

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
