"""Whether a site behind the gate is gated: rows that are added and never changed, each with who, when and why.

The newest decides. Where there is none, nobody has said yet, and the site stands in shadow.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from foldline.errors import StoreUnavailable
from foldline.stores.database import FAILURES, Connection, connect, transaction
from foldline.stores.home import Home
from foldline.stores.schema import MODE
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
    if not (isinstance(home.site_db, Path) and home.site_db.exists() and home.fetched_db.exists()):
        return
    try:
        with contextlib.closing(connect(home.fetched_db, read_only=True)) as fetched:
            if not _has_table(fetched, "fetched") or not fetched.execute("SELECT 1 FROM fetched LIMIT 1").fetchone():
                return
        # In one transaction: a table without a row would mean that nobody has said anything.
        with contextlib.closing(connect(home.site_db, existing=True)) as site, transaction(site):
            if not _has_table(site, "foldline_mode"):
                site.execute(MODE)
                _insert(site, Mode.GATE, "foldline migrate", now, "it was gated before there were modes")
    except FAILURES as error:
        raise StoreUnavailable(f"mode: {error}") from error


def _has_table(connection: Connection, name: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)).fetchone())


def _insert(connection: Connection, mode: Mode, by: str, now: int, note: str) -> int:
    row = connection.execute(
        "INSERT INTO foldline_mode (mode, made_by, made_at, note, digest) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (mode.value, by, now, note, _digest(mode, by, now, note)),
    ).fetchone()
    return int(row[0])


def _stored(row: tuple[int, str, str, int, str, str]) -> StoredMode:
    number, mode, by, at, note, digest = row
    if mode not in list(Mode) or digest != _digest(mode, by, at, note):
        raise ModeDamaged(f"mode: row {number} is not as it was written.")
    return StoredMode(number, Mode(mode), by, at, note)


def _digest(mode: str, by: str, at: int, note: str) -> str:
    """Tells a row that was damaged or changed by hand from one that was written. It is no signature."""
    return hashlib.sha256(json.dumps([str(mode), by, at, note]).encode()).hexdigest()
