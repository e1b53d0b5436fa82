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

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from foldline.stores.backup import Backup, BackupRefused, Step, verify
from foldline.stores.home import Home
from foldline.stores.schema import connect

#: So many numbers of each table are never given again. More than any newspaper gives in the life of a backup.
JUMP = 1_000_000
BY = "foldline restore"


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
    verify(backup, step)
    made = Home(home.path.with_name(home.path.name + ".restoring"))
    try:
        made.path.mkdir(parents=True, mode=0o700)
        for name in backup.files:
            target = made.path / name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(backup.folder / name, target)
            target.chmod(0o600)
        made.make()
        closed = Closed()
        if before is not None:
            _carry_over(made, before, closed, now)
        _jump(made)
        _close(made, now, closed, gifts_stand=gifts_stand or "gifts" in closed.carried, sign_out=sign_out)
        if home.path.exists():
            home.path.rmdir()
        made.path.rename(home.path)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(made.path, ignore_errors=True)
        what = getattr(error, "strerror", None) or error
        raise BackupRefused(f"{home.path}: {what}. Nothing was restored.") from error
    return closed


def _jump(home: Home) -> None:
    for path in (home.site_db, home.public_db, home.meter_db, home.reads_db, home.crawlers_db):
        if path.exists():
            with closing(connect(path, existing=True)) as database:
                if _has(database, "sqlite_sequence"):
                    database.execute("UPDATE sqlite_sequence SET seq = seq + ?", (JUMP,))
                    # A table that was empty then has no counter yet.
                    database.execute(
                        "INSERT INTO sqlite_sequence (name, seq) SELECT name, ? FROM sqlite_master WHERE type = 'table'"
                        " AND sql LIKE '%AUTOINCREMENT%' AND name NOT IN (SELECT name FROM sqlite_sequence)",
                        (JUMP,),
                    )


def _close(home: Home, now: int, closed: Closed, *, gifts_stand: bool, sign_out: bool) -> None:
    with closing(connect(home.site_db, existing=True)) as site:
        site.execute("BEGIN IMMEDIATE")
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
            rows = site.execute("SELECT email FROM readers_reader WHERE is_staff = 1 AND is_active = 1 ORDER BY email")
            closed.staff = [row[0] for row in rows]
        site.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('all', '', ?)", (now,))
        site.execute("COMMIT")
    if not gifts_stand and home.meter_db.exists():
        with closing(connect(home.meter_db, existing=True)) as meter:
            meter.execute("BEGIN IMMEDIATE")
            closed.gifts = meter.execute(
                "UPDATE foldline_gifts SET taken_back = ? WHERE taken_back = 0 AND ends > ?", (now, now)
            ).rowcount
            meter.execute("DELETE FROM foldline_gift_openers")
            meter.execute("COMMIT")


# What the home of before still tells, each in one statement: only ends are taken from it, and what was used up. A
# column that was added since is named nowhere here, so that an older home is read as well.
_OF_SITE = (
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
    """What was ended or used in the home of before. A file of it that is broken or gone tells nothing."""
    for mine, theirs, statements in (
        (home.site_db, before.site_db, _OF_SITE),
        (home.meter_db, before.meter_db, _OF_METER),
    ):
        if not _is_sound(theirs):
            continue
        with closing(connect(mine, existing=True)) as database:
            database.execute("ATTACH ? AS old", (f"{theirs.absolute().as_uri()}?mode=ro",))
            database.execute("BEGIN IMMEDIATE")
            for name, statement in statements:
                count = database.execute(statement, {"by": BY, "now": now}).rowcount
                closed.carried[name] = closed.carried.get(name, 0) + count
            if mine == home.site_db:
                gone = "SELECT email FROM readers_reader WHERE key NOT IN (SELECT key FROM old.readers_reader)"
                closed.erased = [row[0] for row in database.execute(gone)]
            database.execute("COMMIT")


def _is_sound(path: Path) -> bool:
    """Whether a database of the home of before can be read to its end."""
    if not path.exists():
        return False
    try:
        with closing(connect(path, read_only=True)) as database:
            found: list[str] = [row[0] for row in database.execute("PRAGMA quick_check(1)")]
            return found == ["ok"]
    except sqlite3.Error:
        return False


def _has(database: sqlite3.Connection, table: str) -> bool:
    found = database.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    return found is not None
