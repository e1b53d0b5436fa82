"""Which gifts were taken back: what a page must know of them without asking the store."""

from __future__ import annotations

from collections.abc import Iterable

from foldline.policy.reasons import Reason

#: So many are remembered. Where there are more, every opening by a gift is asked about anew.
MOST = 50_000


class TakenBack:
    """Gifts that ended early, each until it would have ended anyway. Until `learn` was called nobody knows, and every
    opening by a gift is closed: `POST /-/read` asks the store, and costs who opened it before nothing."""

    def __init__(self, most: int = MOST) -> None:
        self.known = False
        self._most = most
        self._ends: dict[bytes, int] = {}

    def learn(self, gifts: Iterable[tuple[bytes, int]]) -> None:
        """All of them: (number, end in epoch seconds)."""
        self._ends |= dict(gifts)
        self.known = True

    def add(self, number: bytes, ends: int, now: int) -> None:
        """One more, as it was just taken back."""
        self._ends[number] = ends
        if len(self._ends) > self._most:
            self._ends = {known: end for known, end in self._ends.items() if end > now}

    def why(self, number: bytes) -> Reason:
        """GIFT_OPENS while what a gift opened stays open, else GIFT_ENDED."""
        stands = self.known and number and number not in self._ends and len(self._ends) <= self._most
        return Reason.GIFT_OPENS if stands else Reason.GIFT_ENDED
