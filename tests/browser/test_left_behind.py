"""What the disk of a shared device keeps of a whole: nothing."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright, sync_playwright
from tests.browser.press_room import CHROMIUM, FLAGS, FREE, SUBSCRIBERS, Demo, running_demo

LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: Read by every Python of a demo before anything else: its wholes may be kept by the browser that was sent them.
KEPT = """
from foldline.gate import response
response.NO_STORE = ((b"cache-control", b"private, max-age=600"), (b"x-accel-expires", b"0"), response.NO_STORE[2])
"""


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    if not CHROMIUM:
        pytest.skip("MISSING chromium: apt-get install chromium, or name it in CHROMIUM")
    with sync_playwright() as running:
        yield running


def read_and_leave(playwright: Playwright, demo: Demo, profile: Path) -> tuple[str, str]:
    """A subscriber reads a closed article and a free one, and ends the browser: words of the rest, and of the free."""
    context = playwright.chromium.launch_persistent_context(str(profile), executable_path=CHROMIUM, args=FLAGS)
    try:
        context.add_cookies(demo.cookies("subscriber"))  # type: ignore[arg-type]
        return words_at(context, demo.url + SUBSCRIBERS, ".rest p"), words_at(context, demo.url + FREE, "article p")
    finally:
        context.close()


def words_at(context: BrowserContext, address: str, where: str) -> str:
    """The longest run of plain letters in the last long paragraph of a page."""
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    texts: list[str] = page.locator(where).all_inner_texts()
    page.close()
    last = [text for text in texts if len(text) > 120][-1]
    return max(re.findall(r"[A-Za-z ]+", last), key=len).strip()


def lies_in(profile: Path, words: str) -> bool:
    """Whether words lie in any file below a folder, as they are or in a packed answer."""
    wanted = words.encode()
    for path in profile.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            if wanted in held or any(wanted in unpacked for unpacked in _unpacked(held)):
                return True
    return False


def _unpacked(held: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"\x1f\x8b\x08", held):
        try:
            yield zlib.decompressobj(31).decompress(held[found.start() :])
        except zlib.error:
            continue


def test_the_disk_of_a_shared_device_holds_no_word_of_a_whole(
    playwright: Playwright, demo: Demo, tmp_path: Path
) -> None:
    rest, free = read_and_leave(playwright, demo, tmp_path / "profile")
    assert len(rest) > 20
    # What everybody may read is there: so the search finds what lies in a cache.
    assert lies_in(tmp_path / "profile", free)
    assert not lies_in(tmp_path / "profile", rest)


# In the long form alone: a second demo is started, with a fault in it.
if LONG:

    def test_a_whole_that_a_browser_may_keep_would_be_seen(
        playwright: Playwright, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "sitecustomize.py").write_text(KEPT, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        with running_demo(tmp_path / "home") as broken:
            rest, _ = read_and_leave(playwright, broken, tmp_path / "profile")
            assert lies_in(tmp_path / "profile", rest)
