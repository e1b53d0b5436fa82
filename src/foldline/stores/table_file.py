"""Tables of ours in one place: opened when they are asked, let go of when they fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from foldline.errors import StoreUnavailable
from foldline.stores.address import Place
from foldline.stores.database import FAILURES, Connection, connect, transaction


class TableFile:
    """`NAME` says in errors what could not be read. Use it in a `with` block, or close it. Every method raises
    StoreUnavailable where it can't be read or written; `timeout` is how long a lock of somebody else is waited
    for, in seconds."""

    NAME: ClassVar[str]

    def __init__(self, place: Place, *, read_only: bool = False, timeout: float = 5.0) -> None:
        self._place = place
        self._read_only = read_only
        self._timeout = timeout
        self._connection: Connection | None = None

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
        except FAILURES as error:
            self.close()
            raise StoreUnavailable(f"{self.NAME}: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction."""
        try:
            connection = self._open()
            with transaction(connection):
                yield connection
        except FAILURES as error:
            self.close()
            raise StoreUnavailable(f"{self.NAME}: {error}") from error

    def _open(self) -> Connection:
        if self._connection is None:
            if isinstance(self._place, Path) and not self._place.exists():
                raise StoreUnavailable(f"{self._place} is not there. Run `foldline migrate` first.")
            self._connection = connect(self._place, read_only=self._read_only, existing=True, timeout=self._timeout)
        return self._connection
