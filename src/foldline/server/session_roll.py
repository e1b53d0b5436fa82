"""Sessions stay alive for who only reads: a worker notes those that it renewed, and writes them off a page's path."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from foldline.clock import Clock
from foldline.errors import StoreUnavailable
from foldline.signed.reader_pass import ROLL_AFTER, SESSION_SECONDS, PassFacts
from foldline.stores.passes import PassStore, Use

log = logging.getLogger(__name__)

#: More sessions than this are not remembered while the store can't be written; the next renewal notes them again.
MOST_NOTED = 50_000


class SessionRoll:
    """Used by one event loop; only the writing happens in a thread of its own. Nobody ever waits for it."""

    def __init__(self, store: PassStore, clock: Clock, zone: ZoneInfo) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._noted: dict[bytes, Use] = {}
        self._thread = ThreadPoolExecutor(1, "session roll")
        self._writing: Future[Mapping[bytes, Use]] | None = None

    def used(self, facts: PassFacts) -> PassFacts:
        """Note that a session was renewed. The facts with its end moved: the pass must outlive the store's old end,
        or a reader who comes twice a year is signed out. At most one note a session and day."""
        now = int(self._clock.now())
        if facts.ended or facts.session_until <= now:
            return facts
        until = now + SESSION_SECONDS
        today = datetime.fromtimestamp(now, self._zone).toordinal()
        if facts.used_on >= today and facts.session_until >= until - ROLL_AFTER:
            return facts
        self._noted[facts.session] = Use(now, today, until)
        while len(self._noted) > MOST_NOTED:
            del self._noted[next(iter(self._noted))]
        return replace(facts, session_until=max(facts.session_until, until), used_on=max(facts.used_on, today))

    def flush(self) -> None:
        """Start writing what is noted, where nothing is being written already."""
        if self._writing is not None:
            if not self._writing.done():
                return
            self._noted = {**self._writing.result(), **self._noted}
            self._writing = None
        if self._noted:
            noted, self._noted = self._noted, {}
            self._writing = self._thread.submit(self._write, noted)

    def close(self) -> None:
        """Write what is left, once, and end the thread."""
        if self._writing is not None:
            self._writing.result()
        self.flush()
        self._thread.shutdown()

    def _write(self, noted: Mapping[bytes, Use]) -> Mapping[bytes, Use]:
        """What could not be written."""
        try:
            self._store.roll(noted)
        except StoreUnavailable as error:
            log.warning("%s", error)
            return noted
        return {}
