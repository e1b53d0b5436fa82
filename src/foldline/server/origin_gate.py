"""The gate before an origin: what is passed goes on to it, and an article is a record before its visit begins."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Generator, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from foldline.config import Settings
from foldline.errors import OriginUnavailable, StoreUnavailable
from foldline.gate.asgi import Receive, Send
from foldline.gate.errors import bare, instead_of_preview
from foldline.gate.library import Library
from foldline.gate.needs import Need
from foldline.gate.request import Request
from foldline.gate.response import NO_STORE, Response
from foldline.gate.state import GateState
from foldline.gate.visit import visit
from foldline.gate.would import would_decide
from foldline.insight.shadow import ShadowLines
from foldline.pages.record import PublicPage, Record
from foldline.policy.decide import Decision
from foldline.server.as_if_gated import is_asked_as_if_gated, kept_by_nobody, uncached
from foldline.server.change_hook import ChangeHook
from foldline.server.origin_link import Link, OriginLink
from foldline.server.origin_records import OriginRecords
from foldline.server.rewriting import Rewriting
from foldline.server.shadow import Shadow, note_cut
from foldline.sources.origin.client import Address
from foldline.sources.origin.fetch import Fetched, What
from foldline.sources.origin.freshness import Bounds
from foldline.sources.origin.ingest import Ingest
from foldline.sources.origin.surfaces import Kind, Surface
from foldline.stores.changes import Change, ToldChange
from foldline.stores.fetched import FetchedPage, FetchedPages
from foldline.stores.mode import Mode

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Drive(Protocol):
    """Meets what steps need, to their end."""

    def __call__(self, steps: Generator[Need, Any, Result], /) -> Awaitable[Result]: ...


#: That an answer went out already, in pieces.
_SENT = Response(0, ())


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


class OriginGate:
    """One worker's. `link` leads to the site, by HTTP where none is given."""

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
        spec = settings.origin.spec
        self._state = state
        self._library = library
        self._records = OriginRecords(
            settings.home,
            state,
            library,
            lambda number_of: Ingest(settings.publication, settings.words, spec, number_of, note_cut(lines)),
        )
        #: How many changes were heard: what was asked for before one of them is not put at hand after it.
        self._heard = 0
        self._hook = ChangeHook(settings, state, self._told)
        self._link: Link = link or link_of(settings)
        self.lines = lines
        self._drive = drive
        self._shadow = Shadow(self._link, self, lines, state.hosts)
        #: What holds. The worker tells it; until then the site is gated.
        self.mode = Mode.GATE
        self._rewriting = Rewriting(state, library, self._link, self._article_at)

    async def close(self) -> None:
        await self._shadow.close()
        await self._rewriting.close()
        await self._link.close()
        self._records.close()

    def hear(self, change: Change) -> None:
        """A row of the changes: what the origin told, or that every row may have been missed."""
        self._heard += 1
        if change.kind in ("origin-changed", "origin-withdrawn"):
            self._link.forget(change.key.encode())
        else:
            self._link.forget_all()
        self._rewriting.forget()
        self._records.hear(change)

    @property
    def knows_told(self) -> bool:
        """Whether it is known what the origin has told any host of ours. Until then no article of it is shown."""
        return self._records.knows_told

    def catch_up(self, told: Mapping[str, ToldChange] | StoreUnavailable) -> None:
        """What the origin has told any host of ours, or why that can't be read."""
        if isinstance(told, StoreUnavailable):
            self._records.knows_told = False
            return
        self._heard += 1
        self._link.forget_all()
        self._rewriting.forget()
        self._records.catch_up(told)

    def _told(self, changes: Sequence[Change]) -> None:
        """This worker was told: it need not wait until it reads the changes."""
        for change in changes:
            self._library.forget(change.key.encode())
            self.hear(change)
        self.settle()

    def settle(self) -> None:
        """Called when changes were heard, and the first time before anything is served."""
        self._records.settle()

    async def before(self, request: Request, receive: Receive, send: Send) -> Response | None:
        """What comes before a visit: an answer of ours; one with the status 0 that was sent already; or None, and the
        visit goes on."""
        state = self._state
        if request.header(b"host").lower() not in state.hosts:
            return None
        if request.path.startswith(state.prefix):
            return await self._hook.answer(request, receive) if self._hook.is_asked(request) else None
        if self.mode is Mode.SHADOW:
            if is_asked_as_if_gated(request, state):
                return await self._as_if_gated(request, receive, send)
            status = await self._shadow.answer(request, receive, send)
            return bare(status, state) if status else _SENT
        return await self._gated(request, receive, send)

    async def _as_if_gated(self, request: Request, receive: Receive, send: Send) -> Response:
        """In shadow, to staff who audit: what a gated site would answer, which nobody may keep for readers."""
        answer = await self._gated(request, receive, kept_by_nobody(send))
        if answer is None:
            answer = await self._drive(visit(request, self._state))
        return answer if answer is _SENT else uncached(answer)

    async def _gated(self, request: Request, receive: Receive, send: Send) -> Response | None:
        """What comes before a visit where the site is gated."""
        state = self._state
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

    def is_at_hand(self, request: Request, record: Record) -> bool:
        """Whether a visit may go on at once: to an article in its one spelling, whose record holds without a question
        to anybody."""
        if request.query or request.ambiguous or self.mode is not Mode.GATE:
            return False
        return self._records.holds(record) and request.method in ("GET", "HEAD")

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
        record = await self._library.reach(surface.page)
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
        try:
            if await self._records.is_withdrawn(surface.page):
                return await self._taken_away(path, request)
        except StoreUnavailable as error:
            return self._unavailable(error)
        heard = self._heard
        try:
            fetched = await self._link.fetch(surface)
        except OriginUnavailable as error:
            log.warning("%s", error)
            return bare(502, self._state)
        try:
            rules = self._state.rules
            answer = await self._as_fetched(path, fetched, request)
            if self._records.was_withdrawn(surface.page):
                # It was withdrawn while it was fetched or cut.
                return await self._taken_away(path, request)
            if answer is None and is_plain and not fetched.last_good and heard == self._heard:
                self._records.keep_at_hand(fetched.page, rules)
            return answer
        except StoreUnavailable as error:
            return self._unavailable(error)

    def _unavailable(self, error: StoreUnavailable) -> Response:
        log.error("%s", error)
        return bare(503, self._state, (b"retry-after", b"5"))

    async def _taken_away(self, path: str, request: Request) -> Response:
        """The answer for what the origin has withdrawn, whatever it shows there by now."""
        try:
            await self._records.take_away(path)
        except StoreUnavailable as error:
            log.error("%s", error)
        return bare(410, self._state, keeping=instead_of_preview(request))

    async def _article_at(self, surface: Surface) -> tuple[PublicPage, FetchedPage] | None:
        """An article's record, and the page that it was made from; None where there is no article.

        Raises:
            OriginUnavailable: it can't be fetched.
            StoreUnavailable: it can't be stored or read, or may be withdrawn.
        """
        path = surface.page.decode("ascii", "replace")
        if "?" in path or await self._records.is_withdrawn(surface.page):
            return None
        fetched = await self._link.fetch(surface)
        if fetched.what is not What.PAGE:
            await self._records.take_away(path)
            return None
        await self._records.keep(path, fetched.page)
        if self._records.was_withdrawn(surface.page):
            # It was withdrawn while it was fetched or cut: what was just written is taken away again.
            await self._records.take_away(path)
            return None
        record = await self._records.of(fetched.page)
        return (record, fetched.page) if record is not None else None

    async def _as_fetched(self, path: str, fetched: Fetched, request: Request) -> Response | None:
        if fetched.what is What.PAGE:
            await self._records.keep(path, fetched.page)
            return None
        was_article = await self._records.take_away(path)
        # What never was an article is kept by nobody: anybody could ask for as many of them as they like.
        keeping = instead_of_preview(request) if was_article else NO_STORE
        if fetched.what is What.MOVED:
            location = (b"location", fetched.page.location.encode())
            return Response(fetched.page.status, (location, *keeping, *self._state.security, (b"content-length", b"0")))
        gone = fetched.what is What.GONE and fetched.page.status == 410
        return bare(410 if gone else 404, self._state, keeping=keeping)
