"""Whether the database files are sound and can be written, and whether a database on another machine has our time. What
else may be wrong with PostgreSQL `check` says without `--deploy` (`server/database_checks.py`)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from foldline.config import Settings
from foldline.errors import Problem, StoreUnavailable
from foldline.stores.address import Schema
from foldline.stores.backup import databases
from foldline.stores.database import Failed, connect, sqlite
from foldline.stores.hosts import HostStore, alive

#: A clock that is off by more, in seconds, makes passes end too soon or too late.
MOST_OFF = 60
#: What one gate worker may hold at once, and what the processes of the site, of the desk and of jobs may hold together.
CONNECTIONS_OF_A_WORKER, CONNECTIONS_BESIDE = 14, 16
_DURABLE = ("fsync", "full_page_writes", "synchronous_commit")


def problems_of_databases(settings: Settings) -> Iterator[Problem]:
    """What is wrong with each database of a home folder, read through to its end."""
    for path in databases(settings.home):
        if path.exists():
            yield from _sound(path)
    if isinstance(settings.home.site_db, Schema):
        yield from _clock_of(settings.home.site_db)
        yield from _durability_of(settings.home.site_db)
        yield from _connections_of(settings, settings.home.site_db)


def _sound(path: Path) -> Iterator[Problem]:
    hint = "Restore a backup: docs/backup.md."
    try:
        with closing(sqlite(path, existing=True)) as database:
            found = [row[0] for row in database.execute("PRAGMA quick_check(3)")]
            if found != ["ok"]:
                yield Problem("FL374", f"the database is broken: {found[0]}", str(path), hint)
            database.execute("BEGIN IMMEDIATE")
            database.execute("PRAGMA user_version = 0")
            database.execute("ROLLBACK")
    except sqlite3.DatabaseError as error:
        said = str(error)
        if "readonly" in said or "read-only" in said or "unable to open" in said:
            said, hint = f"the database can't be written: {said}", "Give the file back to the user of Foldline."
        elif "locked" in said or "busy" in said:
            said, hint = "another program holds the database for longer than 5 s", "Look which one, and end it."
        elif "full" in said:
            said, hint = "there is no room to write into the database", "Make room on the disk."
        else:
            said = f"the database is broken: {said}"
        yield Problem("FL374", said, str(path), hint)


def _durability_of(place: Schema) -> Iterator[Problem]:
    """PostgreSQL 15, 20.5.1: without these a crash takes what was answered already, or breaks tables."""
    try:
        with closing(connect(place, read_only=True)) as database:
            asked = ", ".join(f"current_setting('{name}')" for name in _DURABLE)
            told = database.execute(f"SELECT {asked}").fetchone()
    except Failed:
        return
    off = [name for name, value in zip(_DURABLE, told, strict=True) if value == "off"]
    if off:
        what = f"{' and '.join(off)} {'is' if len(off) == 1 else 'are'} off: what readers paid for or spent can be lost"
        yield Problem("FL375", what, str(place), "Set it to on in postgresql.conf, and for the user and the database.")


def _connections_of(settings: Settings, place: Schema) -> Iterator[Problem]:
    """Whether the server takes as many connections as all hosts that serve may hold, each of them as this one."""
    try:
        with closing(connect(place, read_only=True)) as database:
            asked = "current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
            (takes,) = database.execute(f"SELECT {asked}").fetchone()
        with HostStore(settings.home, read_only=True) as store:
            hosts = max(1, len(alive(*store.known())))
    except (Failed, StoreUnavailable):
        return
    needed = hosts * (settings.workers * CONNECTIONS_OF_A_WORKER + CONNECTIONS_BESIDE)
    if takes < needed:
        each = f"{settings.workers} workers on {hosts} {'host' if hosts == 1 else 'hosts'} may hold {needed}"
        what = f"the database takes {takes} connections, and {each}: at a peak, who has paid may be told to try again"
        yield Problem("FL349", what, str(place), f"Set max_connections in postgresql.conf to {needed + 10} or more.")


def _clock_of(place: Schema) -> Iterator[Problem]:
    try:
        with closing(connect(place, read_only=True)) as database:
            told = database.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()[0]
    except Failed:
        # `check` has said so already (FL342 to FL347).
        return
    off = time.time() - float(told)
    if abs(off) > MOST_OFF:
        what = f"this clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} that of the database"
        yield Problem("FL370", what, str(place), "Let both machines set their clocks (systemd-timesyncd, chrony).")
