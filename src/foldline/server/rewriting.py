"""Feeds and data of a site behind the gate: fetched by the gate itself, cut, and sent anew to everybody alike."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from foldline.errors import OriginUnavailable, StoreUnavailable
from foldline.fold.feed.cut import MEDIA_TYPES, cut_feed, read_feed
from foldline.fold.feed.model import Feed, NotUnderstood
from foldline.fold.page.excerpt import Excerpt, excerpt_of
from foldline.fold.rest.cut import MEDIA_TYPE, Data, cut_data, read_data
from foldline.gate.article import conditional
from foldline.gate.errors import bare
from foldline.gate.kept import Kept
from foldline.gate.library import Library
from foldline.gate.request import Request, accepts_gzip
from foldline.gate.response import NO_STORE, HeaderList, Response, entity_tag, neutral_for, page
from foldline.gate.state import GateState
from foldline.pages.fragment import Fragment
from foldline.pages.record import PublicPage
from foldline.policy.rules import Rules
from foldline.server.origin_link import Link
from foldline.sources.origin.answers import charset_of
from foldline.sources.origin.lists import FetchedList
from foldline.sources.origin.surfaces import Kind, Surface
from foldline.stores.fetched import FetchedPage

log = logging.getLogger(__name__)

#: An answer is used unasked for so many seconds, while the articles in it stay what they are.
FRESH = 10
#: A shared cache keeps one for so many seconds and never longer, also where the gate does not answer: it names many
#: articles, and no purge of one of them finds it.
CACHED = 20
#: So many articles of one answer have their text; what is listed behind them has none.
MOST_TEXTS = 20
#: So many of them are fetched at once, and all of them within so many seconds.
AT_ONCE = 4
PATIENCE = 20.0
#: So many answers are under way; bytes of all that are kept, and of what is known of articles for them.
MOST_UNDER_WAY = 64
MOST_KEPT = 8 << 20
MOST_EXCERPTS = 8 << 20

Article = tuple[PublicPage, FetchedPage]


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of one answer: a document, or a status without one. `articles` are the paths and digests of the
    records that it was made from, `source` that of the origin's own answer."""

    at: int
    status: int
    rules: Rules | None
    document: Fragment | None = None
    headers: HeaderList = ()
    articles: tuple[tuple[str, str], ...] = ()
    source: bytes = b""
    ready: dict[bool, tuple[Response, bytes]] = field(default_factory=dict, compare=False)

    def size(self) -> int:
        text = 0 if self.document is None else len(self.document.plain) + len(self.document.deflated)
        return 3 * text + 500


class Rewriting:
    """One worker's. `article_at` gives the record and the page of an article, fetched and cut where need be."""

    def __init__(
        self,
        state: GateState,
        library: Library,
        link: Link,
        article_at: Callable[[Surface], Awaitable[Article | None]],
    ) -> None:
        self._state = state
        self._library = library
        self._link = link
        self._article_at = article_at
        self._kept: Kept[bytes, Made] = Kept(MOST_KEPT)
        self._excerpts: Kept[tuple[str, str], Excerpt] = Kept(MOST_EXCERPTS)
        self._under_way: dict[bytes, asyncio.Task[Made]] = {}
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """End what is under way."""
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def forget(self) -> None:
        """Something changed at the origin: make every answer anew."""
        self._kept.clear()

    async def answer(self, surface: Surface, request: Request) -> Response:
        """What everybody is sent at a surface that is rewritten."""
        known = self._kept.get(surface.target)
        if known is not None and not await self._stands(known):
            self._kept.pop(surface.target)
            known = None
        if known is None or not 0 <= self._state.now() - known.at < FRESH:
            try:
                known = await self._anew(surface)
            except OriginUnavailable as error:
                log.warning("%s", error)
                if known is None or known.document is None:
                    return bare(502, self._state)
        return self._response(known, request)

    async def _stands(self, made: Made) -> bool:
        """Whether every article in an answer is still the one that it was made from."""
        if made.rules is not self._state.rules:
            return False
        try:
            for path, digest in made.articles:
                if await self._digest(path) != digest:
                    return False
        except StoreUnavailable:
            return False
        return True

    async def _digest(self, path: str) -> str:
        record = await self._library.reach(path.encode())
        return record.digest if isinstance(record, PublicPage) else ""

    async def _anew(self, surface: Surface) -> Made:
        """One answer at a time for each target; whoever asks meanwhile waits for it."""
        task = self._under_way.get(surface.target)
        if task is None:
            if len(self._under_way) >= MOST_UNDER_WAY:
                raise OriginUnavailable("busy")
            task = asyncio.create_task(self._make(surface))
            self._under_way[surface.target] = task
            task.add_done_callback(lambda done: self._landed(surface.target, done))
        return await asyncio.shield(task)

    def _landed(self, target: bytes, task: asyncio.Task[Made]) -> None:
        del self._under_way[target]
        if not task.cancelled():
            task.exception()

    async def _make(self, surface: Surface) -> Made:
        rules = self._state.rules
        try:
            found = await self._link.fetch_list(surface)
        except OriginUnavailable as error:
            if error.why != "too large":
                raise
            log.warning("%s", error)
            found = FetchedList(404)
        now = self._state.now()
        made = Made(now, 410 if found.status == 410 else 404, rules)
        if found.location:
            made = Made(now, found.status, rules, headers=((b"location", found.location.encode()),))
        elif found.status == 200:
            try:
                made = await self._cut(surface, found, now, rules)
            except NotUnderstood as error:
                log.warning("%s is closed: %s", surface.route, error)
        self._kept.put(surface.target, made, made.size())
        return made

    async def _cut(self, surface: Surface, found: FetchedList, now: int, rules: Rules | None) -> Made:
        address = self._state.publication.url + surface.target.decode("ascii")
        read: Feed | Data
        if surface.form == "feed":
            read = await asyncio.to_thread(read_feed, found.body, found.media_type, found.charset, address)
            kind = MEDIA_TYPES[read.form]
            links = [item.link for item in read.items]
        else:
            read = await asyncio.to_thread(read_data, found.body, found.media_type)
            kind = MEDIA_TYPE
            links = [entry.link for entry in read.entries]
        excerpts, articles = await self._excerpts_of(links)
        source = hashlib.sha256(repr((kind, found.charset, found.counts)).encode() + found.body).digest()
        known = self._kept.get(surface.target)
        if known is not None and (known.source, known.articles, known.rules) == (source, articles, rules):
            return replace(known, at=now)
        async with self._turn:
            # One at a time: a proof takes the processor.
            if isinstance(read, Feed):
                document = await asyncio.to_thread(cut_feed, read, excerpts, self._state.words["gate.continue"])
            else:
                document = await asyncio.to_thread(cut_data, read, excerpts)
        headers = ((b"content-type", f"{kind}; charset=utf-8".encode()), *found.counts)
        return Made(now, 200, rules, Fragment.of(document), headers, articles, source)

    async def _excerpts_of(self, links: Iterable[str]) -> tuple[dict[str, Excerpt], tuple[tuple[str, str], ...]]:
        """What is public of the articles behind links, and the records that it is of."""
        surfaces: dict[str, Surface] = {}
        for link in links:
            surface = self._surface_of(link)
            if surface is not None and len(surfaces) < MOST_TEXTS:
                surfaces[link] = surface
        room = asyncio.Semaphore(AT_ONCE)
        end = asyncio.get_running_loop().time() + PATIENCE

        async def one(surface: Surface) -> tuple[str, str, Excerpt] | None:
            try:
                async with asyncio.timeout_at(end), room:
                    found = await self._article_at(surface)
                    return None if found is None else await self._excerpt_of(*found)
            except (OriginUnavailable, StoreUnavailable, TimeoutError) as error:
                log.warning("an article of a list has no text: %s", error)
                return None

        known = await asyncio.gather(*map(one, surfaces.values()))
        excerpts = {link: found[2] for link, found in zip(surfaces, known, strict=True) if found is not None}
        return excerpts, tuple(dict.fromkeys((found[0], found[1]) for found in known if found is not None))

    async def _excerpt_of(self, record: PublicPage, fetched: FetchedPage) -> tuple[str, str, Excerpt]:
        key = (record.path, record.digest)
        known = self._excerpts.get(key)
        if known is None:
            known = await asyncio.to_thread(
                excerpt_of,
                record.before.plain.decode(),
                record.after.plain.decode(),
                self._state.publication.url + record.path,
                gated=record.gated,
                whole=fetched.body,
                charset=charset_of(fetched.headers),
            )
            self._excerpts.put(key, known, known.size())
        return (*key, known)

    def _surface_of(self, link: str) -> Surface | None:
        """The surface of an article that a link leads to."""
        parts = urlsplit(link)
        site = urlsplit(self._state.publication.url)
        if parts.netloc.lower() != site.netloc.lower() or parts.fragment:
            return None
        path, query = (quote(part, safe="/%~!$&'()*+,;=:@").encode() for part in (parts.path, parts.query))
        surface = self._link.surfaces.surface_of("GET", path, query)
        return surface if surface.kind is Kind.ARTICLE and b"?" not in surface.page else None

    def _response(self, made: Made, request: Request) -> Response:
        state = self._state
        if made.document is None:
            if made.headers:
                return Response(made.status, (*made.headers, *NO_STORE, *state.security, (b"content-length", b"0")))
            return bare(made.status, state)
        gzip = accepts_gzip(request.header(b"accept-encoding"))
        ready = made.ready.get(gzip)
        if ready is None:
            headers = (*made.headers, (b"x-content-type-options", b"nosniff"), *neutral_for(CACHED))
            whole = page((made.document,), headers, gzip=gzip)
            tag = entity_tag(whole.body)
            ready = made.ready[gzip] = (whole.adding((b"etag", tag)), tag)
        return conditional(request, ready)
