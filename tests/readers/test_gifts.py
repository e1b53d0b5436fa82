"""Giving an article on the readers' side, and what the gate makes of it: the same home, a real worker."""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from tests.django_home import held_on_disk
from tests.gate.newspaper import REST, record

from foldline.config import load
from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.policy.facts import Access
from foldline.server.worker import Worker
from foldline.stores.gifts import SqliteGifts
from foldline.stores.home import Home
from foldline.stores.records import RecordWriter
from foldline.stores.schema import connect

from .browser import HOST, Browser

pytestmark = pytest.mark.usefixtures("site")

NORA, OMAR = "nora@example.test", "omar@example.test"
ARTICLES = range(701, 713)
DAY = 86_400


@pytest.fixture
def gate(home: Home) -> Iterator[Worker]:
    """A worker that serves twelve subscribers' articles and one that is free."""
    writer = RecordWriter(home)
    for number in ARTICLES:
        writer.put_article(record(number, Access.SUBSCRIBERS, path_of(number)))
    writer.put_article(record(720, Access.FREE, path_of(720)))
    worker = Worker(load(home, os.environ), 0)
    worker.hear()
    yield worker
    for number in (*ARTICLES, 720):
        writer.delete(path_of(number))
    writer.close()
    worker.parts.roll.close()
    worker.parts.gifts.close()
    worker.parts.watch.close()
    with closing(connect(home.meter_db)) as meter:
        meter.execute("DELETE FROM foldline_gifts")
        meter.execute("DELETE FROM foldline_gift_openers")


def path_of(number: int) -> str:
    return f"/given-{number}"


@dataclass
class Receiver:
    """Somebody with a link, on a device of their own."""

    gate: Worker
    jar: dict[str, str] = field(default_factory=dict)

    def opens(self, link: str) -> str:
        """The reason that the gate gives when the page asks for the gift."""
        path, _, token = link.partition(HOST)[2].partition("?gift=")
        body = f"article={path.rpartition('-')[2]}&gift={token}&answer=fragment"
        answer = self._ask("POST", "/-/read", body)
        return answer.body.decode().partition('data-reason="')[2].partition('"')[0]

    def reads(self, link: str) -> bool:
        """Whether the page shows the whole now."""
        return REST in self._ask("GET", link.partition(HOST)[2].partition("?")[0]).body.decode()

    def _ask(self, method: str, path: str, body: str = "") -> Response:
        headers = [(b"host", HOST.encode()), (b"sec-fetch-site", b"same-origin")]
        if self.jar:
            headers.append((b"cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items()).encode()))
        answer = asyncio.run(
            self.gate.app.run(Request(method, path.encode(), b"", headers, "192.0.2.9", body.encode()))
        )
        for name, value in answer.headers:
            if name == b"set-cookie":
                cookie, _, content = value.decode().partition(";")[0].partition("=")
                self.jar[cookie] = content
        return answer


def signed_in(email: str = NORA, *, subscribes: bool = True) -> Browser:
    from django.core.cache import cache

    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Product, Reader

    cache.clear()
    browser = Browser()
    browser.sign_in(email)
    if subscribes:
        reader = Reader.objects.get(email=email)
        ends = moment.now() + timedelta(days=30)
        entitlements.give(reader, Product.objects.get(number=1), ends_at=ends)
    cache.clear()
    return browser


def give(browser: Browser, number: int, name: str = "") -> tuple[int, str]:
    """(status, page) after the button."""
    browser.get(f"/-/give?article={number}")
    answer = browser.post("/-/give", {"article": str(number), "name": name})
    if answer.status_code == 303:
        answer = browser.get(answer["Location"])
    return answer.status_code, answer.content.decode()


def link_in(page: str) -> str:
    found = re.search(r'id="gift-link" value="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


def take_back(browser: Browser, page: str) -> int:
    found = re.search(r'action="(/-/account/gifts/[0-9a-f]+/take-back)"', page)
    assert found is not None
    return browser.post(found[1]).status_code


def test_a_subscriber_gives_an_article_and_takes_it_back(gate: Worker) -> None:
    nora, friend = signed_in(), Receiver(gate)
    status, page = give(nora, 701, "Nora")
    link = link_in(page)
    assert (status, link.startswith(f"http://{HOST}/given-701?gift=")) == (200, True)
    assert friend.opens(link) == "gift-opens"
    assert friend.reads(link)
    account = nora.get("/-/account").content.decode()
    assert "opened on 1 of 10 devices" in account
    assert "Articles you can still give this month: 9" in account
    assert take_back(nora, account) == 303
    gate.hear()
    assert not friend.reads(link)
    assert Receiver(gate).opens(link) == "gift-ended"
    assert "Taken back" in nora.get("/-/account").content.decode()


def test_looking_at_the_page_gives_nothing(gate: Worker, home: Home) -> None:
    nora = signed_in()
    for _ in range(3):
        assert "It can be opened on 10 devices, until " in nora.get("/-/give?article=701").content.decode()
    with closing(connect(home.meter_db, read_only=True)) as meter:
        assert meter.execute("SELECT COUNT(*) FROM foldline_gifts").fetchone() == (0,)


def test_the_same_article_again_is_free_and_the_eleventh_is_refused_by_name(gate: Worker) -> None:
    nora = signed_in()
    links = {link_in(give(nora, number)[1]) for number in ARTICLES[:10]}
    again = link_in(give(nora, 701, "Another name")[1])
    assert (len(links), again in links) == (10, True)
    status, page = give(nora, ARTICLES[10])
    assert status == 403
    assert re.search(r"You have given 10 articles this month\. You can give the next ones from 1 \w+\.", page)


def test_a_new_month_has_gifts_of_its_own(gate: Worker, later: Callable[[float], None]) -> None:
    nora = signed_in()
    for number in ARTICLES[:10]:
        give(nora, number)
    assert give(nora, 711)[0] == 403
    later(32 * DAY)
    nora = signed_in()
    assert give(nora, 711)[0] == 200


def test_who_does_not_subscribe_gives_nothing_by_whatever_means(gate: Worker) -> None:
    omar = signed_in(OMAR, subscribes=False)
    omar.get("/-/account")
    for answer in (omar.post("/-/give", {"article": "701"}), omar.get("/-/give?article=701")):
        assert (answer.status_code, "can give articles" in answer.content.decode()) == (403, True)
    stranger = Browser().get("/-/give?article=701")
    assert (stranger.status_code, stranger["Location"]) == (303, "/-/sign-in?next=/-/give%3Farticle%3D701")


def test_a_lapsed_subscriber_gives_nothing_new(gate: Worker, later: Callable[[float], None]) -> None:
    nora = signed_in()
    assert give(nora, 701)[0] == 200
    later(31 * DAY)
    nora = signed_in(subscribes=False)
    assert give(nora, 702)[0] == 403


def test_what_is_free_or_not_there_is_not_given(gate: Worker) -> None:
    nora = signed_in()
    assert give(nora, 720)[0] == 403
    for wrong in ("999999", "x", "", "1" * 16):
        assert nora.get(f"/-/give?article={wrong}").status_code == 404


def test_nobody_takes_back_what_another_gave(gate: Worker) -> None:
    nora, omar, friend = signed_in(), signed_in(OMAR), Receiver(gate)
    page = give(nora, 701)[1]
    link = link_in(page)
    omar.get("/-/give?article=702")
    assert take_back(omar, page) == 404
    assert omar.post("/-/account/gifts/zz/take-back").status_code == 404
    assert friend.opens(link) == "gift-opens"


def test_a_name_stands_on_one_line_and_turns_nothing_around(gate: Worker) -> None:
    from foldline.site.gifts import giving

    assert giving.plain_name("  No\nra\u202e <b>\u0000") == "No ra <b>"
    assert len(giving.plain_name("x" * 500)) == 60


def test_my_data_names_gifts_and_erasing_takes_them_back(gate: Worker, home: Home) -> None:
    nora, friend = signed_in(), Receiver(gate)
    link = link_in(give(nora, 701, "Nora N.")[1])
    assert friend.opens(link) == "gift-opens"
    (told,) = json.loads(nora.get("/-/account/data").content)["gifts"]
    assert (told["article"], told["shown_name"], told["opened_on_devices"], told["taken_back"]) == (
        701,
        "Nora N.",
        1,
        None,
    )
    nora.get("/-/account/erase")
    assert nora.post("/-/account/erase").status_code == 200
    gate.hear()
    assert not friend.reads(link)
    with closing(connect(home.meter_db, read_only=True)) as meter:
        assert meter.execute("SELECT owner, giver FROM foldline_gifts").fetchall() == [(b"", "")]
        assert meter.execute("SELECT COUNT(*) FROM foldline_gift_openers").fetchone() == (0,)
    assert held_on_disk("Nora N.", home.meter_db, home.meter_db.with_name("meter.db-wal")) == []


def test_two_accounts_that_become_one_have_the_gifts_of_both(gate: Worker) -> None:
    from foldline.site.gifts import giving
    from foldline.site.readers import merging
    from foldline.site.readers.models import Reader

    give(signed_in(), 701)
    give(signed_in(OMAR), 702)
    kept, other = Reader.objects.get(email=NORA), Reader.objects.get(email=OMAR)
    merging.merge(kept, other)
    assert [one.article for one in giving.of(kept)] == [702, 701]


def test_who_opened_is_forgotten_with_the_gift_and_the_gift_with_its_month(gate: Worker, home: Home) -> None:
    from foldline.site.readers import moment

    link = link_in(give(signed_in(), 701)[1])
    assert Receiver(gate).opens(link) == "gift-opens"
    now = moment.epoch()
    with closing(SqliteGifts(home)) as store:
        assert store.prune(now + 13 * DAY) == 0
        assert store.over(now + 15 * DAY)[1] == 1
        store.prune(now + 15 * DAY)
        assert store.over(now + 15 * DAY) == (0, 0)
        store.prune(now + 60 * DAY)
        assert store.over(now + 60 * DAY) == (0, 0)
    with closing(connect(home.meter_db, read_only=True)) as meter:
        assert meter.execute("SELECT COUNT(*) FROM foldline_gifts").fetchone() == (0,)
