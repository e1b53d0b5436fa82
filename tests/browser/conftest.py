from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright
from tests.browser.press_room import CHROMIUM, FLAGS, Demo, running_demo


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """In files and with one worker, or as FOLDLINE_TEST_DATABASE and FOLDLINE_TEST_WORKERS say (`make postgres`)."""
    options = ["--workers", os.environ.get("FOLDLINE_TEST_WORKERS", "1")]
    if os.environ.get("FOLDLINE_TEST_DATABASE") == "postgresql":
        options += ["--database", request.getfixturevalue("postgres").database().url]
    with running_demo(tmp_path_factory.mktemp("demo"), *options) as runs:
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
