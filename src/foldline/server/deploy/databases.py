"""Whether the databases are sound, of this version, and can be written. Needs Django to be set up."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from foldline.config import Settings
from foldline.errors import Problem
from foldline.stores.backup import databases
from foldline.stores.database import sqlite


def problems_of_databases(settings: Settings) -> Iterator[Problem]:
    """What is wrong with each database of a home folder."""
    yield from _newer(settings)
    for path in databases(settings.home):
        if path.exists():
            yield from _sound(path)


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
