"""Everything of a publication from files into PostgreSQL, or back: all of it or nothing. Needs Django to be set up."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connections

from foldline.errors import ConfigurationError, FoldlineError, Problem, StoreUnavailable
from foldline.server.supervisor import take
from foldline.server.this_host import name_of as name_of_host
from foldline.site.database import database_settings
from foldline.stores import schema
from foldline.stores.address import Place
from foldline.stores.database import FAILURES, is_made
from foldline.stores.home import Home
from foldline.stores.hosts import AWAY, HostStore, alive
from foldline.stores.moved_rows import Files, Moved, Schemas, name_of
from foldline.stores.pictures import PictureStore

Step = Callable[[int, int], None]

#: What Django calls the database that is copied to.
_ALIAS = "copy"
#: Where the files of a copy lie until all of them are there.
_UNFINISHED = ".copy-unfinished"


class NotCopied(FoldlineError):
    """Nothing was copied, and why."""


def copy(home: Home, to: Home, begin: Callable[[str], Step]) -> dict[str, int]:
    """Copy all rows and pictures; how many there are, by table. What a host has fetched of a site behind the gate stays
    behind: it is fetched again.

    Raises:
        NotCopied: there is something in the target, a count differs or a database fails. The target is as it was.
        ConfigurationError: FL042, somebody serves from the same folder or the same database. So is it then.
    """
    try:
        if taken := [str(place) for place in _places(to) if is_made(place)]:
            raise NotCopied(
                f"{taken[0]} is there already. Nothing was copied: name a database or a folder without one."
            )
        with contextlib.closing(take(home)):
            _refuse_hosts(home)
            return _to_files(home, to, begin) if to.database is None else _to_schemas(home, to, begin)
    except (*FAILURES, OSError, StoreUnavailable) as error:
        raise NotCopied(f"{error} Nothing was copied.") from None


def _refuse_hosts(home: Home) -> None:
    """What a host writes after its rows were read would be lost. This one does not serve: its folder is taken.

    Raises:
        ConfigurationError: FL042, for each host that was heard of lately.
    """
    with HostStore(home, read_only=True) as store:
        now, rows = store.known()
    found = [
        Problem(
            "FL042",
            f"this host serves from the same database, which heard of it {max(0, now - row.seen)} s ago",
            row.name,
            f"Stop it, or wait {row.seen + AWAY - now + 1} s where it was stopped already. Nothing was copied.",
        )
        for row in alive(now, rows)
        if row.name != name_of_host(home)
    ]
    if found:
        raise ConfigurationError(tuple(found))


def _places(home: Home) -> list[Place]:
    return [place for place, _ in schema.scripts(home) if place != home.fetched_db]


def _to_schemas(home: Home, to: Home, begin: Callable[[str], Step]) -> dict[str, int]:
    """The tables first, marked as unfinished; then all rows and the end of the mark in one transaction."""
    assert to.database is not None
    schemas = Schemas(to.database)
    with contextlib.closing(schemas):
        schemas.mark()
        try:
            _make_tables(to)
            with schemas.writing():
                counts = _rows(home, schemas, begin)
                counts["pictures"] = _pictures(home, schemas.keep_picture, begin("pictures"))
                _refuse_hosts(home)
                schemas.unmark()
                # Before the end of the transaction: a crash between the two closes the files, and opens none twice.
                home.moved.write_text(f"{to.database} on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC\n", encoding="utf-8")
        except BaseException:
            schemas.drop()
            home.moved.unlink(missing_ok=True)
            raise
    return counts


def _to_files(home: Home, to: Home, begin: Callable[[str], Step]) -> dict[str, int]:
    """Into a folder beside, from which each file goes to its place when all are whole; the site's own comes last, and
    without it nothing is served."""
    beside = replace(to, path=to.path / _UNFINISHED)
    to.make()
    shutil.rmtree(beside.path, ignore_errors=True)
    kept: list[str] = []
    try:
        beside.make()
        _make_tables(beside)
        files = Files(beside)
        with contextlib.closing(files), files.writing():
            counts = _rows(home, files, begin)
        store = PictureStore(to)

        def keep(name: str, data: bytes) -> None:
            kept.append(name)
            store.keep(name, data)

        counts["pictures"] = _pictures(home, keep, begin("pictures"))
        # Who began to serve meanwhile has written what is not here.
        _refuse_hosts(home)
        # A row that SQLite has counted up to lies in each file; nothing is left in its log once it is closed.
        for place, target in reversed(list(zip(_places(beside), _places(to), strict=True))):
            assert isinstance(place, Path)
            assert isinstance(target, Path)
            place.replace(target)
    except BaseException:
        for name in kept:
            PictureStore(to).forget(name)
        raise
    finally:
        shutil.rmtree(beside.path, ignore_errors=True)
    schema.migrate(to)
    to.moved.unlink(missing_ok=True)
    return counts


def _make_tables(to: Home) -> None:
    schema.migrate(to)
    known = connections.databases
    known[_ALIAS] = connections.configure_settings({"default": {}, _ALIAS: database_settings(to)})[_ALIAS]
    try:
        call_command("migrate", database=_ALIAS, verbosity=0, interactive=False)
    finally:
        connections[_ALIAS].close()
        del connections[_ALIAS]
        del known[_ALIAS]


def _rows(home: Home, target: Moved, begin: Callable[[str], Step]) -> dict[str, int]:
    counts: dict[str, int] = {}
    source: Moved = Files(home) if home.database is None else Schemas(home.database)
    with contextlib.closing(source), source.reading():
        for place in map(name_of, _places(home)):
            if other := set(source.tables(place)) ^ set(target.tables(place)):
                raise NotCopied(f"{min(other)} is not on both sides: run `foldline migrate` first.")
            for table in source.in_order(place):
                counts[table] = _table(source, target, place, table, begin(table))
    return counts


def _table(source: Moved, target: Moved, place: str, table: str, step: Step) -> int:
    columns = source.columns(place, table)
    if sorted(columns) != sorted(target.columns(place, table)):
        raise NotCopied(f"{table} has other columns there. Run `foldline migrate` first.")
    of = source.count(place, table)
    target.fill(place, table, columns, source.rows(place, table, columns, lambda done: step(done, of)))
    target.go_on_from(place, table, source.last_number(place, table))
    step(of, of)
    found = target.count(place, table)
    if found != of:
        raise NotCopied(f"{table} has {of} rows here and {found} there. Nothing was copied.")
    return of


def _pictures(home: Home, keep: Callable[[str, bytes], None], step: Step) -> int:
    store = PictureStore(home)
    names = list(store.names())
    for done, name in enumerate(names, 1):
        data = store.find(name)
        if data is None:
            raise NotCopied(f"the picture {name} can't be read. Nothing was copied.")
        keep(name, data)
        step(done, len(names))
    return len(names)
