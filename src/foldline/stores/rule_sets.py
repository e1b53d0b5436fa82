"""Rule sets as they were published: never changed, each with who, when and why. The newest is the one that decides.

Going back is publishing an older text again, so that the history stays a history.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from foldline.policy.rules import version_of
from foldline.stores.site_table import SiteTable

#: More sets than anybody publishes.
WHOLE_HISTORY = 100_000
_COLUMNS = "id, text, version, made_by, made_at, note, back_to, digest"


@dataclass(frozen=True, slots=True)
class StoredRuleSet:
    """`at` is an epoch second; `back_to` is the number of the set whose text was published again, 0 for a new one."""

    id: int
    text: str
    version: str
    by: str
    at: int
    note: str
    back_to: int = 0

    @property
    def original(self) -> int:
        """The number of the set that had this text first."""
        return self.back_to or self.id


class RuleSetStore(SiteTable):
    """The table of rule sets in the site's database. Whoever publishes has read the text as rules before."""

    NAME = "rule sets"

    def active(self) -> StoredRuleSet | None:
        """The newest set that is as it was written; None where there is none.

        Raises:
            StoreUnavailable: the database can't be read.
        """
        return next(iter(self.history(WHOLE_HISTORY)), None)

    def history(self, limit: int = 50) -> list[StoredRuleSet]:
        """The newest sets first. A row that is not as it was written is left out, and so never decides.

        Raises:
            StoreUnavailable: the database can't be read.
        """
        rows = self._read(f"SELECT {_COLUMNS} FROM foldline_rule_sets ORDER BY id DESC LIMIT ?", limit)  # noqa: S608
        return [stored for row in rows if (stored := _stored(row)) is not None]

    def damaged(self) -> list[int]:
        """The numbers of rows that are not as they were written.

        Raises:
            StoreUnavailable: the database can't be read.
        """
        rows = self._read(f"SELECT {_COLUMNS} FROM foldline_rule_sets ORDER BY id")  # noqa: S608
        return [row[0] for row in rows if _stored(row) is None]

    def find(self, version: str) -> StoredRuleSet | None:
        """The newest set of this version.

        Raises:
            StoreUnavailable: the database can't be read.
        """
        rows = self._read(
            f"SELECT {_COLUMNS} FROM foldline_rule_sets WHERE version = ? ORDER BY id DESC LIMIT 1",  # noqa: S608
            version,
        )
        return next((stored for row in rows if (stored := _stored(row)) is not None), None)

    def publish(self, text: str, by: str, note: str, now: int, *, back_to: int = 0) -> StoredRuleSet:
        """Let this text decide from now on; the gate's workers hear of it in the same transaction.

        Raises:
            StoreUnavailable: it can't be written; what decided before goes on deciding.
        """
        version = version_of(text)
        digest = _digest(text, version, by, now, note, back_to)
        with self._changing("rules", version, now) as connection:
            row = connection.execute(
                "INSERT INTO foldline_rule_sets (text, version, made_by, made_at, note, back_to, digest)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (text, version, by, now, note, back_to, digest),
            ).fetchone()
        return StoredRuleSet(int(row[0]), text, version, by, now, note, back_to)

    def roll_back(self, by: str, now: int) -> StoredRuleSet:
        """Publish again what decided before the set that decides now; twice goes back two sets.

        Raises:
            LookupError: there is none before it.
            StoreUnavailable: it can't be read or written.
        """
        active = self.active()
        before = self._before(active.original) if active is not None else None
        if before is None:
            raise LookupError("no rule set was published before this one")
        return self.publish(before.text, by, f"back to {before.version}", now, back_to=before.id)

    def _before(self, number: int) -> StoredRuleSet | None:
        rows = self._read(
            f"SELECT {_COLUMNS} FROM foldline_rule_sets WHERE id < ? AND back_to = 0 ORDER BY id DESC",  # noqa: S608
            number,
        )
        return next((stored for row in rows if (stored := _stored(row)) is not None), None)


def _stored(row: tuple[int, str, str, str, int, str, int, str]) -> StoredRuleSet | None:
    number, text, version, by, at, note, back_to, digest = row
    if digest != _digest(text, version, by, at, note, back_to):
        return None
    return StoredRuleSet(number, text, version, by, at, note, back_to)


def _digest(text: str, version: str, by: str, at: int, note: str, back_to: int) -> str:
    """Tells a row that was damaged or changed by hand from one that was published. It is no signature."""
    return hashlib.sha256(json.dumps([text, version, by, at, note, back_to]).encode()).hexdigest()
