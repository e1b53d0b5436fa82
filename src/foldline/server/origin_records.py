"""The records of a site's articles: made from what was fetched, kept while they hold, and taken away."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from foldline.errors import StoreUnavailable
from foldline.gate.library import Library, NotAtHand
from foldline.gate.state import GateState
from foldline.pages.record import Gone, PublicPage, Record
from foldline.policy.rules import Rules
from foldline.sources.origin.ingest import Ingest
from foldline.stores.changes import ORIGIN_KINDS, Change, ToldChange, write_changes
from foldline.stores.database import FAILURES
from foldline.stores.fetched import EVERY_PAGE, FetchedPage, FetchedPages
from foldline.stores.home import Home
from foldline.stores.records import RecordWriter

log = logging.getLogger(__name__)

#: Where a record in memory keeps how long it holds.
_HOLDS = "holds"


class _Holds(NamedTuple):
    """Until when a record that lies in memory need not be compared with its origin (`since` <= now < `until`), and by
    which rules it was made."""

    since: int
    until: int
    rules: Rules | None


class OriginRecords:
    """One worker's. A record is made where the page, or what decides about its cut, is another than its record's.
    `ingest` is handed what gives articles their numbers."""

    def __init__(
        self, home: Home, state: GateState, library: Library, ingest: Callable[[Callable[[str], int]], Ingest]
    ) -> None:
        self._home = home
        self._state = state
        self._library = library
        self._writer = RecordWriter(home)
        self._ingest = ingest(self._writer.number_of)
        self._writing = ThreadPoolExecutor(1, "records")
        self._turn = asyncio.Lock()
        self._fetched = FetchedPages(home)
        #: Paths that the origin has withdrawn by its own word: 410, without asking it.
        self._withdrawn: frozenset[bytes] = frozenset()
        self._knows_withdrawn = False
        #: Whether it is known what the origin has told other hosts. Where there are none, all of it lies in files.
        self.knows_told = home.database is None
        #: What it told other hosts, and could not be written here yet.
        self._unwritten: dict[str, ToldChange] = {}
        #: Paths that are gone, which other workers could not be told yet.
        self._untold: set[str] = set()

    def close(self) -> None:
        """Let go of the files. A record that is being written is written first: its connection must not close under
        it."""
        self._writing.shutdown()
        self._writer.close()
        self._fetched.close()

    def holds(self, record: Record) -> bool:
        """Whether a record that is in memory holds without a question to anybody."""
        if type(record) is not PublicPage:
            return False
        holds: _Holds | None = record.ready.get(_HOLDS)
        if holds is None:
            return False
        since, until, rules = holds
        state = self._state
        return since <= state.now() < until and (rules is state.rules or rules == state.rules)

    def keep_at_hand(self, page: FetchedPage, rules: Rules | None) -> None:
        """Let the record of a page hold for as long as the page does, while these rules are in force."""
        with contextlib.suppress(NotAtHand):
            record = self._library.page(page.page)
            if isinstance(record, PublicPage):
                record.ready[_HOLDS] = _Holds(page.checked_at, page.fresh_until, rules)

    async def keep(self, path: str, page: FetchedPage) -> None:
        """Make the record of a page, unless it is there already. One at a time: a cut takes the processor.

        Raises:
            StoreUnavailable: it can't be stored or read.
        """
        if await self._is_made(path, page):
            return
        async with self._turn:
            if await self._is_made(path, page):
                return
            version = await self._next_version(path)
            await self._written(self._write, path, page, version, self._state.rules)
            self._library.forget(path.encode())

    async def of(self, page: FetchedPage) -> PublicPage | None:
        """The record that was made of exactly this page."""
        record = await self._library.reach(page.page)
        if not isinstance(record, PublicPage) or record.digest != self._ingest.digest(page, self._state.rules):
            return None
        return record

    async def take_away(self, path: str) -> bool:
        """What the origin has no more is nowhere sealed any more, and no worker holds it. Whether there was anything.

        Raises:
            StoreUnavailable: other workers may still hold it.
        """
        known = await self._library.reach(path.encode())
        if known is None or (isinstance(known, Gone) and path not in self._untold):
            return known is not None
        async with self._turn:
            self._untold.add(path)
            await self._written(self._writer.put_gone, path)
            self._library.forget(path.encode())
            await asyncio.to_thread(write_changes, self._home, [("article", path)], self._state.now())
            self._untold.discard(path)
        return True

    def hear(self, change: Change) -> None:
        """A row of the changes: what the origin told, or that every row may have been missed."""
        if change.kind == "origin-withdrawn":
            self._withdrawn |= {change.key.encode()}
        if self._home.database is not None and change.kind in ORIGIN_KINDS:
            # Perhaps another host was told: what this one has fetched lies in its own folder.
            self._tell({change.key: ToldChange(change.kind, self._state.now())})
        self._knows_withdrawn = False

    def catch_up(self, told: Mapping[str, ToldChange]) -> None:
        """All that the origin has told any host of ours, by its pages."""
        self._tell(told)
        self._knows_withdrawn = False
        self.knows_told = True

    def _tell(self, told: Mapping[str, ToldChange]) -> None:
        """Let what the origin told, by its pages, hold for what was fetched here."""
        self._withdrawn |= {key.encode() for key, one in told.items() if one.kind == "origin-withdrawn"}
        self._unwritten |= told
        try:
            self._write_told()
        except StoreUnavailable as error:
            log.error("%s", error)

    def _write_told(self) -> None:
        told = self._unwritten.items()
        withdrawn = [key.encode() for key, one in told if one.kind == "origin-withdrawn"]
        changed = [key.encode() or EVERY_PAGE for key, one in told if one.kind != "origin-withdrawn"]
        if withdrawn or changed:
            self._fetched.tell(changed, withdrawn, self._state.now())
            self._unwritten = {}

    def settle(self) -> None:
        """Called when changes were heard, the first time before anything is served: read what is withdrawn, unless it
        is known. While it can't be read, or what is to stand there can't be written, what was known last holds."""
        if self._knows_withdrawn:
            return
        try:
            self._write_told()
            self._withdrawn = self._fetched.withdrawn()
            self._knows_withdrawn = True
        except StoreUnavailable as error:
            log.warning("%s", error)

    def was_withdrawn(self, page: bytes) -> bool:
        """Whether this worker was told that the origin has withdrawn a page."""
        return page in self._withdrawn

    async def is_withdrawn(self, page: bytes) -> bool:
        """The same, before anything is served: where a page is gone, another worker may have been told just now, and a
        page that comes back is rare: look on the disk.

        Raises:
            StoreUnavailable: another host may have been told, and nobody could be asked yet.
        """
        if page in self._withdrawn:
            return True
        if not self.knows_told:
            raise StoreUnavailable("changes: what the origin has withdrawn is not known yet")
        try:
            was_there = isinstance(await self._library.reach(page), Gone)
        except StoreUnavailable:
            return False
        if was_there:
            self._knows_withdrawn = False
            self.settle()
        return page in self._withdrawn

    async def _is_made(self, path: str, page: FetchedPage) -> bool:
        if await self.of(page) is not None:
            return True
        # Another worker may have made it: what lies in memory here can be older than what is stored.
        self._library.forget(path.encode())
        return await self.of(page) is not None

    async def _next_version(self, path: str) -> int:
        known = await self._library.reach(path.encode())
        # Two hosts that make a record in the same second must not call two texts by one number.
        now = int(self._state.clock.now() * 1_000_000) if self._home.database is not None else self._state.now()
        return max(now, known.version + 1 if isinstance(known, PublicPage) else 1)

    def _write(self, path: str, page: FetchedPage, version: int, rules: Rules | None) -> None:
        self._writer.put_article(self._ingest.record(path, page, version, rules))

    async def _written(self, write: Callable[..., None], *given: Any) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._writing, write, *given)
        except FAILURES as error:
            raise StoreUnavailable(f"records: {error}") from error
