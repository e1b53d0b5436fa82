"""The till's pages as a person meets them: without scripts, light and dark, narrow and wide."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser
from tests.billing.till_room import MONTHLY, SITE, RunningTill, running_till
from tests.browser.test_accessibility import findings

SIZES = [(width, scheme) for width in (320, 1280) for scheme in ("light", "dark")]


@pytest.fixture
def till(tmp_path: Path) -> Iterator[RunningTill]:
    with running_till(tmp_path) as running:
        yield running


def start(till: RunningTill) -> str:
    return till.provider.start_checkout("reader-1", "r@example.test", MONTHLY, f"{SITE}/-/subscribed", "key-1234").url


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_axe_finds_nothing_at_the_till(
    chromium: Browser, till: RunningTill, width: int, scheme: Literal["light", "dark"]
) -> None:
    address = start(till)
    context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()

    def is_well() -> None:
        assert findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.goto(address)
    is_well()
    page.check("input[value=declined]")
    page.click("form .button")
    assert "declined this card" in page.inner_text("[role=alert]")
    is_well()
    page.check("input[value=asks]")
    page.click("form .button")
    assert page.inner_text("h1") == "Is this payment yours?"
    is_well()
    till.post(page.url, answer="yes")
    found = till.provider.subscription(str(till.provider.checkout(address.rpartition("/")[2]).subscription))
    till.book.set_card(found.customer, "declined")
    till.book.renewals.end_period(found.subscription)
    invoice = till.provider.invoices(found.customer)[0].url
    for shown in (
        till.provider.portal(found.customer, f"{SITE}/-/account"),
        invoice,
        f"{till.address}/",
        f"{address}x",
    ):
        page.goto(shown)
        is_well()
    context.close()


def test_paying_needs_no_script_and_leads_back_to_the_site(chromium: Browser, till: RunningTill) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    broken: list[str] = []
    page.on("console", lambda message: broken.append(message.text))
    page.goto(start(till))
    assert broken == [], "the page's own policy lets everything in that it needs"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    with page.expect_request(lambda request: request.url.startswith(SITE)) as back:
        page.keyboard.press("Enter")
    assert back.value.url.startswith(f"{SITE}/-/subscribed?checkout=cs_till_")
    assert till.provider.checkout(back.value.url.rpartition("=")[2]).paid
    context.close()
