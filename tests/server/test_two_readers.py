"""Two readers behind one cache: what the first of them paid for never reaches the second."""

from __future__ import annotations

import hashlib
import itertools
import random
import re
import time
from collections.abc import Iterator

import pytest
from tests.server.caches import CACHES, Cache, listens_at, replaced, same
from tests.server.test_origin_newspaper import CANARY, PATH, REST, Paper, opened, page

from foldline.insight.decisions import last_decisions
from foldline.testing.builders import HOST

MARK = "/marked.html"
Paths = tuple[str, str]
ROUNDS = 200
METHODS = ("GET", "GET", "GET", "HEAD")
CODINGS = (b"identity", b"gzip", b"br", b"gzip, deflate, br", b"gzip;q=0, br", b"")
#: What an operator writes who was told that cookies keep pages out of the cache.
IGNORING = {
    "nginx": replaced((r"proxy_cache_bypass \$foldline_reader;", ""), (r"(?<=proxy_no_cache )\$foldline_reader ", "")),
    "varnish": replaced((r'req\.http\.Cookie ~ "\(\?i\)__Host-foldline-" \|\| ', "")),
}


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    """A worker before a site."""
    with opened(tmp_path_factory.mktemp("two-readers") / "home", REST) as runs:
        runs.site.pages |= {MARK: page(REST)}
        listens_at(runs.home, runs.gate.address[1])
        yield runs


@pytest.fixture(scope="module")
def decided(paper: Paper) -> Decided:
    return Decided(paper)


@pytest.fixture(scope="module")
def cache(request: pytest.FixtureRequest, paper: Paper, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cache]:
    """One cache for all tests of a recipe: each test asks for articles of its own, which nobody has asked for."""
    name, change = request.param
    with CACHES[name](paper.home, HOST, tmp_path_factory.mktemp("cache") / name, change) as made:
        yield made


@pytest.fixture
def paths(paper: Paper, request: pytest.FixtureRequest) -> Paths:
    number = hashlib.sha256(request.node.name.encode()).hexdigest()[:12]
    made = (f"/one-{number}.html", f"/other-{number}.html")
    paper.site.pages |= {path: page(REST) for path in made}
    return made


class Decided:
    """Counts the gate's decisions about other articles than `MARK`, which nobody else asks for."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        found = re.search(r'data-article="(\d+)"', paper.get(MARK).text)
        assert found
        self._mark, self._asked = int(found[1]), 1

    def so_far(self) -> int:
        """One worker writes in order: when the decision about this question is there, all before it are."""
        assert self._paper.get(MARK).status == 200
        self._asked += 1
        end = time.monotonic() + 20
        while time.monotonic() < end:
            lines = last_decisions(self._paper.home / "events", 100_000)
            if sum(line.article == self._mark for line in lines) == self._asked:
                return len(lines) - self._asked
            time.sleep(0.05)
        raise AssertionError("the worker does not write its decisions")


def both(
    cache: Cache, paper: Paper, paths: Paths, first: str, seed: int
) -> Iterator[tuple[str, str, str, bytes, bytes]]:
    """(who, method, what else was asked, Accept-Encoding, decoded body) of two readers in turns, `first` before."""
    draw = random.Random(seed)
    payer = paper.subscriber()
    known = {"payer": b"", "nobody": b""}
    turns = itertools.cycle(("payer", "nobody") if first == "payer" else ("nobody", "payer"))
    for _ in range(ROUNDS):
        who = next(turns)
        method, coding = draw.choice(METHODS), draw.choice(CODINGS)
        more, fields = draw.choice(
            (
                ("", ()),
                ("range", ((b"Range", draw.choice((b"bytes=0-", b"bytes=-300", b"bytes=100-5000"))),)),
                (
                    "condition",
                    ((b"If-None-Match", draw.choice((b"*", known["payer"] or b'"x"', known["nobody"] or b'"y"'))),),
                ),
            )
        )
        carries = payer if who == "payer" else draw.choice(((), ((b"Cookie", b"theme=dark; session=1"),)))
        answer = cache.ask(
            method, draw.choice(paths), *carries, *fields, *(((b"Accept-Encoding", coding),) if coding else ())
        )
        assert answer.status in (200, 206, 304, 416), (cache.name, who, method, more, answer.status)
        known[who] = answer.header(b"etag") or known[who]
        body = answer.body if answer.status == 206 and more == "range" else answer.decoded
        if who == "nobody":
            assert answer.header(b"set-cookie") == b""
        yield who, method, f"{more} {answer.status}".strip(), coding, body


@pytest.mark.parametrize("first", ["payer", "nobody"])
@pytest.mark.parametrize("cache", [(name, same) for name in CACHES], ids=CACHES, indirect=True)
def test_the_whole_reaches_who_paid_and_the_preview_everybody_else(
    cache: Cache, paper: Paper, paths: Paths, first: str
) -> None:
    for who, method, more, coding, body in both(cache, paper, paths, first, 1):
        if who == "nobody":
            assert CANARY.encode() not in body, (method, more, coding)
        elif method == "GET" and more == "200":
            assert CANARY.encode() in body, (method, more, coding)


@pytest.mark.parametrize("first", ["payer", "nobody"])
@pytest.mark.parametrize("cache", IGNORING.items(), ids=IGNORING, indirect=True)
def test_a_cache_that_ignores_cookies_gives_no_whole_to_somebody_else(
    cache: Cache, paper: Paper, paths: Paths, first: str
) -> None:
    given = [body for who, _, _, _, body in both(cache, paper, paths, first, 2) if who == "nobody"]
    assert len(given) == ROUNDS // 2
    assert not any(CANARY.encode() in body for body in given)


@pytest.mark.parametrize("cache", [(name, same) for name in CACHES], ids=CACHES, indirect=True)
def test_previews_come_from_the_cache_in_each_packing_and_its_key_is_all_that_counts(
    cache: Cache, paper: Paper, paths: Paths, decided: Decided
) -> None:
    before, asked = decided.so_far(), len(paper.site.asked)
    fields: tuple[tuple[bytes, bytes], ...] = (
        (b"User-Agent", b"Googlebot/2.1"),
        (b"X-Forwarded-For", b"66.249.66.1"),
        (b"X-Forwarded-Host", b"evil.example"),
        (b"Referer", b"https://t.co/x"),
        (b"Accept-Language", b"fr"),
        (b"Cookie", b"theme=dark"),
        (b"Sec-Purpose", b"prefetch"),
        (b"Accept", b"application/json"),
        (b"X-Foldline-Last", b"1"),
    )
    answers = [cache.get(paths[0], (b"Accept-Encoding", coding)) for coding in CODINGS[:2]]
    for coding, field in itertools.product(CODINGS, fields):
        answer = cache.get(paths[0], (b"Accept-Encoding", coding), field)
        plain = answers[0 if b"gzip" not in coding or b"q=0" in coding else 1]
        assert (answer.status, answer.body) == (200, plain.body), (coding, field)
        assert answer.header(b"content-encoding") == plain.header(b"content-encoding")
        assert answer.header(b"x-accel-expires") == b""
    assert answers[0].decoded == answers[1].decoded
    condition = (b"If-None-Match", answers[0].header(b"etag"))
    assert cache.get(paths[0], condition, (b"Accept-Encoding", b"identity")).status == 304
    assert decided.so_far() - before <= 2
    assert len(paper.site.asked) - asked <= 1


@pytest.mark.parametrize("cache", [(name, same) for name in CACHES], ids=CACHES, indirect=True)
def test_what_is_no_preview_is_never_kept(cache: Cache, paper: Paper) -> None:
    asked = len(paper.site.asked)
    for _ in range(3):
        assert cache.get("/robots.txt").status == 200
        assert cache.get("/nothing-here.html").status == 404
        assert cache.get("/feed.xml").status == 404
    assert [path for _, path in paper.site.asked[asked:]].count("/robots.txt") == 3
    assert cache.ask("TRACE", PATH).status >= 400
    assert cache.ask("PURGE", PATH, (b"X-Forwarded-For", b"203.0.113.9")).status in (403, 405)


#: Recipes that keep what a reader with a cookie of ours gets, and heed nothing that the gate says against it.
KEEPING = {
    "nginx": replaced(
        (r"proxy_cache_bypass \$foldline_reader;", "proxy_cache_valid any 1m;"),
        (r"proxy_no_cache \$foldline_reader \$foldline_not_for_all;", ""),
        (r"proxy_ignore_headers (?=Vary)", "proxy_ignore_headers X-Accel-Expires Cache-Control Set-Cookie "),
    ),
    "varnish": replaced(
        (r'req\.http\.Cookie ~ "\(\?i\)__Host-foldline-" \|\| ', ""),
        (r"!beresp\.http\.CDN-Cache-Control \|\| ", ""),
        (r'beresp\.http\.Cache-Control ~ "\(\?i\)no-store\|private" \|\| ', ""),
        (r"std\.duration\(beresp\.http\.X-Accel-Expires .*?;", "60s;"),
    ),
}


@pytest.mark.parametrize("cache", KEEPING.items(), ids=KEEPING, indirect=True)
def test_a_recipe_that_keeps_wholes_is_found_out(cache: Cache, paper: Paper, paths: Paths) -> None:
    given = {(who, CANARY.encode() in body) for who, method, _, _, body in both(cache, paper, paths, "payer", 3)}
    assert ("nobody", True) in given


@pytest.mark.parametrize("cache", IGNORING.items(), ids=IGNORING, indirect=True)
def test_a_recipe_that_looks_up_for_readers_with_a_pass_is_found_out(cache: Cache, paper: Paper, paths: Paths) -> None:
    turns = both(cache, paper, paths, "nobody", 4)
    assert any(
        who == "payer" and CANARY.encode() not in body for who, method, more, _, body in turns if method == "GET"
    )
