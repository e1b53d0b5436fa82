"""Every spelling of group E of the catalogue of leaks, through the gate, to an origin that takes any reading."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop
from tests.server.origin_gate import GATE_SAYS, gate_before, parsed, request, said
from tests.sources.origin.raw_origin import Talk, ok, raw_origin
from tests.sources.origin.spellings import LENIENT, strict

from foldline.sources.origin import surfaces
from foldline.stores.home import Home
from foldline.stores.schema import migrate

ARTICLE = "/news/a-bridge/"
#: What gives the whole text away: the article, and its side doors.
WHOLE = (ARTICLE, "/news/a-bridge.html", "/news/a-bridge", "/news/a-bridge/feed/", "/index.json", "/search/")
TEXT = b"GATED words of the rest"

BEFORE = (
    "",
    "/",
    "/.",
    "/x/..",
    "/%2e",
    "/%2e%2e",
    "/;x",
    "/..;",
    "/tags/..",
    "/tags/%2e%2e",
    "/shop/..%2f..",
    "/img/../",
)
AFTER = (
    *(
        "",
        "/",
        "//",
        "x.css",
        ";.css",
        "%2fx.css",
        ";jsessionid=1",
        ".",
        "%20",
        "%00",
        "%09",
        "%0a",
        "%0d",
        "%23",
        "%3f",
    ),
    *("%23.css", "%3fx.css", "~", "::$DATA", "..%2f", "%2e%2e/", "%5c", "\\", "index.html", "amp/", "print/", "feed"),
    *("%e2%80%8b", "%ef%bc%8f", "%c0%af", "%252f", "?x=.css", "?amp=1", "?s=bridge", "?format=json", "/robots.txt/.."),
)
WITHIN = (
    *(
        "/NEWS/a-bridge/",
        "/news/A-Bridge/",
        "/%6eews/a-bridge/",
        "/news%2fa-bridge/",
        "/news%2Fa-bridge%2F",
        "/news%5ca-bridge/",
    ),
    *(
        "/news\\a-bridge/",
        "/news/%61-bridge/",
        "/news/%2561-bridge/",
        "/news//a-bridge/",
        "/news/./a-bridge/",
        "/news;x/a-bridge/",
    ),
    *("/news/x/../a-bridge/", "/news/x/%2e%2e/a-bridge/", "/news/a%E2%80%8B-bridge/", "/news/a%C2%AD-bridge/"),
    *("/n%ef%bd%85ws/a-bridge/", "/news%ef%bc%8fa-bridge/", "/news/a-bridge%u002f", "/tags/..%2fnews%2fa-bridge%2f"),
    *(
        "/static/..%2fnews/a-bridge/",
        "/shop/..%2fnews/a-bridge/",
        "/shop/%2e%2e%2fnews/a-bridge/",
        "/shop/..;/news/a-bridge/",
    ),
    *(
        "/shop/..%5cnews/a-bridge/",
        "/shop//../news/a-bridge/",
        "/tags/x/..;/../news/a-bridge/",
        "/shop/.%2e/news/a-bridge/",
    ),
    *("/tags/%2e%2e%2fnews%2fa-bridge%2f", "/theme/x.css/../../news/a-bridge/", "/img/%252e%252e/news/a-bridge/x.png"),
)


def spellings() -> Iterator[str]:
    yield from (before + ARTICLE + after for before, after in itertools.product(BEFORE, AFTER))
    yield from (before + whole for before, whole in itertools.product(BEFORE, WHOLE))
    yield from (within + after for within, after in itertools.product(WITHIN, ("", ";.css", "?x=1", "%20", "x.png")))


async def _gives_away(talk: Talk) -> None:
    """Any reading will do: a kinder origin than there is."""
    while heard := await talk.request():
        path = heard.split(b" ")[1].partition(b"?")[0]
        read = {reader(path) for reader in (strict, *LENIENT.values())}
        whole = bool(read & {*WHOLE, "/NEWS/A-BRIDGE/"})
        kind = b"text/html" if whole else b"text/css"
        await talk.say(ok(TEXT if whole else b"p{}", b"Content-Type: %s\r\n" % kind))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    migrate(made)
    return made


def asked_for_all(home: Home) -> tuple[list[str], dict[int, int]]:
    """The spellings that brought the text, and how often each status was answered."""

    async def act() -> tuple[list[str], dict[int, int]]:
        leaked: list[str] = []
        statuses: dict[int, int] = {}
        async with raw_origin(_gives_away) as origin, gate_before(origin.port, home) as gate:
            for target in spellings():
                status, _, body = parsed(await said(gate.port, request("GET", target)))
                statuses[status] = statuses.get(status, 0) + 1
                if TEXT in body:
                    leaked.append(target)
                else:
                    assert status == 200 or body == GATE_SAYS or body.startswith(b"Invalid HTTP")
        return leaked, statuses

    return uvloop.run(asyncio.wait_for(act(), 120))


def test_no_spelling_of_an_article_brings_its_rest_from_an_origin_that_takes_them_all(home: Home) -> None:
    leaked, statuses = asked_for_all(home)
    assert leaked == []
    assert set(statuses) == {200, 400, 404}
    assert min(statuses.values()) > 5


def test_a_gate_that_reads_a_path_in_one_way_only_would_be_found_out(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_way(path: bytes) -> tuple[str, ...]:
        return () if (read := strict(path)) is None else (read,)

    monkeypatch.setattr(surfaces, "readings", one_way)
    leaked, _ = asked_for_all(home)
    assert {"/shop/..%2fnews/a-bridge/", "/shop/..%5cnews/a-bridge/", "/shop/..;/news/a-bridge/"} <= set(leaked)
