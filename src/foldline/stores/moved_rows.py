"""Rows as they lie, on their way from one engine to the other. Whoever moves them has stopped everybody else."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql

from foldline.stores import schema
from foldline.stores.address import Address, Place, Schema
from foldline.stores.database import sqlite
from foldline.stores.home import Home
from foldline.stores.postgres import failed
from foldline.stores.postgres_session import Limits, opened

#: Rows between two looks at the bar, and in one statement.
ROWS = 500
#: Tables that others point to at once, not at the end of a transaction.
_FIRST = ("records",)
#: Seconds that one statement may take: a table of millions of rows is one.
LONGEST = 6 * 3600.0
MARK = "foldline_unfinished_copy"
#: By which columns the rows of an export are joined.
_LOOKED_FOR = (
    ("readers_reader", "id"),
    ("account_emailaddress", "user_id"),
    ("desk_mergedaccount", "reader_id"),
    ("billing_ownedentitlement", "entitlement_id"),
    ("billing_subscription", "id"),
    ("circulation_printactivation", "entitlement_id"),
    ("circulation_printsubscription", "id"),
    ("foldline_pass_facts", "session"),
)


class Moved(Protocol):
    """All places of a home; each is called by what `name_of` says."""

    def tables(self, place: str) -> list[str]: ...

    def in_order(self, place: str) -> list[str]: ...

    def columns(self, place: str, table: str) -> list[str]: ...

    def count(self, place: str, table: str) -> int: ...

    def last_number(self, place: str, table: str) -> int: ...

    def rows(
        self, place: str, table: str, columns: Sequence[str], step: Callable[[int], None]
    ) -> Iterator[Sequence[Any]]: ...

    def fill(self, place: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None: ...

    def go_on_from(self, place: str, table: str, number: int) -> None: ...

    def reading(self) -> AbstractContextManager[None]: ...

    def close(self) -> None: ...


def name_of(place: Place) -> str:
    """What a place is called on both engines: `site`, `public`, `meter` and so on."""
    return place.name.removeprefix("foldline_") if isinstance(place, Schema) else place.stem


def _ordered(tables: list[str]) -> list[str]:
    return sorted(tables, key=lambda table: (table not in _FIRST, table))


class Files:
    """The files of a home."""

    def __init__(self, home: Home) -> None:
        places = [place for place, _ in schema.scripts(home) if isinstance(place, Path) and place != home.fetched_db]
        self._files = {name_of(place): sqlite(place, existing=True) for place in places}
        for file in self._files.values():
            file.execute("PRAGMA foreign_keys = OFF")

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        for file in self._files.values():
            file.execute("BEGIN")
        try:
            yield
        finally:
            for file in self._files.values():
                file.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[None]:
        for file in self._files.values():
            file.execute("BEGIN IMMEDIATE")
        yield
        for file in self._files.values():
            file.execute("COMMIT")
            if broken := file.execute("PRAGMA foreign_key_check").fetchone():
                raise sqlite3.IntegrityError(f"{broken[0]} names a row that is not there")
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            file.execute("PRAGMA journal_mode = DELETE").fetchone()

    def tables(self, place: str) -> list[str]:
        found = self._files[place].execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        )
        return sorted(name for (name,) in found)

    def in_order(self, place: str) -> list[str]:
        return _ordered(self.tables(place))

    def columns(self, place: str, table: str) -> list[str]:
        return [row[1] for row in self._files[place].execute(f'PRAGMA table_info("{table}")')]

    def count(self, place: str, table: str) -> int:
        return int(self._files[place].execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0])  # noqa: S608

    def last_number(self, place: str, table: str) -> int:
        """The last number that was given to a row, though it may be gone; 0 where the rows are not numbered."""
        file = self._files[place]
        if not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
            return 0
        row = file.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return int(row[0]) if row else 0

    def rows(
        self, place: str, table: str, columns: Sequence[str], step: Callable[[int], None]
    ) -> Iterator[Sequence[Any]]:
        cursor = self._files[place].execute(f'SELECT {_names(columns)} FROM "{table}"')  # noqa: S608
        done = 0
        while found := cursor.fetchmany(ROWS):
            yield from found
            done += len(found)
            step(done)

    def fill(self, place: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        file, marks = self._files[place], ", ".join("?" * len(columns))
        if self.count(place, table):
            file.execute(f'DELETE FROM "{table}"')  # noqa: S608
        insert = f'INSERT INTO "{table}" ({_names(columns)}) VALUES ({marks})'  # noqa: S608
        file.executemany(insert, ([_as_in_a_file(value) for value in row] for row in rows))

    def go_on_from(self, place: str, table: str, number: int) -> None:
        file = self._files[place]
        if number and file.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").fetchone():
            kept = file.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
            if kept is None:
                file.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))
            elif kept[0] < number:
                file.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (number, table))


def written_down(address: Address, path: Path, said: str) -> None:
    """Write the rows of every table that a text names into a new file, all of them as they are at one moment."""
    with closing(Schemas(address)) as schemas, closing(sqlite(path)) as file, schemas.reading():
        file.execute("BEGIN")
        for place in ("site", "meter"):
            for table in schemas.tables(place):
                if re.search(rf"\b{table}\b", said):
                    columns = schemas.columns(place, table)
                    file.execute(f'CREATE TABLE "{table}" ({_names(columns)})')
                    insert = f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(columns))})'  # noqa: S608
                    rows = schemas.rows(place, table, columns, lambda done: None)
                    file.executemany(insert, ([_as_in_a_file(value) for value in row] for row in rows))
        # Joined row by row: without an index each of a million readers would be looked for in a million.
        for table, column in _LOOKED_FOR:
            if re.search(rf"\b{table}\b", said):
                file.execute(f'CREATE INDEX "{table}_{column}" ON "{table}" ("{column}")')
        file.execute("COMMIT")


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _as_in_a_file(value: Any) -> Any:
    """As Django writes it to a file: moments without a zone, in UTC."""
    if isinstance(value, datetime):
        return str(value.replace(tzinfo=None))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return value


class Schemas:
    """The schemas of a database, asked in one connection and so at one moment. Raises Failed."""

    def __init__(self, address: Address) -> None:
        try:
            # The other side takes its time between two statements: it counts a table, or makes an index.
            self._raw = opened(address, "foldline_site", Limits(5.0, LONGEST, LONGEST))
            self._raw.execute("SET TIME ZONE 'UTC'")
        except psycopg.Error as error:
            raise failed(error) from None

    def close(self) -> None:
        self._raw.close()

    def mark(self) -> None:
        """Say that what is here is not whole (FL347), until `unmark` is committed."""
        self._ask("CREATE SCHEMA foldline_site")
        self._ask(f"CREATE TABLE foldline_site.{MARK} (begun TIMESTAMPTZ NOT NULL DEFAULT now())")

    def unmark(self) -> None:
        self._ask(f"DROP TABLE foldline_site.{MARK}")

    def drop(self) -> None:
        """Take everything of ours away."""
        for place in ("site", "public", "sealed", "meter", "reads", "crawlers", "media"):
            self._ask(f"DROP SCHEMA IF EXISTS foldline_{place} CASCADE")

    @contextmanager
    def reading(self) -> Iterator[None]:
        self._ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            self._ask("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[None]:
        self._ask("BEGIN")
        try:
            yield
            self._ask("COMMIT")
        except BaseException:
            if not self._raw.closed:
                self._ask("ROLLBACK")
            raise

    def tables(self, place: str) -> list[str]:
        rows = self._ask(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_type = 'BASE TABLE'",
            f"foldline_{place}",
        )
        return sorted(name for (name,) in rows if name != MARK)

    def in_order(self, place: str) -> list[str]:
        return _ordered(self.tables(place))

    def columns(self, place: str, table: str) -> list[str]:
        rows = self._ask(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
            " ORDER BY ordinal_position",
            f"foldline_{place}",
            table,
        )
        return [name for (name,) in rows]

    def count(self, place: str, table: str) -> int:
        return int(self._ask(sql.SQL("SELECT COUNT(*) FROM {}").format(_table(place, table)))[0][0])

    def last_number(self, place: str, table: str) -> int:
        sequence = self._sequence(place, table)
        if sequence is None:
            return 0
        last, given = self._ask(sql.SQL("SELECT last_value, is_called FROM {}").format(sql.SQL(sequence)))[0]
        return int(last) if given else 0

    def rows(
        self, place: str, table: str, columns: Sequence[str], step: Callable[[int], None]
    ) -> Iterator[Sequence[Any]]:
        query = sql.SQL("SELECT {} FROM {}").format(_columns(columns), _table(place, table))
        try:
            with self._raw.cursor(name="moved") as cursor:
                cursor.itersize = ROWS
                cursor.execute(query)
                for done, row in enumerate(cursor, 1):
                    yield row
                    if done % ROWS == 0:
                        step(done)
        except psycopg.Error as error:
            raise failed(error) from None

    def fill(self, place: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        # Rows that every new database has. A table that nobody may delete from has none.
        if self.count(place, table):
            self._ask(sql.SQL("DELETE FROM {}").format(_table(place, table)))
        query = sql.SQL("COPY {} ({}) FROM STDIN").format(_table(place, table), _columns(columns))
        try:
            with self._raw.cursor() as cursor, cursor.copy(query) as copying:
                for row in rows:
                    copying.write_row(row)
        except psycopg.Error as error:
            raise failed(error) from None

    def go_on_from(self, place: str, table: str, number: int) -> None:
        sequence = self._sequence(place, table)
        if sequence is None:
            return
        top = sql.SQL("SELECT COALESCE(MAX(id), 0) FROM {}").format(_table(place, table))
        last = max(number, int(self._ask(top)[0][0]))
        if last:
            self._ask("SELECT setval(%s::regclass, %s)", sequence, last)

    def keep_picture(self, name: str, data: bytes) -> None:
        """A picture, in the transaction of the rows."""
        self._ask("INSERT INTO foldline_media.pictures (name, data) VALUES (%s, %s)", name, data)

    def _sequence(self, place: str, table: str) -> str | None:
        if "id" not in self.columns(place, table):
            return None
        found = self._ask("SELECT pg_get_serial_sequence(%s, 'id')", f'foldline_{place}."{table}"')[0][0]
        return str(found) if found else None

    def _ask(self, query: str | sql.Composed, *values: object) -> list[Any]:
        try:
            cursor = self._raw.execute(query.encode() if isinstance(query, str) else query, values or None)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise failed(error) from None


def _table(place: str, table: str) -> sql.Identifier:
    return sql.Identifier(f"foldline_{place}", table)


def _columns(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
