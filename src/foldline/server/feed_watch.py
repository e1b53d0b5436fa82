"""A worker’s watch over private feeds: it notes from which networks they are asked for, and writes off their path."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from zoneinfo import ZoneInfo

from foldline.errors import StoreUnavailable
from foldline.signed.keys import Keyring
from foldline.stores.feed_uses import FeedUses, Use

log = logging.getLogger(__name__)

#: More uses than this are not remembered while the store can't be written.
MOST_NOTED = 50_000


class FeedWatch:
    """Used by one event loop; only the writing happens in a thread of its own. Nobody ever waits for it."""

    def __init__(self, store: FeedUses, keyring: Keyring, zone: ZoneInfo) -> None:
        self._store = store
        self._keyring = keyring
        self._zone = zone
        self._noted: set[Use] = set()
        self._thread: ThreadPoolExecutor | None = None
        self._writing: Future[set[Use]] | None = None

    def change_keys(self, keyring: Keyring) -> None:
        """Hash by other keys from now on."""
        self._keyring = keyring

    def note(self, session: bytes, network: str, now: int) -> None:
        """A feed was asked for from a network. The hash is of this feed and this day alone."""
        day = datetime.fromtimestamp(now, self._zone).toordinal()
        named = session + day.to_bytes(4, "big") + network.encode()
        if len(self._noted) < MOST_NOTED:
            self._noted.add((session, day, self._keyring.owner_hashes(b"network of a feed", named)[0]))

    def flush(self) -> None:
        """Start writing what is noted, where nothing is being written already."""
        if self._writing is not None:
            if not self._writing.done():
                return
            self._noted |= self._writing.result()
            self._writing = None
        if self._noted:
            # Most homes never have a private feed: for them there is no thread either.
            self._thread = self._thread or ThreadPoolExecutor(1, "feed watch")
            noted, self._noted = self._noted, set()
            self._writing = self._thread.submit(self._write, noted)

    def close(self) -> None:
        """Write what is left, once, and end the thread."""
        if self._writing is not None:
            self._writing.result()
        self.flush()
        if self._thread is not None:
            self._thread.shutdown()

    def _write(self, noted: set[Use]) -> set[Use]:
        """What could not be written."""
        try:
            self._store.write(noted)
        except StoreUnavailable as error:
            log.warning("%s", error)
            return noted
        return set()
