"""Hosts that serve one publication and differ are found, and named by what they differ in."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from foldline.stores.home import Home
from foldline.stores.hosts import AWAY, FORGOTTEN, HostRow, HostStore, problems_of_hosts
from foldline.stores.schema import connect, migrate

NOW = 1_800_000_000
ONE = HostRow("one:/srv/post", ("aaaa", "bbbb"), "r-one", "1.0", NOW, NOW)


def other(**changed: Any) -> HostRow:
    return replace(ONE, **{"name": "two:/srv/post", **changed})


@pytest.mark.parametrize(
    ("differs", "found"),
    [
        ({}, []),
        ({"keys": ("aaaa",)}, ["FL354"]),
        ({"keys": ("bbbb", "aaaa")}, ["FL354"]),
        ({"rules": "r-two"}, ["FL355"]),
        ({"rules": ""}, ["FL355"]),
        ({"clock": NOW + 300}, ["FL356"]),
        ({"clock": NOW - 300}, ["FL356"]),
        ({"clock": NOW + 29}, []),
        ({"seen": NOW - AWAY - 1, "clock": NOW - AWAY - 1}, ["FL357"]),
        # A host that is away says nothing of now.
        ({"seen": NOW - AWAY - 1, "clock": NOW - AWAY - 1, "keys": ("cccc",), "rules": "r-two"}, ["FL357"]),
        ({"keys": ("cccc",), "rules": "r-two", "clock": NOW + 300}, ["FL354", "FL355", "FL356"]),
    ],
)
def test_hosts_that_differ_are_named_by_what_they_differ_in(differs: dict[str, object], found: list[str]) -> None:
    problems = problems_of_hosts(NOW, [ONE, other(**differs)])
    assert [problem.id for problem in problems] == found
    assert all("two:/srv/post" in str(problem) for problem in problems)


def test_what_nobody_serves_is_no_host_that_is_away() -> None:
    assert problems_of_hosts(NOW + FORGOTTEN, [ONE, other()]) == []


def test_a_host_tells_of_itself_by_the_databases_clock_and_one_of_long_ago_is_forgotten(tmp_path: Path) -> None:
    home = Home(tmp_path)
    migrate(home)
    with HostStore(home) as store:
        store.tell(other(name="gone:/"))
        connection = connect(home.site_db)
        connection.execute("UPDATE foldline_hosts SET seen = seen - ?", (FORGOTTEN + 1,))
        connection.close()
        store.tell(ONE)
        store.tell(other(clock=5))
        store.tell(ONE)
        now, rows = store.known()
    assert [row.name for row in rows] == ["one:/srv/post", "two:/srv/post"]
    assert abs(now - time.time()) < 60
    assert all(abs(row.seen - now) < 60 for row in rows)
    assert (rows[0].keys, rows[0].rules, rows[0].version, rows[0].clock) == (("aaaa", "bbbb"), "r-one", "1.0", NOW)
    # Both clocks that are of other years are found.
    assert [problem.id for problem in problems_of_hosts(now, rows)] == ["FL356", "FL356"]
