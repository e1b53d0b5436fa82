"""The table of failures where a publication lies in PostgreSQL: workers under load while the server is broken."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.outage.load import Asking
from tests.outage.test_faults_under_load import REST, TABLES, askings_of, broken, rules_broken, table_away

from foldline.clock import SystemClock
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.schema import connect
from foldline.testing.builders import HOST
from foldline.testing.postgres import ROLE, PostgresCluster
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

LONG = os.environ.get("FOLDLINE_PROOF") == "long"


@pytest.fixture(scope="module")
def world(postgres: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    database = postgres.database()
    with World(
        tmp_path_factory.mktemp("outage") / "home", rests(REST), SystemClock(), database=Address.of(database.url)
    ) as made:
        yield made
    postgres.drop(database)


@pytest.fixture
def gate(world: World, tmp_path: Path) -> Iterator[GateProcess]:
    address = world.home.database
    assert address is not None
    environ = {"FOLDLINE_DATABASE": address.url}
    # One worker, so that it holds every text that it is asked for: what it never held it can't show while it is away.
    with GateProcess(world.home, HOST, errors=tmp_path / "errors", environ=environ) as runs:
        yield runs


@pytest.fixture
def askings(world: World) -> tuple[Asking, ...]:
    return askings_of(world)


def name_of(home: Home) -> str:
    assert home.database is not None
    return home.database.url.rpartition("/")[2]


@contextmanager
def killed(home: Home, postgres: PostgresCluster) -> Iterator[None]:
    """`kill -9` of the postmaster."""
    postgres.kill()
    try:
        yield
    finally:
        postgres.start()


@contextmanager
def backends_killed(home: Home, postgres: PostgresCluster) -> Iterator[None]:
    """`kill -9` of whoever serves the workers, which ends every session and makes the server recover."""
    assert postgres.kill_backend(name_of(home)) > 0
    yield


@contextmanager
def read_only(home: Home, postgres: PostgresCluster) -> Iterator[None]:
    """As on a copy that is not yet the first: nothing can be written."""
    with closing(postgres.connect()) as asking:
        asking.execute(f"ALTER ROLE {ROLE} SET default_transaction_read_only = on")
        _end_sessions(home, postgres)
        try:
            yield
        finally:
            asking.execute(f"ALTER ROLE {ROLE} RESET default_transaction_read_only")
            _end_sessions(home, postgres)


@contextmanager
def without_rights(home: Home, postgres: PostgresCluster) -> Iterator[None]:
    """Nobody may connect any more."""
    with closing(postgres.connect()) as asking:
        asking.execute(f"ALTER ROLE {ROLE} NOLOGIN")
        _end_sessions(home, postgres)
        try:
            yield
        finally:
            asking.execute(f"ALTER ROLE {ROLE} LOGIN")


def _end_sessions(home: Home, postgres: PostgresCluster) -> None:
    with closing(postgres.connect()) as asking:
        asking.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name_of(home),))


@contextmanager
def locked(home: Home, postgres: PostgresCluster) -> Iterator[None]:
    """Somebody holds the passes and does not let go."""
    with closing(connect(home.site_db)) as blocker:
        blocker.execute("BEGIN")
        blocker.execute("LOCK TABLE foldline_pass_facts IN ACCESS EXCLUSIVE MODE")
        try:
            yield
        finally:
            blocker.execute("ROLLBACK")


FAULTS: dict[str, Callable[[Home, PostgresCluster], object]] = {
    "the server is stopped": lambda home, postgres: postgres.away(),
    "the server hangs": lambda home, postgres: postgres.hanging(),
    "the postmaster is killed": killed,
    "every backend is killed": backends_killed,
    "the passes are locked": locked,
    "the database is read-only": read_only,
    "nobody may connect": without_rights,
    **{
        name: lambda home, postgres, table=table: table_away(home, table)  # type: ignore[misc]
        for name, table in TABLES.items()
    },
    "the published rules are broken": lambda home, postgres: rules_broken(home),
}
#: Those of the first are in every run; the others take as long again.
SHORT = ("the server hangs", "the postmaster is killed")


@pytest.mark.parametrize("fault", FAULTS if LONG else SHORT)
def test_on_postgresql_nobody_who_has_paid_is_refused_and_nobody_else_gets_a_gated_byte(
    world: World, gate: GateProcess, askings: tuple[Asking, ...], postgres: PostgresCluster, fault: str
) -> None:
    for asking in askings:
        asking.ask(gate.client)
    verdict = broken(gate, askings, lambda: FAULTS[fault](world.home, postgres))
    assert verdict.wrong == []
    assert len(verdict.asked) == len(askings)
    assert min(verdict.asked.values()) >= 10
    assert all(process.poll() is None for process in gate.processes)
