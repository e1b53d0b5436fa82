"""The place of what is counted: one connection, and transactions that nobody writes beside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from foldline.errors import StoreUnavailable
from foldline.stores.database import FAILURES, Connection, connect, forget_thoroughly, overwrite, transaction
from foldline.stores.home import Home

#: How long a spend waits for the writers before it, in seconds. A spend takes a fraction of a millisecond.
LOCK_SECONDS = 1.0


class MeterFile:
    """`meter.db`, or its schema. Not to be asked by two threads at once."""

    def __init__(self, home: Home, lock_seconds: float = LOCK_SECONDS) -> None:
        self._place = home.meter_db
        self._lock_seconds = lock_seconds
        self._connection: Connection | None = None
        self._file = (0, 0)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _transaction(self, *keys: bytes) -> Iterator[Connection]:
        """One transaction, which nobody else writes beside who names one of the same keys."""
        try:
            connection = self._open()
            with transaction(connection, *keys):
                yield connection
        except (*FAILURES, OSError) as error:
            self.close()
            raise StoreUnavailable(f"meter: {error}") from error

    def _open(self) -> Connection:
        """The connection to what lies there now: a file that was taken away must not go on counting unseen."""
        if isinstance(self._place, Path):
            lies = self._place.stat()
            if self._connection is not None and self._file != (lies.st_dev, lies.st_ino):
                self.close()
            self._file = (lies.st_dev, lies.st_ino)
        if self._connection is None:
            self._connection = connect(self._place, existing=True, timeout=self._lock_seconds)
            if isinstance(self._place, Path):
                # After a crash of the machine the last spends may be lost, to the reader's good; the file is sound.
                self._connection.execute("PRAGMA synchronous = NORMAL")
            forget_thoroughly(self._connection)
        return self._connection

    def _overwrite(self) -> None:
        """Take deleted rows out of the write-ahead log too; where somebody reads just now, the next time does it."""
        try:
            overwrite(self._open())
        except (*FAILURES, OSError) as error:
            self.close()
            raise StoreUnavailable(f"meter: {error}") from error
