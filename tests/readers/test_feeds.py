"""Private feeds on the account's page, and what the gate answers to them: the same home, a real worker."""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import feedparser
import pytest
from tests.gate.newspaper import REST, record

from foldline.config import load
from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.pages.fragment import Fragment
from foldline.pages.record import Sheet
from foldline.policy.facts import Access
from foldline.server.worker import Worker
from foldline.stores.home import Home
from foldline.stores.records import RecordWriter

from .browser import HOST, Browser

pytestmark = pytest.mark.usefixtures("site")

NORA, OMAR = "nora@example.test", "omar@example.test"
ITEM = {
    "link": "http://paper.example/for-feeds", "title": "For feeds", "id": "tag:paper.example,2026:article/78",
    "authors": ["Ada"], "tags": [], "published": "2026-03-02T06:30:00+00:00", "updated": "", "summary": "",
    "preview": "<p>Above.</p>", "onward": "", "gated": True,
}  # fmt: skip


@pytest.fixture
def gate(home: Home) -> Iterator[Worker]:
    """A worker that serves one subscribers' article, and the public feed in which it stands."""
    writer = RecordWriter(home)
    article = record(78, Access.SUBSCRIBERS, "/for-feeds")
    writer.put_article(type(article)(**{**_fields(article), "item": json.dumps(ITEM)}))
    for base in ("", "/section/science"):
        path = f"{base}/feed.xml"
        writer.put_feed(Sheet(path, Fragment.of("<rss/>"), "application/rss+xml", 1), "", [78])
    worker = Worker(load(home, os.environ), 0)
    worker.hear()
    yield worker
    for path in ("/for-feeds", "/feed.xml", "/section/science/feed.xml"):
        writer.delete(path)
    writer.close()
    worker.parts.roll.close()
    worker.parts.watch.close()


def _fields(made: Any) -> dict[str, Any]:
    return {name: getattr(made, name) for name in type(made).__dataclass_fields__}


def ask(gate: Worker, path: str, client: str = "192.0.2.7") -> Response:
    headers = [(b"host", HOST.encode()), (b"x-forwarded-for", client.encode())]
    return asyncio.run(gate.app.run(Request("GET", path.encode(), b"", headers, client)))


def whole(gate: Worker, path: str) -> bool:
    """Whether a plain feed client that asks there reads the rest."""
    answer = ask(gate, path)
    parsed = feedparser.parse(answer.body)
    assert (answer.status, parsed.bozo) == (200, 0)
    said = " ".join(one.content[0].value for one in parsed.entries)
    assert "Above." in said
    return REST in said


def signed_in(email: str = NORA) -> Browser:
    from django.core.cache import cache

    cache.clear()
    browser = Browser()
    browser.sign_in(email)
    browser.get("/-/account")
    return browser


def make(browser: Browser, base: str = "") -> str:
    """Make a feed by the account's form; the path of its RSS."""
    browser.get("/-/account")
    page = browser.post("/-/account/feeds", {"base": base})
    assert page.status_code == 200
    found = re.findall(rf'value="http://{re.escape(HOST)}(/-/feed/[^"]+)"', page.content.decode())
    assert [path.rpartition(".")[2] for path in found] == ["xml", "atom", "json"]
    return found[0]


def give(email: str = NORA, days: int = 30) -> Any:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Product, Reader

    reader = Reader.objects.get(email=email)
    ends = moment.now() + timedelta(days=days)
    return entitlements.give(reader, Product.objects.get(number=1), ends_at=ends)


def part(browser: Browser) -> str:
    """What the account says of feeds, as text."""
    page = browser.get("/-/account").content.decode()
    section = page.partition('<h2 id="feeds">')[2].partition("</section>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", section)).split())


def test_a_feed_that_a_subscriber_made_shows_the_whole_and_after_a_lapse_does_not(gate: Worker) -> None:
    from foldline.site.readers import entitlements

    browser = signed_in()
    given = give()
    address = make(browser)
    assert whole(gate, address)
    entitlements.end(given)
    assert not whole(gate, address)
    assert "Your subscription has ended" in ask(gate, address).body.decode()
    give()
    assert whole(gate, address)


def test_a_feed_follows_what_its_reader_buys_later(gate: Worker) -> None:
    address = make(signed_in())
    assert not whole(gate, address)
    give()
    assert whole(gate, address)


def test_only_the_first_page_shows_the_key_and_nothing_that_is_stored_does(gate: Worker, home: Home) -> None:
    from .test_my_data import stored

    browser = signed_in()
    address = make(browser)
    key = address.rpartition("/")[2].partition(".")[0]
    assert len(key) == 32
    assert key not in browser.get("/-/account").content.decode()
    assert key not in browser.get("/-/account/data").content.decode()
    assert key not in stored(home)
    assert "Everything" in part(browser)


def test_a_new_address_ends_the_one_before_it_at_once(gate: Worker) -> None:
    browser = signed_in()
    first = make(browser)
    second = make(browser)
    assert first != second
    assert [ask(gate, one).status for one in (first, second)] == [404, 200]


def test_ending_a_feed_ends_it_and_nobody_elses(gate: Worker) -> None:
    from foldline.site.feeds.models import FeedKey

    mine, theirs = make(browser := signed_in()), make(signed_in(OMAR))
    number = FeedKey.objects.get(reader__email=OMAR).pk
    browser.post(f"/-/account/feeds/{number}/end")
    assert [ask(gate, one).status for one in (mine, theirs)] == [200, 200]
    number = FeedKey.objects.get(reader__email=NORA).pk
    assert browser.post(f"/-/account/feeds/{number}/end")["Location"] == "/-/account?done=feed-ended#feeds"
    assert [ask(gate, one).status for one in (mine, theirs)] == [404, 200]


def _everywhere(browser: Browser) -> None:
    browser.post("/-/sign-out", {"everywhere": "1"})


def _here(browser: Browser) -> None:
    browser.post("/-/sign-out")


def _erased(browser: Browser) -> None:
    from foldline.site.readers.erasing import erase
    from foldline.site.readers.models import Reader

    erase(Reader.objects.get(email=NORA))


def _closed(browser: Browser) -> None:
    from foldline.site.readers import passes
    from foldline.site.readers.models import Reader

    passes.end_all(Reader.objects.get(email=NORA))


@pytest.mark.parametrize(("act", "status"), [(_everywhere, 404), (_erased, 404), (_closed, 404), (_here, 200)])
def test_what_signs_a_reader_out_everywhere_ends_their_feeds(
    gate: Worker, act: Callable[[Browser], None], status: int
) -> None:
    browser = signed_in()
    address = make(browser)
    act(browser)
    assert ask(gate, address).status == status


def test_a_feed_of_a_section_is_that_section_s_alone(gate: Worker) -> None:
    from foldline.site.newsroom.models import Section

    science = Section.objects.create(name="Science")
    try:
        browser = signed_in()
        address = make(browser, "/section/science")
        assert "Science" in part(browser)
    finally:
        science.delete()
    key = address.split("/")[3]
    assert ask(gate, address).status == 200
    assert ask(gate, f"/-/feed/{key}.xml").status == 404
    assert browser.post("/-/account/feeds", {"base": "/section/none"}).status_code == 404


def test_from_how_many_networks_a_feed_is_asked_for_is_shown_and_no_address_is_kept(gate: Worker, home: Home) -> None:
    from foldline.site.feeds.keys import MANY

    from .test_my_data import stored

    browser = signed_in()
    address = make(browser)
    for number in range(MANY):
        for _ in range(2):
            assert ask(gate, address, f"198.51.{number}.{number + 1}").status == 200
    assert "networks" not in part(browser)
    gate.parts.watch.flush()
    gate.parts.watch.close()
    assert f"networks on the busiest day this week: {MANY}" in part(browser)
    assert "more networks than one reader has" in part(browser)
    assert "198.51" not in stored(home)
    told = json.loads(browser.get("/-/account/data").content)["feeds"]
    assert [(one["of"], one["networks_on_the_busiest_day"]) for one in told] == [("/", MANY)]


def test_what_was_watched_goes_after_a_week_and_a_feed_that_nobody_asks_for_after_half_a_year(
    gate: Worker, home: Home, later: Callable[[float], None]
) -> None:
    from foldline.site.feeds import keys
    from foldline.site.feeds.models import FeedKey, FeedUse
    from foldline.site.readers import moment, prune

    address = make(signed_in())
    ask(gate, address)
    gate.parts.watch.close()
    assert (FeedUse.objects.count(), keys.prune()) == (1, 0)
    later(8 * 86_400)
    assert (keys.prune(), FeedUse.objects.count(), FeedKey.objects.count()) == (1, 0, 1)
    later(190 * 86_400)
    prune.prune_sign_ins(moment.now())
    assert (keys.prune(), FeedKey.objects.count()) == (1, 0)
