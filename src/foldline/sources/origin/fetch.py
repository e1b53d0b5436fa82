"""Fetches articles with the gate's own identity: one question at a time for a page, and the last good answer kept.

What is fetched is the whole article. It goes to ingest, which cuts it, and to nobody else.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, TypeVar
from urllib.parse import urljoin, urlsplit

from foldline.clock import Clock, SystemClock
from foldline.errors import OriginUnavailable, StoreUnavailable
from foldline.sources.origin.answers import REDIRECTS, media_type
from foldline.sources.origin.asking import Answering, Fetching
from foldline.sources.origin.freshness import Bounds, conditions, is_about, standing, validators
from foldline.sources.origin.headers import Asker, Fields, fetch_fields
from foldline.stores.fetched import FetchedPage

log = logging.getLogger(__name__)

Value = TypeVar("Value")

#: An article is no longer than this, in bytes, packed or not.
MOST_PAGE = 4 << 20
#: These many pages are fetched at once, and so many more may wait for it.
AT_ONCE = 16
MOST_WAITING = 512
#: So many answers without a text (redirects, what is gone) are remembered.
REMEMBERED = 4096

HTML = frozenset(("text/html", "application/xhtml+xml"))

#: What of an origin's header stands on its article's pages. What speaks of the text or names what lies in it is left
#: out: lengths, validators, preloads.
KEPT_FIELDS = frozenset(
    (
        b"content-type",
        b"content-language",
        b"content-security-policy",
        b"content-security-policy-report-only",
        b"permissions-policy",
        b"referrer-policy",
        b"x-frame-options",
        b"x-robots-tag",
        b"cross-origin-embedder-policy",
        b"cross-origin-opener-policy",
        b"cross-origin-resource-policy",
        b"strict-transport-security",
        b"reporting-endpoints",
    )
)
#: An answer that says "not now" and nothing about the page.
_NOT_NOW = frozenset((408, 421, 425, 429))
#: An answer to the gate rather than about the page: a wrong secret, a filter before the origin. It must not take a
#: whole newspaper away.
_REFUSED = frozenset((401, 403, 407))


class What(StrEnum):
    """What an origin has at an article's address."""

    PAGE = "page"  # HTML
    MOVED = "moved"  # a redirect, to `location`
    GONE = "gone"  # 404, 410, or another word that it is for nobody: at once, and everywhere
    OTHER = "other"  # an answer that is no page: closed


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer, and how it was come by. `kept` is False for one that the origin wants nobody to keep: it is for the
    visits that wait for it now. `last_good` says that the origin did not answer just now, and `why`."""

    what: What
    page: FetchedPage
    kept: bool = True
    last_good: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. `waits` is how long a visit waits for the origin while something good is kept; `holds` how long the
    origin is left alone after it failed."""

    waits: float = 2.0
    holds: float = 5.0


class Store(Protocol):
    """Keeps answers; `stores.fetched.FetchedPages` is one."""

    def get(self, page: bytes) -> FetchedPage | None: ...

    def put(self, page: FetchedPage, asked_at: float) -> bool: ...

    def still(self, page: bytes, digest: str, checked_at: int, fresh_until: int, asked_at: float) -> None: ...

    def drop(self, page: bytes) -> None: ...


def ignore(page: bytes, digest: str) -> None:
    """Where nobody wants to hear of changes."""


class ArticleFetcher:
    """Fetches pages for one worker. `on_change` is called with a page's name and digest before anybody is given another
    version of it than before, or hears that it is gone: whatever is public of one with another digest must be dropped
    there and then. It is called for the first version too."""

    def __init__(
        self,
        client: Fetching,
        store: Store,
        asker: Asker,
        agent: bytes,
        *,
        bounds: Bounds | None = None,
        patience: Patience | None = None,
        clock: Clock | None = None,
        on_change: Callable[[bytes, str], None] = ignore,
    ) -> None:
        self._client = client
        self._store = store
        self._asker = asker
        self._agent = agent
        self._bounds = bounds or Bounds()
        self._patience = patience or Patience()
        self._clock = clock or SystemClock()
        self._on_change = on_change
        self._flights: dict[bytes, asyncio.Task[Fetched]] = {}
        self._room = asyncio.Semaphore(AT_ONCE)
        self._remembered: OrderedDict[bytes, Fetched] = OrderedDict()
        self._seen: OrderedDict[bytes, str] = OrderedDict()
        self._held: OrderedDict[bytes, tuple[float, str]] = OrderedDict()
        self._away = (0.0, "")
        self._drops = 0
        self._writing = threading.Lock()
        self._closed = False

    async def fetch(self, target: bytes, page: bytes = b"") -> Fetched:
        """What the origin has at a target. `page` is its one name, where the target has more spellings.

        Raises:
            OriginUnavailable: it does not answer, and nothing is kept.
        """
        page = page or target
        kept = self._kept(page)
        now = self._clock.now()
        if kept is not None and kept.page.checked_at <= now < kept.page.fresh_until:
            return self._given(kept)
        for until, why in (self._held.get(page, (0.0, "")), self._away if kept is not None else (0.0, "")):
            # A clock that was set back must not hold the origin off, nor keep a page fresh, for longer than ever meant.
            if 0 < until - now <= self._patience.holds:
                return self._last_good(kept, why)
        flight = self._flights.get(page)
        if flight is None:
            if self._closed or len(self._flights) >= MOST_WAITING:
                return self._last_good(kept, "busy")
            flight = asyncio.create_task(self._fly(target, page, kept))
            self._flights[page] = flight
            flight.add_done_callback(lambda done: self._landed(page, done))
        await asyncio.wait((flight,), timeout=self._patience.waits if kept is not None else None)
        if not flight.done():
            return self._last_good(kept, "slow")
        if flight.cancelled():
            # What was under way may have been asked before the change that `drop` told of.
            return await self.fetch(target, page)
        error = flight.exception()
        if error is None:
            return flight.result()
        if isinstance(error, OriginUnavailable):
            return self._last_good(kept, error.why)
        raise error

    def drop(self, page: bytes) -> None:
        """Something says that a page has changed: nothing of it is good any more, a fetch that is under way included.

        Raises:
            StoreUnavailable: it may still be kept.
        """
        self.forget(page)
        with self._writing:
            self._store.drop(page)

    def forget(self, page: bytes) -> None:
        """What this worker knows of a page without the store is good no more: the store was told of it already."""
        flight = self._flights.pop(page, None)
        if flight is not None:
            flight.cancel()
        self._remembered.pop(page, None)
        self._held.pop(page, None)
        self._drops += 1

    def forget_all(self) -> None:
        """The same for every page."""
        for page in {*self._flights, *self._remembered, *self._held}:
            self.forget(page)

    async def close(self) -> None:
        """End what is under way."""
        self._closed = True
        flights = tuple(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _kept(self, page: bytes) -> Fetched | None:
        if (known := self._remembered.get(page)) is not None:
            return known
        try:
            found = self._store.get(page)
        except StoreUnavailable as error:
            log.warning("%s", error)
            return None
        return Fetched(What.PAGE, found) if found is not None else None

    def _given(self, fetched: Fetched) -> Fetched:
        """Another process may have fetched a newer version: here too nobody is given it before the old one is gone."""
        self._tell(fetched)
        return fetched

    def _last_good(self, kept: Fetched | None, why: str) -> Fetched:
        if kept is None:
            raise OriginUnavailable(why)
        return replace(self._given(kept), last_good=True, why=why)

    def _landed(self, page: bytes, flight: asyncio.Task[Fetched]) -> None:
        if self._flights.get(page) is flight:
            del self._flights[page]
        if not flight.cancelled():
            flight.exception()

    async def _fly(self, target: bytes, page: bytes, kept: Fetched | None) -> Fetched:
        drops = self._drops
        try:
            async with self._room:
                asked_at = self._clock.now()
                fetched = await self._asked(target, page, kept)
        except OriginUnavailable as error:
            self._hold(page, error.why)
            raise
        return await self._keep(fetched, kept, drops, asked_at)

    async def _asked(self, target: bytes, page: bytes, kept: Fetched | None) -> Fetched:
        known = kept.page if kept is not None and kept.what is What.PAGE else None
        asked = conditions(known.etag, known.last_modified) if known is not None else ()
        asked_at = self._clock.now()
        async with await self._client.ask("GET", target, fetch_fields(self._asker, self._agent, asked)) as answer:
            if answer.status == 304 and known is not None and is_about(answer.headers, known.etag):
                return self._still(known, answer.headers, asked_at)
            if answer.status != 304:
                return await self._read(answer, target, page, asked_at)
        if not asked:
            raise OriginUnavailable("broken", "304 to a question without a condition")
        return await self._asked(target, page, None)

    def _still(self, known: FetchedPage, headers: Fields, asked_at: float) -> Fetched:
        now = self._clock.now()
        names = {name for name, _ in headers}
        merged = (*headers, *(field for field in known.headers if field[0] not in names))
        until = standing(merged, asked_at, now, self._bounds).fresh_until
        return Fetched(What.PAGE, replace(known, checked_at=int(now), fresh_until=until))

    async def _read(self, answer: Answering, target: bytes, page: bytes, asked_at: float) -> Fetched:
        status, headers = answer.status, answer.headers
        if status in _REFUSED:
            raise OriginUnavailable("refused", f"status {status}")
        if status >= 500 or status in _NOT_NOW or status in (204, 205, 206):
            raise OriginUnavailable("failing", f"status {status}")
        location = ""
        body = b""
        if status in REDIRECTS:
            what = What.MOVED
            location = leads_to(headers, target, self._asker)
        elif status >= 300:
            what = What.GONE
        elif media_type(headers) not in HTML:
            what = What.OTHER
        else:
            what = What.PAGE
            body = unpacked(await answer.body(MOST_PAGE), headers, MOST_PAGE)
        now = self._clock.now()
        stand = standing(headers, asked_at, now, self._bounds)
        etag, modified = validators(headers)
        told = tuple((name, value) for name, value in headers if name in KEPT_FIELDS or name == b"cache-control")
        until = stand.fresh_until if what is What.PAGE else int(now) + self._bounds.least
        digest = digest_of(status, told, body, location)
        found = FetchedPage(page, status, told, body, digest, int(now), int(now), until, etag, modified, location)
        return Fetched(what, found, stand.kept or what is not What.PAGE)

    async def _keep(self, fetched: Fetched, before: Fetched | None, drops: int, asked_at: float) -> Fetched:
        page = fetched.page.page
        self._held.pop(page, None)
        if fetched.what is What.PAGE:
            self._remembered.pop(page, None)
        else:
            _remember(self._remembered, page, fetched)
        try:
            fetched = await asyncio.to_thread(self._write, fetched, before, drops, asked_at)
        except StoreUnavailable as error:
            # What can't be kept is used all the same: the origin is asked again for the next visit.
            log.warning("%s", error)
        return self._given(fetched)

    def _write(self, fetched: Fetched, before: Fetched | None, drops: int, asked_at: float) -> Fetched:
        page = fetched.page
        with self._writing:
            if drops != self._drops:
                # It may be this page that has changed since it was asked for: the next visit asks again.
                return fetched
            if fetched.what is not What.PAGE or not fetched.kept:
                self._store.drop(page.page)
            elif before is not None and before.page.digest == page.digest:
                self._store.still(page.page, page.digest, page.checked_at, page.fresh_until, asked_at)
            elif not self._store.put(page, asked_at):
                newer = self._store.get(page.page)
                # One that is not fresh was told of as changed: it is no newer than this answer.
                if newer is not None and newer.fresh_until:
                    return Fetched(What.PAGE, newer)
        return fetched

    def _tell(self, fetched: Fetched) -> None:
        page, digest = fetched.page.page, fetched.page.digest
        if self._seen.get(page) != digest:
            _remember(self._seen, page, digest)
            self._on_change(page, digest)

    def _hold(self, page: bytes, why: str) -> None:
        until = self._clock.now() + self._patience.holds
        _remember(self._held, page, (until, why))
        if why in ("connect", "busy"):
            self._away = (until, why)


def leads_to(headers: Fields, target: bytes, asker: Asker) -> str:
    """Where a redirect leads: a path of the site itself, or a whole URL elsewhere, which is not followed.

    Raises:
        OriginUnavailable: it leads nowhere that a browser should go.
    """
    found = [value for name, value in headers if name == b"location"]
    site = f"{asker.scheme.decode()}://{asker.host.decode()}"
    try:
        to = urljoin(site + target.decode("ascii"), found[0].decode("ascii")) if len(found) == 1 else ""
        parts = urlsplit(to)
        port = parts.port
    except (UnicodeDecodeError, ValueError) as error:
        raise OriginUnavailable("broken", "a redirect that leads nowhere") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or "\\" in to:
        raise OriginUnavailable("broken", "a redirect that leads nowhere")
    if any(ord(letter) < 33 or ord(letter) > 126 for letter in to):
        raise OriginUnavailable("broken", "a redirect that leads nowhere")
    host = parts.hostname + (f":{port}" if port is not None else "")
    if host != asker.host.decode().lower():
        return to
    # A path that begins with two slashes would be read as another host.
    path = "/" + parts.path.lstrip("/")
    return path + (f"?{parts.query}" if parts.query else "")


def unpacked(body: bytes, headers: Fields, most: int) -> bytes:
    """A body without its content coding.

    Raises:
        OriginUnavailable: it is packed in an unknown way, is damaged, cut off, or unpacks to more than `most` bytes.
    """
    codings = [
        part.strip().lower() for name, value in headers if name == b"content-encoding" for part in value.split(b",")
    ]
    codings = [coding for coding in codings if coding not in (b"", b"identity")]
    if not codings:
        return body
    if codings not in ([b"gzip"], [b"x-gzip"]):
        raise OriginUnavailable("broken", "an unknown content coding")
    came = bytearray()
    while body:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            came += unpacker.decompress(body, most + 1 - len(came))
        except zlib.error as error:
            raise OriginUnavailable("broken", "a damaged gzip") from error
        if len(came) > most:
            raise OriginUnavailable("too large")
        if not unpacker.eof:
            raise OriginUnavailable("cut off", "half a gzip")
        body = unpacker.unused_data
    return bytes(came)


def digest_of(status: int, headers: Fields, body: bytes, location: str) -> str:
    """What changes with anything that a page is made of."""
    hashed = hashlib.sha256(b"%d\n%s\n" % (status, location.encode()))
    for name, value in headers:
        if name != b"cache-control":
            hashed.update(b"%s: %s\n" % (name, value))
    hashed.update(b"\n")
    hashed.update(body)
    return hashed.hexdigest()


def _remember(memory: OrderedDict[bytes, Value], page: bytes, value: Value) -> None:
    memory[page] = value
    memory.move_to_end(page)
    while len(memory) > REMEMBERED:
        memory.popitem(last=False)
