"""Scripts off: everything still works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tests.browser.press_room import FREE, METERED, SUBSCRIBERS, Demo, Reader


@pytest.fixture
def plain(chromium: Browser, demo: Demo) -> Iterator[Reader]:
    one = Reader(chromium, demo, java_script_enabled=False)
    yield one
    one.close()


def text_below(one: Reader) -> str:
    return one.page.locator(".rest").inner_text().strip()


def test_continue_reading_opens_a_metered_article_at_the_next_paragraph(plain: Reader) -> None:
    page = plain.open(METERED)
    assert text_below(plain) == ""
    page.get_by_role("button", name="Continue reading").click()
    page.wait_for_url("**#continue")
    assert len(text_below(plain)) > 500
    page.reload()
    assert len(text_below(plain)) > 500


def test_the_fourth_article_is_refused_with_the_day_of_the_next_ones(plain: Reader, demo: Demo) -> None:
    metered = [article["path"] for article in demo.facts["articles"] if article["access"] == "metered"]
    for path in metered[:3]:
        plain.open(path).get_by_role("button", name="Continue reading").click()
        plain.page.wait_for_url("**#continue")
    page = plain.open(metered[3])
    assert "Without one, the next come on 1 " in plain.gate_text()
    assert text_below(plain) == ""
    assert page.get_by_role("link", name="Subscribe").count() == 1


def test_a_closed_article_says_why_and_both_links_work(plain: Reader) -> None:
    page = plain.open(SUBSCRIBERS)
    assert page.locator("[data-state]").count() == 1
    page.locator("aside.gate").get_by_role("link", name="Sign in").click()
    assert page.get_by_label("E-mail").count() == 1
    page.go_back(wait_until="commit")
    page.locator("aside.gate").get_by_role("link", name="Subscribe").click()
    assert page.locator("h1").count() == 1


def test_a_lapsed_reader_is_told_since_when(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo, "lapsed", java_script_enabled=False)
    one.open(SUBSCRIBERS)
    assert "ended" in one.gate_text()
    assert "20" in one.gate_text()
    assert "Renew" in one.gate_text()
    one.close()


def test_a_free_article_has_no_wall_at_all(plain: Reader) -> None:
    plain.open(FREE)
    assert plain.gate_text().strip() == ""


def test_a_subscriber_reads_whole(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo, "subscriber", java_script_enabled=False)
    one.open(SUBSCRIBERS)
    assert len(text_below(one)) > 500
    one.close()


def test_where_the_script_never_arrives_the_form_appears(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo)
    one.page.route("**/*.js", lambda route: route.abort())
    page = one.open(METERED)
    button = page.get_by_role("button", name="Continue reading")
    button.wait_for(state="visible", timeout=5000)
    button.click()
    page.wait_for_url("**#continue")
    assert one.has_rest()
    one.close()


def test_what_is_printed_is_what_one_may_read(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo)
    page = one.open(SUBSCRIBERS)
    page.emulate_media(media="print")
    assert page.locator(".body p").first.is_visible()
    assert not page.locator("nav").first.is_visible()
    assert text_below(one) == ""
    one.close()
