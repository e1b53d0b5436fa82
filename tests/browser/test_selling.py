"""Paying in a real browser: the demonstration, its till, and a reader who came from the wall."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Literal, cast

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.press_room import SUBSCRIBERS, Demo, Reader
from tests.browser.test_accessibility import findings

from foldline.server.demo.mailbox import Mail, read_mails

#: From the button that pays to the whole article, in seconds.
SOON = 10


def notices_come(chromium: Browser, demo: Demo, when: str) -> None:
    """Choose, on the till's own page, when it tells what happens there."""
    one = Reader(chromium, demo)
    one.page.goto(demo.facts["till"])
    one.page.locator("[name=delivery]").select_option(when)
    one.page.locator("form[action='/delivery'] button").click()
    one.close()


@pytest.fixture(scope="module")
def mute(chromium: Browser, demo: Demo) -> Iterator[None]:
    """The till tells nobody anything: what opens, opens because it was asked."""
    notices_come(chromium, demo, "never")
    yield
    notices_come(chromium, demo, "at once")


def mails(demo: Demo, address: str) -> list[Mail]:
    return [mail for mail in read_mails(demo.home / "mail", demo.url) if mail.to == address]


def until_mailed(demo: Demo, address: str, subject: str) -> Mail:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for mail in mails(demo, address):
            if subject in mail.subject:
                return mail
        time.sleep(0.05)
    raise AssertionError(f"no mail “{subject}” came")


def sign_in(page: Page, demo: Demo, address: str) -> None:
    page.get_by_label("E-mail").fill(address)
    page.get_by_role("button", name="Send me a code").click()
    page.wait_for_url(re.compile("/-/sign-in/code"))
    page.get_by_label(re.compile("code", re.IGNORECASE)).fill(until_mailed(demo, address, "is your code").code)
    page.get_by_role("button", name="Sign in", exact=True).click()


def at_the_plans(one: Reader, address: str) -> Page:
    """From the wall to the plans, signed in, by what a person reads and presses."""
    page = one.open(SUBSCRIBERS)
    page.locator("aside.gate").get_by_role("link", name="Subscribe").click()
    page.wait_for_url(re.compile("/-/subscribe"))
    page.get_by_role("link", name="Sign in to subscribe").click()
    page.wait_for_url(re.compile("/-/sign-in"))
    sign_in(page, one.demo, address)
    page.get_by_role("checkbox").wait_for()
    return page


def at_the_till(one: Reader, address: str) -> Page:
    """From the wall to the till's page."""
    return go_on_to_pay(one.demo, at_the_plans(one, address))


def go_on_to_pay(demo: Demo, page: Page) -> Page:
    page.get_by_role("radio", name=re.compile("€4 a month")).check()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Go on to pay").click()
    page.wait_for_url(f"{demo.facts['till']}pay/*")
    return page


def pay(page: Page, card: str = "4242") -> None:
    page.get_by_role("radio", name=re.compile(card)).check()
    page.get_by_role("button", name=re.compile("Subscribe and pay")).click()


def first_of_the_rest(page: Page) -> float:
    """Where the rest begins, in pixels below the top of the window."""
    box = page.locator(".rest > *").first.bounding_box()
    assert box is not None
    return box["y"]


def test_a_window_that_was_closed_after_paying_is_made_up_for_by_the_notice(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo)
    page = at_the_till(one, "cleo@example.test")
    # What the button sends, and then nobody follows where its answer leads.
    paid = one.context.request.post(page.url, form={"card": "works"}, max_redirects=0)
    assert paid.status == 303
    end = time.monotonic() + SOON
    while True:
        one.open(SUBSCRIBERS)
        one.settle()
        if one.has_rest():
            break
        assert time.monotonic() < end, "no notice opened it"
    until_mailed(demo, "cleo@example.test", "Your subscription")
    one.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_from_the_wall_to_the_whole_article_at_the_same_paragraph_while_no_notice_comes(
    chromium: Browser, demo: Demo, mute: None, scripts: bool
) -> None:
    address = f"bea-{scripts}@example.test".lower()
    one = Reader(chromium, demo, java_script_enabled=scripts)
    page = at_the_till(one, address)
    began = time.monotonic()
    pay(page)
    page.wait_for_url(f"{demo.url}{SUBSCRIBERS}#continue")
    page.wait_for_selector(".rest > *", state="attached")
    assert time.monotonic() - began < SOON
    rest = page.locator(".rest").inner_text()
    assert len(rest) > 500
    assert 0 <= first_of_the_rest(page) < 900
    assert "The rest is for subscribers" not in page.content()
    # And again from the front page on, with the pass that paying gave.
    one.open(SUBSCRIBERS)
    assert page.locator(".rest").inner_text() == rest
    assert "All of The Fold, €4 a month" in until_mailed(demo, address, "Your subscription").text
    assert not one.problems
    one.close()


def test_a_declined_card_says_what_to_do_and_the_next_one_opens(chromium: Browser, demo: Demo, mute: None) -> None:
    one = Reader(chromium, demo)
    page = at_the_till(one, "dan@example.test")
    pay(page, "0002")
    page.get_by_role("alert").wait_for()
    assert "Nothing was charged. Choose another card, or ask your bank." in page.get_by_role("alert").inner_text()
    # In another window nothing is open, and the way back leads to the plans.
    page.get_by_role("link", name="Back, without paying").click()
    page.wait_for_url(re.compile("/-/subscribe"))
    one.open(SUBSCRIBERS)
    assert "The rest is for subscribers" in one.gate_text()
    page.locator("aside.gate").get_by_role("link", name="Subscribe").click()
    pay(go_on_to_pay(demo, page))
    page.wait_for_url(f"{demo.url}{SUBSCRIBERS}#continue")
    one.wait_for_rest()
    one.close()


def test_cancelling_takes_two_clicks_and_subscribing_no_fewer(chromium: Browser, demo: Demo, mute: None) -> None:
    clicks: list[str] = []
    one = Reader(chromium, demo)
    one.context.expose_binding("clicked", lambda source, on: clicks.append(on))
    one.context.add_init_script("addEventListener('click', (event) => clicked(event.target.localName), true)")
    page = at_the_plans(one, "click@example.test")
    clicks.clear()
    pay(go_on_to_pay(demo, page))
    page.wait_for_url(f"{demo.url}{SUBSCRIBERS}#continue")
    subscribing = list(clicks)
    one.open("/-/account")
    clicks.clear()
    page.get_by_role("link", name="Cancel: All of The Fold").click()
    page.get_by_role("button", name="Cancel my subscription").click()
    page.wait_for_url("**/-/account?done=cancelled#plans")
    assert clicks == ["a", "button"]
    assert len(subscribing) >= len(clicks)
    one.close()


def shown(page: Page) -> list[str]:
    """What axe finds, and what does not fit: narrow in the dark, and wide in the light."""
    found = []
    for width, scheme in ((320, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=cast("Literal['dark', 'light']", scheme))
        found += findings(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found.append(f"{page.url} is wider than {width} pixels")
    return found


def test_axe_finds_nothing_from_the_plans_to_the_mail_that_says_cancelled(
    chromium: Browser, demo: Demo, mute: None
) -> None:
    address = "axe@example.test"
    one = Reader(chromium, demo)
    page = at_the_plans(one, address)
    assert shown(page) == []
    pay(go_on_to_pay(demo, page))
    page.wait_for_url(f"{demo.url}{SUBSCRIBERS}#continue")
    one.open("/-/account/payments")
    assert shown(page) == []
    # Two clicks from the account, no more than subscribing took.
    one.open("/-/account")
    page.get_by_role("link", name="Cancel: All of The Fold").click()
    page.wait_for_url("**/cancel")
    assert shown(page) == []
    page.get_by_role("button", name="Cancel my subscription").click()
    page.wait_for_url("**/-/account?done=cancelled#plans")
    assert shown(page) == []
    text = until_mailed(demo, address, "You have cancelled").text
    until = re.search(r"You read on until ([^,]+, \d{4})", text)
    assert until is not None
    assert f"Cancelled. You read on until {until[1]}" in page.locator("main").inner_text()
    one.open(SUBSCRIBERS)
    one.wait_for_rest()
    one.close()


def test_who_is_signed_out_withdraws_with_what_stands_in_the_receipt_and_has_it_by_mail(
    chromium: Browser, demo: Demo
) -> None:
    address = "wanda@example.test"
    one = Reader(chromium, demo)
    pay(at_the_till(one, address))
    one.page.wait_for_url(f"{demo.url}{SUBSCRIBERS}#continue")
    receipt = until_mailed(demo, address, "Your subscription").text
    number = re.search(r"order number: (\S+)\.", receipt)
    link = re.search(r"Withdraw from contract here: (\S+)", receipt)
    assert number is not None
    assert link is not None
    one.close()
    stranger = Reader(chromium, demo)
    page = stranger.page
    page.goto(link[1])
    assert shown(page) == []
    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Order number").fill(number[1])
    page.get_by_role("button", name="Go on").click()
    assert shown(page) == []
    page.get_by_role("button", name="Confirm withdrawal").click()
    page.get_by_role("heading", name="Your withdrawal has been received").wait_for()
    assert shown(page) == []
    told = until_mailed(demo, address, "Your withdrawal from your contract").text
    assert re.search(r"we received your withdrawal on .*\d{1,2}:\d\d", told)
    assert number[1] in told
    stranger.close()


def test_another_plan_is_agreed_to_then_paid_for_the_difference_and_told_by_mail(
    chromium: Browser, demo: Demo, mute: None
) -> None:
    address = "pia@example.test"
    one = Reader(chromium, demo)
    page = at_the_till(one, address)
    pay(page)
    page.wait_for_url(f"{demo.url}{SUBSCRIBERS}#continue")
    one.open("/-/account")
    page.get_by_role("link", name="Change plan: All of The Fold").click()
    page.wait_for_url(re.compile("/-/subscribe"))
    assert "Takes the place of All of The Fold, which you have." in page.locator("main").inner_text()
    assert shown(page) == []
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Go on to pay").click()
    page.wait_for_url(f"{demo.facts['till']}change/*")
    assert shown(page) == []
    page.get_by_role("button", name=re.compile(r"Change and pay 36\.\d\d €")).click()
    page.wait_for_url(f"{demo.url}/**")
    one.open("/-/account")
    assert "All of The Fold for a year, €40 a year" in page.locator("main").inner_text()
    told = until_mailed(demo, address, "Your new plan").text
    assert "Takes the place of All of The Fold, which you have." in told
    one.close()
