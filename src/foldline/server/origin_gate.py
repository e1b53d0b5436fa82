"""The gate before an origin: what is passed goes on to it, and an article is a record before its visit begins."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol
from urllib.parse import urlsplit

from foldline.config import Settings
from foldline.errors import OriginUnavailable, StoreUnavailable
from foldline.gate.asgi import Receive, Send
from foldline.gate.errors import bare
from foldline.gate.library import Library
from foldline.gate.request import Request
from foldline.gate.response import NO_STORE, Response
from foldline.gate.state import GateState
from foldline.pages.record import Gone, PublicPage
from foldline.server.origin_link import OriginLink
from foldline.sources.origin.client import Address
from foldline.sources.origin.fetch import Fetched, What
from foldline.sources.origin.freshness import Bounds
from foldline.sources.origin.ingest import Ingest
from foldline.sources.origin.surfaces import Kind, Surface
from foldline.stores.fetched import FetchedPage, FetchedPages
from foldline.stores.records import RecordWriter

log = logging.getLogger(__name__)

#: That an answer went out already, in pieces.
_SENT = Response(0, ())


class Link(Protocol):
    """A line to the site behind the gate; `origin_link.OriginLink` is one."""

    def surface_of(self, request: Request) -> Surface: ...

    async def fetch(self, surface: Surface) -> Fetched: ...

    async def forward(self, surface: Surface, request: Request, receive: Receive, send: Send) -> int: ...

    async def close(self) -> None: ...


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
    """One worker's. An article is cut where the page, or what decides about its cut, is another than its record's.
    `link` leads to the site, by HTTP where none is given."""

    def __init__(self, settings: Settings, state: GateState, library: Library, link: Link | None = None) -> None:
        if settings.origin is None:
            raise ValueError("these settings name no origin")
        origin, home = settings.origin, settings.home
        self._state = state
        self._library = library
        self._writer = RecordWriter(home)
        self._ingest = Ingest(settings.publication, settings.words, origin.spec, self._writer.number_of)
        self._turn = asyncio.Lock()
        self._link: Link = link or link_of(settings)

    async def close(self) -> None:
        await self._link.close()
        self._writer.close()

    async def before(self, request: Request, receive: Receive, send: Send) -> Response | None:
        """What comes before a visit: an answer of ours; one with the status 0 that was sent already; or None, and the
        visit goes on."""
        state = self._state
        if request.header(b"host").lower() not in state.hosts or request.path.startswith(state.prefix):
            return None
        if request.ambiguous:
            return bare(400, state)
        surface = self._link.surface_of(request)
        if surface.kind is Kind.CLOSED:
            allow = ((b"allow", b", ".join(sorted(name.encode() for name in surface.allow))),)
            return bare(surface.status, state, *(allow if surface.status == 405 else ()))
        if surface.kind is not Kind.ARTICLE:
            status = await self._link.forward(surface, request, receive, send)
            return bare(status, state) if status else _SENT
        return await self._article(surface, request)

    async def _article(self, surface: Surface, request: Request) -> Response | None:
        path = surface.page.decode("ascii", "replace")
        if "?" in path:
            return bare(404, self._state)
        request.path = surface.page
        try:
            fetched = await self._link.fetch(surface)
        except OriginUnavailable as error:
            log.warning("%s", error)
            return bare(502, self._state)
        try:
            return await self._as_fetched(path, fetched)
        except StoreUnavailable as error:
            log.error("%s", error)
            return bare(503, self._state, (b"retry-after", b"5"))

    async def _as_fetched(self, path: str, fetched: Fetched) -> Response | None:
        if fetched.what is What.PAGE:
            await self._keep(path, fetched.page)
            return None
        await self._gone(path)
        if fetched.what is What.MOVED:
            location = (b"location", fetched.page.location.encode())
            return Response(
                fetched.page.status, (location, *NO_STORE, *self._state.security, (b"content-length", b"0"))
            )
        gone = fetched.what is What.GONE and fetched.page.status == 410
        return bare(410 if gone else 404, self._state)

    async def _keep(self, path: str, page: FetchedPage) -> None:
        """Make the record of a page, unless it is there already. One at a time: a cut takes the processor."""
        if self._is_made(path, page):
            return
        async with self._turn:
            if self._is_made(path, page):
                return
            # What the library holds is read by this thread alone: two in one connection disturb each other.
            known = self._library.page(path.encode())
            version = max(self._state.now(), known.version + 1 if isinstance(known, PublicPage) else 1)
            await asyncio.to_thread(self._write, path, page, version)
            self._library.forget(path.encode())

    def _is_made(self, path: str, page: FetchedPage) -> bool:
        known = self._library.page(path.encode())
        if isinstance(known, PublicPage) and known.digest == self._ingest.digest(page, self._state.rules):
            return True
        # Another worker may have made it: what lies in memory here can be older than what is stored.
        self._library.forget(path.encode())
        known = self._library.page(path.encode())
        return isinstance(known, PublicPage) and known.digest == self._ingest.digest(page, self._state.rules)

    def _write(self, path: str, page: FetchedPage, version: int) -> None:
        self._writer.put_article(self._ingest.record(path, page, version, self._state.rules))

    async def _gone(self, path: str) -> None:
        """What the origin has no more is nowhere sealed any more."""
        known = self._library.page(path.encode())
        if known is None or isinstance(known, Gone):
            return
        async with self._turn:
            await asyncio.to_thread(self._writer.put_gone, path)
            self._library.forget(path.encode())
