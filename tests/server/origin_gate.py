"""A worker's way with an origin, served over real sockets, and a client that says what it is told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import uvicorn
from tests.server.origin_sites import SECRET
from tests.sources.origin.raw_origin import QUICK

from foldline.gate.asgi import Receive, Scope, Send
from foldline.gate.request import Request
from foldline.server.origin_link import OriginLink
from foldline.sources.origin.client import Address, Limits
from foldline.sources.origin.surface_file import read_map
from foldline.sources.origin.surfaces import Kind, Surface
from foldline.stores.fetched import FetchedPages
from foldline.stores.home import Home

MAP = """
profile = "static"

[[route]]
name = "shop"
kind = "passed"
paths = ["/shop/**"]
methods = "all"
"""

GATE_SAYS = b"gate"


@dataclass
class Gate:
    link: OriginLink
    closed: list[Surface]
    port: int = 0
    articles: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What a worker does with a request, as far as the origin has to do with it."""
        client = scope["client"][0]
        request = Request(scope["method"], scope["raw_path"], scope["query_string"], scope["headers"], client)
        surface = self.link.surface_of(request)
        status = surface.status
        if surface.kind is Kind.ARTICLE:
            status = (await self.link.fetch(surface)).page.status
            self.articles += 1
        elif surface.kind is not Kind.CLOSED:
            status = await self.link.forward(surface, request, receive, send)
        if status:
            await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"4")]})
            await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else GATE_SAYS})


@contextlib.asynccontextmanager
async def gate_before(
    port: int, home: Home, limits: Limits = QUICK, readers_patience: float = 60.0
) -> AsyncIterator[Gate]:
    closed: list[Surface] = []
    link = OriginLink(
        read_map(MAP, "map.toml"),
        Address("127.0.0.1", port),
        FetchedPages(home),
        host=b"paper.example",
        scheme=b"https",
        secret=SECRET.encode(),
        hosts=frozenset((b"paper.example",)),
        limits=limits,
        on_closed=closed.append,
        readers_patience=readers_patience,
    )
    gate = Gate(link, closed)
    config = uvicorn.Config(
        gate, http="httptools", ws="none", lifespan="off", interface="asgi3", access_log=False, server_header=False,
        proxy_headers=False, log_level="critical", timeout_graceful_shutdown=1,
    )  # fmt: skip
    with contextlib.closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        gate.port = listening.getsockname()[1]
        try:
            yield gate
        finally:
            server.should_exit = True
            await serving
            await link.close()
            await asyncio.sleep(0)


async def said(port: int, raw: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    came = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    return came


def request(method: str, target: str, *lines: str, body: bytes = b"") -> bytes:
    head = [f"{method} {target} HTTP/1.1", "Host: paper.example", "Connection: close", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def parsed(answer: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = [tuple(line.split(": ", 1)) for line in lines]
    return int(first.split()[1]), [(name.lower(), value) for name, value in fields], body
