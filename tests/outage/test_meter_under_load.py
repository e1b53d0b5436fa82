"""The meter broken for real under load: no paying reader notices, and nobody gets an article that was not counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from tests.outage.load import Asking
from tests.outage.test_faults_under_load import LATER, LONG, REST, broken, disk_full

from foldline.clock import SystemClock
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.signed.counting import reader_owner
from foldline.stores.address import Address, Schema
from foldline.stores.home import Home
from foldline.stores.meter import SqliteMeter
from foldline.stores.schema import connect, migrate
from foldline.testing.builders import HOST, METERED, OTHER, PRODUCT
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

DEVICE = b"a spent device.."


@pytest.fixture(params=["sqlite", "postgresql"] if LONG else ["sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    where = Address.of(request.getfixturevalue("database").url) if request.param == "postgresql" else None
    with World(tmp_path / "home", rests(REST), database=where) as made:
        yield made


@pytest.fixture
def gate(world: World, tmp_path: Path) -> Iterator[GateProcess]:
    address = world.home.database
    environ = {} if address is None else {"FOLDLINE_DATABASE": address.url}
    with GateProcess(world.home, HOST, workers=2, errors=tmp_path / "errors", environ=environ) as runs:
        yield runs


@pytest.fixture
def carry(world: World) -> Carry:
    clock = SystemClock()
    return Carry(keyring_of(world.settings), clock, window_at(int(clock.now()), world.settings.zone))


@pytest.fixture
def askings(world: World, carry: Carry) -> tuple[Asking, ...]:
    """A payer; an account and a device that are spent, with a cookie of before; an account that has read the article;
    one that has not; and a device whose cookie proves that it has."""
    payer = carry.facts("payer", {PRODUCT: LATER})
    spent, read, room = carry.facts("spent"), carry.facts("read"), carry.facts("room")
    write_facts(world.home, payer, spent, read, room)
    store = SqliteMeter(world.home)
    for number in (101, 102, 103):
        store.spend(carry.charge(number, reader=spent.reader))
        store.spend(carry.charge(number, device=DEVICE))
    store.spend(carry.charge(METERED.id, reader=read.reader))
    store.close()
    path, number = METERED.path, METERED.id

    def account(facts: object) -> tuple[tuple[bytes, bytes], ...]:
        return cookie(reader_pass=carry.token(facts))  # type: ignore[arg-type]

    return (
        Asking("payer", path, cookie(reader_pass=carry.token(payer)), whole=True),
        Asking("payer reads", path, cookie(reader_pass=carry.token(payer, signed=400)), whole=True, read=number),
        Asking("spent account reads", path, account(spent), read=number),
        Asking("spent device reads", path, cookie(meter=carry.meter(101, device=DEVICE)), read=number),
        Asking("account that has read it", path, account(read), whole=None, read=number),
        Asking("account with room", path, account(room), whole=None, read=OTHER.id),
        Asking("account with room looks", path, account(room)),
        Asking("device that has read it", path, cookie(meter=carry.meter(number)), whole=True),
    )


@contextmanager
def away(home: Home) -> Iterator[None]:
    if isinstance(home.meter_db, Schema):
        with closing(connect(home.site_db)) as asking:
            asking.execute(f"ALTER SCHEMA {home.meter_db.name} RENAME TO away")
            try:
                yield
            finally:
                asking.execute(f"ALTER SCHEMA away RENAME TO {home.meter_db.name}")
        return
    aside = home.meter_db.with_suffix(".away")
    home.meter_db.rename(aside)
    try:
        yield
    finally:
        aside.rename(home.meter_db)


@contextmanager
def locked(home: Home) -> Iterator[None]:
    with closing(connect(home.meter_db)) as blocker:
        if isinstance(home.meter_db, Schema):
            blocker.execute("BEGIN")
            blocker.execute("LOCK TABLE foldline_meter IN ACCESS EXCLUSIVE MODE")
        else:
            blocker.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            blocker.execute("ROLLBACK")


@contextmanager
def without_its_table(home: Home) -> Iterator[None]:
    connection = connect(home.meter_db)
    connection.execute("ALTER TABLE foldline_meter RENAME TO away")
    try:
        yield
    finally:
        connection.execute("ALTER TABLE away RENAME TO foldline_meter")
        connection.close()
        migrate(home)


FAULTS: dict[str, Callable[[Home, GateProcess], object]] = {
    "the meter is away": lambda home, gate: away(home),
    "the meter is locked": lambda home, gate: locked(home),
    "the table of the meter is away": lambda home, gate: without_its_table(home),
    "the disk is full": lambda home, gate: disk_full(gate),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_while_the_meter_is_broken_payers_read_and_nobody_gets_what_was_not_counted(
    world: World, gate: GateProcess, carry: Carry, askings: tuple[Asking, ...], fault: str
) -> None:
    verdict = broken(gate, askings, lambda: FAULTS[fault](world.home, gate))
    assert verdict.wrong == []
    assert min(verdict.asked.values()) >= 10
    counted = verdict.opened["account with room"]
    assert counted > 0, "before and after the fault it opens"
    if fault != "the disk is full":
        # On a full disk an article that was counted already can still be found.
        assert verdict.opened["account that has read it"] < verdict.asked["account that has read it"]
    window = window_at(int(SystemClock().now()), world.settings.zone).number
    owner = reader_owner(keyring_of(world.settings), carry.key("room"))
    assert SqliteMeter(world.home).used(owner, "site", window) == 1
