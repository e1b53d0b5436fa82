"""Sites made by real software, twice, apart only below every fold: the gate before each sends the same bytes.

And what it passes is the origin's answer: method, status, header but for the listed fields, body.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from tests.sites.articles import articles, tokens
from tests.sites.site import Site

from foldline.proof.asks import Ask
from foldline.proof.origin_faults import ORIGIN_FAULTS
from foldline.proof.variants import Axis, page_axes, variants
from foldline.sources.origin.headers import HOP_BY_HOP
from foldline.sources.origin.surfaces import METHODS, Kind
from foldline.testing.answers import Answer

from .gated_sites import COUNT, PATHS, ROOT, SECRET, Pair, ask_of, joined, map_of, pair_of, sites_of
from .room import LONG, assert_equal

SITES = tuple(PATHS)
#: Of each address in so many other ways, and of those where an article's text could be in so many.
FEW, MANY = (150, 5_000) if LONG else (3, 24)
#: The others are seeded in the long form: each starts two gates.
SHORT_FAULTS = ("feed-passed", "unmapped-passed", "length-in-data")


def _cookie(value: bytes) -> Callable[[Ask], Ask]:
    return lambda ask: ask.with_header(b"cookie", value)


#: Of nobody: forged, of other programs, twice.
COOKIES = Axis(
    "cookie",
    tuple(
        (value.decode("latin-1")[:40], _cookie(value))
        for value in (
            b"__Host-foldline-pass=forged", b"__Host-foldline-opening=1; __Host-foldline-opening=2", b"sessionid=me",
            b"__Host-foldline-meter=", b"wordpress_logged_in_x=admin", b"foldline-pass=1", b"\xff" * 9,
            b"a=" + b"b" * 4000,
        )
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, wagtail_database: Path) -> Iterator[dict[str, tuple[Site, Site]]]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(sites_of(name, tmp_path_factory.mktemp(name), wagtail_database)) for name in SITES
        }


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory, both: dict[str, tuple[Site, Site]]) -> Iterator[dict[str, Pair]]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(pair_of(name, sites, tmp_path_factory.mktemp(f"{name}-gates")))
            for name, sites in both.items()
        }


def plan(ask: Ask, kind: Kind, tag: bytes) -> Iterator[Ask]:
    """The request itself, and a seeded choice of its variants."""
    yield ask
    yield replace(ask, method="HEAD", label=f"{ask.label}: HEAD")
    yield replace(ask.with_header(b"accept-encoding", b"gzip"), label=f"{ask.label}: gzip")
    axes = [axis for axis in page_axes((), tag) if axis.values]
    every = list(variants(ask, (*axes, COOKIES), FEW * 2))
    wanted = MANY if kind in (Kind.ARTICLE, Kind.REWRITTEN) else FEW
    chance = random.Random(ask.target)
    for varied in chance.sample(every, min(wanted, len(every))):
        # The twins' own random numbers: what is asked of administrations must be asked as often in both.
        yield replace(varied, label=f"{ask.label}: {varied.label}")


@pytest.mark.parametrize("name", SITES)
def test_the_gates_before_two_sites_send_the_same_bytes(pairs: dict[str, Pair], name: str) -> None:
    pair = pairs[name]
    for ask in pair.asks:
        surface = pair.map.surface_of("GET", ask.path, ask.query)
        tag = pair.one.gate.client.ask("GET", ask.target).header(b"etag")
        pair.other.gate.client.ask("GET", ask.target)
        report = pair.twins.run(plan(ask, surface.kind, tag))
        if surface.kind in (Kind.PASSED, Kind.FILES):
            # Whether an origin repeats a word of the request, as in a redirect, is between it and its reader. And two
            # sites that say until when something may be kept may look at their clocks in different seconds.
            report.found = [
                found
                for found in report.found
                if found.witness != "echo" and not re.fullmatch(r"header \d+: \(b'expires', .*", found.what)
            ]
        assert_equal(report)


@pytest.mark.parametrize("name", SITES)
def test_every_route_of_a_sites_map_is_asked_for(name: str) -> None:
    found = map_of(name)
    decided = {found.surface_of("GET", ask.path, ask.query).route for ask in map(ask_of, PATHS[name])}
    assert [route.name for route in found.routes if route.name not in decided] == []
    assert "" in decided  # and something that no route names


@pytest.mark.parametrize("name", SITES)
def test_articles_and_feeds_show_previews_and_are_not_merely_closed(pairs: dict[str, Pair], name: str) -> None:
    pair, first = pairs[name], articles("a", COUNT)[0]
    for path in [path for path in PATHS[name] if pair.map.surface_of("GET", *_split(path)).kind in _SHOWING][:3]:
        answer = pair.one.gate.client.ask("GET", path.encode())
        assert answer.status == 200, path
    for path in _with_texts(name):
        shown = pair.one.gate.client.ask("GET", path.encode()).text
        assert [each for each in tokens(first.preview) if each not in shown] == [], path


_SHOWING = (Kind.ARTICLE, Kind.REWRITTEN)


def _with_texts(name: str) -> list[str]:
    listed = {
        "pelican": ["/the-ladder.html", "/feeds/all.atom.xml", "/feeds/all.rss.xml"],
        "wagtail": ["/news/the-ladder/", "/feed/"],
        "flask": ["/news/the-ladder", "/feed.xml"],
        "wordpress": ["/2026/03/the-ladder/", "/feed/", "/feed/atom/", "/wp-json/wp/v2/posts"],
    }
    return listed[name]


def _split(path: str) -> tuple[bytes, bytes]:
    before, _, query = path.encode().partition(b"?")
    return before, query


@pytest.mark.parametrize("name", [name for name, fault in ORIGIN_FAULTS.items() if LONG or name in SHORT_FAULTS])
def test_a_seeded_fault_of_a_gate_before_an_origin_is_caught(
    tmp_path: Path, both: dict[str, tuple[Site, Site]], name: str
) -> None:
    fault = ORIGIN_FAULTS[name]
    witnesses: set[str] = set()
    with pair_of(fault.site, both[fault.site], tmp_path, ("-m", "foldline.proof.origin_faults", name)) as pair:
        for path in fault.paths:
            witnesses |= pair.twins.run([ask_of(path)]).witnesses
    assert fault.caught_by <= witnesses, f"{fault.what}: seen by {sorted(witnesses)} only"


def test_every_fault_before_an_origin_is_in_the_document() -> None:
    document = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
    assert [name for name in ORIGIN_FAULTS if f"`{name}`" not in document] == []


def test_each_of_the_sites_shows_faults_that_only_twins_see() -> None:
    assert {fault.site for fault in ORIGIN_FAULTS.values() if fault.caught_by == {"twin"}} == set(SITES) - {"wordpress"}


#: Of this hop, or the gate's own: RFC 9110, 7.6.1, and docs/origin.md.
LISTED = frozenset((*HOP_BY_HOP, b"date"))
#: New in each answer of Django's: the token of a form, which its scripts are told too, and the cookie with it.
_TOKEN = re.compile(rb'(?<=")[A-Za-z0-9]{64}(?=")')
_COOKIE = re.compile(rb"csrftoken=[A-Za-z0-9]{32,64}; expires=[^;]+")
EXTRA = {
    "pelican": ("/theme/none.css", "/images/none.png"),
    "wagtail": ("/admin/login/", "/static/wagtailadmin/images/favicon.ico", "/sitemap.xml?p=1", "/admin/none/"),
    "flask": ("/?page=2&x=1",),
    "wordpress": ("/wp-login.php?action=lostpassword", "/wp-admin/edit.php", "/tag/water/", "/author/editor/"),
}


def told(answer: Answer, method: str = "GET") -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Some of the servers send a body behind HEAD, which no proxy may pass on (RFC 9110, 9.3.2)."""
    fields = [(name, _COOKIE.sub(b"csrftoken", value)) for name, value in answer.headers if name not in LISTED]
    if b"max-age=0" in answer.header(b"cache-control"):
        # What nobody may keep ends when it was written (Django): as `Date`, it is another in the next second.
        fields = [(name, b"now" if name == b"expires" else value) for name, value in fields]
    return answer.status, fields, b"" if method == "HEAD" else _TOKEN.sub(b"token", answer.body)


@pytest.mark.parametrize("name", SITES)
def test_what_is_passed_is_the_origins_answer_byte_for_byte(pairs: dict[str, Pair], name: str) -> None:
    here, found = pairs[name].one, map_of(name)
    compared = 0
    for path in (*PATHS[name], *EXTRA[name]):
        ask = ask_of(path)
        for method in METHODS:
            surface = found.surface_of(method, ask.path, ask.query)
            if surface.kind is not Kind.PASSED:
                continue
            for fields in _FIELDS:
                body = b"a=1&b=2" if method in ("POST", "PUT", "PATCH") else b""
                ours = joined(here.gate.client.ask(method, ask.target, fields, body))
                known = ((b"X-Foldline-Secret", SECRET.encode()), (b"X-Forwarded-Proto", b"https"))
                theirs = joined(here.at_origin.ask(method, surface.target, (*fields, *known), body))
                assert told(ours) == told(theirs, method), (method, path, fields)
                compared += 1
    assert compared >= {"pelican": 100, "wagtail": 60, "flask": 60, "wordpress": 60}[name]


_FIELDS: tuple[tuple[tuple[bytes, bytes], ...], ...] = (
    (),
    ((b"Accept-Encoding", b"gzip"),),
    ((b"If-None-Match", b'"none"'), (b"Accept-Language", b"fr")),
    ((b"Cookie", b"sessionid=nobody; theme=dark"), (b"Range", b"bytes=0-9")),
)


@pytest.mark.parametrize("name", SITES)
def test_files_are_the_origins_too_and_a_text_in_their_place_is_closed(pairs: dict[str, Pair], name: str) -> None:
    here, found = pairs[name].one, map_of(name)
    files = {
        "pelican": ["/robots.txt"],
        "wagtail": ["/static/wagtailadmin/css/core.css", "/static/wagtailadmin/js/core.js"],
        "flask": ["/robots.txt"],
        "wordpress": ["/wp-includes/css/dashicons.min.css", "/wp-includes/js/wp-embed.min.js"],
    }[name]
    known = ((b"X-Foldline-Secret", SECRET.encode()), (b"X-Forwarded-Proto", b"https"))
    for path in files:
        for method in ("GET", "HEAD"):
            target = path.encode()
            ours, theirs = here.gate.client.ask(method, target), here.at_origin.ask(method, target, known)
            assert (ours.status, told(ours)) == (200, told(theirs, method)), path
    closed = [
        ask for ask in map(ask_of, PATHS[name]) if found.surface_of("GET", ask.path, ask.query).kind is Kind.FILES
    ]
    assert closed
    for ask in closed:
        answer, theirs = here.gate.client.ask("GET", ask.target), here.at_origin.ask("GET", ask.target, known)
        if theirs.header(b"content-type").startswith((b"text/html", b"application/json")):
            assert answer.status == 404 or (answer.status in (301, 302) and not answer.body), ask.target
