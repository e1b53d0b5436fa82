"""Caches before the gate are told when every worker has heard, once more later, and again where they fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from foldline.config import Settings
from foldline.server import purging
from foldline.server.purging import (
    EVERYTHING,
    HEARD,
    MOST_PAGES,
    PAUSES,
    Purger,
    pages_of,
    problems_of_caches,
    purge,
    purge_all,
)
from foldline.stores.changes import Change, write_changes
from foldline.testing.builders import HOST, home_at


@dataclass
class FakeCache:
    """It says 200, or the next of `says`. `heard` is (method, path, host, coding, whether all is meant, when)."""

    says: list[int] = field(default_factory=list)
    heard: list[tuple[str, str, str, str, str, float]] = field(default_factory=list)
    url: str = ""


@contextmanager
def cache(*says: int) -> Iterator[FakeCache]:
    made = FakeCache(list(says))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PURGE(self) -> None:
            fields = tuple(self.headers.get(name, "") for name in ("Host", "Accept-Encoding", purging.WHOLE))
            made.heard.append((self.command, self.path, *fields, time.monotonic()))  # type: ignore[arg-type]
            self.send_response(made.says.pop(0) if made.says else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return home_at(tmp_path / "home")


def test_a_purge_names_the_page_the_host_and_both_packings() -> None:
    with cache() as made:
        assert purge(made.url, HOST, ("/a", "/b")) == ""
        asked = [("PURGE", path, HOST, coding, "") for path in ("/a", "/b") for coding in ("gzip", "identity")]
        assert [heard[:5] for heard in made.heard] == asked
        assert purge(made.url, HOST, (EVERYTHING, "/c")) == ""
        assert [heard[1:5] for heard in made.heard[-3:]] == [
            ("/", HOST, "identity", "all"),
            ("/c", HOST, "gzip", ""),
            ("/c", HOST, "identity", ""),
        ]


@pytest.mark.parametrize(("status", "word"), [(403, "403"), (405, "405"), (501, "501"), (502, "gate"), (503, "gate")])
def test_a_cache_that_takes_no_purge_says_why(status: int, word: str) -> None:
    with cache(status) as made:
        assert word in purge(made.url, HOST, ("/a",))


@pytest.mark.parametrize("status", [200, 204, 404, 410])
def test_there_was_nothing_or_nothing_is_there_any_more_is_as_good_as_done(status: int) -> None:
    with cache(status, status) as made:
        assert purge(made.url, HOST, ("/a",)) == ""


def test_only_pages_are_purged_and_everything_where_it_is_too_much() -> None:
    rows = [
        Change(1, "article", "/a"),
        Change(2, "session", "00"),
        Change(3, "article", ":404"),
        Change(4, "article", "/a"),
    ]
    assert pages_of(rows) == ("/a",)
    assert pages_of([Change(1, "session", "00")]) == ()
    assert pages_of([Change(1, "origin-withdrawn", "/b"), Change(2, "origin-changed", "/c")]) == ("/b", "/c")
    for kind in ("all", "rules", "open-now", "origin-all", "mode"):
        # A cache that can't be purged whole is told of the page that changed in the same moment.
        assert pages_of([Change(1, "article", "/a"), Change(2, kind, "")]) == (EVERYTHING, "/a")
        assert pages_of([Change(1, kind, "")]) == (EVERYTHING,)
    assert pages_of([Change(number, "article", f"/{number}") for number in range(MOST_PAGES + 1)]) == (EVERYTHING,)


def test_what_changes_is_told_once_and_not_before_every_worker_has_heard(settings: Settings) -> None:
    with cache() as made:
        purger = Purger(replace(settings, purge=(made.url,)))
        began = time.monotonic()
        write_changes(settings.home, [("origin-changed", "/a"), ("session", "00")], 1)
        assert purger.look(threading.Event()) == {}
        assert purger.look(threading.Event()) == {}
        purger.close()
        assert [heard[1] for heard in made.heard] == ["/a", "/a"]
        assert made.heard[0][5] - began >= HEARD


def test_it_is_told_once_more_when_what_was_under_way_has_come_and_then_no_more(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "ONCE_MORE", 0.5)
    with cache() as made:
        purger = Purger(replace(settings, purge=(made.url,)))
        write_changes(settings.home, [("origin-withdrawn", "/a")], 1)
        purger.look(threading.Event())
        purger.look(threading.Event())
        told = len(made.heard)
        time.sleep(0.5)
        purger.look(threading.Event())
        purger.look(threading.Event())
        purger.close()
        assert [told, len(made.heard)] == [2, 4]
        assert made.heard[2][5] - made.heard[1][5] >= 0.5


def test_a_cache_that_does_not_answer_is_tried_three_times_and_holds_up_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "PAUSES", (0.0,) * len(PAUSES))
    with cache(403, 500) as slow, cache() as well:
        wrong = purge_all(replace(settings, purge=(slow.url, well.url)), ("/a",), threading.Event())
        assert wrong == {}
        assert (len(slow.heard), len(well.heard)) == (4, 2)
    wrong = purge_all(replace(settings, purge=(slow.url,)), ("/a",), threading.Event())
    assert "does not answer" in wrong[slow.url]


def test_a_stop_is_heard_in_the_middle_of_it(settings: Settings) -> None:
    stop = threading.Event()
    stop.set()
    with cache(500, 500, 500) as made:
        assert purge_all(replace(settings, purge=(made.url,)), ("/a",), stop)
        assert len(made.heard) == 1


def test_the_check_names_a_cache_that_takes_no_purge_and_no_gate_that_is_down(settings: Settings) -> None:
    with cache() as well, cache(405) as deaf, cache(502) as alone:
        found = list(problems_of_caches(replace(settings, purge=(well.url, deaf.url, alone.url))))
        assert [(problem.id, deaf.url in problem.what) for problem in found] == [("FL252", True)]
        assert well.heard[0][1] == "/-/nothing-is-here"
