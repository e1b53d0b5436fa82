"""Feeds and data of a site behind a real worker: cut, and made anew from what is public of each article."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import feedparser
import pytest
from tests.server import feed_texts
from tests.server.test_origin_newspaper import CANARY, OTHER_REST, PATH, REST, Paper, opened

from foldline.stores.fetched import FetchedPages
from foldline.stores.home import Home
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST

SITE = f"https://{HOST}"
ABOVE = "a line for each flood"
TITLE = "The two diaries of a river"

KINDS = {
    "/feed.xml": ("application/rss+xml", feed_texts.rss),
    "/feeds/all.atom.xml": ("application/xml", feed_texts.atom),
    "/feed.json": ("application/feed+json", feed_texts.json_feed),
}


def told(rest: str) -> list[tuple[str, str, str]]:
    text = f"<p>Every river keeps two diaries.</p>{rest}"
    return [(f"{SITE}{PATH}", TITLE, text), (f"{SITE}/free.html", "Free & open", free_text(rest))]


def free_text(rest: str) -> str:
    return f"<p>The first is written in the banks.</p>{rest}"


def give_feeds(paper: Paper, rest: str = REST) -> None:
    for path, (kind, written) in KINDS.items():
        paper.site.answers[path] = (kind, written(SITE, told(rest)))


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    with opened(tmp_path_factory.mktemp("feeds") / "home", REST) as runs:
        give_feeds(runs)
        yield runs


def parsed(answer: Answer) -> feedparser.FeedParserDict:
    assert answer.status == 200, answer.body
    found = feedparser.parse(answer.body, response_headers={"content-type": answer.header(b"content-type").decode()})
    assert not found.bozo, found.get("bozo_exception")
    return found


@pytest.mark.parametrize("path", ["/feed.xml", "/feeds/all.atom.xml"])
def test_a_feed_keeps_its_items_and_has_previews_in_place_of_texts(paper: Paper, path: str) -> None:
    found = parsed(paper.get(path))
    gated, free = found.entries
    assert (found.feed.title, gated.title, gated.link) == ("The Paper", TITLE, f"{SITE}{PATH}")
    assert (gated.author, gated.tags[0].term) == ("Ada Quill", "Science")
    assert gated.published_parsed[:5] == (2026, 3, 2, 6, 30)
    assert ABOVE in gated.content[0].value
    assert CANARY not in str(gated)
    assert gated.dcterms_accessrights == "gated"
    assert f'<a href="{SITE}{PATH}">Continue reading</a>' in gated.content[0].value
    assert CANARY in free.content[0].value
    assert "dcterms_accessrights" not in free
    assert "enclosures" not in gated or gated.enclosures == []


def test_a_json_feed_is_cut_as_well(paper: Paper) -> None:
    answer = paper.get("/feed.json")
    gated, free = json.loads(answer.body)["items"]
    assert answer.header(b"content-type") == b"application/feed+json; charset=utf-8"
    assert (gated["url"], gated["title"]) == (f"{SITE}{PATH}", TITLE)
    assert ABOVE in gated["content_html"]
    assert gated["_foldline"] == {"access": "gated"}
    assert CANARY not in json.dumps(gated)
    assert CANARY in free["content_html"]


def test_a_feed_has_the_headers_of_a_neutral_preview_and_a_validator_of_its_own(paper: Paper) -> None:
    paper.site.fields = [("ETag", '"the whole"'), ("Last-Modified", "Mon, 02 Mar 2026 06:30:00 GMT")]
    answer = paper.get("/feed.xml")
    assert answer.header(b"cache-control") == b"no-cache"
    assert answer.header(b"x-accel-expires") == b"30"
    assert answer.header(b"last-modified") == b""
    tag = answer.header(b"etag")
    assert paper.get("/feed.xml", (b"If-None-Match", tag)).status == 304
    assert paper.get("/feed.xml", (b"If-None-Match", b'"the whole"')).status == 200


def test_a_subscriber_is_sent_the_same_feed_as_everybody(paper: Paper) -> None:
    assert paper.get("/feed.xml", *paper.subscriber()).body == paper.get("/feed.xml").body


def test_the_origin_is_asked_for_a_feed_with_nothing_of_a_reader(paper: Paper) -> None:
    paper.get("/feed.xml?utm_source=x", (b"Cookie", b"session=me"), (b"User-Agent", b"Miniflux"), (b"X-Key", b"1"))
    asked = dict(zip((path for _, path in paper.site.asked), paper.site.seen, strict=True))["/feed.xml"]
    assert {"HTTP_COOKIE", "HTTP_X_KEY", "HTTP_X_FORWARDED_FOR"} & set(asked) == set()
    assert "Miniflux" not in asked["HTTP_USER_AGENT"]


ENTITIES = b'<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = b'<!DOCTYPE rss [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
NO_FEEDS = {
    "half": ("application/rss+xml", b"<rss><channel><item>" + b"<a>" * 100_000),
    "deep": ("application/rss+xml", b"<rss>" + b"<a>" * 10_000 + b"</a>" * 10_000 + b"</rss>"),
    "entities": ("application/rss+xml", ENTITIES + b"<rss><channel><title>&b;</title></channel></rss>"),
    "outside": ("application/rss+xml", OUTSIDE + b"<rss><channel><title>&b;</title></channel></rss>"),
    "html": ("text/html", feed_texts.rss(SITE, told(REST))),
    "deep-json": ("application/json", b"[" * 100_000),
    "no-items": ("application/json", b'{"version": "https://jsonfeed.org/version/1.1", "items": {"a": 1}}'),
    "no-feed": ("application/rss+xml", b"<html><body>" + CANARY.encode() + b"</body></html>"),
    "no-kind": ("", feed_texts.rss(SITE, told(REST))),
    "50-mb": ("application/rss+xml", feed_texts.rss(SITE, told(REST)) + b" " * (50 << 20)),
}


@pytest.mark.parametrize("name", NO_FEEDS)
def test_what_is_no_feed_is_closed(paper: Paper, name: str) -> None:
    path = f"/{name}/feed.xml"
    paper.site.answers[path] = NO_FEEDS[name]
    answer = paper.get(path)
    assert (answer.status, answer.body) == (404, b"Not found.\n")
    asked = len(paper.site.asked)
    assert paper.get(path).status == 404
    assert len(paper.site.asked) == asked  # who asks again does not have it fetched again


def test_twins_of_feeds_are_equal_whatever_stands_below_the_fold(tmp_path: Path) -> None:
    with opened(tmp_path / "one", REST) as first, opened(tmp_path / "other", OTHER_REST) as second:
        give_feeds(first, REST)
        give_feeds(second, OTHER_REST)
        for paper in (first, second):
            # What is free is different in the two, so it is in neither.
            for path, (kind, written) in KINDS.items():
                paper.site.answers[path] = (kind, written(SITE, told(REST if paper is first else OTHER_REST)[:1]))
        for path in KINDS:
            answers = [paper.get(path) for paper in (first, second)]
            assert answers[0].status == 200
            told_both = [[pair for pair in answer.headers if pair[0] != b"date"] for answer in answers]
            assert told_both[0] == told_both[1], path
            assert answers[0].body == answers[1].body, path


def test_an_article_that_is_gated_now_is_cut_in_the_feed_at_once(paper: Paper) -> None:
    assert CANARY in paper.get("/feed.xml").body.decode()
    before = paper.site.pages[PATH]
    paper.site.pages["/free.html"] = before
    with contextlib.closing(FetchedPages(Home(paper.home))) as fetched:
        fetched.expire(b"/free.html")
    # The page is asked for: from now on its record is another one, and the feed follows though it is fresh.
    assert CANARY not in paper.get("/free.html").body.decode()
    assert CANARY not in paper.get("/feed.xml").body.decode()
