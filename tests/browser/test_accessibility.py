"""axe finds nothing, in any state, light or dark, narrow or wide (WCAG 2.2 A and AA)."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from tests.browser.press_room import FREE, LOOKS, METERED, REGISTERED, SUBSCRIBERS, Demo, Reader

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def findings(page: Page) -> list[str]:
    result = Axe().run(page, options=RULES)
    return [
        f"{found['id']}: {[node['html'][:120] for node in found['nodes']]}" for found in result.response["violations"]
    ]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("anonymous", "/"),
        ("anonymous", "/section/science"),
        ("anonymous", METERED),
        ("anonymous", SUBSCRIBERS),
        ("anonymous", REGISTERED),
        ("registered", SUBSCRIBERS),
        ("lapsed", SUBSCRIBERS),
        ("subscriber", SUBSCRIBERS),
        ("anonymous", FREE),
        ("anonymous", "/there-is-nothing-here"),
        ("anonymous", "/-/sign-in"),
        ("anonymous", "/-/subscribe"),
        ("anonymous", "/-/machines"),
        ("subscriber", "/-/account"),
        ("subscriber", "/-/print"),
        ("anonymous", "/-/demo/mail"),
    ],
)
def test_axe_finds_nothing(
    chromium: Browser, demo: Demo, kind: str, path: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    one = Reader(chromium, demo, kind, width, color_scheme=scheme)
    page = one.open(path)
    one.settle()
    assert findings(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    one.close()


def test_axe_finds_nothing_while_checking_and_when_unreachable(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo)
    one.page.route("**/-/read", lambda route: None)
    page = one.open(METERED, wait="domcontentloaded")
    page.wait_for_selector("[data-state=checking]")
    assert findings(page) == []
    page.wait_for_selector("[data-state=unreachable]", timeout=12_000)
    assert findings(page) == []
    one.close()


def test_axe_finds_nothing_without_scripts(chromium: Browser, demo: Demo) -> None:
    """The element never starts, as where scripts are off; axe itself needs one, so the file is kept away instead."""
    one = Reader(chromium, demo)
    one.page.route("**/*.js", lambda route: route.abort())
    page = one.open(METERED)
    page.get_by_role("button", name="Continue reading").wait_for(state="visible", timeout=5000)
    assert findings(page) == []
    one.close()


def test_text_at_twice_its_size_still_fits(chromium: Browser, demo: Demo) -> None:
    one = Reader(chromium, demo, width=640)
    page = one.open(SUBSCRIBERS)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    one.close()
