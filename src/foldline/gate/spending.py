"""Counts on the meter that a device carries. New meters are bounded per network and hour."""

from __future__ import annotations

from cachetools import TTLCache

from foldline.clock import Clock
from foldline.gate.needs import Spend
from foldline.policy.decide import Receipt
from foldline.signed import meter
from foldline.signed.meter import DeviceMeter

NEW_METERS_AN_HOUR = 300
NETWORKS_KEPT = 50_000


class DeviceSpender:
    """Per worker. A client that keeps no cookie gets a new meter with each article; this bounds what that yields."""

    def __init__(self, clock: Clock, new_meters: int = NEW_METERS_AN_HOUR) -> None:
        self._new: TTLCache[str, int] = TTLCache(NETWORKS_KEPT, 3600, timer=clock.now)
        self._most = new_meters

    def spend(self, need: Spend) -> tuple[Receipt, DeviceMeter]:
        """The receipt and the meter to carry from now on; the same article never costs twice."""
        used = len(need.meter.articles)
        if not need.known:
            new = self._new.get(need.network, 0)
            if new >= self._most:
                return Receipt(False, used, could_count=False), need.meter
            # TTLCache starts an entry's hour anew when it is set: the bound is then stricter, never looser.
            self._new[need.network] = new + 1
        if need.hashed not in need.meter.articles and used >= need.spend.limit:
            return Receipt(False, used), need.meter
        spent = meter.spend(need.meter, need.hashed)
        return Receipt(True, len(spent.articles)), spent
