"""Tables of ours in one file of SQLite's: opened when they are asked, let go of when they fail."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from foldline.errors import StoreUnavailable
from foldline.stores.schema import connect


class TableFile:
    """`NAME` says in errors what could not be read. Use it in a `with` block, or close it. Every method raises
    StoreUnavailable where the file can't be read or written; `timeout` is how long a lock of somebody else is waited
    for, in seconds."""

    NAME: ClassVar[str]

    def __init__(self, path: Path, *, read_only: bool = False, timeout: float = 5.0) -> None:
        self._path = path
        self._read_only = read_only
        self._timeout = timeout
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, query: str, *values: object) -> list[Any]:
        try:
            return self._open().execute(query, values).fetchall()
        except sqlite3.Error as error:
            self.close()
            raise StoreUnavailable(f"{self.NAME}: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction."""
        try:
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            self.close()
            raise StoreUnavailable(f"{self.NAME}: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            if not self._path.exists():
                raise StoreUnavailable(f"{self._path} is not there. Run `foldline migrate` first.")
            self._connection = connect(self._path, read_only=self._read_only, existing=True, timeout=self._timeout)
        return self._connection
