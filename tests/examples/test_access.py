"""One table of access cases, asked of every example: Flask, Starlette, Django and Wagtail answer the same."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator

import pytest

from foldline.policy.open_now import OpenNow
from foldline.stores.open_now import OpenNowStore
from foldline.testing.passes import cookie

from .room import FREE, METERED, PATHS, REGISTERED, SECOND, SLUGS, SUBSCRIBERS, Example, running

Twins = tuple[Example, Example]
CASES: dict[str, Callable[[Example], None]] = {}
GATED = tuple(slug for slug in SLUGS if slug != FREE)


def case(asks: Callable[[Example], None]) -> Callable[[Example], None]:
    CASES[asks.__name__] = asks
    return asks


@pytest.fixture(scope="module", params=PATHS)
def twins(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    with running(request.param, tmp_path_factory.mktemp(request.param)) as both:
        yield both


@case
def anonymous_readers_get_previews(paper: Example) -> None:
    for slug in GATED:
        answer = paper.article(slug)
        assert (answer.status, paper.shows_rest(answer, slug)) == (200, False), slug
        assert answer.header(b"cache-control") == b"no-cache"
    assert 'data-kind="ask"' in paper.article(METERED).text
    assert "subscription-needed" in paper.article(SUBSCRIBERS).text
    assert "Sign in or join" in paper.article(REGISTERED).text


@case
def a_free_article_is_whole_for_everybody(paper: Example) -> None:
    assert paper.shows_rest(paper.article(FREE), FREE)


@case
def a_registered_reader_reads_what_is_for_them_and_no_more(paper: Example) -> None:
    carries = paper.reader("registered")
    assert paper.shows_rest(paper.article(REGISTERED, *carries), REGISTERED)
    assert not paper.shows_rest(paper.article(SUBSCRIBERS, *carries), SUBSCRIBERS)


@case
def a_subscriber_reads_everything_and_nobody_keeps_it(paper: Example) -> None:
    for slug in GATED:
        answer = paper.article(slug, *paper.reader("subscriber"))
        assert paper.shows_rest(answer, slug), slug
        assert answer.header(b"cache-control") == b"private, no-store"


@case
def a_lapsed_reader_is_a_registered_one(paper: Example) -> None:
    carries = paper.reader("lapsed")
    answer = paper.article(SUBSCRIBERS, *carries)
    assert not paper.shows_rest(answer, SUBSCRIBERS)
    assert "subscription-ended" in answer.text
    assert paper.shows_rest(paper.article(REGISTERED, *carries), REGISTERED)


@case
def a_forged_pass_opens_nothing(paper: Example) -> None:
    token = paper.carry.token(paper.carry.facts("subscriber", {1: 0}))
    for forged in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[:40], "x"):
        answer = paper.article(SUBSCRIBERS, *cookie(reader_pass=forged))
        assert not paper.shows_rest(answer, SUBSCRIBERS)


@case
def one_metered_article_opens_stays_open_and_the_next_is_refused(paper: Example) -> None:
    opened = paper.read(METERED)
    assert 'data-outcome="open"' in opened.text
    jar = (b"Cookie", b"; ".join(f"{name}={value}".encode() for name, value in opened.cookies.items()))
    assert paper.shows_rest(paper.article(METERED, jar), METERED)
    refused = paper.read(SECOND, jar)
    assert 'data-outcome="refused"' in refused.text
    assert not paper.shows_rest(paper.article(SECOND, jar), SECOND)
    assert not paper.shows_rest(paper.article(METERED), METERED), "it opened for one device"


@case
def a_path_has_one_spelling(paper: Example) -> None:
    path = paper.path(SUBSCRIBERS)
    slug = SUBSCRIBERS
    for spelled in (
        f"/.{path}", f"/x/..{path}", f"/x/%2e%2e{path}", path.replace(slug, f"{slug};x"), f"/{path}",
        path.replace(slug, f"{slug}%00"), path.replace(slug, slug.upper()), path.replace("w", "%2577", 1),
        path.replace(slug, slug + "%E2%80%8B"), path.replace(slug, slug + "%3Fx"), path.replace("-", "%5c", 1),
        path.replace(slug, slug + "%ff"), path + ".css", path + "%2F", path.replace("w", "%EF%BD%97", 1),
    ):  # fmt: skip
        answer = paper.get(spelled, *paper.reader("subscriber"))
        # An application may lead from a path that nobody mapped to another one of its own.
        assert answer.status in (400, 404, 307), spelled
        assert not answer.body if answer.status == 307 else not paper.shows_rest(answer, slug), spelled


@case
def the_application_sees_no_cookie_of_the_gates_and_sets_none_on_articles(paper: Example) -> None:
    (ours, value), = paper.reader("subscriber")  # fmt: skip
    slash = "/" if paper.path(METERED).endswith("/") else ""
    seen = paper.get(f"/cookies{slash}", (ours, value + b"; theme=dark"))
    assert json.loads(seen.body) == {"cookies": ["theme"]}
    assert paper.get("/").cookies == {"visited": "yes"}
    for slug in SLUGS:
        assert paper.article(slug, *paper.reader("subscriber")).cookies == {}


@case
def head_says_what_get_would(paper: Example) -> None:
    for carries in ((), paper.reader("subscriber")):
        whole, head = (paper.article(SUBSCRIBERS, *carries, method=method) for method in ("GET", "HEAD"))
        assert (head.status, head.body) == (200, b"")
        assert head.header(b"content-length") == b"%d" % len(whole.body)
        assert head.header(b"etag") == whole.header(b"etag")


@case
def an_article_takes_no_post(paper: Example) -> None:
    answer = paper.client.ask("POST", paper.path(METERED).encode(), (), b"x=1")
    assert (answer.status, answer.header(b"allow")) == (405, b"GET, HEAD")


@case
def a_condition_is_about_the_preview_and_never_about_the_whole(paper: Example) -> None:
    tag = paper.article(METERED).header(b"etag")
    assert tag
    assert paper.article(METERED, (b"If-None-Match", tag)).status == 304
    carries = paper.reader("subscriber")
    assert paper.shows_rest(paper.article(METERED, (b"If-None-Match", tag), *carries), METERED)
    assert paper.article(METERED, *carries).header(b"etag") == b""


@case
def a_range_is_of_no_use(paper: Example) -> None:
    for carries in ((), paper.reader("subscriber")):
        answer = paper.article(METERED, (b"Range", b"bytes=0-9"), *carries)
        assert (answer.status, answer.header(b"content-range")) == (200, b"")
        assert len(answer.body) > 1000


@case
def gzip_is_the_same_page(paper: Example) -> None:
    for carries in ((), paper.reader("subscriber")):
        plain = paper.article(SUBSCRIBERS, *carries)
        packed = paper.article(SUBSCRIBERS, (b"Accept-Encoding", b"gzip"), *carries)
        assert packed.header(b"content-encoding") == b"gzip"
        assert gzip.decompress(packed.body) == plain.body


@case
def what_nobody_mapped_is_closed_and_files_are_sent(paper: Example) -> None:
    assert paper.get("/static/site.css").header(b"content-type").startswith(b"text/css")
    for path in ("/there/is/nothing/at/all/here.html", "/feed.xml", "/.env"):
        assert paper.get(path).status == 404, path


@case
def another_host_is_refused(paper: Example) -> None:
    assert paper.article(METERED, (b"Host", b"other.example")).status == 421


@case
def the_account_pages_are_another_process_that_does_not_run_here(paper: Example) -> None:
    assert paper.get("/-/sign-in").status == 502


@pytest.mark.parametrize("name", CASES)
def test_every_example_passes_the_same_access_cases(twins: Twins, name: str) -> None:
    CASES[name](twins[0])


def test_twins_are_equal_whatever_stands_below_the_fold(twins: Twins) -> None:
    one, other = twins
    paths = [*map(one.path, GATED), f"{one.path(METERED)}?utm=1", "/nothing.html", "/feed.xml", "/"]
    for path in paths:
        for kind in ("", "registered", "lapsed"):
            if kind and path == one.path(REGISTERED):
                continue
            for method in ("GET", "HEAD"):
                for coding in (b"identity", b"gzip"):
                    answers = []
                    for paper in twins:
                        carries = paper.reader(kind) if kind else ()
                        answers.append(paper.get(path, (b"Accept-Encoding", coding), *carries, method=method))
                    told = [[pair for pair in answer.headers if pair[0] != b"date"] for answer in answers]
                    assert told[0] == told[1], (method, path, kind)
                    assert answers[0].body == answers[1].body, (method, path, kind)
    assert one.rests != other.rests
    for paper in twins:
        assert all(paper.shows_rest(paper.article(slug, *paper.reader("subscriber")), slug) for slug in GATED)


def test_what_is_open_now_is_open_for_everybody_within_the_bound_of_changes(twins: Twins) -> None:
    paper = twins[0]
    now = int(time.time())
    store = OpenNowStore(paper.settings.home)
    store.add(OpenNow("site", "", "a storm", now, now + 600), "ada", now)
    store.close()
    end = time.monotonic() + 20
    while not paper.shows_rest(answer := paper.article(SUBSCRIBERS), SUBSCRIBERS):
        assert time.monotonic() < end, "nobody heard of it"
        time.sleep(0.05)
    assert "a storm" in answer.text
    assert answer.header(b"cache-control") == b"private, no-store"
