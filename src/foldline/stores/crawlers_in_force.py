"""What one process knows of crawlers. What can't be read leaves it as it was: each verdict has its own end."""

from __future__ import annotations

import logging

from foldline.callers.crawlers import Crawlers
from foldline.errors import StoreUnavailable
from foldline.stores.crawlers import Claim, CrawlerStore
from foldline.stores.home import Home

log = logging.getLogger(__name__)

#: How long a worker waits for the file, in seconds.
PATIENCE = 0.05


class CrawlersInForce:
    """For crawlers of some names; without a name no file is opened."""

    def __init__(self, home: Home, names: tuple[str, ...]) -> None:
        self._names = names
        self._store = CrawlerStore(home, timeout=PATIENCE) if names else None
        self._known = Crawlers(names)
        self._told = ""
        #: Whether the last look read what there is; otherwise look again soon.
        self.settled = False

    def look(self, now: int) -> Crawlers:
        """Read what there is. Nothing is raised."""
        self.settled = True
        told = ""
        if self._store is not None:
            try:
                self._known = self._store.in_force(self._names, now)
            except (StoreUnavailable, ValueError) as error:
                self.settled = False
                told = str(error)
        if told and told != self._told:
            log.error("%s. Crawlers are verified by what was known before.", told)
        self._told = told
        return self._known

    def hand_over(self, claims: list[Claim], now: int) -> list[Claim]:
        """Let claims wait to be looked up; those that could not be handed over."""
        if self._store is None or not claims:
            return []
        try:
            self._store.wait(claims, now)
        except StoreUnavailable as error:
            log.warning("%s", error)
            return claims
        return []

    def close(self) -> None:
        """Let go of the file."""
        if self._store is not None:
            self._store.close()
