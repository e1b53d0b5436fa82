"""The institutions that a gate worker knows. What can't be read stays as it was; before the first look there are none,
and nothing is provided to anybody."""

from __future__ import annotations

import logging

from foldline.callers.doubts import doubts_about_ranges
from foldline.callers.institutions import Institutions
from foldline.callers.networks import Range, read_range
from foldline.errors import StoreUnavailable
from foldline.stores.home import Home
from foldline.stores.institutions import InstitutionStore, StoredInstitution

log = logging.getLogger(__name__)

#: How long a worker waits for the database, in seconds.
PATIENCE = 0.05


class InstitutionsInForce:
    """What one process decides by. `settled` is False until a look read what is stored: then look again soon."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._known = Institutions()
        self._told = ""
        self.settled = False

    def look(self) -> Institutions:
        """Read what is stored; nothing is raised."""
        self.settled, told = True, ""
        try:
            # What is seldom asked is not held open: memory of every worker.
            with InstitutionStore(self._home, read_only=True, timeout=PATIENCE) as store:
                self._known = Institutions((one.for_gate(), _ranges(one)) for one in store.every())
        except StoreUnavailable as error:
            self.settled, told = False, str(error)
        if told and told != self._told:
            # Once: a worker that could not read looks again every moment.
            log.error("%s: the institutions of before go on", told)
        self._told = told
        return self._known


def _ranges(one: StoredInstitution) -> list[Range]:
    """Its networks. A line that is none opens nothing, and takes nothing from the others. What is never taken may stand
    there all the same, put there by hand: then none of its networks opens."""
    found, texts = [], []
    for text in one.ranges:
        try:
            found.append(read_range(text))
            texts.append(text)
        except ValueError as error:
            log.error("institution %s: %s", one.id, error)
    if never := [doubt for doubt in doubts_about_ranges(texts) if doubt.never]:
        log.error("institution %s opens nothing: %s", one.id, never[0])
        return []
    return found
