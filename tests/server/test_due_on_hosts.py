"""What hosts do by themselves, on a PostgreSQL that they share: cut connections, clocks apart, leases that are lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from tests.django_home import django_home

from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.testing.postgres import Database, PostgresCluster

SOON = 10.0
#: The table's, which only lists what is wrong with articles here.
ALARMS = "CREATE TABLE foldline_site.newsroom_articlealarm (id serial, problem text, at timestamptz)"


class Shared:
    """A database that hosts share, as they find it and as its operator does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def says(self, sql: str, *given: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self._database.superuser_url, autocommit=True) as asking:
            asking.execute("SET search_path TO foldline_site")
            done = asking.execute(sql, given)
            return done.fetchall() if done.description else []

    def cut(self) -> None:
        """Every connection of every host is ended."""
        ended = self.says(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert ended
        assert all(row == (True,) for row in ended)

    def leased_until(self, name: str) -> float:
        rows = self.says("SELECT leased_until FROM desk_duejob WHERE name = %s AND leased_by <> ''", name)
        return float(str(rows[0][0])) if rows else 0.0


class Clock:
    """What a host’s own clock shows; the database has another one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = time.time()
        monkeypatch.setattr(time, "time", lambda: self.now)

    def at(self, apart: float, look: Callable[[], None]) -> None:
        """Look on a host whose clock is so many seconds ahead of this one."""
        self.now += apart
        look()
        self.now -= apart


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return django_home(tmp_path_factory)


@pytest.fixture
def shared(home: Home, tmp_path: Path, postgres: PostgresCluster, database: Database) -> Iterator[Shared]:
    """Every thread of this process finds the site’s tables in a PostgreSQL, and in it that of due jobs."""
    from django.db import connection, connections

    from foldline.site.database import database_settings
    from foldline.site.desk.models import DueJob

    told = database_settings(Home(tmp_path, Address.of(database.url)))
    with psycopg.connect(database.url, autocommit=True) as asking:
        asking.execute("CREATE SCHEMA foldline_site")
        asking.execute(ALARMS)
    before, usual = connections["default"], connections.settings["default"]
    connections.settings["default"] = connections.configure_settings({"default": told})["default"]
    del connections["default"]
    try:
        with connection.schema_editor() as making:
            making.create_model(DueJob)
        yield Shared(database)
    finally:
        connections["default"].close()
        connections.settings["default"] = usual
        connections["default"] = before


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_host_that_stands_by_takes_over_after_its_connection_was_cut(shared: Shared, clock: Clock) -> None:
    from foldline.server.due import Job, Loop

    ran: list[str] = []
    first, second = (Loop((Job("often", 1.0, lambda who=who: ran.append(who)),)) for who in ("first", "second"))
    first.look()
    second.look()
    shared.cut()
    # The first is gone without a word, and its lease has run out.
    shared.says("UPDATE desk_duejob SET leased_until = 0, due = 0")
    for _ in range(3):
        clock.now += 1
        second.look()
    assert ran[:2] == ["first", "second"]


def test_a_run_that_takes_long_keeps_its_lease_after_its_connection_was_cut(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.server.due import Job, Loop
    from foldline.site.desk import due_jobs

    monkeypatch.setattr(due_jobs, "LEASE", 0.6)
    stop, ends = threading.Event(), threading.Event()
    running = threading.Thread(target=Loop((Job("long", 3600.0, ends.wait),)).run_forever, args=(stop,))
    running.start()
    try:
        until(lambda: shared.leased_until("long") > 0)
        begun = shared.leased_until("long")
        until(lambda: shared.leased_until("long") > begun)
        shared.cut()
        cut = shared.leased_until("long")
        until(lambda: shared.leased_until("long") > cut + 0.6)
    finally:
        ends.set()
        stop.set()
        running.join(SOON)


def test_what_is_told_of_jobs_and_alarms_is_told_again_after_the_connection_was_cut(shared: Shared) -> None:
    from foldline.server.due import Job, Loop
    from foldline.server.site_counts import _from_the_database

    Loop((Job("hourly", 3600.0, lambda: None),)).look()
    shared.says("INSERT INTO newsroom_articlealarm (problem, at) VALUES ('FL101', now())")
    told = {sample.family for sample in _from_the_database()}
    assert {"job_runs", "job_overdue_seconds", "alarms"} <= told
    shared.cut()
    again = [_from_the_database() for _ in range(2)][-1]
    assert {sample.family for sample in again} == told


@pytest.mark.parametrize("apart", [1.0, -1.0, 20.0, -20.0, 300.0])
def test_of_two_hosts_whose_clocks_are_apart_one_runs_a_job(shared: Shared, clock: Clock, apart: float) -> None:
    from foldline.server.due import Job, Loop

    ran: list[str] = []
    first, second = (
        Loop(
            (
                Job("often", 1.0, lambda who=who: ran.append(f"{who} often")),
                Job("hourly", 3600.0, lambda who=who: ran.append(f"{who} hourly")),
            )
        )
        for who in ("first", "second")
    )
    for _ in range(8):
        clock.at(apart, first.look)
        second.look()
        clock.now += 1
    assert ran == ["first often", "first hourly", *["first often"] * 7]


def test_a_host_that_has_lost_its_lease_runs_its_job_no_more(shared: Shared, clock: Clock) -> None:
    from foldline.server.due import TELL_EVERY, Job, Loop

    ran: list[float] = []
    loop = Loop((Job("often", 1.0, lambda: ran.append(clock.now)),))
    loop.look()
    # What a database that was failed over knows may be older than what a host believes.
    shared.says(
        "UPDATE desk_duejob SET leased_by = 'another host', leased_until = extract(epoch FROM clock_timestamp()) + 15"
    )
    lost = clock.now
    for _ in range(12):
        clock.now += 1
        loop.look()
    assert max(ran) <= lost + TELL_EVERY


def test_of_several_hosts_none_forgets_what_another_one_does(shared: Shared, clock: Clock) -> None:
    from foldline.server.due import Job, Loop

    ran: list[str] = []
    sells = Loop((Job("hourly", 3600.0, lambda: None), Job("bill", 60.0, lambda: ran.append("bill"))))
    sells.look()
    Loop((Job("hourly", 3600.0, lambda: None),)).look()
    assert shared.says("SELECT name FROM desk_duejob ORDER BY name") == [("bill",), ("hourly",)]


def test_what_no_host_has_done_for_a_day_is_forgotten_and_enrolled_by_whoever_does_it(
    shared: Shared, clock: Clock
) -> None:
    from foldline.server.due import Job, Loop

    ran: list[str] = []
    sells = Loop((Job("hourly", 3600.0, lambda: None), Job("bill", 60.0, lambda: ran.append("bill"))))
    sells.look()
    shared.says("UPDATE desk_duejob SET due = due - 2 * 86400 WHERE name = 'bill'")
    Loop((Job("hourly", 3600.0, lambda: None),)).look()
    assert shared.says("SELECT name FROM desk_duejob") == [("hourly",)]
    clock.now += 60
    sells.look()
    assert ran == ["bill", "bill"]
    assert shared.says("SELECT runs FROM desk_duejob WHERE name = 'bill'") == [(1,)]


def test_the_desk_says_that_nobody_runs_a_job_by_the_clock_that_it_is_run_by(shared: Shared, clock: Clock) -> None:
    from foldline.server.due import Job, Loop
    from foldline.site.desk.due_jobs import clock as of_the_table
    from foldline.site.desk.job_table import shown_jobs

    Loop((Job("hourly", 60.0, lambda: None),)).look()
    clock.now += 3600
    assert [shown.trouble for shown in shown_jobs(of_the_table())] == [""]
    shared.says("UPDATE desk_duejob SET due = due - 3600")
    (late,) = shown_jobs(of_the_table())
    assert "nobody runs it" in late.trouble
