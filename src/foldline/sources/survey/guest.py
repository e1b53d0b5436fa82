"""Asks a site as a guest does: what robots.txt allows, a page a second, within bounds, and never another site.

Crawlers that ask too fast or too much are why robots.txt exists (RFC 9309); what is asked here is somebody's live site.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

from protego import Protego

from foldline import __version__
from foldline.errors import OriginUnavailable
from foldline.sources.origin.answers import REDIRECTS, charset_of, media_type
from foldline.sources.origin.client import Address, Limits, OriginClient
from foldline.sources.origin.headers import Fields
from foldline.sources.origin.unpacking import unpacked
from foldline.sources.survey.hosts import NoSuchSite, Place, found, is_local, is_loopback

#: The word in robots.txt that means us.
TOKEN = "Foldline"  # noqa: S105 - no password
AGENT = f"{TOKEN}/{__version__} (looks at a site for its publisher)"
#: RFC 9309, 2.5: at least 500 KiB of a robots.txt are read.
_ROBOTS = 512 << 10
_REDIRECTS = 5
_PAGES = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"
_PATIENCE = Limits(connect=5, first_byte=20, between=20, whole=30, connections=1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is asked at most: pages, seconds in all, bytes of one answer, and seconds between two questions."""

    pages: int = 60
    seconds: float = 180.0
    most: int = 4 << 20
    pause: float = 1.0


@dataclass(frozen=True, slots=True)
class Page:
    """What was answered in the end. `url` is where, after redirects within the site; `body` is unpacked, and only its
    beginning where `part` is set."""

    url: str
    status: int
    headers: Fields
    body: bytes
    part: bool = False

    @property
    def path(self) -> str:
        """Path and query, as they are asked for."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    @property
    def kind(self) -> str:
        return media_type(self.headers)

    @property
    def charset(self) -> str:
        return charset_of(self.headers)

    @property
    def is_html(self) -> bool:
        return self.status == 200 and self.kind in ("text/html", "application/xhtml+xml")


@dataclass(slots=True)
class Guest:
    """Made by `arrive`. `missed` are addresses without a good answer, each with why; `asked` counts questions.

    `known_as` is the site's public place where that is another one: links to it are links within the site. `more` are
    header fields that are sent with every question, `Host` among them where it is not the place's own.
    """

    place: Place
    bounds: Bounds
    told: Callable[[str], None]
    typed_local: bool = False
    known_as: Place | None = None
    more: Fields = ()
    pause: float = 0.0
    robots: Protego | None = None
    robots_said: str = ""
    asked: int = 0
    missed: dict[str, str] = field(default_factory=dict)
    _client: OriginClient | None = None
    _began: float = field(default_factory=time.monotonic)
    _next: float = 0.0

    async def get(
        self, address: str, most: int | None = None, *, part: bool = False, accept: bytes = _PAGES
    ) -> Page | None:
        """The page at an address of this site; None where there is none to be had, and `missed` says why.

        With `part`, the beginning of what is longer than `most` bytes is an answer too. `accept` is what kinds of media
        are asked for.
        """
        url = self.own(address)
        if url is None:
            self.missed[address] = "another site"
            return None
        try:
            return await self._got(url, most or self.bounds.most, part, accept)
        except OriginUnavailable as error:
            self.missed[url] = str(error)
        except NoSuchSite as error:
            self.missed[url] = str(error)
        return None

    def own(self, address: str) -> str | None:
        """An address as this site's, whole and without its fragment; None where it is another's, or none."""
        try:
            url = urljoin(self.place.url + "/", address.strip()).partition("#")[0]
            place, parts = Place.of(url), urlsplit(url)
        except ValueError:
            return None
        if not any(known is not None and place.is_one_site_with(known) for known in (self.place, self.known_as)):
            return None
        path = quote(parts.path or "/", safe="/%!$&'()*+,;=:@~-._")
        query = quote(parts.query, safe="/%!$&'()*+,;=:@~-._?")
        return f"{self.place.url}{path}" + (f"?{query}" if query else "")

    def know_as(self, address: str) -> bool:
        """From now on, links to the host of `address` are links within this site, which is still the only one that is
        asked. Whether that is anything new."""
        try:
            place = Place.of(address)
        except ValueError:
            return False
        if self.known_as is not None or place.is_one_site_with(self.place):
            return False
        self.known_as = place
        return True

    def may(self, url: str) -> bool:
        """Whether robots.txt lets us ask for it."""
        return self.robots is None or bool(self.robots.can_fetch(url, TOKEN))

    @property
    def enough(self) -> str:
        """Which bound is reached; "" where none is."""
        if self.asked >= self.bounds.pages:
            return f"{self.bounds.pages} pages were asked for"
        # What would only be asked after the end is not waited for: a Crawl-delay may be an hour.
        if max(time.monotonic(), self._next) - self._began > self.bounds.seconds:
            return f"{self.bounds.seconds:.0f} seconds are over, or would be"
        return ""

    def close(self) -> None:
        """Drop the connection."""
        if self._client is not None:
            self._client.close()

    async def _got(self, url: str, most: int, part: bool, accept: bytes = _PAGES) -> Page:
        for _ in range(_REDIRECTS + 1):
            if not self.may(url):
                raise OriginUnavailable("refused", "robots.txt forbids it")
            page = await self._ask(url, most, part, accept)
            if page.status not in REDIRECTS:
                if page.status != 200:
                    self.missed[url] = f"status {page.status}"
                return page
            to = _location(page)
            own = self.own(urljoin(url, to)) if to else None
            if own is None:
                raise OriginUnavailable("refused", f"it leads to another site: {to[:200] or 'nowhere'}")
            url = own
        raise OriginUnavailable("broken", "it leads on and on")

    async def _ask(self, url: str, most: int, part: bool, accept: bytes = _PAGES) -> Page:
        if why := self.enough:
            raise OriginUnavailable("too large", why)
        await self._wait()
        self.asked += 1
        self.told(url)
        assert self._client is not None
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        async with await self._client.ask(
            "GET", target.encode("ascii"), _fields(self.place, accept, self.more)
        ) as answer:
            body, whole = bytearray(), True
            async with contextlib.aclosing(answer.chunks()) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) > most:
                        whole = False
                        break
            if not whole and not part:
                raise OriginUnavailable("too large", f"longer than {most >> 20} MB")
            plain, all_of_it = unpacked(bytes(body[:most]), answer.headers, most)
            if not all_of_it and not part:
                raise OriginUnavailable("too large", f"unpacks to more than {most >> 20} MB, or is damaged")
            return Page(url, answer.status, answer.headers, plain, not (whole and all_of_it))

    async def _wait(self) -> None:
        now = time.monotonic()
        if now < self._next:
            await asyncio.sleep(self._next - now)
        self._next = time.monotonic() + self.pause

    async def _connect(self) -> None:
        address: Address = await found(self.place, local=self.typed_local)
        self.typed_local = self.typed_local and is_local(address.host)
        self.pause = 0.0 if is_loopback(address.host) else self.bounds.pause
        self.close()
        self._client = OriginClient(address, _PATIENCE)

    async def _open(self) -> Page:
        """The front page, and with it where the site really is; then what robots.txt says."""
        for _ in range(_REDIRECTS):
            await self._connect()
            await self._read_robots()
            if not self.may(self.place.url + "/"):
                raise NoSuchSite(f"{self.place.url}/robots.txt forbids {TOKEN} the front page. Allow it there for now.")
            page = await self._ask(self.place.url + "/", self.bounds.most, False)
            if page.status not in REDIRECTS:
                return page
            to = urljoin(page.url, _location(page))
            try:
                there = Place.of(to)
            except ValueError:
                break
            if there == self.place:
                return await self._got(to, self.bounds.most, False)
            if not there.is_one_site_with(self.place) or (self.place.scheme, there.scheme) == ("https", "http"):
                raise NoSuchSite(
                    f"{self.place.url} leads to another site: {to[:200]}. Give that address, if it is yours."
                )
            self.place = there
        raise NoSuchSite(f"{self.place.url} leads on and on.")

    async def _read_robots(self) -> None:
        self.robots, self.robots_said = None, "there is none"
        try:
            page = await self._ask(self.place.url + "/robots.txt", _ROBOTS, True)
            for _ in range(_REDIRECTS):
                own = self.own(urljoin(page.url, _location(page))) if page.status in REDIRECTS else None
                if own is None or own == page.url:
                    break
                page = await self._ask(own, _ROBOTS, True)
        except OriginUnavailable as error:
            if error.why in ("connect", "slow", "broken", "cut off"):
                raise
            page = None
        if page is not None and page.status == 200 and page.kind in ("text/plain", ""):
            self.robots = Protego.parse(page.body.decode("utf-8", "replace"))
            self.robots_said = "read and kept to"
            delay = self.robots.crawl_delay(TOKEN)
            if self.pause and delay:
                self.pause = max(self.pause, float(delay))
        elif page is None or page.status >= 500 or page.status == 429:
            # RFC 9309, 2.3.1.4: what can't be reached forbids everything.
            raise NoSuchSite(f"{self.place.url}/robots.txt can't be read, and then nothing may be asked. Try it later.")


async def arrive(
    url: str,
    bounds: Bounds,
    told: Callable[[str], None] = lambda url: None,
    *,
    known_as: str = "",
    more: Fields = (),
) -> tuple[Guest, Page]:
    """A guest at a site, and its front page. `told` is called with each address before it is asked.

    The host that was typed may lie in an inner network, and none that the site leads to. `known_as` is the URL by which
    readers know the site, and `more` what else is sent with every question: for who asks an origin as the gate does.

    Raises:
        NoSuchSite: there is no site there that may be asked, or its front page is no page.
    """
    text = url if "://" in url else f"https://{url}"
    try:
        place = Place.of(text)
    except ValueError as error:
        raise NoSuchSite(f"{url}: {error}.") from error
    public = Place.of(known_as) if known_as else None
    guest = Guest(place, bounds, told, typed_local=True, known_as=public, more=more)
    try:
        page = await guest._open()
    except OriginUnavailable as error:
        guest.close()
        raise NoSuchSite(f"{place.url} does not answer as a site does ({error}). Does it run?") from error
    except NoSuchSite:
        guest.close()
        raise
    if not page.is_html:
        guest.close()
        said = f"status {page.status}" if page.status != 200 else f"not HTML but {page.kind or 'nothing'}"
        raise NoSuchSite(f"{page.url} has no front page: {said}. Give the address of the site itself.")
    return guest, page


def _fields(place: Place, accept: bytes, more: Fields) -> Fields:
    own_host = [] if any(name == b"host" for name, _ in more) else [(b"host", place.netloc.encode())]
    return (
        *own_host,
        *more,
        (b"user-agent", AGENT.encode()),
        (b"accept", accept),
        (b"accept-encoding", b"gzip"),
    )


def _location(page: Page) -> str:
    found = [value for name, value in page.headers if name == b"location"]
    try:
        return found[0].decode("ascii") if len(found) == 1 else ""
    except UnicodeDecodeError:
        return ""
