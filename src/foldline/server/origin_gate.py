"""The gate before an origin: what is passed goes on to it, and an article is a record before its visit begins."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from foldline.config import Settings
from foldline.errors import OriginUnavailable, StoreUnavailable
from foldline.gate.asgi import Receive, Send
from foldline.gate.errors import bare, instead_of_preview
from foldline.gate.kept import Kept
from foldline.gate.library import Library
from foldline.gate.needs import Need
from foldline.gate.request import Request
from foldline.gate.response import NO_STORE, Response
from foldline.gate.state import GateState
from foldline.gate.would import would_decide
from foldline.insight.shadow import ShadowLines
from foldline.pages.record import Gone, PublicPage
from foldline.policy.decide import Decision
from foldline.policy.rules import Rules
from foldline.server.change_hook import ChangeHook
from foldline.server.origin_link import Link, OriginLink
from foldline.server.rewriting import Rewriting
from foldline.server.shadow import Shadow, note_cut
from foldline.sources.origin.client import Address
from foldline.sources.origin.fetch import Fetched, What
from foldline.sources.origin.freshness import Bounds
from foldline.sources.origin.ingest import Ingest
from foldline.sources.origin.surfaces import Kind, Surface
from foldline.stores.changes import Change, write_changes
from foldline.stores.fetched import FetchedPage, FetchedPages
from foldline.stores.mode import Mode
from foldline.stores.records import RecordWriter

log = logging.getLogger(__name__)

Drive = Callable[[Generator[Need, Any, tuple[Decision, bool]]], Awaitable[tuple[Decision, bool]]]

#: That an answer went out already, in pieces.
_SENT = Response(0, ())

#: Articles of which a worker knows that their records hold. Each takes a few hundred bytes.
AT_HAND = 20_000


def link_of(settings: Settings) -> OriginLink:
    """The line over HTTP that settings name."""
    if settings.origin is None:
        raise ValueError("these settings name no origin")
    origin = settings.origin
    return OriginLink(
        origin.surfaces,
        Address.of(origin.url),
        FetchedPages(settings.home),
        host=settings.host.encode(),
        scheme=urlsplit(settings.publication.url).scheme.encode(),
        secret=origin.secret.encode(),
        hosts=frozenset((settings.host.lower().encode(),)),
        hops=settings.hops,
        # What an origin wants nobody to keep is sealed all the same: a rest that is not kept can't be opened.
        bounds=Bounds(keeps_all=True),
    )


class _AtHand(NamedTuple):
    """An article about which the origin need not be asked for `since` <= now < `until`, and the version of the record
    that was made of it by these rules."""

    since: int
    until: int
    rules: Rules | None
    version: int


class OriginGate:
    """One worker's. An article is cut where the page, or what decides about its cut, is another than its record's.
    `link` leads to the site, by HTTP where none is given."""

    def __init__(
        self,
        settings: Settings,
        state: GateState,
        library: Library,
        lines: ShadowLines,
        drive: Drive,
        link: Link | None = None,
    ) -> None:
        if settings.origin is None:
            raise ValueError("these settings name no origin")
        origin, home = settings.origin, settings.home
        self._state = state
        self._library = library
        self._writer = RecordWriter(home)
        self._ingest = Ingest(
            settings.publication, settings.words, origin.spec, self._writer.number_of, note_cut(lines)
        )
        self._turn = asyncio.Lock()
        self._writing = ThreadPoolExecutor(1, "records")
        self._home = home
        self._fetched = FetchedPages(home)
        #: Paths that the origin has withdrawn by its own word: 410, without asking it.
        self._withdrawn: frozenset[bytes] = frozenset()
        self._knows_withdrawn = False
        #: Paths that are gone, which other workers could not be told yet.
        self._untold: set[str] = set()
        self._hook = ChangeHook(settings, state, self._told)
        self._link: Link = link or link_of(settings)
        self.lines = lines
        self._drive = drive
        self._shadow = Shadow(self._link, self, lines, state.hosts)
        self._at_hand: Kept[bytes, _AtHand] = Kept(AT_HAND)
        #: What holds. The worker tells it; until then the site is gated.
        self.mode = Mode.GATE
        self._rewriting = Rewriting(state, library, self._link, self._article_at)

    async def close(self) -> None:
        await self._shadow.close()
        await self._rewriting.close()
        await self._link.close()
        # A record that is being written is written first: its connection must not close under it.
        self._writing.shutdown()
        self._writer.close()

    def hear(self, change: Change) -> None:
        """A row of the changes: what the origin told, or that every row may have been missed."""
        if change.kind in ("origin-changed", "origin-withdrawn"):
            self._at_hand.pop(change.key.encode())
            self._link.forget(change.key.encode())
        else:
            self._at_hand.clear()
            self._link.forget_all()
        self._rewriting.forget()
        if change.kind == "origin-withdrawn":
            self._withdrawn |= {change.key.encode()}
        self._knows_withdrawn = False

    def _told(self, changes: Sequence[Change]) -> None:
        """This worker was told: it need not wait until it reads the changes."""
        for change in changes:
            self._library.forget(change.key.encode())
            self.hear(change)
        self.settle()

    def settle(self) -> None:
        """Called when changes were heard, the first time before anything is served: read what is withdrawn, unless it
        is known. While it can't be read, what was known last holds."""
        if self._knows_withdrawn:
            return
        try:
            self._withdrawn = self._fetched.withdrawn()
            self._knows_withdrawn = True
        except StoreUnavailable as error:
            log.warning("%s", error)

    async def before(self, request: Request, receive: Receive, send: Send) -> Response | None:
        """What comes before a visit: an answer of ours; one with the status 0 that was sent already; or None, and the
        visit goes on."""
        state = self._state
        if request.header(b"host").lower() not in state.hosts:
            return None
        if request.path.startswith(state.prefix):
            return await self._hook.answer(request, receive) if self._hook.is_asked(request) else None
        if self.mode is Mode.SHADOW:
            status = await self._shadow.answer(request, receive, send)
            return bare(status, state) if status else _SENT
        if request.ambiguous:
            return bare(400, state)
        surface = self._link.surface_of(request)
        if surface.kind is Kind.CLOSED:
            allow = ((b"allow", b", ".join(sorted(name.encode() for name in surface.allow))),)
            return bare(surface.status, state, *(allow if surface.status == 405 else ()))
        if surface.kind is Kind.REWRITTEN:
            return await self._rewriting.answer(surface, request)
        if surface.kind is not Kind.ARTICLE:
            status = await self._link.forward(surface, request, receive, send)
            return bare(status, state) if status else _SENT
        return await self._article(surface, request)

    def is_at_hand(self, request: Request) -> bool:
        """Whether a visit may go on at once: to an article in its one spelling, whose record is in memory and holds
        without a question to anybody."""
        known = self._at_hand.get(request.path)
        if known is None or request.query or request.ambiguous or self.mode is not Mode.GATE:
            return False
        if request.method not in ("GET", "HEAD"):
            return False
        rules = self._state.rules
        if known.rules is not rules:
            if known.rules != rules:
                return False
            # Read anew, and the same as before.
            self._at_hand.put(request.path, known._replace(rules=rules))
        record = self._library.held(request.path)
        return (
            type(record) is PublicPage
            and record.version == known.version
            and known.since <= self._state.now() < known.until
            and request.path not in self._withdrawn
        )

    async def asked(self, visit: Request) -> PublicPage | None:
        """The article that a visit would be shown, where the origin would be asked for exactly the visit's target. In
        shadow there is none: the proxy then has the gate answer, which writes down what it would have done."""
        if self.mode is Mode.SHADOW:
            return None
        surface = self._link.surface_of(visit)
        target = visit.path + b"?" + visit.query if visit.query else visit.path
        if surface.kind is not Kind.ARTICLE or surface.target != target:
            return None
        if await self._article(surface, visit) is not None:
            return None
        record = self._library.page(surface.page)
        return record if isinstance(record, PublicPage) else None

    async def record_of(self, surface: Surface) -> PublicPage | None:
        """In shadow: an article's record as it is now. See `shadow.Looks`."""
        found = await self._article_at(surface)
        return found[0] if found is not None else None

    async def decide_on(self, record: PublicPage, request: Request) -> tuple[Decision, bool]:
        """In shadow: what would be decided about a visit. See `shadow.Looks`."""
        return await self._drive(would_decide(record, request, self._state))

    async def _article(self, surface: Surface, request: Request) -> Response | None:
        path = surface.page.decode("ascii", "replace")
        if "?" in path:
            return bare(404, self._state)
        is_plain = request.path == surface.page and not request.query
        request.path = surface.page
        if self._is_withdrawn(surface.page):
            return await self._taken_away(path, request)
        try:
            fetched = await self._link.fetch(surface)
        except OriginUnavailable as error:
            log.warning("%s", error)
            return bare(502, self._state)
        try:
            rules = self._state.rules
            answer = await self._as_fetched(path, fetched, request)
            if answer is None and is_plain and not fetched.last_good:
                self._keep_at_hand(fetched.page, rules)
            # It may have been withdrawn while it was fetched or cut.
            return await self._taken_away(path, request) if surface.page in self._withdrawn else answer
        except StoreUnavailable as error:
            log.error("%s", error)
            return bare(503, self._state, (b"retry-after", b"5"))

    def _keep_at_hand(self, page: FetchedPage, rules: Rules | None) -> None:
        record = self._library.page(page.page)
        if isinstance(record, PublicPage):
            self._at_hand.put(page.page, _AtHand(page.checked_at, page.fresh_until, rules, record.version))

    def _is_withdrawn(self, page: bytes) -> bool:
        if page in self._withdrawn:
            return True
        try:
            was_there = isinstance(self._library.page(page), Gone)
        except StoreUnavailable:
            return False
        if was_there:
            # Another worker may have been told just now, and a page that comes back is rare: look on the disk.
            self._knows_withdrawn = False
            self.settle()
        return page in self._withdrawn

    async def _taken_away(self, path: str, request: Request) -> Response:
        """The answer for what the origin has withdrawn, whatever it shows there by now."""
        try:
            await self._gone(path)
        except StoreUnavailable as error:
            log.error("%s", error)
        return bare(410, self._state, keeping=instead_of_preview(request))

    async def _article_at(self, surface: Surface) -> tuple[PublicPage, FetchedPage] | None:
        """An article's record, and the page that it was made from; None where there is no article."""
        path = surface.page.decode("ascii", "replace")
        if "?" in path or self._is_withdrawn(surface.page):
            return None
        fetched = await self._link.fetch(surface)
        if fetched.what is not What.PAGE:
            await self._gone(path)
            return None
        await self._keep(path, fetched.page)
        record = self._library.page(surface.page)
        made = isinstance(record, PublicPage) and record.digest == self._ingest.digest(fetched.page, self._state.rules)
        return (record, fetched.page) if made and isinstance(record, PublicPage) else None

    async def _as_fetched(self, path: str, fetched: Fetched, request: Request) -> Response | None:
        if fetched.what is What.PAGE:
            await self._keep(path, fetched.page)
            return None
        was_article = await self._gone(path)
        # What never was an article is kept by nobody: anybody could ask for as many of them as they like.
        keeping = instead_of_preview(request) if was_article else NO_STORE
        if fetched.what is What.MOVED:
            location = (b"location", fetched.page.location.encode())
            return Response(fetched.page.status, (location, *keeping, *self._state.security, (b"content-length", b"0")))
        gone = fetched.what is What.GONE and fetched.page.status == 410
        return bare(410 if gone else 404, self._state, keeping=keeping)

    async def _keep(self, path: str, page: FetchedPage) -> None:
        """Make the record of a page, unless it is there already. One at a time: a cut takes the processor."""
        if self._is_made(path, page):
            return
        async with self._turn:
            if self._is_made(path, page):
                return
            await self._written(self._write, path, page, self._next_version(path), self._state.rules)
            self._library.forget(path.encode())

    def _is_made(self, path: str, page: FetchedPage) -> bool:
        known = self._library.page(path.encode())
        if isinstance(known, PublicPage) and known.digest == self._ingest.digest(page, self._state.rules):
            return True
        # Another worker may have made it: what lies in memory here can be older than what is stored.
        self._library.forget(path.encode())
        known = self._library.page(path.encode())
        return isinstance(known, PublicPage) and known.digest == self._ingest.digest(page, self._state.rules)

    def _next_version(self, path: str) -> int:
        known = self._library.page(path.encode())
        return max(self._state.now(), known.version + 1 if isinstance(known, PublicPage) else 1)

    def _write(self, path: str, page: FetchedPage, version: int, rules: Rules | None) -> None:
        self._writer.put_article(self._ingest.record(path, page, version, rules))

    async def _written(self, write: Callable[..., None], *given: Any) -> None:
        """Have a record written, by one thread and one after the other.

        Raises:
            StoreUnavailable: it could not be.
        """
        try:
            await asyncio.get_running_loop().run_in_executor(self._writing, write, *given)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"records: {error}") from error

    async def _gone(self, path: str) -> bool:
        """What the origin has no more is nowhere sealed any more, and no worker holds it. Whether there was anything.

        Raises:
            StoreUnavailable: other workers may still hold it.
        """
        known = self._library.page(path.encode())
        if known is None or (isinstance(known, Gone) and path not in self._untold):
            return known is not None
        async with self._turn:
            self._untold.add(path)
            await self._written(self._writer.put_gone, path)
            self._library.forget(path.encode())
            await asyncio.to_thread(write_changes, self._home, [("article", path)], self._state.now())
            self._untold.discard(path)
        return True
