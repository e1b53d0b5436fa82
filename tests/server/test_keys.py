"""Rotation of keys: with overlap nobody notices, on no host; after an emergency nothing of before is believed."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from foldline.cli.keys import keys
from foldline.clock import Clock, SystemClock
from foldline.config import load
from foldline.errors import InvalidToken
from foldline.policy.window import window_at
from foldline.server.worker import Worker
from foldline.signed import cookies, reader_pass
from foldline.signed.keys import Keyring, key_digest
from foldline.stores.home import Home
from foldline.stores.hosts import HostRow, HostStore
from foldline.stores.keys import Act, KeyStore
from foldline.stores.keys_in_force import KeysInForce
from foldline.stores.meter import SqliteMeter
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, METERED, PRODUCT, SUBSCRIBERS, home_at
from foldline.testing.client import GateClient
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.worlds import World, rests

CANARY = "the ferryman kept the seventh ledger under the floor of the boat"
LATER = int(time.time()) + 30 * 86_400
OLD, NEW = "o" * 40, "n" * 40


def second_home(home: Home, folder: Path) -> Home:
    """Another host's home folder: its own settings, secret and sockets, and the same databases."""
    other = Home(folder)
    other.make()
    shutil.copy2(home.settings_file, other.settings_file)
    shutil.copy2(home.secret_file, other.secret_file)
    for mine, shared in (
        (other.site_db, home.site_db),
        (other.meter_db, home.meter_db),
        (other.public_db, home.public_db),
        (other.sealed_db, home.sealed_db),
    ):
        mine.symlink_to(shared)
    return other


class Host:
    """One host: a worker in this process, which hears what changed when it is told to."""

    def __init__(self, home: Home, loop: asyncio.AbstractEventLoop, clock: Clock | None = None) -> None:
        self.home = home
        self._clock = clock
        self._loop = loop
        self.start()

    def start(self) -> None:
        self.worker = Worker(load(self.home, {}), 0, self._clock)
        self.worker.hear()
        self._client = GateClient(self.worker.app, HOST.encode(), self._loop)

    def secrets(self, *lines: str) -> None:
        """What its file holds, and a restart."""
        self.home.secret_file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self.start()

    def get(self, token: str) -> Answer:
        return self._client.get(SUBSCRIBERS.path, cookie(reader_pass=token))

    def opens(self, token: str) -> bool:
        return CANARY.encode() in self.get(token).body

    def renewed(self, token: str) -> str:
        """The pass that it signs in the place of one that is stale."""
        told = [value for name, value in self.get(token).headers if name == b"set-cookie"]
        found = [value for value in told if value.startswith(cookies.PASS.encode() + b"=")]
        assert len(found) == 1, told
        return found[0].partition(b"=")[2].partition(b";")[0].decode()


@pytest.fixture(autouse=True)
def _keys_come_from_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of the site's may have set one for its process."""
    for name in ("FOLDLINE_SECRET", "FOLDLINE_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    loop = asyncio.new_event_loop()
    with World(tmp_path / "one", rests(f"What nobody had asked was where {CANARY}.\n"), SystemClock()) as world:
        first = world.home
        first.secret_file.write_text(OLD + "\n", encoding="utf-8")
        second = second_home(first, tmp_path / "two")
        yield Host(first, loop), Host(second, loop)
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def carry_of(host: Host, *secrets: str) -> Carry:
    clock, config = SystemClock(), load(host.home, {})
    keyring = Keyring(tuple(secret.encode() for secret in secrets), config.host)
    return Carry(keyring, clock, window_at(int(clock.now()), config.zone))


def run(home: Home, *words: str) -> Result:
    return CliRunner().invoke(keys, [*words, "--home", str(home.path)])


def tell(host: Host) -> None:
    """What its site process tells of it."""
    held = host.worker.parts.held_keys
    with HostStore(host.home) as store:
        store.tell(HostRow(host.home.path.name, held.digests, "", "", int(time.time())))


def test_a_planned_rotation_is_noticed_on_no_host_at_no_moment(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    facts = carry_of(one, OLD).facts("payer", {PRODUCT: LATER})
    write_facts(one.home, facts)
    old = carry_of(one, OLD).token(facts, signed=400)
    passes = [old]

    def everybody_reads() -> None:
        # Each host takes every pass that any host has signed so far, and signs anew what is stale.
        for host in hosts:
            host.worker.hear()
            for token in list(passes):
                assert host.opens(token)
            passes.append(host.renewed(old))

    steps = (
        lambda: one.secrets(OLD, NEW),
        lambda: two.secrets(OLD, NEW),
        lambda: run(one.home, "use", key_digest(NEW.encode())),
        lambda: two.secrets(NEW, OLD),
        lambda: one.secrets(NEW, OLD),
    )
    everybody_reads()
    for step in steps:
        step()
        everybody_reads()
    signs = [Keyring((key.encode(),), HOST) for key in (OLD, NEW)]
    by_new = [by(signs[1], token) for token in passes]
    # The first three times by the old key, and ever after by the new one.
    assert by_new == [False] * 7 + [True] * (len(passes) - 7)
    assert [by(signs[0], token) for token in passes] == [not new for new in by_new]


def by(keyring: Keyring, token: str) -> bool:
    try:
        reader_pass.read(keyring, token.encode())
    except InvalidToken:
        return False
    return True


def test_a_key_that_another_host_does_not_know_is_not_used(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    digest = key_digest(NEW.encode())
    assert "there is no key" in str(run(one.home, "use", digest).exception)
    one.secrets(OLD, NEW)
    tell(one), tell(two)
    refused = run(one.home, "use", digest)
    assert str(refused.exception).startswith("FL352 two: ")
    with KeyStore(one.home) as store:
        assert store.rows() == []
    two.secrets(OLD, NEW)
    tell(two)
    assert run(one.home, "use", digest).exit_code == 0
    with KeyStore(two.home) as store:
        assert [(row.act, row.digest) for row in store.rows()] == [(Act.SIGN, digest)]


def test_after_an_emergency_no_host_believes_anything_of_before(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    facts = carry_of(one, OLD).facts("payer", {PRODUCT: LATER})
    write_facts(one.home, facts)
    for host in hosts:
        host.secrets(OLD, NEW)
        tell(host)
    old, new = carry_of(one, OLD).token(facts), carry_of(one, NEW).token(facts)
    opening = carry_of(one, OLD).opening(METERED.id)
    for host in hosts:
        # Verified once, and remembered.
        assert host.opens(old)
        assert CANARY.encode() in host._client.get(METERED.path, cookie(opening=opening)).body
    done = run(one.home, "revoke", key_digest(OLD.encode()))
    assert (done.exit_code, done.exception) == (0, None)
    # Two was told nothing but that.
    for host in (one, two):
        host.worker.hear()
        assert not host.opens(old)
        assert CANARY.encode() not in host._client.get(METERED.path, cookie(opening=opening)).body
        assert host.opens(new)
    # The file says it too: an older copy of the database does not bring the key back.
    assert one.home.secret_file.read_text(encoding="utf-8") == f"{NEW}\nrevoked {OLD}\n"
    with KeyStore(one.home) as store, store._writing() as connection:
        connection.execute("DELETE FROM foldline_keys")
    for host in (one, two):
        host.start()
        assert not host.opens(old)
    assert oct(one.home.secret_file.stat().st_mode)[-3:] == "600"


def test_where_every_key_is_revoked_nothing_is_believed_and_previews_go_on(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    facts = carry_of(one, OLD).facts("payer", {PRODUCT: LATER})
    write_facts(one.home, facts)
    one.secrets(OLD, NEW)
    tell(one), tell(two)
    assert str(run(two.home, "revoke", key_digest(OLD.encode())).exception).startswith("FL353 ")
    # Done all the same, where a host knows another: it says which one does not.
    done = run(one.home, "revoke", key_digest(OLD.encode()))
    assert (done.exit_code, "show previews: two" in done.stderr) == (1, True)
    two.worker.hear()
    answer = two.get(carry_of(one, OLD).token(facts))
    assert (answer.status, CANARY.encode() in answer.body) == (200, False)
    forged = carry_of(one, "\0" * 40).token(facts)
    assert not two.opens(forged)


def test_a_process_that_starts_while_the_database_is_away_knows_what_is_revoked(hosts: tuple[Host, Host]) -> None:
    one, _ = hosts
    one.secrets(OLD, NEW)
    with KeyStore(one.home) as store:
        store.write([(Act.SIGN, key_digest(NEW.encode())), (Act.REVOKE, key_digest(OLD.encode()))], "ada", 1)
    one.worker.hear()
    away = one.home.site_db.with_name("away.db")
    one.home.site_db.rename(away)
    found = KeysInForce(one.home, (OLD.encode(), NEW.encode()))
    assert found.look().usable == (NEW.encode(),)
    assert not found.settled
    away.rename(one.home.site_db)
    assert found.look().usable == (NEW.encode(),)
    assert found.settled


@settings(max_examples=30)
@given(turns=st.lists(st.tuples(st.booleans(), st.integers(1, 4)), min_size=1, max_size=12))
def test_hosts_that_sign_by_different_keys_never_count_an_article_twice(
    tmp_path_factory: pytest.TempPathFactory, turns: list[tuple[bool, int]]
) -> None:
    home = home_at(tmp_path_factory.mktemp("count") / "home").home
    clock = SystemClock()
    window = window_at(int(clock.now()), load(home, {}).zone)
    rings = [Keyring(order, HOST) for order in ((OLD.encode(), NEW.encode()), (NEW.encode(), OLD.encode()))]
    store = SqliteMeter(home)
    try:
        for other, article in turns:
            store.spend(Carry(rings[other], clock, window).charge(article, reader=b"r" * 16))
        last = store.spend(Carry(rings[0], clock, window).charge(turns[0][1], reader=b"r" * 16))
        assert last.used == len({article for _, article in turns})
    finally:
        store.close()


def test_a_key_is_added_to_the_file_and_verifies_but_does_not_sign(tmp_path: Path) -> None:
    home = home_at(tmp_path / "home").home
    before = load(home, {}).secrets
    done = run(home, "add")
    assert done.exit_code == 0, done.output
    after = load(home, {}).secrets
    assert (after[0], len(after), len(set(after))) == (before[0], 2, 2)
    assert oct(home.secret_file.stat().st_mode)[-3:] == "600"
    shown = run(home).output.splitlines()
    assert shown == [f"{key_digest(after[0])}  signs", f"{key_digest(after[1])}  verifies"]
    assert after[1].decode() not in done.output
