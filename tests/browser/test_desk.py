"""The desk's own pages: axe finds nothing, nothing is cut off, and a frame shows what a reader gets."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from tests.browser.press_room import LOOKS, METERED, SUBSCRIBERS, Demo
from tests.browser.test_accessibility import findings

#: Each page with the role that looks at it. The last two are reached from the page of a reader.
PAGES = (
    ("editor", "/"),
    ("admin", "/"),
    ("editor", "/see-as"),
    ("editor", "/open-now"),
    ("editor", "/newsstand"),
    ("service", "/service/"),
    ("service", "/plans"),
    ("service", "/print"),
    ("revenue", "/institutions"),
    ("revenue", "/institutions/new"),
    ("revenue", "/institutions/2"),
    ("revenue", "/rules"),
    ("revenue", "/rules/write"),
    ("revenue", "/decisions"),
    ("admin", "/jobs"),
    ("editor", "/gifts"),
    ("admin", "/audit"),
)


def entered(context: BrowserContext, demo: Demo, role: str) -> Page:
    """Somebody of a role, at the desk's front page."""
    context.clear_cookies()
    page = context.new_page()
    page.goto(f"{demo.desk}/sign-in")
    page.get_by_role("button", name=f"Enter as the demo {role}").click()
    page.wait_for_url(f"{demo.desk}/")
    return page


def sound(page: Page) -> None:
    assert findings(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_nothing_at_the_desk_and_nothing_is_cut_off(
    chromium: Browser, demo: Demo, width: int, scheme: Literal["light", "dark"]
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    now = ""
    page = context.new_page()
    for role, path in sorted(PAGES):
        if role != now:
            now, page = role, entered(context, demo, role)
        page.goto(demo.desk + path)
        sound(page)
        if path == "/rules/write":
            page.fill("#id_text", 'default-access = "half-free"')
            page.get_by_role("button", name="Try").click()
            page.get_by_text("1 problem").wait_for()
            sound(page)
    page = entered(context, demo, "service")
    page.goto(f"{demo.desk}/service/")
    page.get_by_label("E-mail address").fill("lapsed@example.test")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("heading", name="Why can this reader not read?").wait_for()
    sound(page)
    page.get_by_label("Which article?").fill(SUBSCRIBERS)
    page.keyboard.press("Enter")
    page.get_by_text("What the reader was entitled to has ended.").first.wait_for()
    sound(page)
    page.get_by_role("link", name="See it as this reader").click()
    page.get_by_text("subscription-ended").first.wait_for()
    sound(page)
    context.close()


def test_the_frames_show_the_page_with_its_letters_and_picture_and_run_nothing(chromium: Browser, demo: Demo) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = entered(context, demo, "editor")
    lost: list[str] = []
    page.on("requestfailed", lambda request: lost.append(request.url))
    page.on("response", lambda answer: lost.append(answer.url) if answer.status >= 400 else None)
    page.get_by_role("link", name="See as", exact=True).first.click()
    page.get_by_label("Headline or address").fill(METERED)
    page.keyboard.press("Enter")
    page.locator(".found a").first.click()
    page.get_by_role("link", name="anonymous, with 1 article left").click()
    page.wait_for_load_state("networkidle")
    # What was on its way when a link was followed was broken off; now nothing is.
    lost.clear()
    page.reload(wait_until="networkidle")
    assert lost == []
    first, then = page.locator("iframe.frame").element_handles()
    shown = [frame for frame in (first.content_frame(), then.content_frame()) if frame is not None]
    assert len(shown) == 2
    wholes = []
    for frame in shown:
        frame.wait_for_selector("article h1")
        style = "getComputedStyle(document.querySelector('h1')).fontFamily"
        assert "Newsreader Display" in frame.evaluate(style)
        assert frame.evaluate("document.querySelector('.lead img').naturalWidth") > 0
        assert frame.evaluate("[...document.fonts].some(font => font.status === 'loaded')")
        assert frame.evaluate("customElements.get('foldline-gate') === undefined")
        assert frame.evaluate("origin") == "null"
        wholes.append(frame.evaluate("document.querySelector('.rest').textContent.trim().length > 500"))
    assert wholes == [False, True]
    context.close()


def test_the_desk_works_without_scripts_and_by_keyboard(chromium: Browser, demo: Demo) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = entered(context, demo, "editor")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the page"
    page.goto(f"{demo.desk}/open-now")
    page.get_by_label("the whole site").check()
    page.get_by_label("Reason, as readers are to see it").fill("Public safety")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="The whole site").wait_for()
    page.get_by_role("button", name="Close now").click()
    page.get_by_text("closed by editor@example.test").wait_for()
    context.close()
