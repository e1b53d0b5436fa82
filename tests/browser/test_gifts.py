"""A gift in real browsers: a subscriber gives, somebody reads, an eleventh device does not, and it is taken back."""

from __future__ import annotations

import re
import time
from typing import Literal
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.press_room import LOOKS, SUBSCRIBERS, Demo, Reader
from tests.browser.test_accessibility import findings


def give(one: Reader, name: str = "") -> str:
    """From the article to the link, by what a person reads and presses."""
    page = one.open(SUBSCRIBERS)
    page.get_by_role("link", name="Give this article").click()
    page.wait_for_url(re.compile("/-/give"))
    if page.get_by_role("button", name="Make the link").count():
        page.get_by_label("Your name").fill(name)
        page.get_by_role("button", name="Make the link").click()
    return page.get_by_label("The link").input_value()


def opens(demo: Demo, link: str, page: Page) -> str:
    """The reason that one more device is given, as its page would ask."""
    article = page.locator("foldline-gate").get_attribute("data-article")
    token = urlsplit(link).query.partition("=")[2]
    body = urlencode({"article": article, "gift": token, "answer": "fragment"}).encode()
    asked = Request(f"{demo.url}/-/read", data=body, headers={"Sec-Fetch-Site": "same-origin"})
    with urlopen(asked) as answer:
        return str(answer.read().decode()).partition('data-reason="')[2].partition('"')[0]


def path_of(demo: Demo, link: str) -> str:
    assert link.startswith(demo.url)
    return link.removeprefix(demo.url)


def until_closed(one: Reader) -> None:
    end = time.monotonic() + 10
    while REST_SHOWN in one.open(SUBSCRIBERS).content():
        assert time.monotonic() < end, "the gift stays open"
        time.sleep(0.1)


REST_SHOWN = "has given you this article"


def test_a_gift_is_read_at_once_by_ten_devices_and_by_none_when_it_is_taken_back(chromium: Browser, demo: Demo) -> None:
    giver, friend, late = (Reader(chromium, demo, kind) for kind in ("subscriber", "anonymous", "anonymous"))
    link = give(giver, "Nora")
    assert give(giver, "Somebody else") == link
    page = friend.open(path_of(demo, link))
    friend.wait_for_rest()
    assert "Nora has given you this article." in page.locator("foldline-gate").inner_text()
    assert friend.at_once() <= 1
    assert friend.has_rest()
    again = friend.open(SUBSCRIBERS)
    assert "A reader of" in again.locator(".gate-gift").inner_text()
    assert [opens(demo, link, page) for _ in range(9)] == ["gift-opens"] * 9
    page = late.open(path_of(demo, link))
    page.get_by_text("This gift can’t be opened").wait_for()
    assert not late.has_rest()
    page.get_by_role("link", name="Go to the article").click()
    page.wait_for_url(re.compile(f"{SUBSCRIBERS}$"))
    account = giver.open("/-/account")
    assert "opened on 10 of 10 devices" in account.locator("[aria-labelledby=gifts]").inner_text()
    account.get_by_role("button", name="Take it back").click()
    account.get_by_text("That gift can’t be opened any more.").wait_for()
    until_closed(friend)
    assert [one.problems for one in (giver, friend, late)] == [[], [], []]
    for one in (giver, friend, late):
        one.close()


def test_without_a_script_a_gift_is_made_and_opened(chromium: Browser, demo: Demo) -> None:
    giver = Reader(chromium, demo, "subscriber", java_script_enabled=False)
    friend = Reader(chromium, demo, java_script_enabled=False)
    link = give(giver)
    page = friend.open(path_of(demo, link))
    assert REST_SHOWN not in page.content()
    page.get_by_role("button", name="Continue reading").click()
    page.wait_for_url(re.compile(f"{SUBSCRIBERS}#continue$"))
    assert REST_SHOWN in page.content()
    giver.close()
    friend.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_of_a_gift_have_no_findings(
    chromium: Browser, demo: Demo, width: int, scheme: Literal["light", "dark"]
) -> None:
    giver = Reader(chromium, demo, "subscriber", width=width, color_scheme=scheme)
    friend = Reader(chromium, demo, width=width, color_scheme=scheme)
    link = give(giver)
    pages = [giver.page, friend.open(path_of(demo, link))]
    friend.wait_for_rest()
    for page in pages:
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for path in ("/-/account", SUBSCRIBERS):
        assert findings(giver.open(path)) == []
    giver.close()
    friend.close()
