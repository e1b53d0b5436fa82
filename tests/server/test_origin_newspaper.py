"""A site that is not ours behind a real worker: previews and wholes of its own pages, and everything else as it is."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.server.origin_sites import Newspaper, newspaper_site

from foldline.clock import SystemClock
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.signed import cookies
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.mode import Mode
from foldline.stores.records import RecordWriter
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, home_at, in_mode
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.processes import GateProcess

SECRET = "the gate is known to its origin by this"
CANARY = "the ferryman kept the seventh ledger under the floor"
REST = f"<p>What nobody had asked was where {CANARY}, and why it was never found there.</p>\n<p>It was.</p>\n"
OTHER_REST = "<p>Another end.</p>\n" * 30
HEAD = """<!doctype html>
<html lang=en><head><meta charset="utf-8"><title>The two diaries of a river</title>
<script type="application/ld+json">{"@context":"https://schema.org","@type":"NewsArticle",
"headline":"The two diaries of a river","articleSection":"Science","datePublished":"2026-03-02T06:30:00Z",
"wordCount":%d,"articleBody":"%s"%s}</script>
<meta name=twitter:data1 content="%d min read"><link rel=stylesheet href=/theme/site.css></head>
<body><nav><a href=/>The Paper</a></nav><article class=post><h1>The two diaries of a river</h1><div class=entry>
<p>Every river keeps two diaries, and for most of its length nobody reads either of them.</p>
<p>The first is written in the banks, a line for each flood that came higher than the one before.</p>
<!-- fold -->
"""
TAIL = "</div></article><footer>Nothing of ours</footer></body></html>\n"
PATH = "/two-diaries.html"
RULES = 'default-access = "metered"\n[meter.site]\nanonymous = 1\nregistered = 2\n'


def page(rest: str, more: str = "") -> bytes:
    words = len(re.sub(r"<[^>]*>", " ", rest).split())
    body = re.sub(r"<[^>]*>", " ", rest).replace("\n", " ")
    return (HEAD % (words, body, more, 1 + words // 20) + rest + TAIL).encode()


class Site(Newspaper):
    """Pages by path, which a test may change."""

    def __init__(self, rest: str) -> None:
        super().__init__(locked=False)
        self.answers: dict[str, tuple[str, bytes]] = {}
        self.fields: list[tuple[str, str]] = []
        self.pages = {PATH: page(rest)}
        self.pages["/free.html"] = page(rest, ',"isAccessibleForFree":true').replace(b"<!-- fold -->", b"")
        self.pages["/robots.txt"] = b"User-agent: *\n"

    def page(self, environ: dict[str, object], path: str) -> tuple[str, list[tuple[str, str]], bytes]:
        if environ.get("HTTP_X_FOLDLINE_SECRET") != SECRET:
            return "403 Forbidden", [("Content-Type", "text/plain")], b"no"
        if path == "/theme/site.css":
            return "200 OK", [("Content-Type", "text/css")], b"body { color: teal }"
        if path in self.answers:
            kind, body = self.answers[path]
            return "200 OK", [("Content-Type", kind), *self.fields], body
        if path not in self.pages:
            return "404 Not Found", [("Content-Type", "text/html")], b"<h1>none</h1>"
        kind = "text/plain" if path.endswith(".txt") else "text/html; charset=utf-8"
        return "200 OK", [("Content-Type", kind), ("Content-Security-Policy", "img-src 'self'")], self.pages[path]


@dataclass
class Paper:
    site: Site
    gate: GateProcess
    carry: Carry
    home: Path
    database: Address | None = None

    def get(self, path: str, *carries: tuple[bytes, bytes]) -> Answer:
        return self.gate.client.ask("GET", path.encode(), carries)

    def read(self, article: str, *carries: tuple[bytes, bytes]) -> Answer:
        body = urlencode({"article": article, "answer": "fragment"}).encode()
        form = ((b"Content-Type", b"application/x-www-form-urlencoded"), (b"Sec-Fetch-Site", b"same-origin"))
        return self.gate.client.ask("POST", b"/-/read", (*form, *carries), body)

    def subscriber(self) -> tuple[tuple[bytes, bytes], ...]:
        return cookie(reader_pass=self.carry.token(self.carry.facts("payer", {1: 4_000_000_000})))


@contextmanager
def opened(
    folder: Path,
    rest: str,
    workers: int = 1,
    program: Sequence[str] = ("-m", "foldline.server.worker"),
    mode: Mode = Mode.GATE,
    database: Address | None = None,
) -> Iterator[Paper]:
    site = Site(rest)
    with newspaper_site(site) as port:
        settings = home_at(folder, database=database)
        text = settings.home.settings_file.read_text(encoding="utf-8")
        more = f'\n[origin]\nurl = "http://127.0.0.1:{port}"\nprofile = "static"\n'
        settings.home.settings_file.write_text(text + more, encoding="utf-8")
        clock = SystemClock()
        with RuleSetStore(settings.home) as sets:
            sets.publish(RULES, "ada", "", int(clock.now()))
        in_mode(settings.home, mode, int(clock.now()))
        carry = Carry(keyring_of(settings), clock, window_at(int(clock.now()), settings.zone))
        write_facts(settings.home, carry.facts("payer", {1: 4_000_000_000}))
        environ = {"FOLDLINE_ORIGIN_SECRET": SECRET}
        if database is not None:
            environ["FOLDLINE_DATABASE"] = database.url
        with GateProcess(settings.home, HOST, workers, program=program, environ=environ) as gate:
            yield Paper(site, gate, carry, folder, settings.home.database)


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Paper]:
    with opened(tmp_path / "home", REST) as runs:
        yield runs


def test_nobody_gets_the_preview_of_the_sites_own_page_with_the_wall_in_it(paper: Paper) -> None:
    answer = paper.get(PATH)
    text = answer.body.decode()
    assert answer.status == 200
    assert "a line for each flood" in text
    assert CANARY not in text
    assert "wordCount" not in text
    assert "min read" not in text
    assert "articleBody" not in text
    assert 'data-kind="ask"' in text
    assert "Nothing of ours</footer>" in text
    assert answer.header(b"content-security-policy") == b"img-src 'self'"
    assert answer.header(b"cache-control") == b"no-cache"
    assert paper.site.asked == [("GET", PATH)]


def test_a_subscriber_gets_the_whole_and_nobody_keeps_it(paper: Paper) -> None:
    answer = paper.get(PATH, *paper.subscriber())
    assert CANARY in answer.body.decode()
    assert answer.header(b"cache-control") == b"private, no-store"
    # What the site sent is there byte for byte, but for what the gate put into it.
    without = re.sub(
        rb'<link rel="stylesheet" href="/-/[^>]*>|<script type="module" src="/-/[^>]*></script>', b"", answer.body
    )
    without = re.sub(rb'<div id="foldline-rest" hidden></div><aside.*?</aside>\n', b"", without, flags=re.DOTALL)
    without = re.sub(rb'<div class="gate gate-gift".*?</div>\n', b"", without, flags=re.DOTALL)
    assert without == paper.site.pages[PATH]


def test_a_page_at_hand_needs_neither_the_origin_nor_what_was_fetched(paper: Paper, tmp_path: Path) -> None:
    paper.get(PATH)
    with sqlite3.connect(Home(tmp_path / "home").fetched_db) as fetched:
        assert fetched.execute("DELETE FROM fetched").rowcount == 1
    fetched.close()
    assert CANARY not in paper.get(PATH).body.decode()
    assert CANARY in paper.get(PATH, *paper.subscriber()).body.decode()
    assert paper.site.asked == [("GET", PATH)]
    # A query that names nothing is the same page, on the longer way.
    assert paper.get(f"{PATH}?utm=1").status == 200
    assert paper.site.asked == [("GET", PATH)] * 2


def test_the_newsstand_lies_under_the_prefix_and_the_site_is_not_asked_for_it(paper: Paper) -> None:
    with closing(RecordWriter(Home(paper.home))) as writer:
        writer.put_listing("/-/newsstand", "<h1>Newsstand</h1>")
        writer.put_listing("/-/newsstand/2", "<h1>Newsstand, page 2</h1>")
    answer = paper.get("/-/newsstand")
    assert answer.body == b"<h1>Newsstand</h1>"
    assert answer.header(b"cache-control") == b"no-cache"
    assert paper.get("/-/newsstand/2").body == b"<h1>Newsstand, page 2</h1>"
    assert paper.get("/-/newsstand/3").status == 404
    assert paper.site.asked == []


def test_what_an_origin_says_to_caches_of_its_pages_is_never_said_of_ours(paper: Paper) -> None:
    said = [("Cache-Control", "public, max-age=3600"), ("CDN-Cache-Control", "max-age=999"), ("X-Accel-Expires", "999")]
    answers = paper.site.page

    def page(environ: dict[str, object], path: str) -> tuple[str, list[tuple[str, str]], bytes]:
        status, headers, body = answers(environ, path)
        return status, [*headers, *said, ("ETag", '"whole"'), ("Age", "1")], body

    paper.site.page = page  # type: ignore[method-assign]
    preview, whole = paper.get(PATH), paper.get(PATH, *paper.subscriber())
    assert preview.header(b"cache-control") == b"no-cache"
    assert (whole.header(b"cache-control"), whole.header(b"x-accel-expires")) == (b"private, no-store", b"0")
    assert whole.header(b"cdn-cache-control") + whole.header(b"etag") + whole.header(b"age") == b""


def test_one_article_is_counted_and_a_reload_shows_it(paper: Paper) -> None:
    number = re.search(r'data-article="(\d+)"', paper.get(PATH).body.decode())
    assert number
    answer = paper.read(number[1])
    assert 'data-outcome="open"' in answer.body.decode()
    assert "refresh" in answer.body.decode()
    assert CANARY not in answer.body.decode()
    jar = b"; ".join(value.split(b";")[0] for name, value in answer.headers if name == b"set-cookie")
    assert cookies.OPENING.encode() in jar
    assert CANARY in paper.get(PATH, (b"Cookie", jar)).body.decode()


def test_a_page_that_says_that_it_is_free_is_free(paper: Paper) -> None:
    assert CANARY in paper.get("/free.html").body.decode()


def test_what_is_no_article_is_passed_as_it_is_and_what_is_unmapped_is_closed(paper: Paper) -> None:
    assert paper.get("/robots.txt").body == b"User-agent: *\n"
    assert paper.get("/theme/site.css").body == b"body { color: teal }"
    paper.site.pages["/data.json"] = page(REST)
    answer = paper.get("/data.json")
    assert (answer.status, CANARY in answer.body.decode()) == (404, False)


def test_what_the_origin_has_no_more_is_gone_for_subscribers_too(paper: Paper) -> None:
    assert paper.get("/free.html").status == 200
    assert paper.get("/nothing-here.html").status == 404


def test_an_origin_that_is_down_shows_the_last_good_page(paper: Paper) -> None:
    assert CANARY in paper.get(PATH, *paper.subscriber()).body.decode()
    paper.site.page = lambda environ, path: ("503 Down", [("Content-Type", "text/html")], b"down")  # type: ignore[method-assign]
    assert CANARY not in paper.get(PATH).body.decode()
    assert CANARY in paper.get(PATH, *paper.subscriber()).body.decode()
    assert paper.get("/never-asked.html").status == 502


def test_twins_of_an_origin_are_equal_whatever_stands_below_the_fold(tmp_path: Path) -> None:
    with opened(tmp_path / "one", REST) as first, opened(tmp_path / "other", OTHER_REST) as second:
        asks = (("GET", PATH), ("HEAD", PATH), ("GET", f"{PATH}?utm=1"), ("GET", "/nothing.html"), ("GET", "/feed.xml"))
        for method, path in asks:
            for encoding in (b"identity", b"gzip"):
                answers = [
                    paper.gate.client.ask(method, path.encode(), ((b"Accept-Encoding", encoding),))
                    for paper in (first, second)
                ]
                told = [[pair for pair in answer.headers if pair[0] != b"date"] for answer in answers]
                assert told[0] == told[1], (method, path)
                assert answers[0].body == answers[1].body, (method, path)
