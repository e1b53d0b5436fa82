"""For every test: bounded property tests, and a loud word about what could not be tried."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from foldline.stores.address import Address, Schema
from foldline.stores.home import Home
from foldline.stores.postgres import PostgresConnection
from foldline.stores.schema import migrate
from foldline.testing.builders import databases
from foldline.testing.postgres import Database, PostgresCluster, programs

#: What a test does to a file, and to no schema.
_OF_FILES = frozenset(name for name in dir(Path) if not name.startswith("_")) - frozenset(dir(Schema))

pytest_plugins = ["tests.sites.fixtures"]

# No deadline and no example from the clock: a slow machine is no failure, and a run says the same thing twice.
settings.register_profile("short", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("short"), max_examples=2000, derandomize=False)
settings.load_profile("long" if os.environ.get("FOLDLINE_PROOF") == "long" else "short")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A PostgreSQL for this process of the run, started when the first test asks for it. Who stops or breaks it mends
    it again."""
    if programs() is None:
        pytest.skip("MISSING postgresql: apt-get install postgresql")
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture
def database(postgres: PostgresCluster) -> Iterator[Database]:
    """An empty database, which goes with the test."""
    made = postgres.database()
    yield made
    postgres.drop(made)


@pytest.fixture(scope="session")
def tables(postgres: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database with the tables of all stores, to be copied."""
    made = postgres.database()
    migrate(Home(tmp_path_factory.mktemp("tables"), Address.of(made.url)))
    return made


@pytest.fixture(scope="session", autouse=True)
def _homes_on_postgresql(request: pytest.FixtureRequest) -> None:
    """With FOLDLINE_TEST_DATABASE=postgresql every home that names no database lies there (`make postgres`)."""
    if os.environ.get("FOLDLINE_TEST_DATABASE") != "postgresql":
        return
    postgres, tables = request.getfixturevalue("postgres"), request.getfixturevalue("tables")
    databases.fresh = lambda: Address.of(postgres.database(tables.name).url)

    def only_a_file(schema: Schema, name: str = "") -> Any:
        if name in _OF_FILES:
            pytest.skip("about a file; `make test` has it")
        raise AttributeError(name)

    asked = PostgresConnection.execute

    def execute(self: PostgresConnection, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        if sql.startswith(("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "PRAGMA", "INSERT OR")):
            pytest.skip("about a file; `make test` has it")
        return asked(self, sql, parameters)

    Schema.__getattr__ = only_a_file  # type: ignore[attr-defined]
    Schema.__fspath__ = lambda schema: only_a_file(schema, "stat")  # type: ignore[attr-defined]
    PostgresConnection.execute = execute  # type: ignore[method-assign]


@pytest.fixture
def with_tables(postgres: PostgresCluster, tables: Database) -> Iterator[Database]:
    """A database with the tables of all stores, which goes with the test."""
    made = postgres.database(tables.name)
    yield made
    postgres.drop(made)


@pytest.fixture(params=["sqlite", "postgresql"])
def on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A home with the tables of all stores: once in files, once in PostgreSQL."""
    if request.param == "sqlite":
        home = Home(tmp_path)
        migrate(home)
        return home
    home = Home(tmp_path, Address.of(request.getfixturevalue("with_tables").url))
    home.make()
    return home


def _no_database_is_opened_by_hand(event: str, arguments: tuple[object, ...]) -> None:
    """Whoever opens and closes a database's file by hand takes SQLite's locks away from this whole process (sqlite.org,
    How To Corrupt, 2.2), and the next process that ends deletes what is in use. `held_on_disk` looks from outside."""
    if event == "open" and isinstance(arguments[0], str) and "django-home" in arguments[0]:
        assert not arguments[0].endswith((".db", ".db-wal", ".db-shm")), f"{arguments[0]} is opened by hand"


sys.addaudithook(_no_database_is_opened_by_hand)


@pytest.fixture(autouse=True)
def _no_database_is_taken_away_under_a_connection() -> Iterator[None]:
    """A log or an index of SQLite's that was deleted while this process has it open: every later connection to that
    database fails, in tests that did nothing wrong."""
    yield
    gone = []
    for number in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        with suppress(OSError):
            gone.append(os.readlink(f"/proc/self/fd/{number}"))
    taken = [path for path in gone if "django-home" in path and path.endswith(("-wal (deleted)", "-shm (deleted)"))]
    assert not taken, taken


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was asked of the gate, where a test counts it; and what was not tried, and why: a skip that nobody sees is
    a defect."""
    passed = terminalreporter.stats.get("passed", [])
    counted = [str(value) for report in passed for name, value in report.user_properties if name == "asked"]
    if counted:
        terminalreporter.section("ASKED WITHOUT A DIFFERENCE")
        for line in sorted(counted):
            terminalreporter.line(line)
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason.removeprefix("Skipped: ")] = reasons.get(reason.removeprefix("Skipped: "), 0) + 1
    if reasons:
        terminalreporter.section("NOT TRIED", sep="!", red=True, bold=True)
        for reason, count in sorted(reasons.items()):
            terminalreporter.line(f"{count} tests: {reason}")
