"""The marks of the day that runs, remembered: a reader who comes back to an article costs a look."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from foldline.policy.window import window_at
from foldline.signed.keys import Keyring
from foldline.signed.reading import mark

#: Marks that are remembered at most.
_MOST = 20_000


class Marks:
    """One worker's. A day is one in the publication's zone."""

    def __init__(self, keyring: Keyring, zone: ZoneInfo) -> None:
        self._keyring = keyring
        self._zone = zone
        self._starts = self._ends = 0
        self._key = b""
        self._known: dict[tuple[bytes, int], str] = {}

    def of(self, kind: bytes, key: bytes, article: int, now: int) -> str:
        """The mark of an article and a reader or a device, at an epoch second. `kind` is READER or DEVICE of
        `signed/reading.py`, `key` sixteen random bytes, so that no reader has a device's."""
        if not self._starts <= now < self._ends:
            self._begin(now)
        known = self._known.get((key, article))
        if known is None:
            if len(self._known) >= _MOST:
                self._known.clear()
            known = self._known[key, article] = mark(self._key, kind + key, article)
        return known

    def _begin(self, now: int) -> None:
        day = window_at(now, self._zone, 1)
        self._starts, self._ends = day.starts, day.ends
        self._key = self._keyring.reads_keys(day.number)[0]
        self._known.clear()
