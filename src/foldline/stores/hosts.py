"""Which hosts serve one publication, and what each of them goes by: two that differ would answer differently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from foldline.errors import Problem
from foldline.stores.site_table import SiteTable

#: A host tells of itself every so many seconds; one that was not heard of for the second figure is away, and after the
#: third it is forgotten.
TELL_EVERY, AWAY, FORGOTTEN = 5, 30, 86_400
#: How far a host's clock may be from the database's, in seconds: passes are fresh for five minutes.
CLOCK_MAY_DIFFER = 30
_AGAIN = "Just after a change, look again in ten seconds."


@dataclass(frozen=True, slots=True)
class HostRow:
    """One host. `name` is its own and the place of its home folder. `keys` are digests (`signed/keys.py`), that of the
    key that signs first; `rules` is the version of the set in force, "" for none; `version` is Foldline's. `clock` is
    what its clock showed when the database's showed `seen`, both in epoch seconds."""

    name: str
    keys: tuple[str, ...]
    rules: str
    version: str
    clock: int
    seen: int = 0


class HostStore(SiteTable):
    """The table in the site's database."""

    NAME = "hosts"

    def tell(self, row: HostRow) -> None:
        """Write down what a host goes by; when, the database says.

        Raises:
            StoreUnavailable: it can't be written.
        """
        with self._writing() as connection:
            seen = _epoch(connection.execute("SELECT CURRENT_TIMESTAMP").fetchone()[0])
            connection.execute(
                "INSERT INTO foldline_hosts (name, keys, rules, version, clock, seen) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET keys = excluded.keys, rules = excluded.rules,"
                " version = excluded.version, clock = excluded.clock, seen = excluded.seen",
                (row.name, ",".join(row.keys), row.rules, row.version, row.clock, seen),
            )
            connection.execute("DELETE FROM foldline_hosts WHERE seen < ?", (seen - FORGOTTEN,))

    def known(self) -> tuple[int, list[HostRow]]:
        """(what the database's clock shows, every host by its name).

        Raises:
            StoreUnavailable: it can't be read.
        """
        now = _epoch(self._read("SELECT CURRENT_TIMESTAMP")[0][0])
        rows = self._read("SELECT name, keys, rules, version, clock, seen FROM foldline_hosts ORDER BY name")
        return now, [HostRow(row[0], tuple(row[1].split(",")), *row[2:]) for row in rows]


def _epoch(moment: str | datetime) -> int:
    """SQLite's clock speaks text, of UTC; PostgreSQL's a moment."""
    known = datetime.fromisoformat(moment).replace(tzinfo=UTC) if isinstance(moment, str) else moment
    return int(known.timestamp())


def alive(now: int, rows: Sequence[HostRow]) -> list[HostRow]:
    """Those that serve, as far as anybody knows."""
    return [row for row in rows if now - row.seen <= AWAY]


def problems_of_hosts(now: int, rows: Sequence[HostRow]) -> list[Problem]:
    """Where hosts differ, and whose clock is wrong: FL354 to FL357. `now` is the database's clock."""
    here = alive(now, rows)
    found = []
    if len({frozenset(row.keys) for row in here}) > 1 or len({row.keys[0] for row in here}) > 1:
        said = "; ".join(f"{row.name} has {', '.join(row.keys)}" for row in here)
        hint = f"Give every host the same `secret` and run `foldline restart` there. {_AGAIN}"
        found.append(Problem("FL354", f"hosts have different keys: {said}", "secret", hint))
    if len({row.rules for row in here}) > 1:
        said = "; ".join(f"{row.name} decides by {row.rules or 'none'}" for row in here)
        hint = f"Look into the log of the host that lags, or restart it. {_AGAIN}"
        found.append(Problem("FL355", f"hosts decide by different rules: {said}", "rules", hint))
    for row in here:
        wrong = row.clock - row.seen
        if abs(wrong) > CLOCK_MAY_DIFFER:
            what = f"the clock is {abs(wrong)} s {'ahead of' if wrong > 0 else 'behind'} the database's"
            hint = "Let it be set by NTP: passes end by it, and what is published at a time comes at another."
            found.append(Problem("FL356", what, row.name, hint))
    for row in rows if here else ():
        if row not in here:
            what = f"this host was not heard of for {now - row.seen} s"
            hint = "Start it, or leave it: after a day it is forgotten."
            found.append(Problem("FL357", what, row.name, hint))
    return found
