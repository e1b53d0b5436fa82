"""Counts in the meter's store. How many new devices a network may bring is bounded here: per worker, by the hour."""

from __future__ import annotations

from typing import Protocol

from cachetools import TTLCache

from foldline.clock import Clock
from foldline.errors import StoreUnavailable
from foldline.gate.needs import Spend
from foldline.signed.counting import Charge, Counted

NEW_METERS_AN_HOUR = 300
NETWORKS_KEPT = 50_000


class Counts(Protocol):
    """Spends within a deadline, beside the event loop; raises StoreUnavailable."""

    async def spend(self, charge: Charge) -> Counted: ...


class Spender:
    """A client that keeps no cookie is a new device with each article; this bounds what that yields."""

    def __init__(self, counts: Counts, clock: Clock, new_meters: int = NEW_METERS_AN_HOUR) -> None:
        self._counts = counts
        self._new: TTLCache[str, int] = TTLCache(NETWORKS_KEPT, 3600, timer=clock.now)
        self._most = new_meters

    async def spend(self, need: Spend) -> Counted:
        """Count what is asked; the same article never costs twice.

        Raises:
            StoreUnavailable: it can't be counted now.
        """
        if not need.network:
            return await self._counts.spend(need.charge)
        new = self._new.get(need.network, 0)
        if new >= self._most:
            return Counted(False, 0, could_count=False)
        # TTLCache starts an entry's hour anew when it is set: the bound is then stricter, never looser.
        self._new[need.network] = new + 1
        try:
            return await self._counts.spend(need.charge)
        except StoreUnavailable:
            self._new[need.network] = max(0, self._new.get(need.network, 0) - 1)
            raise
