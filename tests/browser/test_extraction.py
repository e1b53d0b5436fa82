"""Reader modes and extractors get the whole or exactly the preview, and no sentence of the wall."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trafilatura
from playwright.sync_api import Browser
from tests.browser.press_room import METERED, REGISTERED, SUBSCRIBERS, Demo, Reader

from foldline.pages.words import catalogue

READABILITY = Path(__file__).parents[2] / ".stamps" / "readability" / "Readability.js"
CASES = [
    ("anonymous", METERED, False),
    ("anonymous", SUBSCRIBERS, False),
    ("anonymous", REGISTERED, False),
    ("lapsed", SUBSCRIBERS, False),
    ("registered", REGISTERED, True),
    ("subscriber", SUBSCRIBERS, True),
    ("subscriber", METERED, True),
]


def paragraphs(one: Reader, selector: str) -> list[str]:
    """The text of the blocks that a selector finds, white space folded."""
    texts = one.page.locator(selector).all_inner_texts()
    return [folded(text) for text in texts if text.strip()]


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def letters(text: str) -> str:
    return re.sub(r"[^\w]", "", text)


def wall_sentences() -> list[str]:
    """Every sentence that a wall may say, without the parts that are filled in."""
    said = [text for key, text in catalogue("en").items() if key.startswith(("wall.", "gate.", "meter."))]
    parts = [folded(part) for text in said for part in re.split(r"\{[^}]*\}", text)]
    return [part for part in parts if len(part) > 20]


def check(text: str, one: Reader, whole: bool) -> None:
    preview = paragraphs(one, ".body > p")
    below = paragraphs(one, ".rest p")
    assert len(preview) >= 3
    assert bool(below) is whole
    got = letters(text)
    for paragraph in preview + below:
        assert letters(paragraph) in got
    if not whole:
        last = letters(preview[-1])
        tail = got[got.rindex(last) + len(last) :]
        assert tail == ""
    for sentence in wall_sentences():
        assert letters(sentence) not in got


@pytest.mark.parametrize(("kind", "path", "whole"), CASES)
def test_readability_in_chromium(chromium: Browser, demo: Demo, kind: str, path: str, whole: bool) -> None:
    if not READABILITY.exists():
        pytest.skip("MISSING Readability.js: `make .stamps/readability` fetches it, and `make test` runs that")
    # As a reader mode does, on the page as it was served and before any script ran.
    one = Reader(chromium, demo, kind, bypass_csp=True)
    one.page.route("**/*.js", lambda route: route.abort())
    page = one.open(path)
    page.add_script_tag(content=READABILITY.read_text(encoding="utf-8"))
    found = page.evaluate("new Readability(document.cloneNode(true)).parse()")
    check(found["textContent"], one, whole)
    assert found["title"]
    one.close()


def test_readability_after_the_rest_came_by_post(chromium: Browser, demo: Demo) -> None:
    if not READABILITY.exists():
        pytest.skip("MISSING Readability.js: `make .stamps/readability` fetches it, and `make test` runs that")
    one = Reader(chromium, demo, bypass_csp=True)
    page = one.open(METERED)
    one.wait_for_rest()
    page.add_script_tag(content=READABILITY.read_text(encoding="utf-8"))
    found = page.evaluate("new Readability(document.cloneNode(true)).parse()")
    check(found["textContent"], one, whole=True)
    one.close()


@pytest.mark.parametrize(("kind", "path", "whole"), CASES)
def test_trafilatura(chromium: Browser, demo: Demo, kind: str, path: str, whole: bool) -> None:
    one = Reader(chromium, demo, kind, java_script_enabled=False)
    one.open(path)
    text = trafilatura.extract(one.page.content(), include_comments=False, favor_recall=False)
    assert text is not None
    check(text, one, whole)
    one.close()
