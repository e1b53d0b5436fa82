from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.browser.press_room import CHROMIUM, FLAGS, Demo, running_demo


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(tmp_path_factory.mktemp("demo")) as runs:
        yield runs


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for each file: as long as Playwright runs, no other test of this process can have an event loop."""
    if not CHROMIUM:
        pytest.skip("MISSING chromium: apt-get install chromium, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        # Playwright turns the back/forward cache off; a test of the Back button would then pass for nothing.
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
        )
        yield browser
        browser.close()
