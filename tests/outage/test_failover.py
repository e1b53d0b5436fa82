"""A PostgreSQL dies and its copy takes over, while `foldline serve` answers, readers spend and rights are given."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.outage.load import Asking
from tests.outage.test_faults_under_load import REST
from tests.outage.test_faults_under_load import askings_of as askings_of_world
from tests.server.serving import ARTICLES, CANARY, HOST, Crowd, Serving, article_of, make_home, serving

from foldline.clock import SystemClock
from foldline.config import load
from foldline.errors import StoreUnavailable
from foldline.policy.window import window_at
from foldline.server.database_checks import database_problems
from foldline.server.gate_state import keyring_of
from foldline.signed.counting import reader_owner
from foldline.stores.address import Address
from foldline.stores.changes import write_changes
from foldline.stores.database import FAILURES
from foldline.stores.dump import dump
from foldline.stores.home import Home
from foldline.stores.meter import SqliteMeter
from foldline.stores.passes import PassStore
from foldline.stores.postgres_session import check_address
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import connect
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST as WORLD_HOST
from foldline.testing.builders import PRODUCT
from foldline.testing.client import WireClient
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.postgres import PostgresCluster, programs
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: How many accounts read one article each, how many rights are given meanwhile, and requests a second beside that.
ACCOUNTS, RIGHTS, PER_SECOND = (300, 300, 200) if LONG else (40, 40, 60)
#: Seconds until somebody notices that the server is gone, and until what is to happen must have happened.
NOTICED, SOON = (5.0 if LONG else 1.0), 60.0
#: A change is so on every host within so many seconds, and the machine may be busy.
ELSEWHERE = 5.0 + 3.0
LATER = int(time.time()) + 30 * 86_400
CLOSED, METERED, _ = ARTICLES
ALL_OF_IT_IS_FREE = '[[rule]]\nname = "All of it is free"\nopens-for = "everyone"\n'


@dataclass
class Pair:
    """A server and its copy. `address` names both."""

    first: PostgresCluster
    second: PostgresCluster
    address: Address

    def fail_over(self, unnoticed: float = NOTICED) -> None:
        """The first is killed, and the second takes over when that is noticed."""
        self.first.kill()
        time.sleep(unnoticed)
        self.second.promote()


@pytest.fixture
def pair() -> Iterator[Pair]:
    if programs() is None:
        pytest.skip("MISSING postgresql: apt-get install postgresql")
    with PostgresCluster() as first:
        name = first.database().name
        with PostgresCluster(of=first) as second:
            hosts = f"127.0.0.1:{first.port},127.0.0.1:{second.port}"
            yield Pair(first, second, Address.of(f"postgresql://foldline@{hosts}/{name}"))


@dataclass
class Scene:
    paper: Serving
    carry: Carry
    #: Who has had the article, by their names, and whose right was written.
    had: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    @property
    def home(self) -> Home:
        return self.paper.home

    @property
    def client(self) -> WireClient:
        return WireClient(("127.0.0.1", self.paper.port), HOST.encode())

    def pass_of(self, name: str, *, signed: int = 0) -> tuple[tuple[bytes, bytes], ...]:
        return cookie(reader_pass=self.carry.token(self.carry.facts(name, {PRODUCT: LATER}), signed=signed))


@pytest.fixture
def scene(pair: Pair, tmp_path: Path) -> Iterator[Scene]:
    with serving(make_home(tmp_path / "home", database=pair.address), tmp_path / "log") as paper:
        clock, settings = SystemClock(), load(paper.home, {})
        yield Scene(paper, Carry(keyring_of(settings), clock, window_at(int(clock.now()), settings.zone)))


def test_a_copy_that_takes_over_loses_nothing_and_no_paying_reader_notices(pair: Pair, scene: Scene) -> None:
    accounts = [f"reads{number}" for number in range(ACCOUNTS)]
    write_facts(scene.home, *(scene.carry.facts(name) for name in accounts))
    askings, article = askings_of(scene), article_of(scene.home, METERED)
    # From here on what is committed is on both.
    pair.first.wait_for_copies()
    with Crowd(HOST, (scene.paper.port,), askings, CANARY.encode(), PER_SECOND) as asks, ThreadPoolExecutor(6) as pool:
        reading = [pool.submit(reads, scene, article, name) for name in accounts]
        giving = pool.submit(gives, scene)
        until(lambda: len(scene.had) >= ACCOUNTS // 3 and len(scene.given) >= 5)
        before = len(scene.had), len(scene.given)
        pair.fail_over()
        for done in (*reading, giving):
            done.result()
        time.sleep(0.5)
    assert before < (ACCOUNTS, RIGHTS), "it failed in the middle"
    assert (len(scene.had), len(scene.given)) == (ACCOUNTS, RIGHTS)
    assert asks.verdict.wrong == []
    assert asks.unanswered == []
    assert min(asks.verdict.asked.values()) >= 10
    assert lost(scene) == ([], [])
    assert_that_it_goes_on(scene)


def askings_of(scene: Scene) -> tuple[Asking, ...]:
    """Readers whose passes are fresh, readers whose passes need the store at every visit, and who may not read."""
    facts = scene.carry.facts
    write_facts(scene.home, facts("payer", {PRODUCT: LATER}), facts("lapsed", {PRODUCT: 1_000}))
    lapsed = cookie(reader_pass=scene.carry.token(facts("lapsed", {PRODUCT: 1_000}), signed=400))
    stale, number = scene.pass_of("payer", signed=400), article_of(scene.home, CLOSED)
    return (
        Asking("payer, fresh", CLOSED, scene.pass_of("payer"), whole=True),
        Asking("payer, stale", CLOSED, stale, whole=True),
        Asking("payer reads", CLOSED, stale, whole=True, read=number),
        Asking("payer on a metered one", METERED, stale, whole=True),
        Asking("anonymous", CLOSED),
        Asking("anonymous reads", CLOSED, read=number),
        Asking("lapsed", CLOSED, lapsed),
    )


def reads(scene: Scene, article: int, name: str) -> None:
    """Ask for the article until it comes: a spend whose text did not arrive is free on retry."""
    carried = cookie(reader_pass=scene.carry.token(scene.carry.facts(name)))
    asking = Asking(name, METERED, carried, None, article)
    until(lambda: CANARY.encode() in asking.ask(scene.client).body)
    scene.had.append(name)


def gives(scene: Scene) -> None:
    """Write one right after another: what could not be written was not given, and is tried again."""
    for number in range(RIGHTS):
        name = f"gives{number}"

        def written(name: str = name) -> bool:
            try:
                write_facts(scene.home, scene.carry.facts(name, {PRODUCT: LATER}))
            except (StoreUnavailable, *FAILURES):
                return False
            return True

        until(written)
        scene.given.append(name)
        time.sleep(0.02)


def lost(scene: Scene) -> tuple[list[str], list[str]]:
    """Whose spend the store does not have exactly once, and whose right it does not have."""
    store, passes, carry = SqliteMeter(scene.home), PassStore(scene.home), scene.carry
    try:
        window = window_at(int(time.time()), load(scene.home, {}).zone).number
        owners = {name: reader_owner(carry.keyring, carry.key(name)) for name in scene.had}
        found = {name: passes.facts(carry.key(name)) for name in scene.given}
        return (
            [name for name, owner in owners.items() if store.used(owner, "site", window) != 1],
            [name for name, facts in found.items() if facts is None or facts.product_ends != {PRODUCT: LATER}],
        )
    finally:
        store.close()
        passes.close()


def assert_that_it_goes_on(scene: Scene) -> None:
    """What ends a session is heard, another reader's article is counted, and a reader who signs in is sent a code."""
    fresh = scene.pass_of("gives0")
    assert CANARY in scene.client.ask("GET", CLOSED.encode(), fresh).text
    write_facts(scene.home, scene.carry.facts("gives0", {PRODUCT: LATER}, ended=True))
    write_changes(scene.home, [("session", Carry.key("gives0").hex())], int(time.time()))
    told = time.monotonic()
    until(lambda: all(CANARY not in scene.client.ask("GET", CLOSED.encode(), fresh).text for _ in range(10)))
    assert time.monotonic() - told <= ELSEWHERE
    until(lambda: ask_for_a_code(scene).status == 303)
    until(lambda: any(HOST in mail.read_text("utf-8") for mail in (scene.home.path / "mail").glob("*")))


def ask_for_a_code(scene: Scene) -> Answer:
    """What a browser sends from the page, behind a proxy that says where it comes from."""
    comes = ((b"X-Forwarded-For", b"192.0.2.9"), (b"X-Forwarded-Proto", b"https"))
    form = scene.client.ask("GET", b"/-/sign-in", comes)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form.text))
    jar = "; ".join(f"{name}={value}" for name, value in form.cookies.items()).encode()
    headers = (
        *comes,
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"Cookie", jar),
        (b"Origin", f"https://{HOST}".encode()),
        (b"Sec-Fetch-Site", b"same-origin"),
    )
    body = urlencode({**fields, "email": "reader@paper.example"}).encode()
    return scene.client.ask("POST", b"/-/sign-in", headers, body)


def test_a_copy_that_lacks_the_last_changes_is_what_every_worker_goes_by(pair: Pair, tmp_path: Path) -> None:
    """Nobody waited for the copy: what it lacks was committed, and is lost. It must not live on in a worker."""
    environ = {"FOLDLINE_DATABASE": pair.address.url}
    with (
        World(tmp_path / "home", rests(REST), SystemClock(), database=pair.address) as world,
        GateProcess(world.home, WORLD_HOST, errors=tmp_path / "errors", environ=environ) as gate,
    ):
        payer, *_, anonymous = askings_of_world(world)[:6]

        def is_whole(asking: Asking) -> bool:
            return CANARY in asking.ask(gate.client).text

        settle(pair)
        pair.second.stop()
        with RuleSetStore(world.home) as sets:
            sets.publish(ALL_OF_IT_IS_FREE, "ada", "", int(time.time()))
        until(lambda: is_whole(anonymous))
        pair.first.kill()
        pair.second.start()
        pair.second.promote()
        until(lambda: not is_whole(anonymous))
        assert is_whole(payer)


def settle(pair: Pair) -> None:
    """Wait until the copy has what the first has."""
    with pair.first.connect() as asking:
        until(
            lambda: (
                asking.execute(
                    "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()"
                ).fetchone()
                == (1,)
            )
        )


def test_of_several_hosts_the_primary_is_found_for_reading_and_for_writing(pair: Pair) -> None:
    for url in (pair.address.url, swapped(pair), f"{swapped(pair)}?target_session_attrs=read-write"):
        home = Home(Path("nowhere"), Address.of(url))
        for read_only in (True, False):
            connection = connect(home.site_db, read_only=read_only)
            assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)
            connection.close()


def test_a_backup_is_of_the_primary_whichever_host_is_named_first(pair: Pair, tmp_path: Path) -> None:
    with pair.second.connect() as asking:
        asking.execute("SELECT pg_wal_replay_pause()")
    name = pair.address.url.rpartition("/")[2]
    with pair.first.connect(name) as asking:
        asking.execute("CREATE TABLE written_last (word text)")
        asking.execute("ALTER TABLE written_last OWNER TO foldline")
    dump(Address.of(swapped(pair)), tmp_path / "dump")
    assert b"written_last" in (tmp_path / "dump").read_bytes()


def swapped(pair: Pair) -> str:
    """The address with the copy first."""
    return re.sub(r"(127[^,]+),([^/]+)", r"\2,\1", pair.address.url)


def test_copies_without_a_primary_are_named_and_an_address_that_wants_a_copy_is_refused(
    pair: Pair, tmp_path: Path
) -> None:
    pair.first.stop()
    home = Home(tmp_path, pair.address)
    home.make()
    assert [problem.id for problem in database_problems(home)] == ["FL345"]
    for wanted in ("standby", "prefer-standby", "read-only", "any"):
        with pytest.raises(ValueError, match=f"target_session_attrs={wanted} may lead to a copy"):
            check_address(Address.of(f"{pair.address.url}?target_session_attrs={wanted}"))


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while True:
        try:
            if so():
                return
        except OSError:
            pass
        assert time.monotonic() < end
        time.sleep(0.05)
