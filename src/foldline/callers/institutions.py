"""Which library or company provides the publication to an address, and whether its contract runs at a moment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from foldline.callers.networks import Address, Networks, Range


class Institution(NamedTuple):
    """`number` names it in event lines, `name` before readers. Its contract runs from `starts` until before `ends`,
    both epoch seconds."""

    number: int
    name: str
    starts: int
    ends: int

    def runs(self, now: int) -> bool:
        """Whether its contract runs: compared at each visit, so that no job has to end it."""
        return self.starts <= now < self.ends


class Institutions:
    """All that have networks, with their ranges. An address that lies in the networks of several is the first one's
    whose contract runs."""

    def __init__(self, known: Iterable[tuple[Institution, Iterable[Range]]] = ()) -> None:
        given = [(institution, tuple(ranges)) for institution, ranges in known]
        self._networks: Networks[Institution] = Networks((each, whose) for whose, ranges in given for each in ranges)
        with_networks = [institution for institution, ranges in given if ranges]
        self._first = min((one.starts for one in with_networks), default=0)
        self._last = max((one.ends for one in with_networks), default=0)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def of(self, address: Address | None, now: int) -> Institution | None:
        """Whose network an address lies in; None for nobody's. It may be one whose contract does not run: ask it."""
        found = self._networks.every(address)
        return next((one for one in found if one.runs(now)), found[0] if found else None)

    def may_open(self, now: int, within: int) -> bool:
        """Whether a contract may run now or in so many seconds. True for some moments at which none does, never False
        for one at which one does."""
        return self._first <= now + within and now < self._last
