"""Two clients that hide nothing: one calls the gate in this process, one writes raw bytes to a socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from foldline.gate.asgi import GateApp
from foldline.testing.answers import Answer

Headers = Iterable[tuple[bytes, bytes]]

#: Seconds until a server that says nothing more is taken to be done.
QUIET = 5.0


class GateClient:
    """Calls a gate as its server would. Headers go in as given, with `Host` in front unless one is among them."""

    def __init__(self, app: GateApp, host: bytes, loop: asyncio.AbstractEventLoop, peer: str = "192.0.2.7") -> None:
        self._app = app
        self._host = host
        self._loop = loop
        self._peer = peer

    def ask(self, method: str, target: bytes, headers: Headers = (), body: bytes = b"") -> Answer:
        """One request; `target` is the raw path with its query."""
        return self._loop.run_until_complete(self._ask(method, target, headers, body))

    def get(self, path: str, headers: Headers = ()) -> Answer:
        return self.ask("GET", path.encode(), headers)

    def read(self, article: int, headers: Headers = (), *, fragment: bool = True) -> Answer:
        """`POST /-/read` as the page's own script sends it, or as its plain form does."""
        fields = {"article": str(article)} | ({"answer": "fragment"} if fragment else {})
        ours = ((b"content-type", b"application/x-www-form-urlencoded"), (b"sec-fetch-site", b"same-origin"))
        return self.ask("POST", b"/-/read", (*ours, *headers), urlencode(fields).encode())

    async def _ask(self, method: str, target: bytes, headers: Headers, body: bytes) -> Answer:
        path, _, query = target.partition(b"?")
        given = [(name.lower(), value) for name, value in headers]
        if not any(name == b"host" for name, _ in given):
            given.insert(0, (b"host", self._host))
        sent: list[Any] = []

        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                # A client that waits for its answer says nothing more, and does not go.
                await asyncio.Future()
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "raw_path": path,
            "query_string": query,
            "headers": given,
            "client": (self._peer, 50_000),
        }
        await self._app(scope, receive, send)
        start, *rest = sent
        return Answer(start["status"], tuple(start["headers"]), b"".join(message.get("body", b"") for message in rest))


class WireClient:
    """Speaks HTTP/1.1 byte for byte: nothing is added to what it is told to send."""

    def __init__(self, address: tuple[str, int], host: bytes) -> None:
        self._address = address
        self._host = host

    def request_bytes(self, method: str, target: bytes, headers: Headers = (), body: bytes = b"") -> bytes:
        """A request as bytes. `Host` is added in front unless it is given, `Content-Length` where there is a body."""
        given = list(headers)
        names = {name.lower() for name, _ in given}
        if b"host" not in names:
            given.insert(0, (b"Host", self._host))
        if body and not names & {b"content-length", b"transfer-encoding"}:
            given.append((b"Content-Length", b"%d" % len(body)))
        lines = b"".join(b"%s: %s\r\n" % pair for pair in given)
        return b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method.encode(), target, lines, body)

    def ask(self, method: str, target: bytes, headers: Headers = (), body: bytes = b"") -> Answer:
        """One request on a connection of its own."""
        asked = (*headers, (b"Connection", b"close"))
        return self.send(self.request_bytes(method, target, asked, body), head=method == "HEAD")[0]

    def send(self, raw: bytes, *, answers: int = 1, head: bool = False) -> list[Answer]:
        """Write bytes and read up to so many answers. An answer that never came has the status 0."""
        with socket.create_connection(self._address, timeout=QUIET) as connection:
            connection.sendall(raw)
            reader = _Reader(connection)
            return [reader.answer(head=head, last=number == answers - 1) for number in range(answers)]


class _Reader:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._waiting = b""
        self._closed = False

    def answer(self, *, head: bool, last: bool) -> Answer:
        while b"\r\n\r\n" not in self._waiting and self._more():
            pass
        top, found, self._waiting = self._waiting.partition(b"\r\n\r\n")
        if not found:
            return Answer(0, (), top, self._closed)
        first, *lines = top.split(b"\r\n")
        pairs = (line.partition(b":") for line in lines)
        headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
        answer = Answer(int(first.split(b" ")[1]), headers)
        length = int(answer.header(b"content-length") or 0)
        wanted = 0 if head or answer.status in (204, 304) or answer.status < 200 else length
        while len(self._waiting) < wanted and self._more():
            pass
        body, self._waiting = self._waiting[:wanted], self._waiting[wanted:]
        if last:
            self._drain(answer)
            body += self._waiting
        return Answer(answer.status, headers, body, self._closed)

    def _drain(self, answer: Answer) -> None:
        """What comes behind the last answer belongs to it: a server that says more than its length says too much."""
        if answer.header(b"connection") == b"close":
            while self._more():
                pass
            return
        self._connection.settimeout(0.02)
        self._more()

    def _more(self) -> bool:
        if self._closed:
            return False
        try:
            data = self._connection.recv(1 << 16)
        except TimeoutError:
            return False
        except ConnectionError:
            data = b""
        self._closed = not data
        self._waiting += data
        return bool(data)
