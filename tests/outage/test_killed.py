"""`kill -9` of whoever has a hand in it loses nothing that was committed: no spend, and nobody's right to read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.outage.load import Asking
from tests.outage.test_faults_under_load import CANARY, LATER, REST

from foldline.clock import SystemClock
from foldline.errors import StoreUnavailable
from foldline.signed.counting import reader_owner
from foldline.stores.address import Address
from foldline.stores.database import FAILURES
from foldline.stores.meter import SqliteMeter
from foldline.stores.passes import PassStore
from foldline.testing.builders import HOST, METERED, PRODUCT
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.postgres import PostgresCluster
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

#: How many accounts read one article each, how many rights are given meanwhile, and how often somebody is killed.
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
ACCOUNTS, RIGHTS, KILLS = (400, 400, 6) if LONG else (40, 40, 2)


@dataclass
class Scene:
    world: World
    gate: GateProcess
    postgres: PostgresCluster | None
    #: Who has had the article, by their names, and whose right was written.
    had: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    @property
    def database(self) -> str:
        assert self.world.home.database is not None
        return self.world.home.database.url.rpartition("/")[2]


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    postgres: PostgresCluster | None = None
    address, environ = None, {}
    if request.param == "postgresql":
        postgres = request.getfixturevalue("postgres")
        address = Address.of(request.getfixturevalue("database").url)
        environ = {"FOLDLINE_DATABASE": address.url}
    with (
        World(tmp_path / "home", rests(REST), SystemClock(), database=address) as world,
        GateProcess(world.home, HOST, 2, errors=tmp_path / "errors", environ=environ) as gate,
    ):
        yield Scene(world, gate, postgres)


def kill_worker(scene: Scene) -> None:
    number = len(scene.gate.processes)
    scene.gate.processes[0].kill()
    scene.gate.processes.pop(0).wait()
    scene.gate.processes.append(scene.gate.start(number + 10))


def kill_backends(scene: Scene) -> None:
    assert scene.postgres is not None
    assert scene.postgres.kill_backend(scene.database) > 0


def kill_postmaster(scene: Scene) -> None:
    assert scene.postgres is not None
    scene.postgres.kill()
    scene.postgres.start()


VICTIMS: dict[str, Callable[[Scene], None]] = {
    "a gate worker": kill_worker,
    "every backend": kill_backends,
    "the postmaster": kill_postmaster,
}


#: Those of the second are in every run.
CASES = [("sqlite", "a gate worker"), *(("postgresql", victim) for victim in VICTIMS)]
SHORT = [("sqlite", "a gate worker"), ("postgresql", "the postmaster")]


@pytest.mark.parametrize(("scene", "victim"), CASES if LONG else SHORT, indirect=["scene"])
def test_nothing_that_was_committed_is_lost_whoever_is_killed(scene: Scene, victim: str) -> None:
    carry, home = scene.world.carry(), scene.world.home
    accounts = [f"reads{number}" for number in range(ACCOUNTS)]
    write_facts(home, *(carry.facts(name) for name in accounts))
    with ThreadPoolExecutor(6) as pool:
        reading = [pool.submit(reads, scene, carry, name) for name in accounts]
        giving = pool.submit(gives, scene, carry)
        for kill in range(1, KILLS + 1):
            # In the middle of what is done: some is, and some is to be.
            until(lambda kill=kill: len(scene.had) >= kill * ACCOUNTS // (KILLS + 2))
            VICTIMS[victim](scene)
        for done in (*reading, giving):
            done.result()
    assert (len(scene.had), len(scene.given)) == (ACCOUNTS, RIGHTS)
    store, passes = SqliteMeter(home), PassStore(home)
    try:
        window = scene.world.state.window(int(SystemClock().now())).number
        owners = {name: reader_owner(carry.keyring, carry.key(name)) for name in scene.had}
        assert [name for name, owner in owners.items() if store.used(owner, "site", window) != 1] == []
        found = {name: passes.facts(carry.key(name)) for name in scene.given}
        assert [name for name, facts in found.items() if facts is None or facts.product_ends != {PRODUCT: LATER}] == []
    finally:
        store.close()
        passes.close()


def reads(scene: Scene, carry: Carry, name: str) -> None:
    """Ask for the article until it comes: a spend whose text did not arrive is free on retry."""
    asking = Asking(name, METERED.path, cookie(reader_pass=carry.token(carry.facts(name))), None, METERED.id)

    def came() -> bool:
        try:
            return CANARY.encode() in asking.ask(scene.gate.client).body
        except OSError:
            return False

    until(came)
    scene.had.append(name)


def gives(scene: Scene, carry: Carry) -> None:
    """Write one right after another: what could not be written was not given, and is tried again."""
    for number in range(RIGHTS):
        name = f"gives{number}"

        def written(name: str = name) -> bool:
            try:
                write_facts(scene.world.home, carry.facts(name, {PRODUCT: LATER}))
            except (StoreUnavailable, *FAILURES):
                return False
            return True

        until(written)
        scene.given.append(name)
        time.sleep(0.005)


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not so():
        assert time.monotonic() < end
        time.sleep(0.02)
