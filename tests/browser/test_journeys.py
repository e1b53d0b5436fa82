"""Signing in, signing out and the Back button, in a browser with its back/forward cache on."""

from __future__ import annotations

import re
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.press_room import METERED, REGISTERED, SUBSCRIBERS, Demo, Reader


def newest_code(demo: Demo) -> str:
    """The code in the newest mail, as the demo's mail page shows it."""
    with urlopen(demo.url + "/-/demo/mail") as page:
        found = re.search(r'class="code"[^>]*>(?:<[^>]+>)*\s*([A-Z0-9-]{6,12})', page.read().decode())
    assert found
    return found[1]


def sign_in(page: Page, demo: Demo, address: str) -> None:
    """From a wall that offers it to wherever the sign-in leads back to."""
    page.locator("aside.gate").get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill(address)
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_url("**/-/sign-in/code*")
    page.get_by_label(re.compile("code", re.IGNORECASE)).fill(newest_code(demo))
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_url("**#continue")


def sign_out(page: Page, demo: Demo) -> None:
    page.locator("foldline-me a").click()
    page.wait_for_url("**/-/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_load_state()


def holds(page: Page, words: str) -> bool:
    """Whether a sentence is anywhere in the document, however its lines are broken."""
    return words in re.sub(r"\s+", " ", page.evaluate("document.documentElement.textContent"))


def last_sentence(one: Reader) -> str:
    words = re.sub(r"\s+", " ", one.page.locator(".rest p").last.inner_text()).strip()
    assert holds(one.page, words)
    return words


def back_to(page: Page, path: str) -> None:
    for _ in range(6):
        page.go_back(wait_until="commit")
        page.wait_for_timeout(300)
        if page.url.split("#")[0].endswith(path):
            return
    raise AssertionError(f"Back never came to {path}")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_subscriber_signs_in_by_code_and_lands_on_the_next_paragraph(
    chromium: Browser, demo: Demo, scripts: bool
) -> None:
    one = Reader(chromium, demo, java_script_enabled=scripts)
    page = one.open(SUBSCRIBERS)
    sign_in(page, demo, "subscriber@example.test")
    assert page.url == f"{demo.url}{SUBSCRIBERS}#continue"
    first = page.locator(".rest > *").first
    box = first.bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 600
    assert page.locator(".rest").inner_text().strip()
    one.close()


def test_a_new_address_makes_an_account_and_opens_what_is_free_with_one(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo)
    page = one.open(REGISTERED)
    page.locator("aside.gate").get_by_role("link").first.click()
    page.get_by_label("E-mail").fill("new.reader@example.test")
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_url("**/-/sign-in/code*")
    page.get_by_label(re.compile("code", re.IGNORECASE)).fill(newest_code(demo))
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_url("**#continue")
    one.settle()
    assert one.has_rest()
    one.close()


def test_a_wrong_code_signs_nobody_in(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo)
    page = one.open(SUBSCRIBERS)
    page.locator("aside.gate").get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail").fill("subscriber@example.test")
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_url("**/-/sign-in/code*")
    page.get_by_label(re.compile("code", re.IGNORECASE)).fill("000000")
    page.locator("main form").get_by_role("button").first.click()
    page.wait_for_load_state()
    assert "/-/sign-in/code" in page.url
    one.open(SUBSCRIBERS)
    assert not one.has_rest()
    one.close()


def test_after_sign_out_back_shows_the_preview_of_what_came_whole(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo, "subscriber")
    page = one.open(SUBSCRIBERS)
    assert one.has_rest()
    words = last_sentence(one)
    sign_out(page, demo)
    back_to(page, SUBSCRIBERS)
    assert not holds(page, words)
    page.wait_for_selector("[data-state=refused]")
    one.settle()
    assert not holds(page, words)
    assert page.locator(".rest").inner_text().strip() == ""
    one.close()


def test_after_sign_out_back_shows_the_preview_of_a_rest_that_came_by_post(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo, "registered")
    page = one.open(METERED)
    one.wait_for_rest()
    words = last_sentence(one)
    sign_out(page, demo)
    back_to(page, METERED)
    assert not holds(page, words)
    page.get_by_role("button", name="Continue reading").wait_for()
    one.settle()
    assert not holds(page, words)
    one.close()


def test_back_without_signing_out_opens_again_and_costs_nothing(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo)
    page = one.open(METERED)
    one.wait_for_rest()
    page.locator(".masthead a, header a").first.click()
    page.wait_for_load_state()
    page.go_back(wait_until="commit")
    one.wait_for_rest()
    one.settle()
    assert "1 of 3" in one.gate_text()
    one.close()


def test_the_header_shows_who_reads_and_nothing_moves(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo, "subscriber")
    one.open("/")
    one.settle()
    assert one.page.locator("foldline-me a").inner_text() == "Your account"
    assert one.shifts() == []
    one.close()
