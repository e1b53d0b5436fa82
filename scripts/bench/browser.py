"""How long Chromium takes until the whole is in the DOM: with a pass from the gate, and static from nginx."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from foldline.errors import FoldlineError
from foldline.signed import cookies
from scripts.bench.processes import Server
from scripts.bench.publication import LAST, PATH, Bench

_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_LIMIT = 10_000

#: Runs before anything of the page. The first look at the DOM that finds the last sentence notes the time since the
#: navigation started.
_WATCH = """
(() => {
  const last = %s;
  const look = () => {
    if (!document.querySelector('.rest')?.textContent.includes(last)) return;
    watching.disconnect();
    globalThis.benchWhole = performance.now();
  };
  const watching = new MutationObserver(look);
  watching.observe(document, { childList: true, subtree: true, characterData: true });
})();
"""


@dataclass(frozen=True, slots=True)
class Line:
    """An emulated connection: round trip in milliseconds, megabits per second. None of it means loopback as it is."""

    name: str
    latency: int = 0
    megabits: int = 0


LOOPBACK = Line("loopback")
SLOW = Line("40 ms, 10 Mbit/s", 40, 10)


@dataclass(frozen=True, slots=True)
class Seen:
    """Milliseconds of each load, in turn: nginx with the gate's headers, nginx without, the gate."""

    line: Line
    static: tuple[float, ...]
    bare: tuple[float, ...]
    gate: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The gate's median to nginx's: a load is one of two or three speeds, so that the ratio of a turn is not."""
        return _ratio(self.gate, self.static)

    @property
    def bare_ratio(self) -> float:
        return _ratio(self.gate, self.bare)


def _ratio(loads: tuple[float, ...], beside: tuple[float, ...]) -> float:
    return median(loads) / median(beside)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window.

    Raises:
        FoldlineError: it is not installed.
    """
    path = shutil.which("chromium")
    if path is None:
        raise FoldlineError("chromium is missing: run scripts/system-packages as root")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGS, handle_sigint=False)
        try:
            yield browser
        finally:
            browser.close()


def seen(
    browser: Browser, bench: Bench, beside: tuple[Server, Server], line: Line, loads: int, step: Callable[[], None]
) -> Seen:
    """`loads` of each in turn, each in a fresh context with an empty cache; one of each before, which does not count.

    `beside` are nginx with the gate's headers and nginx with none of them.
    """
    static, bare = beside[0].url, beside[1].url
    order = [static, bare, bench.url]
    times: dict[str, list[float]] = {url: [] for url in order}
    for turn in range(loads + 1):
        for url in order:
            with contextlib.closing(browser.new_context()) as context:
                if url == bench.url:
                    _carry_pass(context, bench)
                took = _load(context, url + PATH, line)
            if turn:
                times[url].append(took)
        order.reverse()
        step()
    return Seen(line, *(tuple(times[url]) for url in (static, bare, bench.url)))


def _carry_pass(context: BrowserContext, bench: Bench) -> None:
    token = bench.cookie_header().split(f"{cookies.PASS}=")[1].split(";")[0]
    # `__Host-` wants a secure address when it is set; Chromium sends it to loopback's plain http all the same.
    url = bench.url.replace("http:", "https:")
    context.add_cookies(
        [{"name": cookies.PASS, "value": token, "url": url, "secure": True, "httpOnly": True, "sameSite": "Lax"}]
    )


def _load(context: BrowserContext, url: str, line: Line) -> float:
    """Milliseconds from the start of the navigation, by the page's own clock."""
    context.add_init_script(_WATCH % json.dumps(LAST))
    page = context.new_page()
    if line.megabits:
        rate = line.megabits * 1_000_000 / 8
        emulated = {"offline": False, "latency": line.latency, "downloadThroughput": rate, "uploadThroughput": rate}
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", emulated)
    answer = page.goto(url, wait_until="load", timeout=_LIMIT)
    if answer is None or LAST not in answer.text():
        raise FoldlineError(f"the first answer of {url} was not the whole")
    took = page.evaluate("globalThis.benchWhole")
    if not isinstance(took, float | int):
        raise FoldlineError(f"the whole never came into the DOM of {url}")
    return float(took)
