"""Asks an origin over HTTP/1.1, spoken by h11: the target byte for byte, bodies in pieces, every wait with an end."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar
from urllib.parse import urlsplit

import h11

from foldline.errors import OriginUnavailable, UploadRefused
from foldline.sources.origin.headers import Field, Fields, is_unsendable
from foldline.sources.origin.wire import Wire

#: More interim answers (1xx) than these are no answer.
MOST_INTERIM = 8
Result = TypeVar("Result")

_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))


@dataclass(frozen=True, slots=True)
class Address:
    """Where an origin listens. `name` is whose certificate it must show, where that is not `host`."""

    host: str
    port: int
    tls: bool = False
    name: str = ""

    @classmethod
    def of(cls, url: str) -> Address:
        """The address in a URL, of which nothing else counts.

        Raises:
            ValueError: it is no http or https URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an origin has an http or https address")
        return cls(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80), parts.scheme == "https")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. `whole` counts the waiting for the origin alone, so that a slow reader may take their time."""

    connect: float = 3.0
    first_byte: float = 15.0
    between: float = 15.0
    whole: float = 120.0
    upload: float = 300.0
    idle: float = 15.0
    connections: int = 64
    most_head: int = 64 << 10
    most_upload: int = 32 << 20


@dataclass(frozen=True, slots=True)
class Upload:
    """A request's body. `length` is None where it was not told."""

    chunks: AsyncIterator[bytes]
    length: int | None = None


class _Line:
    """A connection with the protocol's state, and since when nobody uses it."""

    __slots__ = ("h11", "idle_since", "used", "wire")

    def __init__(self, wire: Wire, most_head: int) -> None:
        self.wire = wire
        self.h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=most_head)
        self.idle_since = 0.0
        self.used = False


class Answer:
    """An answer whose head is here. Its body is read by `chunks`, once; `close` must be called in the end, and `async
    with` does."""

    def __init__(
        self, client: OriginClient, line: _Line, head: h11.Response, upload: asyncio.Task[None] | None
    ) -> None:
        self.status = head.status_code
        self.headers: tuple[Field, ...] = tuple((bytes(name), bytes(value)) for name, value in head.headers)
        self._client = client
        self._line = line
        self._upload = upload
        self._left = client.limits.whole
        self._closed = False

    async def __aenter__(self) -> Answer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes.

        Raises:
            OriginUnavailable: it was cut off, is broken, or too slow. What was yielded then is no whole answer.
        """
        limits, line = self._client.limits, self._line
        while True:
            started = time.monotonic()
            event = await _within(min(limits.between, self._left), _event(line))
            self._left -= time.monotonic() - started
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return
            else:
                raise OriginUnavailable("cut off")

    async def body(self, most: int) -> bytes:
        """The whole body.

        Raises:
            OriginUnavailable: as `chunks`, or it is longer than `most` bytes.
        """
        told = next((value for name, value in self.headers if name == b"content-length"), b"0")
        if int(told) > most:
            raise OriginUnavailable("too large")
        came = bytearray()
        async with contextlib.aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                came += chunk
                if len(came) > most:
                    raise OriginUnavailable("too large")
        return bytes(came)

    def close(self) -> None:
        """Give the connection back where it may be asked again; drop it where anything is left over."""
        if self._closed:
            return
        self._closed = True
        uploaded = self._upload is None or self._upload.done()
        if not uploaded and self._upload is not None:
            self._upload.cancel()
        self._client.take_back(self._line, keep=uploaded)


class OriginClient:
    """A bounded pool of connections to one origin."""

    def __init__(self, address: Address, limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> None:
        self.address = address
        self.limits = limits or Limits()
        self._tls = (tls or ssl.create_default_context()) if address.tls else None
        self._idle: list[_Line] = []
        self._room = asyncio.Semaphore(self.limits.connections)

    async def ask(self, method: str, target: bytes, fields: Fields, upload: Upload | None = None) -> Answer:
        """Ask for a target, and wait for the head of the answer. `fields` are sent in their order, with the framing
        behind them.

        Raises:
            OriginUnavailable: it can't be reached, is too slow, or what it says is no HTTP.
            UploadRefused: the body is too large, or did not come.
        """
        if upload is not None and upload.length is not None and upload.length > self.limits.most_upload:
            raise UploadRefused(413)
        safe = upload is None and method in _SAFE
        if self._room.locked():
            await _within(self.limits.connect, self._room.acquire(), "busy")
        else:
            await self._room.acquire()
        handed = False
        try:
            answer = await self._ask(method, target, fields, upload, safe)
            handed = True
            return answer
        finally:
            if not handed:
                self._room.release()

    async def _ask(self, method: str, target: bytes, fields: Fields, upload: Upload | None, safe: bool) -> Answer:
        # Only what may be asked twice goes over a connection that the origin may be closing just now (RFC 9110, 9.2.2).
        line = self._rested() if safe else None
        if line is not None:
            try:
                return await self._exchange(line, method, target, fields, upload)
            except OriginUnavailable as error:
                if line.wire.received or error.why != "cut off":
                    raise
        return await self._exchange(await self._connect(), method, target, fields, upload)

    async def _exchange(self, line: _Line, method: str, target: bytes, fields: Fields, upload: Upload | None) -> Answer:
        sending: asyncio.Task[None] | None = None
        head = None
        try:
            framing: list[Field] = []
            if upload is not None:
                told = upload.length
                framing = [(b"transfer-encoding", b"chunked") if told is None else (b"content-length", b"%d" % told)]
            start = line.h11.send(h11.Request(method=method, target=target, headers=[*fields, *framing])) or b""
            if upload is None:
                start += line.h11.send(h11.EndOfMessage()) or b""
            try:
                await _within(self.limits.between, line.wire.send(start))
            except OSError as error:
                raise OriginUnavailable("cut off") from error
            if upload is not None:
                sending = asyncio.create_task(self._upload(line, upload))
                sending.add_done_callback(_heard)
            head = await self._head(line, sending)
            return Answer(self, line, head, sending)
        except h11.LocalProtocolError as error:
            raise OriginUnavailable("broken", "the request can't be sent") from error
        finally:
            if head is None:
                if sending is not None:
                    sending.cancel()
                line.wire.drop()

    async def _head(self, line: _Line, sending: asyncio.Task[None] | None) -> h11.Response:
        if sending is None:
            return await _within(self.limits.first_byte, _read_head(line))
        reading = asyncio.ensure_future(_read_head(line))
        try:
            await asyncio.wait((reading, sending), timeout=self.limits.upload, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done() and not sending.done():
                raise UploadRefused(408)
            if sending.done() and (failure := sending.exception()) is not None:
                raise failure if isinstance(failure, UploadRefused) else UploadRefused(400)
            return await _within(self.limits.first_byte, reading)
        finally:
            reading.cancel()

    async def _upload(self, line: _Line, upload: Upload) -> None:
        try:
            await self._send(line, upload)
        except BaseException:
            # Half a request must never look like a whole one, nor be followed by another.
            line.wire.drop()
            raise

    async def _send(self, line: _Line, upload: Upload) -> None:
        """Pass a body on. An origin that takes no more has perhaps answered already: that is for who reads to see."""
        sent = 0
        while True:
            try:
                chunk = await asyncio.wait_for(anext(upload.chunks, None), self.limits.between)
            except TimeoutError as error:
                raise UploadRefused(408) from error
            if chunk is None:
                break
            sent += len(chunk)
            if sent > self.limits.most_upload or (upload.length is not None and sent > upload.length):
                raise UploadRefused(413)
            if chunk:
                try:
                    await asyncio.wait_for(
                        line.wire.send(line.h11.send(h11.Data(data=chunk)) or b""), self.limits.between
                    )
                except (OSError, TimeoutError, h11.LocalProtocolError):
                    return
        if upload.length is not None and sent < upload.length:
            raise UploadRefused(400)
        with contextlib.suppress(OSError, h11.LocalProtocolError):
            await line.wire.send(line.h11.send(h11.EndOfMessage()) or b"")

    def _rested(self) -> _Line | None:
        while self._idle:
            line = self._idle.pop()
            if line.wire.fresh and time.monotonic() - line.idle_since < self.limits.idle:
                line.wire.awake()
                return line
            line.wire.drop()
        return None

    async def _connect(self) -> _Line:
        loop = asyncio.get_running_loop()
        where = self.address
        name = (where.name or where.host) if where.tls else None
        try:
            async with asyncio.timeout(self.limits.connect):
                _, wire = await loop.create_connection(
                    Wire, where.host, where.port, ssl=self._tls, server_hostname=name
                )
        except (OSError, TimeoutError) as error:
            raise OriginUnavailable("connect") from error
        return _Line(wire, self.limits.most_head)

    def take_back(self, line: _Line, *, keep: bool) -> None:
        """The end of an exchange."""
        self._room.release()
        state = line.h11
        if keep and state.our_state is h11.DONE and state.their_state is h11.DONE and not state.trailing_data[0]:
            state.start_next_cycle()
            if line.wire.fresh and len(self._idle) < self.limits.connections:
                line.wire.rest()
                line.idle_since = time.monotonic()
                self._idle.append(line)
                return
        line.wire.drop()

    def close(self) -> None:
        """Drop what rests. What is being read ends by itself."""
        while self._idle:
            self._idle.pop().wire.drop()


async def _read_head(line: _Line) -> h11.Response:
    for _ in range(MOST_INTERIM + 1):
        event = await _event(line)
        if isinstance(event, h11.Response):
            names = [name for name, _ in event.headers]
            if b"content-length" in names and b"transfer-encoding" in names:
                # Two lengths: whoever believes the other one reads another answer (RFC 9112, 6.3).
                raise OriginUnavailable("broken", "two lengths")
            if is_unsendable(event.headers):
                raise OriginUnavailable("broken", "control bytes in a field")
            return event
        if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
            break
    raise OriginUnavailable("broken", "no answer")


async def _event(line: _Line) -> object:
    """The next thing that the origin said."""
    ended = False
    try:
        while (event := line.h11.next_event()) is h11.NEED_DATA:
            data = await line.wire.receive()
            ended = not data
            line.h11.receive_data(data)
    except h11.RemoteProtocolError as error:
        raise OriginUnavailable("cut off" if ended else "broken") from error
    except OSError as error:
        raise OriginUnavailable("cut off") from error
    return "cut off" if isinstance(event, h11.ConnectionClosed) else event


async def _within(seconds: float, waiting: Awaitable[Result], why: str = "slow") -> Result:
    try:
        async with asyncio.timeout(seconds):
            return await waiting
    except TimeoutError as error:
        raise OriginUnavailable(why) from error


def _heard(task: asyncio.Task[None]) -> None:
    """How an upload ended is told by its answer; asking for it here keeps the loop from asking again."""
    if not task.cancelled():
        task.exception()
