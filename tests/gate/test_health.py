"""A health checker is told one word, and nobody is told more."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
from tests.gate.newspaper import START, Newspaper

from foldline.gate.health import LATELY, lack_of
from foldline.signed import cookies
from foldline.stores.address import Place
from foldline.stores.schema import connect

LIVE, READY = "/-/live", "/-/ready"


@pytest.fixture
def ready(paper: Newspaper) -> Newspaper:
    """A worker that has heard changes and read records, as `beside` does each second."""
    look(paper)
    return paper


def look(paper: Newspaper) -> None:
    paper.worker.hear()
    paper.worker.look_at_records()


def said(paper: Newspaper, path: str = READY) -> tuple[int, bytes]:
    answer = paper.get(path)
    return answer.status, answer.body


def test_a_worker_that_heard_and_read_is_ready(ready: Newspaper) -> None:
    assert said(ready) == (200, b"ready\n")
    assert said(ready, LIVE) == (200, b"live\n")


def test_a_worker_that_was_only_just_started_is_live_and_not_ready(paper: Newspaper) -> None:
    assert said(paper, LIVE) == (200, b"live\n")
    assert said(paper) == (503, b"not ready\n")
    assert str(lack_of(paper.worker.state)) == "records"


def test_a_worker_without_rules_is_not_ready(ready: Newspaper) -> None:
    ready.worker.state.rules = None
    assert said(ready) == (503, b"not ready\n")
    assert str(lack_of(ready.worker.state)) == "rules"


def away(place: Place, table: str) -> Callable[[], None]:
    """A table has another name, and nobody finds it. Gives what brings it back."""

    def rename(before: str, after: str) -> None:
        with closing(connect(place)) as connection:
            connection.execute(f"ALTER TABLE {before} RENAME TO {after}")

    rename(table, "away")
    return lambda: rename("away", table)


def unheard(paper: Newspaper) -> Callable[[], None]:
    """The changes can't be read any more."""
    return away(paper.home.site_db, "foldline_changes")


def unread(paper: Newspaper) -> Callable[[], None]:
    """The records can't be read any more."""
    return away(paper.home.public_db, "records")


@pytest.mark.parametrize(("breaks", "lacks"), [(unheard, "changes"), (unread, "records")])
def test_a_store_that_is_away_makes_a_worker_not_ready_and_back_ready_again(
    ready: Newspaper, breaks: Callable[[Newspaper], Callable[[], None]], lacks: str
) -> None:
    mend = breaks(ready)
    ready.clock.time += LATELY
    look(ready)
    assert said(ready) == (200, b"ready\n"), "a moment without it is not told"
    ready.clock.time += 1
    look(ready)
    assert said(ready) == (503, b"not ready\n")
    assert str(lack_of(ready.worker.state)) == lacks
    assert said(ready, LIVE) == (200, b"live\n")
    mend()
    look(ready)
    assert said(ready) == (200, b"ready\n")


def test_a_store_that_is_away_changes_no_answer_to_a_reader(ready: Newspaper) -> None:
    ready.sign_in({1: START + 86_400})
    before = ready.get("/metered")
    ready.worker.state.changes_heard_at = 0
    assert said(ready) == (503, b"not ready\n")
    assert ready.get("/metered") == before


@pytest.mark.parametrize("path", [LIVE, READY])
def test_health_is_answered_on_any_host_and_says_the_same(ready: Newspaper, path: str) -> None:
    own = ready.get(path)
    ready.sign_in({1: START + 86_400})
    for host in (b"localhost:8080", b"10.0.0.7:8080", b"other.example", b""):
        assert ready.ask("GET", path, host=host) == own
    assert ready.ask("GET", f"{path}?host=x", [("accept", "text/html"), ("x-forwarded-host", "x")]) == own
    assert ready.ask("GET", path, [("host", "two.example")]).status == 400


def test_nothing_else_is_answered_on_another_host(ready: Newspaper) -> None:
    for path in (
        "/-/live/", "/-/live/../read", "/-/lived", "/-/LIVE", "/-/%6cive", "/-/live;x", "/live", "/metered",
        "/-/ready/metered", "/-/me", "/-/decision?article=3", "//-/live", "/-//live",
    ):  # fmt: skip
        assert ready.ask("GET", path, host=b"localhost:8080").status in (400, 421), path


def test_a_gate_that_answered_more_on_any_host_would_be_seen(ready: Newspaper) -> None:
    ready.worker.state.hosts |= {b"localhost:8080"}
    with pytest.raises(AssertionError):
        test_nothing_else_is_answered_on_another_host(ready)


def test_health_is_kept_by_nobody_and_sets_no_cookie(ready: Newspaper) -> None:
    ready.jar[cookies.PASS] = "broken"
    for path in (LIVE, READY):
        for method in ("GET", "HEAD"):
            answer = ready.get(path, method=method)
            named = dict(answer.headers)
            assert named[b"cache-control"] == b"private, no-store"
            assert named[b"x-accel-expires"] == b"0"
            assert {b"set-cookie", b"etag", b"location"}.isdisjoint(named)
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert ready.get(path, method=method).status == 405
