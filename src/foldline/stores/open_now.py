"""What editors have opened to everybody for a time: rows that are added and closed, never deleted."""

from __future__ import annotations

from dataclasses import dataclass

from foldline.policy.open_now import LONGEST, OpenNow
from foldline.stores.site_table import SiteTable

_COLUMNS = "id, scope, key, reason, starts, ends, made_by, made_at, closed_by, closed_at"
LONGEST_REASON = 120


@dataclass(frozen=True, slots=True)
class StoredOpenNow:
    """An entry with who made it, and who closed it before its end ("" and 0 where nobody did). Epoch seconds."""

    id: int
    entry: OpenNow
    by: str
    at: int
    closed_by: str = ""
    closed_at: int = 0

    def runs(self, now: int) -> bool:
        return not self.closed_at and self.entry.runs(now)


class OpenNowStore(SiteTable):
    """The table in the site's database."""

    NAME = "open now"

    def add(self, entry: OpenNow, by: str, now: int) -> int:
        """Open something; the entry's number. The gate's workers hear of it in the same transaction.

        Raises:
            ValueError: no reason, an end that is not after the start and now, or one that is too far away.
            StoreUnavailable: it can't be written; nothing is opened.
        """
        if not entry.reason.strip() or len(entry.reason) > LONGEST_REASON:
            raise ValueError(f"write a reason of at most {LONGEST_REASON} characters: readers are shown it")
        if entry.ends <= max(entry.starts, now):
            raise ValueError("the end must be after the start, and still to come")
        if entry.ends - max(entry.starts, now) > LONGEST:
            raise ValueError(f"nothing is opened for longer than {LONGEST // 86_400} days at once")
        with self._changing("open-now", "", now) as connection:
            row = connection.execute(
                "INSERT INTO foldline_open_now (scope, key, reason, starts, ends, made_by, made_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (*entry, by, now),
            ).fetchone()
        return int(row[0])

    def end_early(self, number: int, by: str, now: int) -> None:
        """End an entry before its time; nothing happens to one that was closed already.

        Raises:
            LookupError: there is no such entry.
            StoreUnavailable: it can't be written.
        """
        with self._changing("open-now", "", now) as connection:
            if not connection.execute("SELECT 1 FROM foldline_open_now WHERE id = ?", (number,)).fetchone():
                raise LookupError(f"nothing was opened under the number {number}")
            connection.execute(
                "UPDATE foldline_open_now SET closed_by = ?, closed_at = ? WHERE id = ? AND closed_at = 0",
                (by, now, number),
            )

    def running(self, now: int) -> list[StoredOpenNow]:
        """What is open at `now` or will be later, the first to end first.

        Raises:
            StoreUnavailable: it can't be read.
        """
        return self._found("WHERE closed_at = 0 AND ends > ? ORDER BY ends, id", now)

    def history(self, limit: int = 100) -> list[StoredOpenNow]:
        """The newest entries first.

        Raises:
            StoreUnavailable: it can't be read.
        """
        return self._found("ORDER BY id DESC LIMIT ?", limit)

    def _found(self, what: str, value: int) -> list[StoredOpenNow]:
        rows = self._read(f"SELECT {_COLUMNS} FROM foldline_open_now {what}", value)  # noqa: S608
        return [StoredOpenNow(row[0], OpenNow(*row[1:6]), *row[6:]) for row in rows]
