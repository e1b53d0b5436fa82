"""Whether a site behind the gate is gated: rows that are added and never changed, each with who, when and why.

The newest decides. Where there is none, nobody has said yet, and the site stands in shadow.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from dataclasses import dataclass
from enum import StrEnum

from foldline.errors import StoreUnavailable
from foldline.stores.home import Home
from foldline.stores.schema import MODE, connect
from foldline.stores.site_table import SiteTable

_COLUMNS = "id, mode, made_by, made_at, note, digest"


class Mode(StrEnum):
    """What the gate does with a site that is not ours."""

    SHADOW = "shadow"  # decides, writes down what it would have done, and changes nothing
    GATE = "gate"  # gates


@dataclass(frozen=True, slots=True)
class StoredMode:
    """One change. `at` is an epoch second; `note` is why somebody gated over a warning, else ""."""

    id: int
    mode: Mode
    by: str
    at: int
    note: str


class ModeDamaged(StoreUnavailable):
    """Somebody said a mode, and it is not as it was written: nobody knows what they said."""


class ModeStore(SiteTable):
    """The table in the site's database."""

    NAME = "mode"

    def newest(self) -> StoredMode | None:
        """What holds; None where nobody has said anything yet.

        Raises:
            ModeDamaged: it is not as it was written. An older row must not decide in its place.
            StoreUnavailable: it can't be read.
        """
        found = self.history(1)
        return found[0] if found else None

    def history(self, limit: int = 100) -> list[StoredMode]:
        """The newest first.

        Raises:
            ModeDamaged: a row is not as it was written.
            StoreUnavailable: it can't be read.
        """
        rows = self._read(f"SELECT {_COLUMNS} FROM foldline_mode ORDER BY id DESC LIMIT ?", limit)  # noqa: S608
        return [_stored(row) for row in rows]

    def set(self, mode: Mode, by: str, now: int, note: str = "") -> StoredMode:
        """Let a mode hold from now on; the gate's workers hear of it in the same transaction.

        Raises:
            StoreUnavailable: it can't be written; what held goes on.
        """
        with self._changing("mode", "", now) as connection:
            number = _insert(connection, mode, by, now, note)
        return StoredMode(number, mode, by, now, note)


def gate_as_before(home: Home, now: int) -> None:
    """Before the tables are made: a home that gated a site when there were no modes goes on gating. A new one, or one
    that never fetched an article of a site, is left to stand in shadow.

    Raises:
        StoreUnavailable: it can't be read or written.
    """
    if not (home.site_db.exists() and home.fetched_db.exists()):
        return
    try:
        with contextlib.closing(connect(home.fetched_db, read_only=True)) as fetched:
            if not _has_table(fetched, "fetched") or not fetched.execute("SELECT 1 FROM fetched LIMIT 1").fetchone():
                return
        with contextlib.closing(connect(home.site_db, existing=True)) as site:
            # In one transaction: a table without a row would mean that nobody has said anything.
            site.execute("BEGIN IMMEDIATE")
            if not _has_table(site, "foldline_mode"):
                site.execute(MODE)
                _insert(site, Mode.GATE, "foldline migrate", now, "it was gated before there were modes")
            site.execute("COMMIT")
    except sqlite3.Error as error:
        raise StoreUnavailable(f"mode: {error}") from error


def _unavailable(error: sqlite3.Error) -> StoreUnavailable:
    behind = " Run `foldline migrate` first." if "no such table" in str(error) else ""
    return StoreUnavailable(f"mode: {error}.{behind}")


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone())


def _insert(connection: sqlite3.Connection, mode: Mode, by: str, now: int, note: str) -> int:
    cursor = connection.execute(
        "INSERT INTO foldline_mode (mode, made_by, made_at, note, digest) VALUES (?, ?, ?, ?, ?)",
        (mode.value, by, now, note, _digest(mode, by, now, note)),
    )
    return cursor.lastrowid or 0


def _stored(row: tuple[int, str, str, int, str, str]) -> StoredMode:
    number, mode, by, at, note, digest = row
    if mode not in list(Mode) or digest != _digest(mode, by, at, note):
        raise ModeDamaged(f"mode: row {number} is not as it was written.")
    return StoredMode(number, Mode(mode), by, at, note)


def _digest(mode: str, by: str, at: int, note: str) -> str:
    """Tells a row that was damaged or changed by hand from one that was written. It is no signature."""
    return hashlib.sha256(json.dumps([str(mode), by, at, note]).encode()).hexdigest()
