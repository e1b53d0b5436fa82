"""Asks others for their feeds: only on the open internet, conditionally, within bounds, and one at a time per host.

Whoever adds a feed names an address, and an address can lead anywhere: into the publisher's own network first of all
(OWASP, Server-Side Request Forgery). So the name is looked up once, what was found is judged, and the connection goes
to exactly that; a redirect begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urljoin, urlsplit

from foldline import __version__
from foldline.errors import FoldlineError, OriginUnavailable
from foldline.sources.origin.answers import REDIRECTS
from foldline.sources.origin.client import Limits, OriginClient
from foldline.sources.origin.headers import Fields
from foldline.sources.origin.unpacking import unpacked
from foldline.sources.survey.hosts import NoSuchSite, Place, found

#: Bytes of a feed, packed and unpacked.
MOST = 4 << 20
#: Seconds for one feed with all its redirects.
WHOLE = 30.0
MOST_REDIRECTS = 5
#: Where feeds are on the open internet. Any other port is somebody's inner service more often than a feed.
PORTS = frozenset((80, 443))
_ACCEPT = b"application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_PATIENCE = Limits(connect=5, first_byte=15, between=15, whole=25, connections=1)
_KEPT = ("content-type", "etag", "last-modified", "cache-control", "retry-after")


class NotFetched(FoldlineError):
    """No feed was to be had. The message says why, without the address; `status` is what was answered, 0 for nothing;
    `wait` how many seconds the host asks to be left alone, 0 where it did not say."""

    def __init__(self, why: str, status: int = 0, wait: int = 0) -> None:
        super().__init__(why)
        self.status = status
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was answered. `address` is where, after redirects; `body` is unpacked, None where it is still the same as
    the last time. `headers` are those that anybody asks for, by names in small letters."""

    address: str
    body: bytes | None
    headers: dict[str, str]

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")

    @property
    def last_modified(self) -> str:
        return self.headers.get("last-modified", "")


@dataclass(frozen=True, slots=True)
class Guest:
    """Who asks, and where they may besides the open internet: `inner` are hosts, as `host` or `host:port`."""

    site: str
    inner: frozenset[str] = frozenset()

    @property
    def agent(self) -> str:
        return f"Foldline/{__version__} (newsstand of {self.site})"

    def may_be_inner(self, place: Place) -> bool:
        """Whether this place was listed by the publisher."""
        return place.host in self.inner or f"{place.host}:{place.port}" in self.inner


async def fetch(address: str, guest: Guest, etag: str = "", last_modified: str = "") -> Fetched:
    """The feed at an address, or that it is still the one with this validator.

    Raises:
        NotFetched: it can't be had, or must not be asked for.
    """
    try:
        async with asyncio.timeout(WHOLE):
            return await _followed(address, guest, etag, last_modified)
    except TimeoutError as error:
        raise NotFetched("too slow") from error
    except OriginUnavailable as error:
        raise NotFetched(str(error).removeprefix("origin: ")) from error


async def _followed(address: str, guest: Guest, etag: str, last_modified: str) -> Fetched:
    secure = False
    for _ in range(MOST_REDIRECTS + 1):
        place = place_of(address, guest)
        if secure and place.scheme != "https":
            raise NotFetched("it leads from https to http")
        secure = place.scheme == "https"
        async with _asked(address, place, guest, etag, last_modified) as (status, headers, body):
            if status in REDIRECTS:
                address = _next(address, headers)
                continue
            if status == 304 and (etag or last_modified):
                return Fetched(address, None, headers)
            if status != 200:
                raise NotFetched(f"status {status}", status, _wait(headers))
            return Fetched(address, body, headers)
    raise NotFetched("it leads on and on")


def place_of(address: str, guest: Guest) -> Place:
    """Where an address leads.

    Raises:
        NotFetched: it is no address of the web, or one that must not be asked.
    """
    try:
        place = Place.of(address)
    except ValueError as error:
        raise NotFetched(str(error)) from error
    if place.port not in PORTS and not guest.may_be_inner(place):
        raise NotFetched(f"port {place.port} is asked only where [newsstand] inner names the host")
    return place


@contextlib.asynccontextmanager
async def _asked(
    address: str, place: Place, guest: Guest, etag: str, last_modified: str
) -> AsyncIterator[tuple[int, dict[str, str], bytes]]:
    """One question to one place. Its body is read only where it is an answer."""
    try:
        where = await found(place, local=guest.may_be_inner(place))
    except NoSuchSite as error:
        raise NotFetched(_without_address(error)) from error
    client = OriginClient(where, _PATIENCE, _trusted() if where.tls else None)
    try:
        async with await client.ask("GET", _target(address), _fields(place, guest, etag, last_modified)) as answer:
            headers = _told(answer.headers)
            body = b""
            if answer.status == 200:
                packed = await answer.body(MOST)
                body, whole = unpacked(packed, answer.headers, MOST)
                if not whole:
                    raise NotFetched(f"unpacks to more than {MOST >> 20} MB, or is damaged")
            yield answer.status, headers, body
    finally:
        client.close()


@cache
def _trusted() -> ssl.SSLContext:
    """Made once: each reads all certificates of the system."""
    return ssl.create_default_context()


def _without_address(error: NoSuchSite) -> str:
    return "it is in an inner network" if "inner network" in str(error) else "nobody knows the host"


def _fields(place: Place, guest: Guest, etag: str, last_modified: str) -> Fields:
    asked = [
        (b"host", place.netloc.encode()),
        (b"user-agent", guest.agent.encode("ascii", "replace")),
        (b"accept", _ACCEPT),
        (b"accept-encoding", b"gzip"),
    ]
    if etag:
        asked.append((b"if-none-match", etag.encode("latin-1", "replace")))
    if last_modified:
        asked.append((b"if-modified-since", last_modified.encode("latin-1", "replace")))
    return tuple(asked)


def _target(address: str) -> bytes:
    parts = urlsplit(address)
    path = quote(parts.path or "/", safe="/%!$&'()*+,;=:@~-._")
    query = quote(parts.query, safe="/%!$&'()*+,;=:@~-._?")
    return f"{path}{'?' if query else ''}{query}".encode("ascii")


def _told(headers: Fields) -> dict[str, str]:
    names = {name.encode(): name for name in _KEPT} | {b"location": "location"}
    return {names[name]: value.decode("latin-1")[:2000] for name, value in headers if name in names}


def _next(address: str, headers: dict[str, str]) -> str:
    to = headers.get("location", "")
    if not to:
        raise NotFetched("it leads nowhere")
    try:
        return urljoin(address, to).partition("#")[0]
    except ValueError as error:
        raise NotFetched("it leads nowhere") from error


def _wait(headers: dict[str, str]) -> int:
    """Retry-After in seconds (RFC 9110, 10.2.3); a date is not read, the usual back-off holds then."""
    said = headers.get("retry-after", "").strip()
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 8 else 0
