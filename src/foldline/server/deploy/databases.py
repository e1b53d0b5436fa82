"""Whether the databases are sound, of this version, and can be written. Needs Django to be set up."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from foldline.config import Settings
from foldline.errors import Problem
from foldline.stores.address import Schema
from foldline.stores.backup import tables
from foldline.stores.database import Failed, connect, sqlite


def problems_of_databases(settings: Settings) -> Iterator[Problem]:
    """What is wrong with each database of a home folder."""
    yield from _newer(settings)
    for place in tables(settings.home):
        if isinstance(place, Schema):
            yield from _of_postgres(place)
        elif place.exists():
            yield from _sound(place)
    if isinstance(settings.home.site_db, Schema):
        yield from _clock_of(settings.home.site_db)


def _newer(settings: Settings) -> Iterator[Problem]:
    """Migrations that this version does not have: it was not made for these tables."""
    where = str(settings.home.site_db)
    try:
        loader = MigrationExecutor(connection).loader
    except DatabaseError as error:
        yield Problem(
            "FL374", f"the database can't be read: {type(error).__name__}", where, "Look at the server's log."
        )
        return
    ours = {app for app, _ in loader.disk_migrations}
    unknown = sorted(f"{app}.{name}" for app, name in loader.applied_migrations if app in ours)
    unknown = [
        name
        for name in unknown
        if tuple(name.split(".", 1)) not in loader.disk_migrations and not _replaced(loader, name)
    ]
    if unknown:
        what = f"the database was made by a newer version ({', '.join(unknown[:3])})"
        yield Problem("FL374", what, where, "Run that version, or restore a backup from before: docs/upgrading.md.")


def _replaced(loader: object, name: str) -> bool:
    """Whether a squashed migration stands in the place of this one."""
    replacements: dict[object, object] = getattr(loader, "replacements", {})
    key = tuple(name.split(".", 1))
    return any(key in getattr(migration, "replaces", ()) for migration in replacements.values())


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


#: The oldest server whose words our tables need.
OLDEST = 140_000
#: A clock that is off by more, in seconds, makes passes end too soon or too late.
MOST_OFF = 60

#: What workers write, tried on no row: a right that is missing and a server that takes no writes both say so.
_TRIED = {
    "foldline_site": ("UPDATE foldline_changes SET at = at WHERE FALSE", "DELETE FROM foldline_hosts WHERE FALSE"),
    "foldline_meter": ("UPDATE foldline_meter SET handed = handed WHERE FALSE",),
    "foldline_public": ("UPDATE records SET version = version WHERE FALSE",),
    "foldline_sealed": ("UPDATE rests SET version = version WHERE FALSE",),
    "foldline_reads": ("UPDATE foldline_reads SET reads = reads WHERE FALSE",),
}


def _of_postgres(place: Schema) -> Iterator[Problem]:
    try:
        with closing(connect(place)) as database:
            version = int(database.execute("SELECT current_setting('server_version_num')").fetchone()[0])
            if version < OLDEST:
                yield Problem(
                    "FL374", f"the server is older than PostgreSQL {OLDEST // 10_000}", str(place), "Upgrade it."
                )
            for statement in _TRIED.get(place.name, ()):
                database.execute(statement)
    except Failed as error:
        hint = "Let Foldline's role own its tables, on a server that takes writes: docs/postgresql.md."
        yield Problem("FL374", f"the database can't be written: {error}", str(place), hint)


def _clock_of(place: Schema) -> Iterator[Problem]:
    try:
        with closing(connect(place, read_only=True)) as database:
            told = database.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()[0]
    except Failed:
        # Said above already.
        return
    off = time.time() - float(told)
    if abs(off) > MOST_OFF:
        what = f"this clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} that of the database"
        yield Problem("FL370", what, str(place), "Let both machines set their clocks (systemd-timesyncd, chrony).")
