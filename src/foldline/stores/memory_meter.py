"""A meter store that keeps its rows in memory and is gone with them: for the desk's eye and for tests.

It passes the same contract suite as the store that lasts.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from foldline.signed.counting import Charge, Counted, Owner, Row, settle
from foldline.stores.meter import Tally


@dataclass(frozen=True, slots=True)
class _Place:
    meter: str
    window: int
    ends: int


@dataclass
class MemoryMeter:
    """A MeterStore. It fails never."""

    _rows: list[tuple[_Place, Row]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, charge: Charge) -> Counted:
        with self._lock:
            place = _Place(charge.meter, charge.window, charge.ends)
            here = [row for at, row in self._rows if self._is_at(at, place) and row.owner in charge.owners]
            settled = settle(charge, here)
            gone, handed = set(settled.delete), set(settled.hand)
            kept = [(at, row) for at, row in self._rows if not (self._is_at(at, place) and row in gone)]
            self._rows = [
                (at, row._replace(handed=True)) if self._is_at(at, place) and row in handed else (at, row)
                for at, row in kept
            ]
            self._rows += [(place, row) for row in settled.insert]
            return settled.counted

    def used(self, owner: Owner, meter: str, window: int) -> int:
        with self._lock:
            place = _Place(meter, window, 0)
            return sum(self._is_at(at, place) and row.owner in owner for at, row in self._rows)

    def tallies(self, owner: Owner) -> tuple[Tally, ...]:
        with self._lock:
            counted = Counter(at for at, row in self._rows if row.owner in owner)
            return tuple(sorted(Tally(at.meter, at.ends, articles) for at, articles in counted.items()))

    def forget(self, owner: Owner) -> int:
        with self._lock:
            return self._keep([(at, row) for at, row in self._rows if row.owner not in owner])

    def move(self, owner: Owner, to: Owner) -> int:
        with self._lock:
            moved = [(at, row._replace(owner=to[0])) for at, row in self._rows if row.owner in owner]
            stay = [(at, row) for at, row in self._rows if row.owner not in owner]
            there = {(at, row.article) for at, row in stay if row.owner == to[0]}
            self._rows = [*stay, *((at, row) for at, row in moved if (at, row.article) not in there)]
            return len(moved)

    def prune(self, now: int) -> int:
        with self._lock:
            return self._keep([(at, row) for at, row in self._rows if at.ends > now])

    def close(self) -> None:
        """Nothing is open."""

    def _keep(self, rows: list[tuple[_Place, Row]]) -> int:
        deleted = len(self._rows) - len(rows)
        self._rows = rows
        return deleted

    @staticmethod
    def _is_at(at: _Place, place: _Place) -> bool:
        return (at.meter, at.window) == (place.meter, place.window)
