"""The mode that holds now in one process. What can't be read leaves it as it was; where nobody knows, it is `gate`.

What held last lies beside the database, for a worker that starts while the database is away (`docs/failures.md`).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from foldline.errors import StoreUnavailable
from foldline.stores.home import Home
from foldline.stores.mode import Mode, ModeDamaged, ModeStore, StoredMode
from foldline.stores.small_file import keep_small, read_small

log = logging.getLogger(__name__)

#: How long a worker waits for the database, in seconds: it knows a mode already.
PATIENCE = 0.05


class ModeInForce:
    """Only a worker `keeps` what held last: a verb that somebody else runs must leave no file that workers can't
    write. `unsaid` holds until somebody says a mode."""

    def __init__(self, home: Home, *, keeps: bool = False, unsaid: Mode = Mode.SHADOW) -> None:
        self._home = home
        self._keeps = keeps
        self._unsaid = unsaid
        self._known: Mode | None = None
        self._told = ""
        #: Whether the last look read what is in force; otherwise look again soon.
        self.settled = False

    @property
    def mode(self) -> Mode:
        """What holds, as far as the last look knows."""
        return self._known or Mode.GATE

    def look(self) -> Mode:
        """Read what is in force. Nothing is raised: a database that is away changes nothing, and where nobody knows
        what was said last, the site is gated."""
        before = _beside(self._home) if self._known is None else self._known
        self.settled = True
        told = ""
        try:
            with ModeStore(self._home, read_only=True, timeout=PATIENCE) as store:
                self._known = held(store.newest(), before, self._unsaid)
        except StoreUnavailable as error:
            self.settled = False
            self._known = Mode.GATE if isinstance(error, ModeDamaged) or before is None else before
            told = f"{error} What holds here is {self._known}."
        else:
            if self._keeps:
                keep_small(self._home.mode_in_force, self._known)
        if told and told != self._told:
            log.error("%s", told)
        self._told = told
        return self._known


def held(newest: StoredMode | None, before: Mode | None, unsaid: Mode) -> Mode:
    """The mode that holds, from the newest row and from what held before. A table without rows is a home where nobody
    has said anything yet, unless somebody knows that it was gated: rows do not go away by themselves."""
    if newest is not None:
        return newest.mode
    return Mode.GATE if before is Mode.GATE else unsaid


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds, for people. `said` is who said so and when, None where nobody has said anything yet; `trouble` is why
    it can't be read, else ""."""

    mode: Mode
    said: StoredMode | None
    trouble: str = ""


def standing(home: Home, unsaid: Mode = Mode.SHADOW) -> Standing:
    """What holds in a home, as a worker that starts now would have it. Nothing is raised."""
    try:
        with ModeStore(home, read_only=True) as store:
            said = store.newest()
    except StoreUnavailable as error:
        return Standing(ModeInForce(home, unsaid=unsaid).look(), None, str(error))
    return Standing(held(said, _beside(home), unsaid), said)


def _beside(home: Home) -> Mode | None:
    """What held last in a home; None where nobody knows."""
    text = read_small(home.mode_in_force)
    return Mode(text) if text in list(Mode) else None
