"""One way to ask SQLite and PostgreSQL: a place, a connection to it, transactions, and failures of one kind.

SQL is written once, in what both understand, with `?` for values. Where a publication lies in files nothing of
PostgreSQL is imported, and nothing stands between a store and SQLite.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from foldline.errors import StoreUnavailable
from foldline.stores.address import Place, Schema

if TYPE_CHECKING:
    from foldline.stores.postgres import PostgresConnection

__all__ = [
    "FAILURES",
    "Connection",
    "Failed",
    "Rows",
    "connect",
    "forget_thoroughly",
    "is_made",
    "overwrite",
    "row_lock",
    "text_of",
    "transaction",
]

#: How long a lock of somebody else is waited for, in seconds, where nobody says it.
LOCK_SECONDS = 5.0


class Failed(Exception):
    """What PostgreSQL did not do, in words that hold no value of anybody's. `state` is its five letters (SQLSTATE), ""
    where it was not reached."""

    def __init__(self, what: str, state: str = "") -> None:
        super().__init__(what)
        self.state = state


#: What a place can answer instead of an answer.
FAILURES = (sqlite3.Error, Failed)


class Rows(Protocol):
    """What was found, or how many rows were written."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection in autocommit mode. Everything raises one of `FAILURES`."""

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Rows: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Rows: ...

    def close(self) -> None: ...


def connect(
    place: Place, *, read_only: bool = False, existing: bool = False, timeout: float = LOCK_SECONDS
) -> Connection:
    """A connection in autocommit mode with foreign keys on; `timeout` is the wait for a lock, in seconds. With
    `existing` a file that is not there is not made; tables in PostgreSQL are made by `schema.migrate` alone."""
    if isinstance(place, Schema):
        return postgres(place, read_only=read_only, timeout=timeout)
    return sqlite(place, read_only=read_only, existing=existing, timeout=timeout)


def sqlite(
    path: Path, *, read_only: bool = False, existing: bool = False, timeout: float = LOCK_SECONDS
) -> sqlite3.Connection:
    """`connect` for a file."""
    mode = "ro" if read_only else "rw" if existing else "rwc"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def postgres(place: Schema, *, read_only: bool = False, timeout: float = LOCK_SECONDS) -> PostgresConnection:
    """`connect` for a schema."""
    # Only a publication that lies in PostgreSQL pays for its driver: memory of every worker.
    from foldline.stores.postgres import PostgresConnection

    return PostgresConnection(place, read_only=read_only, timeout=timeout)


def is_made(place: Place) -> bool:
    """Whether `foldline migrate` was run here.

    Raises:
        StoreUnavailable: PostgreSQL can't be asked.
    """
    if isinstance(place, Path):
        return place.exists()
    connection = postgres(place, read_only=True)
    try:
        return connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", (place.name,)).fetchone() is not None
    except Failed as error:
        raise StoreUnavailable(f"{place}: {error}") from error
    finally:
        connection.close()


def forget_thoroughly(connection: Connection) -> None:
    """What is deleted is overwritten: who reads the file afterwards finds nothing of it. PostgreSQL has no such thing
    (`docs/retention.md` says what there is instead)."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA secure_delete = ON")


def overwrite(connection: Connection) -> None:
    """Bring a file up to date with its log, which still holds what was deleted. Where somebody reads just then, it
    happens by itself later."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def text_of(connection: Connection, column: str, key: str) -> str:
    """How SQL says the value under a key of the JSON in a column, as a text, "" where there is none."""
    if isinstance(connection, sqlite3.Connection):
        return f"coalesce(CAST(json_extract({column}, '$.{key}') AS TEXT), '')"
    return f"coalesce({column}::json ->> '{key}', '')"


def row_lock(connection: Connection) -> str:
    """What ends a SELECT so that nobody else changes the row until the transaction ends; in a file nobody can."""
    return "" if isinstance(connection, sqlite3.Connection) else " FOR UPDATE"


@contextmanager
def transaction(connection: Connection, *keys: bytes) -> Iterator[None]:
    """All or nothing, and nobody else in between. In a file that is whoever writes to it; in PostgreSQL whoever names
    one of the same keys, or, where there are none, whoever writes to the same schema."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return
    from foldline.stores.postgres import PostgresConnection

    assert isinstance(connection, PostgresConnection)
    connection.begin(keys)
    try:
        yield
    except BaseException:
        connection.roll_back()
        raise
    connection.commit()
