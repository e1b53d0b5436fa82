"""A home folder from a backup. What happened since is not in it, so whatever could have been taken away since is closed
where nobody loses what they paid for; the rest is told.

Why each (docs/backup.md says it to operators):

- Numbers that were given to articles, readers and whatever else since the backup must name nothing new: an opening that
  a device carries would open another article. So all counters jump ahead.
- *Open now* may have been closed since, gifts may have been taken back or used up, codes may have been used: unknown
  means closed.
- Sessions of the account pages and of the desk end; a reader who carries a pass gets the first one back by themselves,
  staff sign in anew.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from foldline.stores.address import Schema
from foldline.stores.backup import Backup, BackupRefused, Step, tables, verify
from foldline.stores.database import FAILURES, Connection, connect, is_made, sqlite, transaction
from foldline.stores.dump import NAME as DUMP
from foldline.stores.dump import DumpFailed, load
from foldline.stores.home import Home

#: So many numbers of each table are never given again. More than any newspaper gives in the life of a backup.
JUMP = 1_000_000
BY = "foldline restore"

_OLD = re.compile(r"\bold\.(\w+)")


@dataclass(slots=True)
class Closed:
    """What a restore closed, in numbers, and what it carried over from the home of before. `staff` are the addresses
    that may enter the desk again, `erased` those of accounts that were erased since and are back."""

    open_now: int = 0
    gifts: int = 0
    sessions: int = 0
    staff: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    carried: dict[str, int] = field(default_factory=dict)


def restore(
    backup: Backup,
    home: Home,
    now: int,
    *,
    gifts_stand: bool = False,
    sign_out: bool = False,
    before: Home | None = None,
    step: Step = lambda _d, _o: None,
) -> Closed:
    """Make a home folder from a backup: there whole, or not at all. `before` is the home that was lost, where some of
    it can still be read: what was ended there is ended here.

    Raises:
        BackupRefused: the folder is not empty, or the backup is not as it was made.
    """
    if home.path.exists() and (not home.path.is_dir() or any(home.path.iterdir())):
        raise BackupRefused(f"{home.path} is not empty. Name a folder that is new: nothing is written over.")
    _fits(backup, home, before)
    verify(backup, step)
    made = Home(home.path.with_name(home.path.name + ".restoring"), home.database)
    try:
        made.path.mkdir(parents=True, mode=0o700)
        for name in backup.files:
            target = made.path / name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(backup.folder / name, target)
            target.chmod(0o600)
        made.make()
        if home.database is not None:
            load(backup.folder / DUMP, home.database)
            (made.path / DUMP).unlink()
        closed = Closed()
        if before is not None:
            _carry_over(made, before, closed, now)
        _jump(made)
        _close(made, now, closed, gifts_stand=gifts_stand or "gifts" in closed.carried, sign_out=sign_out)
        if home.path.exists():
            home.path.rmdir()
        made.path.rename(home.path)
    except (OSError, *FAILURES, DumpFailed) as error:
        shutil.rmtree(made.path, ignore_errors=True)
        what = getattr(error, "strerror", None) or error
        left = " The database may hold some of it: drop it, and make an empty one." if home.database is not None else ""
        raise BackupRefused(f"{home.path}: {what}. No home folder was made.{left}") from error
    return closed


def _fits(backup: Backup, home: Home, before: Home | None) -> None:
    if backup.has_dump and home.database is None:
        raise BackupRefused("The tables of this backup lay in PostgreSQL. Name an empty database with --database.")
    if home.database is not None and not backup.has_dump:
        hint = "Leave --database away; `foldline copy` brings them into PostgreSQL afterwards."
        raise BackupRefused(f"The tables of this backup lay in files. {hint}")
    if home.database is not None and before is not None:
        raise BackupRefused("Only a home that lay in files can be named as the one before.")
    if home.database is not None and is_made(home.site_db):
        raise BackupRefused(f"{home.database} is not empty. Make a new database: nothing is written over.")


def _jump(home: Home) -> None:
    for place in tables(home):
        if is_made(place):
            with closing(connect(place, existing=True)) as database:
                if isinstance(place, Schema):
                    _jump_in_postgres(database, place.name)
                elif _has(database, "sqlite_sequence"):
                    database.execute("UPDATE sqlite_sequence SET seq = seq + ?", (JUMP,))
                    # A table that was empty then has no counter yet.
                    database.execute(
                        "INSERT INTO sqlite_sequence (name, seq) SELECT name, ? FROM sqlite_master WHERE type = 'table'"
                        " AND sql LIKE '%AUTOINCREMENT%' AND name NOT IN (SELECT name FROM sqlite_sequence)",
                        (JUMP,),
                    )


def _jump_in_postgres(database: Connection, schema: str) -> None:
    found = database.execute(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) FROM pg_sequences WHERE schemaname = ?"
        " AND CAST(data_type AS text) <> 'smallint'",
        (schema,),
    ).fetchall()
    for (name,) in found:
        database.execute("SELECT setval(CAST(? AS regclass), nextval(CAST(? AS regclass)) + ?)", (name, name, JUMP))


def _close(home: Home, now: int, closed: Closed, *, gifts_stand: bool, sign_out: bool) -> None:
    with closing(connect(home.site_db, existing=True)) as site, transaction(site):
        closed.open_now = site.execute(
            "UPDATE foldline_open_now SET closed_by = ?, closed_at = ? WHERE closed_at = 0 AND ends > ?", (BY, now, now)
        ).rowcount
        for table in ("django_session", "readers_signincode"):
            if _has(site, table):
                site.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours
        if _has(site, "desk_duejob"):
            site.execute("UPDATE desk_duejob SET leased_by = '', leased_until = 0, due = 0")
        if sign_out:
            closed.sessions = site.execute(
                "UPDATE foldline_pass_facts SET ended_at = ? WHERE ended_at = 0", (now,)
            ).rowcount
        if _has(site, "readers_reader"):
            rows = site.execute("SELECT email FROM readers_reader WHERE is_staff AND is_active ORDER BY email")
            closed.staff = [row[0] for row in rows]
        site.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('all', '', ?)", (now,))
    if not gifts_stand and is_made(home.meter_db):
        with closing(connect(home.meter_db, existing=True)) as meter, transaction(meter):
            closed.gifts = meter.execute(
                "UPDATE foldline_gifts SET taken_back = ? WHERE taken_back = 0 AND ends > ?", (now, now)
            ).rowcount
            meter.execute("DELETE FROM foldline_gift_openers")


# What the home of before still tells, each in one statement: only ends are taken from it, and what was used up. A
# column that was added since is named nowhere here, so that an older home is read as well.
_OF_SITE = (
    (
        "keys",
        "INSERT INTO foldline_keys (digest, act, made_by, made_at) SELECT digest, act, made_by, made_at"
        " FROM old.foldline_keys AS theirs WHERE NOT EXISTS (SELECT 1 FROM foldline_keys AS mine WHERE"
        " mine.digest = theirs.digest AND mine.act = theirs.act AND mine.made_at = theirs.made_at)"
        " ORDER BY theirs.id",
    ),
    (
        "sessions",
        "UPDATE foldline_pass_facts AS mine SET ended_at = (SELECT ended_at FROM old.foldline_pass_facts AS theirs"
        " WHERE theirs.session = mine.session) WHERE ended_at = 0 AND EXISTS (SELECT 1 FROM old.foldline_pass_facts AS"
        " theirs WHERE theirs.session = mine.session AND theirs.ended_at > 0)",
    ),
    (
        "sessions",
        "UPDATE foldline_pass_facts SET ended_at = :now WHERE ended_at = 0 AND session NOT IN"
        " (SELECT session FROM old.foldline_pass_facts)",
    ),
    (
        "entitlements",
        "UPDATE readers_entitlement AS mine SET ended_at = (SELECT ended_at FROM old.readers_entitlement AS theirs"
        " WHERE theirs.id = mine.id AND theirs.given_at = mine.given_at) WHERE ended_at IS NULL AND EXISTS (SELECT 1"
        " FROM old.readers_entitlement AS theirs WHERE theirs.id = mine.id AND theirs.given_at = mine.given_at AND"
        " theirs.ended_at IS NOT NULL)",
    ),
    (
        "staff",
        "UPDATE readers_reader SET is_staff = 0, is_superuser = 0 WHERE is_staff = 1 AND key NOT IN"
        " (SELECT key FROM old.readers_reader WHERE is_staff = 1 AND is_active = 1)",
    ),
    (
        "open now",
        "UPDATE foldline_open_now AS mine SET closed_by = :by, closed_at = (SELECT closed_at FROM old.foldline_open_now"
        " AS theirs WHERE theirs.id = mine.id) WHERE closed_at = 0 AND EXISTS (SELECT 1 FROM old.foldline_open_now AS"
        " theirs WHERE theirs.id = mine.id AND theirs.closed_at > 0)",
    ),
)
_OF_METER = (
    (
        "meter",
        "INSERT OR IGNORE INTO foldline_meter (owner, meter, window_number, ends, salt, article, handed) SELECT owner,"
        " meter, window_number, ends, salt, article, handed FROM old.foldline_meter",
    ),
    (
        "gifts",
        "INSERT OR REPLACE INTO foldline_gifts (gift, owner, published, article, month, counts_until, made_at, ends,"
        " most, opened, taken_back, giver) SELECT gift, owner, published, article, month, counts_until, made_at, ends,"
        " most, opened, taken_back, giver FROM old.foldline_gifts",
    ),
    (
        "gifts",
        "INSERT OR IGNORE INTO foldline_gift_openers (gift, opener) SELECT gift, opener FROM old.foldline_gift_openers",
    ),
)


def _carry_over(home: Home, before: Home, closed: Closed, now: int) -> None:
    """What was ended or used in the home of before. A file of it that is broken or gone tells nothing, and neither does
    a table that it did not have yet."""
    for mine, theirs, statements in (
        (home.site_db, before.site_db, _OF_SITE),
        (home.meter_db, before.meter_db, _OF_METER),
    ):
        assert isinstance(mine, Path)
        assert isinstance(theirs, Path)
        if not _is_sound(theirs):
            continue
        with closing(sqlite(mine, existing=True)) as database:
            database.execute("ATTACH ? AS old", (f"{theirs.absolute().as_uri()}?mode=ro",))
            known = {row[0] for row in database.execute("SELECT name FROM old.sqlite_master WHERE type = 'table'")}
            database.execute("BEGIN IMMEDIATE")
            for name, statement in statements:
                if set(_OLD.findall(statement)) <= known:
                    count = database.execute(statement, {"by": BY, "now": now}).rowcount
                    closed.carried[name] = closed.carried.get(name, 0) + count
            if mine == home.site_db and "readers_reader" in known:
                gone = "SELECT email FROM readers_reader WHERE key NOT IN (SELECT key FROM old.readers_reader)"
                closed.erased = [row[0] for row in database.execute(gone)]
            database.execute("COMMIT")


def _is_sound(path: Path) -> bool:
    """Whether a database of the home of before can be read to its end."""
    if not path.exists():
        return False
    try:
        with closing(sqlite(path, read_only=True)) as database:
            found: list[str] = [row[0] for row in database.execute("PRAGMA quick_check(1)")]
            return found == ["ok"]
    except sqlite3.Error:
        return False


def _has(database: Connection, table: str) -> bool:
    if isinstance(database, sqlite3.Connection):
        query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    else:
        query = "SELECT 1 WHERE to_regclass(?) IS NOT NULL"
    return database.execute(query, (table,)).fetchone() is not None
