"""A demo that runs, and a real Chromium in front of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal
from urllib.request import Request, urlopen

from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
METERED = "/why-the-river-came-back"
SUBSCRIBERS = "/how-a-lamp-reaches-the-horizon"
REGISTERED = "/how-to-read-the-weather-map"
FREE = "/keep-the-awkward-second"
#: In which width and colours every page is looked at: each of both once, and in the long form all of it.
LOOKS: list[tuple[int, Literal["light", "dark"]]] = [(320, "dark"), (1280, "light")]
if os.environ.get("FOLDLINE_PROOF") == "long":
    LOOKS += [(320, "light"), (1280, "dark")]
#: The last words of the rest of each.
ENDS = Path(__file__).parents[2] / "src" / "foldline" / "server" / "demo" / "articles"

#: Counts state elements at every animation frame from the first one on, and keeps every layout shift with what it
#: moved.
RECORDER = """
window.frames_ = []; window.shifts_ = []; window.states_ = new Set(); window.said_ = [];
const frame = () => {
  const found = [...document.querySelectorAll('[data-state]')];
  window.frames_.push(found.length);
  for (const one of found) {
    const state = one.dataset.state;
    if (window.said_.at(-1) !== state) window.said_.push(state);
    window.states_.add(state);
  }
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
new PerformanceObserver((list) => {
  for (const {value, startTime, sources} of list.getEntries()) {
    const moved = sources.map(({node}) => (node && (node.outerHTML || node.textContent) || 'nothing').slice(0, 200));
    window.shifts_.push(`${value} at ${Math.round(startTime)} ms: ${moved.join(' | ')}`);
  }
}).observe({type: 'layout-shift', buffered: true});
"""


class Demo:
    """The facts that `foldline demo --json` printed."""

    def __init__(self, facts: dict[str, Any], home: Path) -> None:
        self.url: str = facts["url"].rstrip("/")
        self.desk: str = facts["desk"].rstrip("/")
        self.facts = facts
        self.home = home

    def cookies(self, kind: str) -> list[dict[str, Any]]:
        """What a POST to `sign_in` answers with, for a browser's jar."""
        address = next(reader["sign_in"] for reader in self.facts["readers"] if reader["kind"] == kind)
        with urlopen(Request(address, method="POST", data=b"")) as answer:
            headers = answer.headers.get_all("Set-Cookie") or []
        jar = []
        for header in headers:
            name, _, value = header.partition(";")[0].partition("=")
            if value and "Max-Age=0" not in header:
                jar.append({"name": name, "value": value.strip('"'), "url": "https://127.0.0.1", "httpOnly": True})
        return jar


@contextmanager
def running_demo(home: Path, *options: str, errors: Path | None = None) -> Iterator[Demo]:
    """`foldline demo --json` on a free port, until the block ends. `errors` takes what its processes log."""
    command = [
        sys.executable,
        "-m",
        "foldline.cli.main",
        "demo",
        "--json",
        "--port",
        "0",
        "--home",
        str(home),
        *options,
    ]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    with errors.open("wb") if errors else nullcontext(None) as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environ)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"the demo ended with {process.wait()}")
        yield Demo(json.loads(line), home)
    finally:
        process.terminate()
        process.wait(15)
        if process.stdout is not None:
            process.stdout.close()


class Reader:
    """Somebody in a browser of their own."""

    def __init__(
        self, browser: Browser, demo: Demo, kind: str = "anonymous", width: int = 1280, **options: Any
    ) -> None:
        self.demo = demo
        self.context: BrowserContext = browser.new_context(viewport={"width": width, "height": 900}, **options)
        self.context.add_init_script(RECORDER)
        if kind != "anonymous":
            self.context.add_cookies(demo.cookies(kind))  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda said: self.problems.append(said.text) if said.type == "error" else None)

    def open(self, path: str, wait: str = "load") -> Page:
        self.page.goto(self.demo.url + path, wait_until=wait)  # type: ignore[arg-type]
        return self.page

    def settle(self) -> None:
        """Until the page asks nothing any more, and two more frames."""
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def has_rest(self) -> bool:
        return bool(self.page.evaluate("document.querySelector('.rest').textContent.trim().length > 500"))

    def wait_for_rest(self) -> None:
        self.page.wait_for_selector(".rest > *", state="attached")

    def states(self) -> list[str]:
        """The states that were seen, in order."""
        said: list[str] = self.page.evaluate("window.said_")
        return said

    def at_once(self) -> int:
        """The most state elements of any frame."""
        return int(self.page.evaluate("Math.max(0, ...window.frames_)"))

    def shifts(self) -> list[str]:
        return [str(one) for one in self.page.evaluate("window.shifts_")]

    def gate_text(self) -> str:
        return self.page.locator("aside.gate").inner_text()

    def close(self) -> None:
        self.context.close()
