"""Asks a site as its own publisher's guest: one question at a time, within bounds, its own host only, and stopped when
the site or a person says so."""

from __future__ import annotations

import contextlib
import time
from asyncio import sleep
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

from foldline import __version__
from foldline.errors import FoldlineError, OriginUnavailable, UploadRefused
from foldline.proof.asks import Ask, Pairs
from foldline.proof.audit.reading import unpacked
from foldline.sources.origin.client import Limits, OriginClient, Upload
from foldline.sources.survey.hosts import Place, found, is_loopback

#: Questions a second that a site is asked off loopback, at most.
MOST_RATE = 2.0
AGENT = f"Foldline-Audit/{__version__} (asked by this site's publisher)"
_PATIENCE = Limits(connect=5, first_byte=20, between=20, whole=40, connections=1)
#: Answers 429, or 503 with Retry-After, in a row: then the site is taken at its word.
_ASKED_TO_STOP = 3
#: Questions in a row without any answer: then the site is gone.
_GONE = 6
#: Seconds that a Retry-After is waited for, at most.
_MOST_WAIT = 120.0
_FIELDS: Pairs = ((b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8"), (b"accept-encoding", b"gzip"))


#: What stays as it is in a path.
_PATH = "/%!$&'()*+,;=:@~-._"


class Stopped(FoldlineError):
    """No more may be asked: by whom and why is the message."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is asked at most: questions, seconds and bytes in all, bytes of one answer, questions a second."""

    questions: int = 3000
    seconds: float = 3600.0
    all_bytes: int = 1 << 30
    one: int = 4 << 20
    rate: float = MOST_RATE


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered. `body` is without its coding; `sent` is how many bytes it had; `whole` is False where the rest
    of it was too long, cut off, or in a coding that is not read here. `failed` says why there is no answer at all."""

    status: int
    headers: Pairs = ()
    body: bytes = b""
    sent: int = 0
    whole: bool = True
    failed: str = ""

    def header(self, name: bytes) -> str:
        return ", ".join(value.decode("latin-1") for given, value in self.headers if given == name)

    @property
    def kind(self) -> str:
        """The media type, in small letters; "" where none is told."""
        return self.header(b"content-type").partition(";")[0].strip().lower()

    @property
    def is_html(self) -> bool:
        return "html" in self.kind or (not self.kind and b"<html" in self.body[:2000].lower())

    @property
    def text(self) -> str:
        charset = self.header(b"content-type").lower().partition("charset=")[2].strip(" \"'") or "utf-8"
        try:
            return self.body.decode(charset, "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


@dataclass(slots=True)
class Visitor:
    """Made by `arrive`. `asked` and `received` count; `waited` is true once the site asked for patience."""

    place: Place
    bounds: Bounds
    loopback: bool
    stop_file: Path | None = None
    told: Callable[[str], None] = lambda what: None
    asked: int = 0
    received: int = 0
    unanswered: int = 0
    waited: bool = False
    _client: OriginClient | None = None
    _began: float = field(default_factory=time.monotonic)
    _next: float = 0.0
    _silent: int = 0
    _refused: int = 0

    async def ask(self, ask: Ask) -> Reply:
        """One answer, never one of another host, and never where it leads to.

        Raises:
            Stopped: a bound is reached, or somebody wants no more questions.
        """
        for _ in range(_ASKED_TO_STOP):
            reply = await self._once(ask)
            wait = _patience(reply)
            if wait is None:
                self._refused = 0
                return reply
            self._refused += 1
            if self._refused >= _ASKED_TO_STOP:
                break
            self.waited = True
            await self._rest(wait)
        raise Stopped(f"the site asked for no more questions ({reply.status})")

    def own(self, address: str, base: str = "/") -> str | None:
        """An address as path and query of this site; None where it is another site's, or none."""
        try:
            url = urljoin(urljoin(f"{self.place.url}/", base), address.strip()).partition("#")[0]
            parts = urlsplit(url)
            if not Place.of(url).is_one_site_with(self.place):
                return None
        except ValueError:
            return None
        path = quote(parts.path or "/", safe=_PATH)
        return f"{path}?{quote(parts.query, safe=_PATH + '?')}" if parts.query else path

    def close(self) -> None:
        """Drop the connection."""
        if self._client is not None:
            self._client.close()

    def stop_if_wanted(self) -> None:
        """Raises Stopped where no question may be asked now."""
        bounds = self.bounds
        if self.stop_file is not None and self.stop_file.exists():
            raise Stopped(f"the stop file {self.stop_file} is there")
        if self.asked >= bounds.questions:
            raise Stopped(f"{bounds.questions} questions were asked, which is the bound (--most)")
        if time.monotonic() - self._began > bounds.seconds:
            raise Stopped(f"{bounds.seconds / 60:.0f} minutes are over, which is the bound (--minutes)")
        if self.received > bounds.all_bytes:
            raise Stopped(f"{bounds.all_bytes >> 20} MB were received, which is the bound")
        if self._silent >= _GONE:
            raise Stopped(f"the site did not answer {_GONE} questions in a row")

    async def _once(self, ask: Ask) -> Reply:
        self.stop_if_wanted()
        await self._turn()
        self.asked += 1
        self.told(f"{ask.method} {ask.target.decode('latin-1')[:80]}")
        try:
            reply = await self._answer(ask)
        except UploadRefused:
            return Reply(0, failed="the request's body was not taken")
        except OriginUnavailable as error:
            self.unanswered += 1
            # What an odd request makes of a connection tells nothing about the site; not to be reached does.
            self._silent += 1 if error.why in ("connect", "slow") or not ask.label.startswith("odd") else 0
            return Reply(0, failed=str(error))
        self._silent = 0
        return reply

    async def _answer(self, ask: Ask) -> Reply:
        assert self._client is not None
        fields = sent_fields(ask, self.place.netloc)
        upload = Upload(_one(ask.body), len(ask.body)) if ask.body or ask.method in ("POST",) else None
        # A client that pools connections may ask twice over them: POST never is.
        async with await self._client.ask(ask.method, ask.target, fields, upload) as answer:
            body, whole = bytearray(), True
            try:
                async with contextlib.aclosing(answer.chunks()) as chunks:
                    async for chunk in chunks:
                        body += chunk
                        if len(body) > self.bounds.one:
                            whole = False
                            break
            except OriginUnavailable:
                whole = False
            self.received += len(body)
            headers = tuple((name.lower(), value) for name, value in answer.headers)
            plain, complete = unpacked(bytes(body[: self.bounds.one]), headers, self.bounds.one)
            return Reply(answer.status, headers, plain, len(body), whole and complete)

    async def _turn(self) -> None:
        now = time.monotonic()
        if now < self._next:
            await sleep(self._next - now)
        self._next = time.monotonic() + (1 / self.bounds.rate if self.bounds.rate else 0.0)

    async def _rest(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.stop_if_wanted()
            await sleep(min(left, 1.0))


async def arrive(
    url: str,
    bounds: Bounds,
    *,
    stop_file: Path | None = None,
    told: Callable[[str], None] = lambda what: None,
) -> Visitor:
    """A visitor at a site. Off loopback never more than `MOST_RATE` questions a second are asked.

    Raises:
        NoSuchSite: nobody knows the host.
        ValueError: it is no address of a site.
    """
    place = Place.of(url if "://" in url else f"https://{url}")
    address = await found(place, local=True)
    loopback = is_loopback(address.host)
    rate = bounds.rate if loopback else min(bounds.rate or MOST_RATE, MOST_RATE)
    visitor = Visitor(place, _with_rate(bounds, rate), loopback, stop_file, told)
    visitor._client = OriginClient(address, _PATIENCE)
    return visitor


def sent_fields(ask: Ask, host: str) -> Pairs:
    """The header fields of a request as they are sent: what it does not say itself is what a browser says."""
    named = {name for name, _ in ask.headers}
    own_host = () if b"host" in named else ((b"host", host.encode()),)
    own_agent = () if b"user-agent" in named else ((b"user-agent", AGENT.encode()),)
    # An empty value means that the field is left out.
    kept = tuple((name, value) for name, value in ask.headers if value)
    return (*own_host, *own_agent, *(pair for pair in _FIELDS if pair[0] not in named), *kept)


def _with_rate(bounds: Bounds, rate: float) -> Bounds:
    return Bounds(bounds.questions, bounds.seconds, bounds.all_bytes, bounds.one, rate)


def _patience(reply: Reply) -> float | None:
    """For how many seconds the site wants to be left alone; None where it does not."""
    told = reply.header(b"retry-after")
    if reply.status != 429 and not (reply.status == 503 and told):
        return None
    if told.isdigit():
        return min(float(told), _MOST_WAIT)
    try:
        return min(max(parsedate_to_datetime(told).timestamp() - time.time(), 0.0), _MOST_WAIT)
    except (TypeError, ValueError):
        return 10.0


async def _one(body: bytes) -> AsyncIterator[bytes]:
    yield body
