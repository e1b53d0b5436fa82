"""Nobody tells the gate anything: within a minute readers see, through caches, what the origin shows now.

In the default run the bounds are shortened and everything else is as it is; `make proof` waits for the real ones.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from tests.server.caches import CACHES, Cache, listens_at, replaced
from tests.server.test_origin_newspaper import CANARY, REST, Paper, opened, page

from foldline.gate.response import CACHED_AT_MOST, KEPT_SECONDS, SHOWN_MEANWHILE
from foldline.policy.open_now import OpenNow
from foldline.server import rewriting
from foldline.sources.origin.freshness import Bounds
from foldline.stores.home import Home
from foldline.stores.open_now import OpenNowStore
from foldline.testing.builders import HOST

LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: Seconds: how long the gate uses an answer unasked, a cache keeps a preview, and shows it while it asks for the next.
USED, KEPT, SHOWN = (Bounds().most, KEPT_SECONDS, SHOWN_MEANWHILE) if LONG else (1, 1, 1)
#: What an answer may take on its way, in seconds.
ON_ITS_WAY = 2.0 if LONG else 1.0
#: The worker of `foldline serve`, with bounds of so many seconds.
SHORT = f"""
from foldline.gate import response
response.CACHED_AT_MOST = {KEPT + SHOWN}
response.NEUTRAL = (
    (b"x-accel-expires", b"{KEPT}"),
    (b"cache-control", b"no-cache"),
    (b"cdn-cache-control", b"max-age={KEPT}, stale-while-revalidate={SHOWN}, stale-if-error=86400"),
    (b"vary", b"accept-encoding"),
)
from foldline.server import rewriting
from foldline.sources.origin.freshness import Bounds
Bounds.__init__.__defaults__ = ({min(USED, Bounds().least)}, {USED}, False)
from foldline.server.worker import main
main()
"""


def asked(caches: list[Cache], path: str, *carries: tuple[bytes, bytes]) -> list[tuple[int, str]]:
    answers = [
        cache.get(path, (b"Accept-Encoding", coding), *carries) for cache in caches for coding in (b"gzip", b"identity")
    ]
    return [(answer.status, answer.text) for answer in answers]


def until(moment: float) -> None:
    while (left := moment - time.monotonic()) > 0:
        time.sleep(left)


def test_the_bounds_that_are_shipped_are_less_than_a_minute() -> None:
    assert Bounds().most + CACHED_AT_MOST + 2.0 < 60
    # A feed is made of articles that may be as old as ever, used for a while, and kept by caches.
    assert Bounds().most + rewriting.FRESH + rewriting.CACHED + 2.0 < 60


@pytest.mark.parametrize("said", ["max-age=3600", ""] if LONG else ["max-age=3600"])
def test_within_a_minute_every_change_of_the_origin_is_what_readers_see(tmp_path: Path, said: str) -> None:
    paths = [f"/{name}.html" for name in ("above", "below", "unpublished", "taken-down", "opened-now")]
    above, _, unpublished, taken, _ = paths
    with opened(tmp_path / "home", REST, program=("-c", SHORT)) as paper:
        answers = paper.site.page

        def site(environ: dict[str, object], path: str) -> tuple[str, list[tuple[str, str]], bytes]:
            if path == taken and path not in paper.site.pages:
                return "410 Gone", [("Content-Type", "text/html")], b"<h1>gone</h1>"
            status, headers, body = answers(environ, path)
            return status, [*headers, *([("Cache-Control", said)] if said else [])], body

        paper.site.page = site  # type: ignore[method-assign]
        paper.site.pages |= {path: page(REST) for path in paths}
        listens_at(paper.home, paper.gate.address[1])
        shorter = replaced((r"set req\.grace = \d+s;", f"set req.grace = {SHOWN}s;"))
        with (
            CACHES["nginx"](paper.home, HOST, tmp_path / "nginx") as nginx,
            CACHES["varnish"](paper.home, HOST, tmp_path / "varnish", shorter) as varnish,
        ):
            _changes(paper, [nginx, varnish], paths)
            # The gate is gone, and what the caches keep has run out: it is shown all the same, and nothing else is.
            for process in paper.gate.processes:
                process.kill()
                process.wait(10)
            paper.gate.close_socket()
            until(time.monotonic() + KEPT + SHOWN)
            for path, status in ((above, 200), (unpublished, 404), (taken, 410)):
                assert {each for each, _ in asked([nginx, varnish], path)} == {status}, path


def _changes(paper: Paper, caches: list[Cache], paths: list[str]) -> None:
    above, below, unpublished, taken, opened_now = paths
    for path in paths:
        assert paper.get(path).status == 200
    changed = time.monotonic()
    paper.site.pages[above] = page(REST).replace(b"two diaries", b"two LEDGERS")
    paper.site.pages[below] = page(REST.replace("It was.", "As we know now."))
    del paper.site.pages[unpublished], paper.site.pages[taken]
    found = re.search(r'data-article="(\d+)"', paper.get(opened_now).text)
    assert found
    # The worst that can be: just before the gate asks anew, both caches are given what was so before.
    until(changed + 0.8 * USED)
    for path in paths:
        asked(caches, path)
    store, now = OpenNowStore(Home(paper.home, paper.database)), int(time.time())
    store.add(OpenNow("article", found[1], "a flood", now, now + 3600), "ada", now)
    store.close()
    opened_at = time.monotonic()
    # Nobody asks meanwhile: the first who comes after it must not be shown what was kept.
    until(changed + USED + KEPT + SHOWN + ON_ITS_WAY)
    for status, text in asked(caches, above):
        assert (status, "two LEDGERS" in text) == (200, True)
    for status, text in asked(caches, below, *paper.subscriber()):
        assert (status, "As we know now." in text) == (200, True)
    for path, expected in ((unpublished, 404), (taken, 410)):
        for status, text in [*asked(caches, path), *asked(caches, path, *paper.subscriber())]:
            assert (status, "two diaries" in text, CANARY in text) == (expected, False, False)
    until(opened_at + KEPT + SHOWN + ON_ITS_WAY)
    for status, text in asked(caches, opened_now):
        assert (status, CANARY in text) == (200, True)


def test_a_recipe_that_shows_what_ran_out_while_it_asks_is_found_out(tmp_path: Path) -> None:
    spoilt = replaced(
        (r"(?<=proxy_cache_use_stale )error(?= timeout)", "updating error"),
        (r"proxy_cache_lock on;", "proxy_cache_background_update on;"),
    )
    with opened(tmp_path / "home", REST, program=("-c", SHORT)) as paper:
        paper.site.pages["/a.html"] = page(REST)
        listens_at(paper.home, paper.gate.address[1])
        with CACHES["nginx"](paper.home, HOST, tmp_path / "nginx", spoilt) as nginx:
            assert nginx.get("/a.html").status == 200
            paper.site.pages["/a.html"] = page(REST).replace(b"two diaries", b"two LEDGERS")
            until(time.monotonic() + USED + KEPT + SHOWN + ON_ITS_WAY)
            assert "two LEDGERS" not in nginx.get("/a.html").text
