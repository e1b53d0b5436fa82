"""The newsstand: ages are right at the moment of reading, however long the page lay in a cache; axe finds nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.press_room import LOOKS, Demo
from tests.browser.test_accessibility import findings

from foldline.pages.layout import Layout
from foldline.pages.public import Newsstand, Publication, StandCard, Term
from foldline.pages.words import load_words

MADE = datetime(2025, 4, 12, 12, 44, tzinfo=UTC)
AGES = (
    timedelta(),
    timedelta(seconds=59),
    timedelta(minutes=3),
    timedelta(hours=1),
    timedelta(hours=23, minutes=59),
    timedelta(days=1),
    timedelta(days=60, hours=23),
    timedelta(days=61),
    timedelta(days=800),
    timedelta(minutes=-3),
    timedelta(hours=-30),
)


def stand(demo: Demo, *ages: timedelta, language: str = "en") -> str:
    """A newsstand as it is written at `MADE`, of articles that are so old then."""
    cards = tuple(
        StandCard(
            f"https://courier.example/{number}",
            f"Headline {number} of the Donaudampfschifffahrtsgesellschaftskapitän",
            "The Delta Courier",
            "What happened.",
            MADE - age,
            tags=(Term("Water", ""),),
        )
        for number, age in enumerate(ages)
    )
    publication = Publication("The Fold", demo.url, language=language)
    return Layout(publication, load_words(language)).newsstand(Newsstand("/newsstand", cards))


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def opened(page: Page, demo: Demo, html: str, at: datetime) -> None:
    """The same bytes, whenever they are looked at."""
    page.clock.install(time=at)
    page.route("**/newsstand", lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    page.goto(f"{demo.url}/newsstand")


def told(page: Page) -> list[str]:
    return page.locator(".card-stand time").all_inner_texts()


def test_ages_are_those_of_the_moment_of_reading_and_a_date_ahead_stays_a_date(page: Page, demo: Demo) -> None:
    opened(page, demo, stand(demo, *AGES), MADE)
    assert told(page) == [
        "this minute", "this minute", "3 minutes ago", "1 hour ago", "23 hours ago", "1 day ago",
        "2 months ago", "2 months ago", "2 years ago", "April 12, 2025", "April 13, 2025",
    ]  # fmt: skip


def test_a_page_that_lay_in_a_cache_for_a_day_tells_the_ages_of_today(page: Page, demo: Demo) -> None:
    opened(page, demo, stand(demo, *AGES), MADE + timedelta(days=1))
    assert told(page) == [
        "1 day ago", "1 day ago", "1 day ago", "1 day ago", "1 day ago", "2 days ago",
        "2 months ago", "2 months ago", "2 years ago", "23 hours ago", "April 13, 2025",
    ]  # fmt: skip


def test_a_page_that_stays_open_for_a_day_goes_along(page: Page, demo: Demo) -> None:
    opened(page, demo, stand(demo, timedelta(minutes=3)), MADE)
    assert told(page) == ["3 minutes ago"]
    page.clock.fast_forward(86_400_000)
    assert told(page) == ["1 day ago"]


def test_an_age_is_told_in_the_language_of_the_publication(page: Page, demo: Demo) -> None:
    opened(page, demo, stand(demo, timedelta(days=61), language="fr"), MADE)
    assert told(page) == ["il y a 2 mois"]


def test_without_scripts_there_are_dates(chromium: Browser, demo: Demo) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{demo.url}/newsstand")
    dates = page.locator(".card-stand time")
    assert dates.count() > 5
    assert {text[-4:].isdigit() and "ago" not in text for text in dates.all_inner_texts()} == {True}
    context.close()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_and_nothing_is_cut_off(
    chromium: Browser, demo: Demo, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{demo.url}/newsstand")
    assert page.locator(".card-stand").count() > 5
    assert findings(page) == []
    page.route("**/newsstand", lambda route: route.fulfill(body=stand(demo, *AGES), content_type="text/html"))
    page.reload()
    assert page.locator(".card-stand").count() == len(AGES)
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
