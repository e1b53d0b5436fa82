"""The short way writes what uvicorn's own way writes, byte for byte, and takes only what it may."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from tests.gate.newspaper import Newspaper, open_newspaper

from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.server.protocol import GateProtocol, head_of

HOST = b"Host: 127.0.0.1:8080\r\n"


@pytest.fixture
def paper(tmp_path: Path) -> Newspaper:
    return open_newspaper(tmp_path)


@contextlib.asynccontextmanager
async def served(paper: Newspaper, http: Any, *, patience: int = 5) -> AsyncIterator[int]:
    config = uvicorn.Config(
        paper.worker.app, http=http, ws="none", lifespan="off", interface="asgi3", access_log=False,
        server_header=False, proxy_headers=False, log_level="error", timeout_keep_alive=patience,
    )  # fmt: skip
    with contextlib.closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serving


async def said(port: int, raw: bytes, *, end: bool = True) -> bytes:
    """Everything that comes back on one connection, the date left out."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    if end:
        writer.write(b"GET /free HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    came = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    return re.sub(rb"date: [^\r]+\r\n", b"", came)


def both_ways(paper: Newspaper, raw: bytes, *, end: bool = True) -> tuple[bytes, bytes]:
    async def ask() -> tuple[bytes, bytes]:
        async with served(paper, GateProtocol) as short, served(paper, "httptools") as long:
            return await said(short, raw, end=end), await said(long, raw, end=end)

    return asyncio.run(ask())


def get(path: bytes, more: bytes = b"", method: bytes = b"GET") -> bytes:
    return b"%s %s HTTP/1.1\r\n%s%s\r\n" % (method, path, HOST, more)


REQUESTS = {
    "a free article": get(b"/free"),
    "a preview": get(b"/metered"),
    "gzip": get(b"/metered", b"Accept-Encoding: gzip\r\n"),
    "a HEAD": get(b"/metered", method=b"HEAD"),
    "nothing there": get(b"/nothing?a=b"),
    "a redirect": get(b"/old-name"),
    "a withdrawn article": get(b"/withdrawn"),
    "an ambiguous path": get(b"/a//b/%2e%2e/c"),
    "another host": b"GET /metered HTTP/1.1\r\nHost: elsewhere\r\n\r\n",
    "two hosts": b"GET /metered HTTP/1.1\r\nHost: elsewhere\r\n" + HOST + b"\r\n",
    "who reads": get(b"/-/me"),
    "a picture that is none": get(b"/-/media/" + b"0" * 32 + b".webp"),
    "the site that is down": get(b"/-/account"),
    "three at once": get(b"/free") + get(b"/-/account") + get(b"/metered"),
    "a body on a GET": get(b"/metered", b"Content-Length: 3\r\n") + b"abc",
    "chunks on a GET": get(b"/metered", b"Transfer-Encoding: chunked\r\n") + b"3\r\nabc\r\n0\r\n\r\n",
    "a POST": get(b"/-/read", b"Content-Length: 9\r\nSec-Fetch-Site: same-origin\r\n", b"POST") + b"article=4",
    "an expectation": get(b"/metered", b"Expect: 100-continue\r\n"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_both_ways_write_the_same_bytes(paper: Newspaper, name: str) -> None:
    short, long = both_ways(paper, REQUESTS[name])
    assert short == long
    assert short.startswith(b"HTTP/1.1 ")


def test_a_fresh_pass_takes_the_short_way_and_a_stale_one_waits_for_the_store(paper: Newspaper) -> None:
    paper.sign_in({1: 0})
    cookie = "; ".join(f"{name}={value}" for name, value in paper.jar.items()).encode()
    raw = get(b"/subscribers", b"Cookie: " + cookie + b"\r\n")
    fresh, fresh_long = both_ways(paper, raw)
    assert fresh == fresh_long
    assert b"the water went next door" in fresh
    paper.clock.time += 301
    stale, stale_long = both_ways(paper, raw)
    assert b"set-cookie: __Host-foldline-pass=" in stale
    assert stale.count(b"the water went next door") == stale_long.count(b"the water went next door") == 1


@pytest.mark.parametrize(
    "raw", [b"GET /metered HTTP/1.0\r\n" + HOST + b"\r\n", get(b"/metered", b"Connection: close\r\n")]
)
def test_a_connection_that_ends_is_ended_both_ways(paper: Newspaper, raw: bytes) -> None:
    short, long = both_ways(paper, raw, end=False)
    assert short == long
    assert b"connection: close" in short


def test_a_reader_who_asks_much_and_reads_nothing_fills_no_memory(paper: Newspaper) -> None:
    async def ask() -> int:
        async with served(paper, GateProtocol) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(get(b"/free") * 50_000)
            await asyncio.sleep(0.5)
            held = sum(
                transport.get_write_buffer_size()
                for protocol in _protocols()
                if (transport := protocol.transport) is not None
            )
            writer.transport.abort()
            await asyncio.sleep(0.05)
            return held

    assert asyncio.run(ask()) < 1 << 20


def _protocols() -> list[GateProtocol]:
    return [thing for thing in gc.get_objects() if type(thing) is GateProtocol]


@pytest.mark.parametrize(("after", "waits"), [(0, 0), (301, 1)])
def test_only_a_visit_that_must_wait_becomes_a_task(paper: Newspaper, after: int, waits: int) -> None:
    paper.sign_in({1: 0})
    cookie = "; ".join(f"{name}={value}" for name, value in paper.jar.items()).encode()
    paper.clock.time += after
    driven = []
    run = paper.worker.app.run

    async def counted(request: Request) -> Response:
        driven.append(request.path)
        return await run(request)

    paper.worker.app.run = counted  # type: ignore[method-assign]

    async def ask() -> None:
        async with served(paper, GateProtocol) as port:
            await said(port, get(b"/subscribers", b"Cookie: " + cookie + b"\r\n"))

    asyncio.run(ask())
    assert driven.count(b"/subscribers") == waits


def test_a_visit_is_noted_once_whichever_way_it_goes(paper: Newspaper) -> None:
    noted: list[int] = []
    paper.worker.state.note = lambda article, decision, **_more: noted.append(article)
    both_ways(paper, get(b"/metered"))
    assert noted == [3, 3]


@pytest.mark.parametrize("target", [b"http://127.0.0.1:8080/metered", b"//elsewhere/metered", b"*"])
def test_a_target_that_is_no_path_is_refused(paper: Newspaper, target: bytes) -> None:
    async def ask() -> bytes:
        async with served(paper, GateProtocol) as port:
            return await said(port, get(target))

    assert asyncio.run(ask()).startswith(b"HTTP/1.1 400 ")


def test_a_field_that_would_break_the_frame_is_never_written() -> None:
    with pytest.raises(ValueError, match="field"):
        head_of(Response(200, ((b"x", b"a\r\nset-cookie: b=c"), (b"content-length", b"0"))), ())
    with pytest.raises(ValueError, match="length"):
        head_of(Response(200, ()), ())
    assert head_of(Response(304, ()), ()) == b"HTTP/1.1 304 Not Modified\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"x: aaaaaaaaaaaaaaaaaaaa\r\n" * 40_000,
        b"x: " + b"a" * 2_000_000 + b"\r\n",
        b"Cookie: " + b"a=b;" * 500_000 + b"\r\n",
    ],
    ids=["many lines", "one long line", "many cookies"],
)
def test_a_head_that_is_too_large_is_refused_before_it_costs_anything(paper: Newspaper, head: bytes) -> None:
    async def ask() -> bytes:
        async with served(paper, GateProtocol) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(ConnectionError):
                writer.write(b"GET /metered HTTP/1.1\r\n" + HOST + head + b"\r\n")
                await writer.drain()
            try:
                return await asyncio.wait_for(reader.read(12), 5)
            except ConnectionError:
                return b""
            finally:
                writer.transport.abort()

    assert asyncio.run(ask()) in (b"HTTP/1.1 400", b"")


def test_a_large_body_is_no_large_head(paper: Newspaper) -> None:
    body = b"article=10&x=" + b"y" * 300_000
    raw = get(b"/-/read", b"Content-Length: %d\r\nSec-Fetch-Site: same-origin\r\n" % len(body), b"POST") + body
    short, long = both_ways(paper, raw)
    assert short == long
    assert short.startswith(b"HTTP/1.1 413")


def test_a_connection_is_kept_while_it_is_used_and_closed_when_it_is_not(paper: Newspaper) -> None:
    async def ask() -> float:
        loop = asyncio.get_running_loop()
        async with served(paper, GateProtocol, patience=1) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            began = loop.time()
            while loop.time() - began < 1.5:
                writer.write(get(b"/free", method=b"HEAD"))
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
                assert head.startswith(b"HTTP/1.1 200 ")
                used = loop.time()
                await asyncio.sleep(0.3)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()
            return loop.time() - used

    assert 0.9 < asyncio.run(ask()) < 4


def test_a_timer_that_runs_out_in_the_middle_of_a_request_closes_nothing(paper: Newspaper) -> None:
    async def ask() -> bytes:
        async with served(paper, GateProtocol, patience=1) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(get(b"/free", method=b"HEAD"))
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            whole = get(b"/metered", method=b"HEAD")
            writer.write(whole[:10])
            await asyncio.sleep(1.3)
            writer.write(whole[10:])
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            writer.close()
            return head

    assert asyncio.run(ask()).startswith(b"HTTP/1.1 200 ")
