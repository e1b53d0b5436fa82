from __future__ import annotations

import pytest

from foldline.callers.devices import device_of

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", ("Firefox", "Linux")),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/142.0.0.0 Safari/537.36", ("Chrome", "Windows")),
        (f"Mozilla/5.0 (Windows NT 10.0) {KIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", ("Edge", "Windows")),
        (f"Mozilla/5.0 (Linux; Android 10; K) {KIT} Chrome/142.0.0.0 Mobile Safari/537.36", ("Chrome", "Android")),
        (f"Mozilla/5.0 (Linux; Android 13) {KIT} SamsungBrowser/28.0 Chrome/130 Safari/537.36",
         ("Samsung Internet", "Android")),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {KIT} Chrome/142.0.0.0 Safari/537.36", ("Chrome", "ChromeOS")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605 Version/18.5 Safari/605", ("Safari", "Mac")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) CriOS/142.0 Safari/604.1", ("Chrome", "iPhone")),
        ("Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) FxiOS/145.0 Safari/605", ("Firefox", "iPad")),
        ("curl/8.5.0", ("", "")),
        ("", ("", "")),
        ("x" * 600 + "Firefox/145.0", ("", "")),
    ],
)  # fmt: skip
def test_a_device_is_named_by_browser_and_system(user_agent: str, device: tuple[str, str]) -> None:
    assert device_of(user_agent) == device
