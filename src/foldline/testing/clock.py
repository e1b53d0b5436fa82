"""A clock that stands still until it is moved."""

from __future__ import annotations

#: 18 March 2026, 12:00 UTC: mid-month, so that no window and no change of clocks is near.
NOON = 1_773_835_200


class FrozenClock:
    """Seconds since the epoch, UTC; only `move` changes them."""

    def __init__(self, at: float = NOON) -> None:
        self._at = float(at)

    def now(self) -> float:
        return self._at

    def move(self, seconds: float) -> None:
        """Forward, or back with a negative figure."""
        self._at += seconds
