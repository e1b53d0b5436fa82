"""An HTTP client for many who come at once: connections that stay, from as many addresses of loopback."""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import httptools

#: Seconds until a visitor gives up.
PATIENCE = 30.0


@dataclass(slots=True)
class Answer:
    """What came back. `status` is 0 where nothing did, and `text` then says what went wrong."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)
    text: bytes = b""


class _Line(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self.open = True
        self._transport: asyncio.Transport | None = None
        self._waits: asyncio.Future[Answer] | None = None
        self._begin()

    def _begin(self) -> None:
        self._answer, self._parts = Answer(), list[bytes]()
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        if self._waits is not None and not self._waits.done():
            self._waits.set_result(Answer(text=f"the connection was lost: {error}".encode()))

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.close()
            if self._waits is not None and not self._waits.done():
                self._waits.set_result(Answer(text=f"no HTTP: {error}".encode()))

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"set-cookie":
            self._answer.set_cookies.append(value.decode("latin-1"))
        self._answer.headers[name.lower().decode()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        answer = self._answer
        answer.status = self._parser.get_status_code()
        text = b"".join(self._parts)
        answer.text = zlib.decompress(text, 31) if answer.headers.get("content-encoding") == "gzip" else text
        if not self._parser.should_keep_alive():
            self.close()
        waits, self._waits = self._waits, None
        self._begin()
        if waits is not None and not waits.done():
            waits.set_result(answer)

    async def ask(self, request: bytes) -> Answer:
        assert self._transport is not None
        self._waits = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await asyncio.wait_for(self._waits, PATIENCE)
        except TimeoutError:
            self.close()
            return Answer(text=b"no answer in time")

    def close(self) -> None:
        self.open = False
        if self._transport is not None:
            self._transport.close()


class Web:
    """Asks one server. `host` is what readers type."""

    def __init__(self, port: int, host: str) -> None:
        self._port, self._host = port, host
        self._idle: dict[str, list[_Line]] = defaultdict(list)

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"", *, source: str
    ) -> Answer:
        """One request from an address of loopback. What fails is an answer with the status 0."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", "Accept-Encoding: gzip"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines += [f"Content-Length: {len(body)}", "Content-Type: application/x-www-form-urlencoded"]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        idle = self._idle[source]
        line = next((one for one in iter(lambda: idle.pop() if idle else None, None) if one.open), None)
        try:
            line = line or await self._connected(source)
        except OSError as error:
            return Answer(text=f"no connection: {error}".encode())
        answer = await line.ask(request)
        if line.open:
            idle.append(line)
        return answer

    async def _connected(self, source: str) -> _Line:
        loop = asyncio.get_running_loop()
        _, line = await loop.create_connection(_Line, "127.0.0.1", self._port, local_addr=(source, 0))
        return line

    def close(self) -> None:
        """Let go of every connection."""
        for lines in self._idle.values():
            for line in lines:
                line.close()
