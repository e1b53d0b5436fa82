"""A newspaper that sells, and the till that takes its money: both real, in one process."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from tests.billing.till_room import KEY, RunningTill, running_till
from tests.readers.browser import Browser, mails

from foldline.policy.facts import Access, Article
from foldline.site.billing.till.client import Till
from foldline.stores.home import Home
from foldline.stores.records import ArticleRecord, RecordWriter

#: Articles: of the product that both plans open, and of one that the dearer plan alone opens.
WHOLE, EXTRA = "/the-whole", "/the-extra"


@dataclass
class Shop:
    """`till` is what it sells by."""

    till: RunningTill

    def offer(self, browser: Browser, path: str = WHOLE) -> dict[str, str]:
        """The fields of the form on the page of plans, the box ticked."""
        page = browser.get(f"/-/subscribe?next={path}").content.decode()
        named = re.findall(r'<input type="hidden" name="(next|order|terms)" value="([^"]*)"', page)
        return {**dict(named), "plan": "all", "agreed": "1"}

    def begin(self, browser: Browser, path: str = WHOLE, **fields: str) -> str:
        """Send the form; the address of the till's page."""
        answer = browser.post("/-/subscribe", {**self.offer(browser, path), **fields})
        return payment_page(answer)

    def pay(self, browser: Browser, path: str = WHOLE, card: str = "works", **fields: str) -> str:
        """From the page of plans to the till's answer: where it leads back to, as a path here."""
        paid = self.till.post(self.begin(browser, path, **fields), card=card)
        assert paid.status == 303
        return paid.headers["location"].removeprefix("http://127.0.0.1:8080")

    def subscriptions(self) -> int:
        """How many the till has."""
        return len(list(self.till.provider.subscriptions(0)))

    @contextmanager
    def out_of_order(self) -> Iterator[None]:
        """The till answers nobody for a while."""
        dead = Till("http://127.0.0.1:9", KEY, "-")
        with override_settings(FOLDLINE_PROVIDER=dead):
            yield


def payment_page(answer: Any) -> str:
    assert answer.status_code == 200, text_of(answer)
    address = answer["Refresh"].removeprefix("0; url=")
    assert f'href="{address}"' in answer.content.decode()
    return address


def text_of(answer: Any) -> str:
    """What a person reads on a page."""
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


@contextmanager
def open_shop(home: Home, folder: Path) -> Iterator[Shop]:
    """Sells by a till that runs until the block ends."""
    writer = RecordWriter(home)
    for number, (path, products) in enumerate(((WHOLE, {1}), (EXTRA, {2})), 900_001):
        article = Article(number, Access.SUBSCRIBERS, "", frozenset(products), frozenset(), 1, path)
        writer.put_article(ArticleRecord(path, article, 1, "<p>", "", "", {"ask": "", "open": "", "free": ""}, "rest"))
    writer.close()
    with running_till(folder) as till, override_settings(FOLDLINE_PROVIDER=till.provider):
        yield Shop(till)


@pytest.fixture
def shop(selling: None, home: Home, tmp_path: Path) -> Iterator[Shop]:
    """A shop with no customers, whose mails stay in memory."""
    from django.core import mail
    from django.core.cache import cache

    from foldline.site.readers.mail import POSTMAN

    cache.clear()
    with (
        override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"),
        open_shop(home, tmp_path) as shop,
    ):
        mail.outbox = []
        yield shop
        POSTMAN.wait(10)


def nora(address: str = "nora@example.test") -> Browser:
    """Somebody who has signed in just now."""
    browser = Browser()
    browser.sign_in(address)
    mails().clear()
    return browser


def products(browser: Browser) -> frozenset[int]:
    """What the pass in a browser opens."""
    from foldline.signed import reader_pass
    from foldline.site.readers import passes

    carried = reader_pass.read(passes.keyring(), browser.cookie("__Host-foldline-pass").encode())
    return frozenset(carried.products)


def notice_of(shop: Shop, subscription: str) -> bytes:
    """What the till would tell of a subscription."""
    told = {"id": f"evt_of_{subscription}", "kind": "paid", "subscription": subscription, "created": int(time.time())}
    return json.dumps({"object": "till.notice", **told, "live": False}).encode()
