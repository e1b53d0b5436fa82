"""Who claims to be a crawler and is not known yet: noted in memory, bounded, and taken away beside the path."""

from __future__ import annotations

from foldline.callers.networks import Address
from foldline.gate.kept import Kept

#: How many wait in one worker at once, how many are remembered, and for how many seconds none of those is noted again.
MOST_NOTED, MOST_REMEMBERED, AGAIN = 256, 4_096, 600

Claim = tuple[str, Address]


class Unproven:
    """Each claim of an address is noted once in a while, however often it is made."""

    def __init__(self) -> None:
        self._waiting: list[Claim] = []
        self._noted: Kept[Claim, int] = Kept(MOST_REMEMBERED)

    def note(self, crawler: str, address: Address, now: int) -> None:
        """That an address claims to be this crawler's. Beyond the bound it is not: it comes again, or it doesn't."""
        claim = (crawler, address)
        before = self._noted.get(claim)
        if len(self._waiting) >= MOST_NOTED or (before is not None and now < before + AGAIN):
            return
        self._noted.put(claim, now)
        self._waiting.append(claim)

    def take(self) -> list[Claim]:
        """Whoever was noted since the last time."""
        taken, self._waiting = self._waiting, []
        return taken

    def put_back(self, claims: list[Claim]) -> None:
        """Claims that could not be handed over."""
        self._waiting = [*claims, *self._waiting][:MOST_NOTED]
