"""A worker before a site that is not ours, over real sockets on both sides."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop
from tests.server.origin_gate import GATE_SAYS, Gate, gate_before, parsed, request, said
from tests.server.origin_sites import ARTICLE, SECRET, Newspaper, newspaper_site, static_site
from tests.sources.origin.raw_origin import QUICK, Talk, raw_origin

from foldline.sources.origin.fetch import What
from foldline.stores.home import Home
from foldline.stores.schema import migrate


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("home"))
    migrate(made)
    return made


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """On the event loop that workers have."""
    return uvloop.run(asyncio.wait_for(work, 40))


def asked(home: Home, newspaper: Newspaper, *requests: bytes) -> list[tuple[int, list[tuple[str, str]], bytes]]:
    async def act(port: int) -> list[tuple[int, list[tuple[str, str]], bytes]]:
        async with gate_before(port, home) as gate:
            return [parsed(await said(gate.port, one)) for one in requests]

    with newspaper_site(newspaper) as port:
        got: list[tuple[int, list[tuple[str, str]], bytes]] = run(act(port))
        return got


def test_what_is_passed_is_the_origins_answer(home: Home) -> None:
    """Status, body, and all of the header but what belongs to a hop or bears our names."""
    newspaper = Newspaper()
    form = b"item=a+bridge&n=2"
    told = ("Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}")
    requests = (
        request("GET", "/"),
        request("HEAD", "/"),
        request("GET", "/shop/cart?b=%2f;c&&d"),
        request("POST", "/shop/cart", *told, body=form),
        request("DELETE", "/shop/none"),
    )
    mine = asked(home, newspaper, *requests)
    with newspaper_site(newspaper) as port:
        secret = f"X-Foldline-Secret: {SECRET}"
        theirs = [parsed(run(said(port, one.replace(b"\r\n", f"\r\n{secret}\r\n".encode(), 1)))) for one in requests]
    hidden = {"date", "connection"}

    def ours(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [field for field in fields if field[0] not in hidden and "foldline" not in field[1]]

    assert [(one[0], ours(one[1]), one[2]) for one in mine] == [(one[0], ours(one[1]), one[2]) for one in theirs]
    assert [one[0] for one in mine] == [200, 200, 200, 303, 404]
    assert ("set-cookie", "cart=1") in mine[3][1]
    assert not [value for _, value in mine[3][1] if "foldline" in value]


def test_the_origin_is_told_who_asks_and_nothing_of_ours(home: Home) -> None:
    newspaper = Newspaper()
    lines = (
        "X-Forwarded-For: 66.249.66.1",
        "X-Original-URL: /news/a-bridge/",
        "Cookie: cart=1; __Host-foldline-pass=secret-of-a-reader",
    )
    asked(home, newspaper, request("GET", "/shop/cart", *lines))
    assert newspaper.seen[-1] == {
        "HTTP_HOST": "paper.example",
        "HTTP_COOKIE": "cart=1",
        "HTTP_X_FORWARDED_FOR": "127.0.0.1",
        "HTTP_X_FORWARDED_HOST": "paper.example",
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_REAL_IP": "127.0.0.1",
        "HTTP_X_FOLDLINE_SECRET": SECRET,
    }


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/old/a-bridge", 404),
        ("/news/a-bridge/x.css", 404),
        ("/api/articles/1", 404),
        ("/index.json", 404),
        ("/nothing", 404),
        ("/%2e%2e/news/a-bridge/", 400),
        ("/shop/..%2fnews/a-bridge/", 400),
    ],
)
def test_no_whole_text_comes_by_a_side_door(home: Home, target: str, status: int) -> None:
    lines = ("If-None-Match: *", "Range: bytes=0-9", 'If-Range: "whole"')
    for got in asked(
        home, Newspaper(), request("GET", target), request("HEAD", target), request("GET", target, *lines)
    ):
        assert got[0] == status
        assert got[2] in (GATE_SAYS, b"")
        assert not [field for field in got[1] if field[0] in ("etag", "last-modified", "content-range")]


def test_files_are_sent_and_redirects_without_their_text(home: Home) -> None:
    picture, script, redirect, unknown = asked(
        home,
        Newspaper(),
        request("GET", "/news/river.png"),
        request("GET", "/static/app.js"),
        request("GET", "/news/moved"),
        request("GET", "/unmapped-picture.png?w=200"),
    )
    assert picture[0] == unknown[0] == 200
    assert picture[2] == b"\x89PNG\r\n\x1a\n"
    assert script[2] == b"alert(1)"
    assert redirect[0] == 301
    assert redirect[2] == b""
    assert [field for field in redirect[1] if field[0] != "date"] == [
        ("location", "/news/a-bridge/"),
        ("content-length", "0"),
        ("connection", "close"),
    ]


def test_an_article_is_fetched_by_the_gate_and_never_forwarded(home: Home) -> None:
    newspaper = Newspaper()

    async def act(port: int) -> None:
        async with gate_before(port, home) as gate:
            raw = request("GET", "/news/a-bridge/?utm_source=x", "Cookie: cart=1", "Accept: application/json")
            assert parsed(await said(gate.port, raw))[2] == GATE_SAYS
            await said(gate.port, raw)
            surface = gate.link.surfaces.surface_of("GET", b"/news/a-bridge/", b"gift=1")
            got = await gate.link.fetch(surface)
            assert (got.what, got.page.body) == (What.PAGE, ARTICLE.encode())
            gate.link.drop(surface.page)
            await gate.link.fetch(surface)

    with newspaper_site(newspaper) as port:
        run(act(port))
    assert newspaper.asked == [("GET", "/news/a-bridge/")] * 2
    assert [set(seen) & {"HTTP_COOKIE", "HTTP_X_FORWARDED_FOR"} for seen in newspaper.seen] == [set(), set()]


def test_what_nobody_mapped_is_told_by_its_address(home: Home) -> None:
    async def act(port: int) -> list[tuple[bytes, bool]]:
        async with gate_before(port, home) as gate:
            for target in ("/old/a-bridge", "/static/a-bridge", "/index.json", "/news/river.png"):
                await said(gate.port, request("GET", target))
            return [(surface.target, surface.unmapped) for surface in gate.closed]

    with newspaper_site(Newspaper()) as port:
        assert run(act(port)) == [(b"/old/a-bridge", True), (b"/static/a-bridge", False)]


def test_a_folder_of_files_is_gated_too(home: Home, tmp_path: Path) -> None:
    pages = {
        "index.html": "Front",
        "news/river.html": ARTICLE,
        "news/river.txt": "GATED",
        "img/a.png": "png",
        "b/x.css": "p{}",
    }
    for name, text in pages.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    async def act(port: int) -> dict[str, tuple[int, bytes]]:
        targets = ("/", "/img/a.png", "/b/x.css", "/news/river.txt", "/news/river.html/", "/news/", "/news")
        async with gate_before(port, home) as gate:
            got = {target: parsed(await said(gate.port, request("GET", target))) for target in targets}
            surface = gate.link.surfaces.surface_of("GET", b"/news/river.html", b"")
            assert (await gate.link.fetch(surface)).page.body == ARTICLE.encode()
            return {target: (one[0], one[2]) for target, one in got.items()}

    with static_site(tmp_path) as port:
        got = run(act(port))
    assert got == {
        "/": (200, b"Front"),
        "/img/a.png": (200, b"png"),
        "/b/x.css": (200, b"p{}"),
        "/news/river.txt": (404, GATE_SAYS),
        "/news/river.html/": (404, GATE_SAYS),
        "/news/": (200, GATE_SAYS),
        "/news": (301, b""),
    }


@pytest.mark.parametrize(
    ("speech", "status"),
    [(b"", 502), (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 502), (None, 504)],
)
def test_an_origin_that_fails_is_answered_for_by_the_gate(home: Home, speech: bytes | None, status: int) -> None:
    async def answer(talk: Talk) -> None:
        await talk.request()
        if speech is None:
            await asyncio.sleep(10)
        else:
            await talk.say(speech)

    async def act() -> tuple[int, bytes]:
        async with raw_origin(answer) as origin, gate_before(origin.port, home) as gate:
            got = parsed(await said(gate.port, request("GET", "/shop/")))
            return got[0], got[2]

    assert run(act()) == (status, GATE_SAYS)


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        (("Content-Length: 99999999",), b"", 413),
        (("Transfer-Encoding: chunked",), b"200000\r\n" + b"x" * (2 << 20) + b"\r\n0\r\n\r\n", 413),
    ],
)
def test_a_body_that_is_too_large_is_refused(home: Home, lines: tuple[str, ...], body: bytes, status: int) -> None:
    async def never(talk: Talk) -> None:
        while await talk.reader.read(65_536):
            pass

    async def act() -> int:
        async with raw_origin(never) as origin, gate_before(origin.port, home) as gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
            writer.write(request("POST", "/shop/cart", *lines, body=body))
            first = await asyncio.wait_for(reader.readline(), 10)
            writer.transport.abort()
            return int(first.split()[1])

    assert run(act()) == status


def test_half_an_answer_never_looks_like_a_whole_one(home: Home) -> None:
    async def half(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

    async def act() -> bytes:
        async with raw_origin(half) as origin, gate_before(origin.port, home) as gate:
            return await said(gate.port, request("GET", "/shop/"))

    assert run(act()).endswith(b"\r\n\r\n5\r\nhello\r\n")


async def _endless(talk: Talk) -> None:
    await talk.request()
    await talk.say(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await talk.say(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        await asyncio.sleep(0)


async def _until_in_use(gate: Gate, connections: int) -> None:
    """Until so many connections to the origin are in use."""
    while gate.link._client._room._value != QUICK.connections - connections:
        await asyncio.sleep(0.02)


def test_a_reader_who_goes_away_lets_go_of_the_origin(home: Home) -> None:
    async def act() -> None:
        async with raw_origin(_endless) as origin, gate_before(origin.port, home) as gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
            writer.write(request("GET", "/shop/"))
            await reader.readexactly(200_000)
            await asyncio.wait_for(_until_in_use(gate, 1), 10)
            writer.transport.abort()
            await asyncio.wait_for(_until_in_use(gate, 0), 10)

    run(act())


def test_a_reader_who_takes_nothing_is_let_go(home: Home) -> None:
    async def act() -> None:
        async with raw_origin(_endless) as origin, gate_before(origin.port, home, readers_patience=0.3) as gate:
            _, writer = await asyncio.open_connection("127.0.0.1", gate.port, limit=1024)
            writer.write(request("GET", "/shop/"))
            await asyncio.wait_for(_until_in_use(gate, 1), 10)
            await asyncio.wait_for(_until_in_use(gate, 0), 10)
            writer.transport.abort()

    run(act())


def test_a_large_file_goes_through_in_little_memory(home: Home) -> None:
    megabytes = 200

    async def large(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: %d\r\n\r\n" % (megabytes << 20))
        piece = b"x" * (1 << 20)
        for _ in range(megabytes):
            await talk.say(piece)

    async def act() -> tuple[int, int]:
        process = psutil.Process()
        limits = replace(QUICK, between=10, whole=60)
        async with raw_origin(large) as origin, gate_before(origin.port, home, limits) as gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
            before, most, came = process.memory_info().rss, 0, 0
            writer.write(request("GET", "/img/large.mp4"))
            while data := await reader.read(1 << 20):
                if came >> 24 != (came + len(data)) >> 24:
                    most = max(most, process.memory_info().rss)
                came += len(data)
            writer.close()
            return came, most - before

    came, grown = run(act())
    assert came > megabytes << 20
    assert grown < 32 << 20


def test_nobody_may_change_the_protocol(home: Home) -> None:
    lines = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 13")
    newspaper = Newspaper()
    raw = request("GET", "/shop/cart", *lines).replace(b"Connection: close\r\n", b"", 1)

    async def act(port: int) -> bytes:
        async with gate_before(port, home) as gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
            writer.write(raw)
            first = await asyncio.wait_for(reader.readline(), 10)
            writer.transport.abort()
            return first

    with newspaper_site(newspaper) as port:
        assert run(act(port)).startswith(b"HTTP/1.1 200 ")
    assert "HTTP_UPGRADE" not in newspaper.seen[-1]
