"""All of `foldline serve` behind nginx and Varnish: what is told reaches readers; its death leaves them previews."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.server.caches import Cache, free_port, nginx_before, program, varnish_before
from tests.server.origin_sites import newspaper_site
from tests.server.test_origin_newspaper import CANARY, REST, RULES, SECRET, Site, page

from foldline.clock import SystemClock
from foldline.policy.open_now import OpenNow
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.sources.origin.notice import SIGNATURE, sign
from foldline.stores.home import Home
from foldline.stores.mode import Mode
from foldline.stores.open_now import OpenNowStore
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, home_at, in_mode
from foldline.testing.passes import Carry, cookie, write_facts

READY = 60.0
#: Seconds until what was told is so in both caches. They would keep a preview for 30.
TOLD = 20.0


@dataclass
class House:
    """A publication that is served, its origin, and the caches before it."""

    home: Path
    site: Site
    caches: dict[str, Cache]
    payer: tuple[tuple[bytes, bytes], ...]
    serving: subprocess.Popen[str]

    def each(self, path: str, *carries: tuple[bytes, bytes]) -> dict[str, Answer]:
        """What both caches answer, packed and plain."""
        return {
            f"{name} {coding}": cache.get(path, (b"Accept-Encoding", coding.encode()), *carries)
            for name, cache in self.caches.items()
            for coding in ("gzip", "identity")
        }

    def article(self, path: str) -> str:
        """An article that everybody has asked for."""
        self.site.pages[path] = page(REST)
        for name, answer in self.each(path).items():
            assert (answer.status, CANARY in answer.text, "two diaries" in answer.text) == (200, False, True), name
        return path

    def tell(self, told: object, through: str = "nginx") -> None:
        body = json.dumps(told).encode()
        answer = self.caches[through].ask(
            "POST", "/-/changed", (SIGNATURE, sign(SECRET, body, int(time.time()))), body=body
        )
        assert answer.status == 200, answer.body

    def until(self, path: str, seen: Callable[[Answer], bool]) -> None:
        end = time.monotonic() + TOLD
        while not all(seen(answer) for answer in self.each(path).values()):
            assert time.monotonic() < end, {
                name: (each.status, each.text[:80]) for name, each in self.each(path).items()
            }
            time.sleep(0.5)


def serving(home: Path) -> subprocess.Popen[str]:
    """`foldline serve`, in a process group of its own, when all of it answers."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith("FOLDLINE_")}
    environ = {**keep, "FOLDLINE_ORIGIN_SECRET": SECRET, "FOLDLINE_HOME": str(home)}
    verb = [sys.executable, "-m", "foldline.cli.main"]
    if not (home / "served").exists():
        subprocess.run([*verb, "migrate"], env=environ, check=True, stdout=subprocess.DEVNULL, timeout=READY)
        (home / "served").touch()
    process = subprocess.Popen([*verb, "serve"], env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    # It says so when it is ready, and nothing where it ends.
    assert "is served on" in process.stdout.readline()
    return process


def killed(process: subprocess.Popen[str]) -> None:
    """The whole tree, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    if process.stdout is not None:
        process.stdout.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    program("nginx", "nginx-light"), program("varnishd", "varnish")
    folder = tmp_path_factory.mktemp("serve")
    site = Site(REST)
    with newspaper_site(site) as port:
        settings = home_at(folder / "home")
        purge, varnish = free_port(), free_port()
        settings.home.settings_file.write_text(
            settings.home.settings_file.read_text(encoding="utf-8")
            + f'\n[origin]\nurl = "http://127.0.0.1:{port}"\nprofile = "static"\n'
            + f"\n[listen]\nport = {free_port()}\nhops = 1\nworkers = 2\n\n[desk]\nport = {free_port()}\n"
            + f'\n[caches]\npurge = ["http://127.0.0.1:{purge}", "http://127.0.0.1:{varnish}"]\n',
            encoding="utf-8",
        )
        clock = SystemClock()
        with RuleSetStore(settings.home) as sets:
            sets.publish(RULES, "ada", "", int(clock.now()))
        in_mode(settings.home, Mode.GATE, int(clock.now()))
        carry = Carry(keyring_of(settings), clock, window_at(int(clock.now()), settings.zone))
        facts = carry.facts("payer", {1: 4_000_000_000})
        write_facts(settings.home, facts)
        home = settings.home.path
        process = serving(home)
        try:
            with (
                nginx_before(home, HOST, folder / "nginx", purge_port=purge) as first,
                varnish_before(home, HOST, folder / "varnish", port=varnish) as second,
            ):
                made = House(
                    home, site, {"nginx": first, "varnish": second}, cookie(reader_pass=carry.token(facts)), process
                )
                yield made
                killed(made.serving)
        finally:
            killed(process)


@pytest.mark.parametrize("through", ["nginx", "varnish"])
def test_an_edit_that_is_told_of_reaches_everybody_through_both_caches(house: House, through: str) -> None:
    path = house.article(f"/edited-by-{through}.html")
    house.site.pages[path] = page(REST.replace("It was.", "As we know now.")).replace(b"two diaries", b"two LEDGERS")
    house.tell({"changed": [path]}, through)
    house.until(path, lambda answer: "two LEDGERS" in answer.text)
    for name, answer in house.each(path, *house.payer).items():
        assert "As we know now." in answer.text, name


def test_an_unpublished_page_that_is_told_of_is_gone_from_both_caches(house: House) -> None:
    path = house.article("/unpublished.html")
    del house.site.pages[path]
    house.tell({"changed": [path]})
    house.until(path, lambda answer: answer.status == 404)


def test_a_takedown_is_gone_from_both_caches_though_the_origin_shows_it(house: House) -> None:
    path = house.article("/taken-down.html")
    house.tell({"withdrawn": [path]})
    house.until(path, lambda answer: answer.status == 410)
    for name, answer in house.each(path, *house.payer).items():
        assert (answer.status, "two diaries" in answer.text) == (410, False), name


def test_open_now_reaches_everybody_through_a_cache_that_can_be_purged_whole(house: House) -> None:
    path = house.article("/open-now.html")
    now = int(time.time())
    varnish, store = house.caches["varnish"], OpenNowStore(Home(house.home))
    found = re.search(r'data-article="(\d+)"', varnish.get(path).text)
    assert found
    end = time.monotonic() + TOLD
    try:
        number = store.add(OpenNow("article", found[1], "a flood", now, now + 600), "ada", now)
        while CANARY not in varnish.get(path).text:
            assert time.monotonic() < end
            time.sleep(0.1)
        store.end_early(number, "ada", now)
        while CANARY in varnish.get(path).text:
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        store.close()


def test_when_the_whole_gate_is_killed_readers_have_previews_and_else_a_plain_page(house: House) -> None:
    house.site.pages["/never-asked.html"] = page(REST)
    gone = house.article("/taken-down-before.html")
    house.tell({"withdrawn": [gone]})
    house.until(gone, lambda answer: answer.status == 410)
    known = house.article("/asked-before.html")
    killed(house.serving)
    try:
        for carries in ((), house.payer):
            for name, answer in house.each(known, *carries).items():
                assert (answer.status, "two diaries" in answer.text, CANARY in answer.text) == (200, True, False), name
            for name, answer in house.each("/never-asked.html", *carries).items():
                assert (answer.status, answer.header(b"retry-after")) == (503, b"5"), name
                assert answer.text == "This page can't be read now. Please try again.\n"
                assert answer.header(b"cache-control") == b"no-store"
            for name, answer in house.each(gone, *carries).items():
                assert (answer.status, "two diaries" in answer.text) == (410, False), name
        for name, cache in house.caches.items():
            assert cache.ask("POST", "/-/read", body=b"article=1").status == 503, name
    finally:
        house.serving = serving(house.home)
    for name, answer in house.each("/never-asked.html").items():
        assert answer.status == 200, name
    for name, answer in house.each(known, *house.payer).items():
        assert CANARY in answer.text, name
