"""An origin that says exactly the bytes that a test wants, and remembers exactly those that it heard."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from foldline.sources.origin.client import Address, Limits, OriginClient

#: Quick ends, so that a test of slowness is quick.
QUICK = Limits(connect=2, first_byte=1, between=1, whole=2, upload=1, idle=5, connections=4, most_upload=1 << 20)

Speech = Callable[["Talk"], Awaitable[None]]


@dataclass
class Talk:
    """One connection to the origin."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    heard: list[bytes] = field(default_factory=list)

    async def request(self) -> bytes:
        """The next request, body and all; b"" at the end."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        length = re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)
        body = b""
        if length:
            body = await self.reader.readexactly(int(length[1]))
        elif b"transfer-encoding: chunked" in head.lower():
            body = await self.reader.readuntil(b"0\r\n\r\n")
        self.heard.append(head + body)
        return head + body

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()


class RawOrigin:
    """`speech` is called for every connection; `heard` holds each request in the order in which they came."""

    def __init__(self, speech: Speech) -> None:
        self.speech = speech
        self.talks: list[Talk] = []
        self.port = 0

    @property
    def heard(self) -> list[bytes]:
        return [request for talk in self.talks for request in talk.heard]

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.port)

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = Talk(len(self.talks), reader, writer)
        self.talks.append(talk)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self.speech(talk)
        writer.close()


@contextlib.asynccontextmanager
async def raw_origin(speech: Speech) -> AsyncIterator[RawOrigin]:
    origin = RawOrigin(speech)
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.ensure_future(origin.meet(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    origin.port = server.sockets[0].getsockname()[1]
    try:
        yield origin
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            with contextlib.suppress(AttributeError):  # asyncio's way to say that it is closed already
                writer.transport.abort()
        await asyncio.sleep(0)
        await server.wait_closed()


@contextlib.asynccontextmanager
async def asking(speech: Speech, limits: Limits = QUICK) -> AsyncIterator[tuple[OriginClient, RawOrigin]]:
    """A client and the origin that it asks."""
    async with raw_origin(speech) as origin:
        client = OriginClient(origin.address, limits)
        try:
            yield client, origin
        finally:
            client.close()
            await asyncio.sleep(0)


def always(*pieces: bytes) -> Speech:
    """The same bytes for every request."""

    async def speech(talk: Talk) -> None:
        while await talk.request():
            await talk.say(*pieces)

    return speech


def once(*pieces: bytes, wait: float = 0.0) -> Speech:
    """The same bytes for one request, then the end, after `wait` seconds."""

    async def speech(talk: Talk) -> None:
        await talk.request()
        await talk.say(*pieces)
        await asyncio.sleep(wait)

    return speech


def ok(body: bytes, more: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), more, body)
