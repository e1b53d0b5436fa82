"""The table of failures, for real: workers under load while one part after another is broken."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.outage.load import Asking, Verdict, load

from foldline.clock import SystemClock
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.stores.address import Place
from foldline.stores.home import Home
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import connect
from foldline.testing.builders import HOST, METERED, PRODUCT, REGISTERED, SUBSCRIBERS, UNKNOWN
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

CANARY = "the ferryman kept the seventh ledger under the floor of the boat"
REST = f"What nobody had asked was where {CANARY}.\n"
LATER = int(time.time()) + 30 * 86_400
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: Seconds of load around and in each fault.
BEFORE, DURING = 0.4, 2.0


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("outage") / "home", rests(REST)) as made:
        yield made


@pytest.fixture
def gate(world: World, tmp_path: Path) -> Iterator[GateProcess]:
    with GateProcess(world.home, HOST, workers=2, errors=tmp_path / "errors") as runs:
        yield runs


@pytest.fixture
def askings(world: World) -> tuple[Asking, ...]:
    return askings_of(world)


def askings_of(world: World) -> tuple[Asking, ...]:
    """Readers whose passes are stale, so that every visit needs the store; one whose pass is fresh; and others."""
    clock = SystemClock()
    carry = Carry(keyring_of(world.settings), clock, window_at(int(clock.now()), world.settings.zone))
    payer, registered = carry.facts("payer", {PRODUCT: LATER}), carry.facts("registered")
    lapsed, gone = carry.facts("lapsed", {PRODUCT: 1_000}), carry.facts("gone", {PRODUCT: LATER}, ended=True)
    write_facts(world.home, payer, registered, lapsed, gone)
    fresh = cookie(reader_pass=carry.token(payer))
    stale = cookie(reader_pass=carry.token(payer, signed=400))
    forged = cookie(reader_pass=carry.token(payer)[:-4] + "AAAA")
    closed, number = SUBSCRIBERS.path, SUBSCRIBERS.id
    return (
        Asking("payer, fresh", closed, fresh, whole=True),
        Asking("payer, stale", closed, stale, whole=True),
        Asking("payer reads", closed, stale, whole=True, read=number),
        Asking("payer on a metered one", METERED.path, stale, whole=True),
        Asking("registered", REGISTERED.path, cookie(reader_pass=carry.token(registered, signed=400)), whole=True),
        Asking("anonymous", closed),
        Asking("anonymous on a metered one", METERED.path),
        Asking("anonymous reads", closed, read=number),
        Asking("lapsed", closed, cookie(reader_pass=carry.token(lapsed, signed=400))),
        Asking("forged", closed, forged),
        Asking("payer on an unknown access level", UNKNOWN.path, stale),
    )


def broken(gate: GateProcess, askings: tuple[Asking, ...], fault: Callable[[], object], rest: str = CANARY) -> Verdict:
    """The verdict of a load in the middle of which `fault`, a context, begins and ends."""
    verdicts: list[Verdict] = []
    seconds = 2 * BEFORE + DURING
    asking = threading.Thread(target=lambda: verdicts.append(load(gate, askings, rest.encode(), seconds)))
    asking.start()
    time.sleep(BEFORE)
    with fault():  # type: ignore[attr-defined]
        time.sleep(DURING)
    asking.join()
    return verdicts[0]


@contextmanager
def database_destroyed(home: Home) -> Iterator[None]:
    """Every byte of the database is zero, and what readers remember of it is void."""
    writer = connect(home.site_db)
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    good = home.site_db.read_bytes()
    writer.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('article', '/nothing', 0)")
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    after = home.site_db.read_bytes()
    _overwrite(home.site_db, bytes(len(after)))
    try:
        yield
    finally:
        _overwrite(home.site_db, after)
        writer.close()
    assert len(good) <= len(after)


def _overwrite(path: Path, content: bytes) -> None:
    with path.open("r+b") as file:
        file.write(content)
        file.truncate(len(content))


@contextmanager
def table_away(home: Home, table: str) -> Iterator[None]:
    """A table has another name, and nobody finds it."""
    connection = connect(place_of(home, table))
    connection.execute(f"ALTER TABLE {table} RENAME TO away")
    try:
        yield
    finally:
        connection.execute(f"ALTER TABLE away RENAME TO {table}")
        connection.close()


@contextmanager
def disk_full(gate: GateProcess) -> Iterator[None]:
    """Nothing that the workers write gets any longer than a byte (EFBIG in the place of ENOSPC)."""
    limits = [(process.pid, resource.prlimit(process.pid, resource.RLIMIT_FSIZE)) for process in gate.processes]
    for pid, (_, hard) in limits:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        for pid, (soft, hard) in limits:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def rules_broken(home: Home) -> Iterator[None]:
    """A set that can't be read is published, and a row is written by hand that would open everything."""
    with RuleSetStore(home) as sets:
        sets.publish("this is [no TOML", "ada", "", int(time.time()))
    connection = connect(home.site_db)
    text = '[[rule]]\nname = "All of it"\nopens-for = "everyone"\n'
    connection.execute(
        "INSERT INTO foldline_rule_sets (text, version, made_by, made_at, note, digest) VALUES (?, '', '', 0, '', '')",
        (text,),
    )
    connection.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('rules', '', 0)")
    try:
        yield
    finally:
        connection.execute("DELETE FROM foldline_rule_sets")
        connection.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('rules', '', 0)")
        connection.close()


@contextmanager
def site_hangs(home: Home) -> Iterator[None]:
    """The site process takes connections and says nothing; then its socket is gone."""
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(home.site_socket))
        silent.listen()
        try:
            yield
        finally:
            home.site_socket.unlink()


def place_of(home: Home, table: str) -> Place:
    """Where a table lies."""
    others = {"records": home.public_db, "fragments": home.public_db, "rests": home.sealed_db}
    return others.get(table, home.site_db)


#: Tables that can be away, each on both engines.
TABLES = {
    "the table of passes is away": "foldline_pass_facts",
    "the table of changes is away": "foldline_changes",
    "the table of rules is away": "foldline_rule_sets",
    "the table of keys is away": "foldline_keys",
    "the table of institutions is away": "foldline_institutions",
    "the table of the mode is away": "foldline_mode",
    "what is open now is away": "foldline_open_now",
    "public records are away": "records",
    "sealed records are away": "rests",
}
#: Those that only the long form tries: nothing of them is asked while workers run.
SELDOM = (
    "the table of keys is away",
    "the table of institutions is away",
    "the table of the mode is away",
    "what is open now is away",
    "public records are away",
)

#: Here a worker shows what it holds in memory.
HELD = ("public records are away", "sealed records are away")

FAULTS: dict[str, Callable[[Home, GateProcess], object]] = {
    "the database is destroyed": lambda home, gate: database_destroyed(home),
    **{
        name: lambda home, gate, table=table: table_away(home, table)  # type: ignore[misc]
        for name, table in TABLES.items()
        if LONG or name not in SELDOM
    },
    "the published rules are broken": lambda home, gate: rules_broken(home),
    "the disk is full": lambda home, gate: disk_full(gate),
    "the site process hangs": lambda home, gate: site_hangs(home),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nobody_who_has_paid_is_refused_and_nobody_else_gets_a_gated_byte(
    world: World, tmp_path: Path, askings: tuple[Asking, ...], fault: str
) -> None:
    # What a worker never held it can't show while it is away: then there is one, and it is asked for everything first.
    with GateProcess(world.home, HOST, workers=1 if fault in HELD else 2, errors=tmp_path / "errors") as gate:
        for asking in askings:
            asking.ask(gate.client)
        verdict = broken(gate, askings, lambda: FAULTS[fault](world.home, gate))
        assert verdict.wrong == []
        assert len(verdict.asked) == len(askings)
        assert min(verdict.asked.values()) >= 10
        assert all(process.poll() is None for process in gate.processes)


def test_the_load_finds_a_reader_who_is_refused_and_one_who_gets_too_much(
    gate: GateProcess, askings: tuple[Asking, ...]
) -> None:
    turned = tuple(
        Asking(one.name, one.path, one.carries, not one.whole, one.read)
        for one in askings
        if one.name in ("payer, fresh", "anonymous")
    )
    found = load(gate, turned, CANARY.encode(), 0.2)
    assert {(name, what) for name, _, what in found.wrong} == {
        ("payer, fresh", "a reader who may not read got the rest"),
        ("anonymous", "a reader who may read was refused"),
    }


def test_what_a_fault_needs_is_really_broken(world: World, gate: GateProcess, tmp_path: Path) -> None:
    # Each fault must be seen by the workers, or the tests above would prove nothing.
    errors = tmp_path / "errors"
    with database_destroyed(world.home):
        time.sleep(1.5)
    assert "not a database" in errors.read_text() or "malformed" in errors.read_text()
    assert os.stat(world.home.site_db).st_size > 0
