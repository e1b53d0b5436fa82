"""The meter: who has read how many articles in a window, as keyed hashes. One atomic, idempotent spend.

A store is whatever passes the contract suite (`tests/stores/meter_contract.py`). This one is a file of its own, or a
schema of PostgreSQL's, where who counts for the same owner at the same time waits for the other and for nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from foldline.signed.counting import Charge, Counted, Owner, Row, Settled, settle
from foldline.stores.database import Connection
from foldline.stores.meter_file import LOCK_SECONDS, MeterFile

__all__ = ["LOCK_SECONDS", "MeterStore", "SqliteMeter", "Tally"]

_PLACE = "owner = ? AND meter = ? AND window_number = ? AND article = ?"


class Tally(NamedTuple):
    """So many articles in a window of a meter, which ends at an epoch second."""

    meter: str
    ends: int
    articles: int


class MeterStore(Protocol):
    """All of it raises StoreUnavailable, and has then done nothing or all of what was asked."""

    def spend(self, charge: Charge) -> Counted:
        """Count an article once, and never beyond the limit, whoever else counts at the same moment."""

    def used(self, owner: Owner, meter: str, window: int) -> int:
        """How many articles an owner has read in a window."""

    def tallies(self, owner: Owner) -> tuple[Tally, ...]:
        """What is counted of an owner, for the owner to see. It names no article."""

    def forget(self, owner: Owner) -> int:
        """Delete everything about an owner. How many rows there were."""

    def move(self, owner: Owner, to: Owner) -> int:
        """What is counted of one owner is another's from now on, beside what is counted of them. How many rows there
        were. An article that both have read is two until it is opened once more."""

    def prune(self, now: int) -> int:
        """Delete everything about windows that have ended. How many rows there were."""

    def close(self) -> None:
        """Let go of what is open. It is opened again when it is asked."""


class SqliteMeter(MeterFile):
    """A MeterStore that lasts, on either engine. Not to be asked by two threads at once."""

    def spend(self, charge: Charge) -> Counted:
        with self._transaction(*charge.owners) as connection:
            settled = settle(charge, _rows(connection, charge))
            _write(connection, charge, settled)
            return settled.counted

    def used(self, owner: Owner, meter: str, window: int) -> int:
        marks = ",".join("?" * len(owner))
        query = f"SELECT COUNT(*) FROM foldline_meter WHERE owner IN ({marks}) AND meter = ? AND window_number = ?"  # noqa: S608
        with self._transaction() as connection:
            count: int = connection.execute(query, (*owner, meter, window)).fetchone()[0]
            return count

    def tallies(self, owner: Owner) -> tuple[Tally, ...]:
        marks = ",".join("?" * len(owner))
        query = (
            f"SELECT meter, ends, COUNT(*) FROM foldline_meter WHERE owner IN ({marks})"  # noqa: S608 - question marks
            " GROUP BY meter, window_number, ends ORDER BY meter, ends"
        )
        with self._transaction() as connection:
            return tuple(Tally(*row) for row in connection.execute(query, owner))

    def forget(self, owner: Owner) -> int:
        with self._transaction(*owner) as connection:
            rows = connection.executemany("DELETE FROM foldline_meter WHERE owner = ?", [(name,) for name in owner])
            deleted = rows.rowcount
        self._overwrite()
        return deleted

    def move(self, owner: Owner, to: Owner) -> int:
        with self._transaction(*owner, *to) as connection:
            # The salt stays: nobody knows which article stands behind a hash, and with it a given one is still told.
            connection.executemany(
                "INSERT INTO foldline_meter (owner, meter, window_number, ends, salt, article, handed)"
                " SELECT ?, meter, window_number, ends, salt, article, handed FROM foldline_meter WHERE owner = ?"
                " ORDER BY id ON CONFLICT DO NOTHING",
                [(to[0], name) for name in owner],
            )
            rows = connection.executemany("DELETE FROM foldline_meter WHERE owner = ?", [(name,) for name in owner])
            moved = rows.rowcount
            # In one transaction with what they gave: two accounts are merged wholly or not at all.
            connection.executemany(
                "UPDATE foldline_gifts SET owner = ? WHERE owner = ?", [(to[0], name) for name in owner]
            )
        self._overwrite()
        return moved

    def prune(self, now: int) -> int:
        with self._transaction() as connection:
            deleted = connection.execute("DELETE FROM foldline_meter WHERE ends <= ?", (now,)).rowcount
        self._overwrite()
        return deleted


def _rows(connection: Connection, charge: Charge) -> list[Row]:
    marks = ",".join("?" * len(charge.owners))
    found = connection.execute(
        f"SELECT owner, salt, article, handed FROM foldline_meter"  # noqa: S608 - only question marks are put in
        f" WHERE owner IN ({marks}) AND meter = ? AND window_number = ? ORDER BY id",
        (*charge.owners, charge.meter, charge.window),
    )
    return [Row(owner, salt, article, bool(handed)) for owner, salt, article, handed in found]


def _write(connection: Connection, charge: Charge, settled: Settled) -> None:
    place = (charge.meter, charge.window)

    def places(rows: Iterable[Row]) -> list[tuple[bytes, str, int, bytes]]:
        return [(row.owner, *place, row.article) for row in rows]

    connection.executemany(f"DELETE FROM foldline_meter WHERE {_PLACE}", places(settled.delete))  # noqa: S608 - a constant
    connection.executemany(
        f"UPDATE foldline_meter SET handed = 1 WHERE {_PLACE}",  # noqa: S608 - a constant
        places(settled.hand),
    )
    connection.executemany(
        "INSERT INTO foldline_meter (owner, meter, window_number, ends, salt, article, handed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(row.owner, *place, charge.ends, row.salt, row.article, row.handed) for row in settled.insert],
    )
