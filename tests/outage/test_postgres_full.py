"""The disk of a PostgreSQL is full, for real, while workers answer and readers spend."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.outage.test_faults_under_load import REST, askings_of, broken
from tests.outage.test_killed import Scene, reads, until
from tests.stores.broken_disks import full, tiny_disk

from foldline.clock import SystemClock
from foldline.server.database_checks import database_problems
from foldline.signed.counting import reader_owner
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.meter import SqliteMeter
from foldline.stores.schema import migrate
from foldline.testing.builders import HOST
from foldline.testing.passes import write_facts
from foldline.testing.postgres import PostgresCluster, programs
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

#: What a new server needs, with the rows of a test.
SIZE = "160m"
ACCOUNTS = 20


@pytest.fixture
def tiny() -> Iterator[PostgresCluster]:
    if programs() is None:
        pytest.skip("MISSING postgresql: apt-get install postgresql")
    # Not in a folder of the tests: PostgreSQL, which is not root, may not enter those.
    with TemporaryDirectory(prefix="foldline-disk-") as folder, tiny_disk(Path(folder), SIZE) as mounted:
        if not mounted:
            pytest.skip("MISSING root: a full disk under PostgreSQL is one that is mounted for it")
        with PostgresCluster(folder=Path(folder), max_wal_size="32MB", min_wal_size="32MB") as cluster:
            yield cluster


def test_a_full_disk_is_named(tiny: PostgresCluster, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Address.of(tiny.database().url))
    home.make()
    migrate(home)
    assert database_problems(home) == ()
    with full_of(tiny):
        told = [problem.id for problem in database_problems(home)]
    assert told == ["FL346"]
    assert database_problems(home) == ()


@contextmanager
def full_of(cluster: PostgresCluster) -> Iterator[None]:
    with full(cluster.folder, mounted=True):
        yield
    cluster.recover()


def test_while_the_disk_of_postgresql_is_full_payers_read_on_and_nothing_that_was_counted_is_lost(
    tiny: PostgresCluster, tmp_path: Path
) -> None:
    address = Address.of(tiny.database().url)
    with (
        World(tmp_path / "home", rests(REST), SystemClock(), database=address) as world,
        GateProcess(world.home, HOST, errors=tmp_path / "errors", environ={"FOLDLINE_DATABASE": address.url}) as gate,
        ThreadPoolExecutor(2) as pool,
    ):
        scene, carry = Scene(world, gate, tiny), world.carry()
        accounts = [f"reads{number}" for number in range(ACCOUNTS)]
        write_facts(world.home, *(carry.facts(name) for name in accounts))
        askings = askings_of(world)
        for asking in askings:
            asking.ask(gate.client)
        reading = [pool.submit(reads, scene, carry, name) for name in accounts[:5]]
        until(lambda: len(scene.had) == 5)
        verdict = broken(gate, askings, lambda: full_of(tiny))
        reading += [pool.submit(reads, scene, carry, name) for name in accounts[5:]]
        for done in reading:
            done.result()
        assert verdict.wrong == []
        assert min(verdict.asked.values()) >= 10
        store, window = SqliteMeter(world.home), world.state.window(int(SystemClock().now())).number
        try:
            owners = {name: reader_owner(carry.keyring, carry.key(name)) for name in scene.had}
            assert [name for name, owner in owners.items() if store.used(owner, "site", window) != 1] == []
        finally:
            store.close()
        assert len(scene.had) == ACCOUNTS
