"""Two hosts on one PostgreSQL: what one changes the other shows within five seconds, and one may go away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.outage.load import Asking
from tests.server.serving import Crowd
from tests.server.two_hosts import CANARY, House, caddy_before_both, house, killed

from foldline.signed.keys import key_digest
from foldline.stores.address import Address
from foldline.stores.changes import write_changes
from foldline.stores.home import Home
from foldline.stores.keys import Act, KeyStore
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import migrate
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, METERED, PRODUCT, REGISTERED, SUBSCRIBERS, Story
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.postgres import PostgresCluster

#: Seconds within which a change is so on this host, and on other hosts. Measured on a busy machine: each may be late by
#: what the machine is late.
HERE, ELSEWHERE, SLACK = 1.0, 5.0, 3.0
LATER = int(time.time()) + 30 * 86_400
FREE_RULES = '[[rule]]\nname = "All of it is free"\nopens-for = "everyone"\n'


@pytest.fixture(scope="module")
def both(postgres: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("hosts")
    database = postgres.database()
    migrate(Home(folder / "first", Address.of(database.url)))
    with house(folder, database) as made:
        yield made
    postgres.drop(database)


def ask(both: House, host: int, story: Story, token: str = "") -> Answer:
    return both.gates[host].client.ask("GET", story.path.encode(), cookie(reader_pass=token))


def is_whole(answer: Answer) -> bool:
    return CANARY.encode() in answer.body


def payer(both: House, name: str) -> str:
    """A pass that is fresh: no host has to ask for it."""
    carry = both.world.carry()
    facts = carry.facts(name, {PRODUCT: LATER})
    write_facts(both.world.home, facts)
    return carry.token(facts)


def seen_within(both: House, change: Callable[[], object], shown: Callable[[int], bool]) -> list[tuple[float, int]]:
    """For each host: how many seconds after `change` it was first shown, and how many answers before were of before.
    After that every answer shows it."""
    assert [shown(host) for host in (0, 1)] == [False, False]
    change()
    begun = time.monotonic()
    found: list[tuple[float, int]] = [(-1.0, 0), (-1.0, 0)]
    while any(after < 0 for after, _ in found):
        assert time.monotonic() - begun < ELSEWHERE + SLACK, found
        for host, (after, before) in enumerate(found):
            now = shown(host)
            if after >= 0:
                assert now, "it went back to what was before"
            found[host] = (time.monotonic() - begun, before) if now and after < 0 else (after, before + (after < 0))
        time.sleep(0.01)
    for host in (0, 1):
        assert all(shown(host) for _ in range(5))
    return found


def now() -> int:
    return int(time.time())


def tell(both: House, kind: str, key: str = "") -> None:
    write_changes(both.world.home, [(kind, key)], now())


def test_a_sign_out_elsewhere_a_refund_an_edit_rules_keys_and_a_withdrawal_are_seen_on_every_host(
    both: House, record_property: Callable[[str, object], None]
) -> None:
    home, world, carry = both.world.home, both.world, both.world.carry()
    out, back = payer(both, "signs out"), payer(both, "refunded")
    reads = payer(both, "reads on")

    def sign_out() -> None:
        write_facts(home, carry.facts("signs out", {PRODUCT: LATER}, ended=True))
        tell(both, "session", Carry.key("signs out").hex())

    def refund() -> None:
        write_facts(home, carry.facts("refunded"))
        tell(both, "session", Carry.key("refunded").hex())

    def edit() -> None:
        world.rewrite(SUBSCRIBERS, f"It was nobody’s business where {CANARY}, and is now.\n", 2)
        tell(both, "article", SUBSCRIBERS.path)

    def rules() -> None:
        with RuleSetStore(home) as sets:
            sets.publish(FREE_RULES, "ada", "", now())

    def no_rules() -> None:
        with RuleSetStore(home) as sets:
            sets.publish(FREE_RULES.replace("opens-for", 'sections = "none"\nopens-for'), "ada", "", now())

    def withdraw() -> None:
        world.withdraw(METERED)
        tell(both, "article", METERED.path)

    steps: dict[str, tuple[Callable[[], None], Callable[[int], bool]]] = {
        "a sign-out elsewhere": (sign_out, lambda host: not is_whole(ask(both, host, SUBSCRIBERS, out))),
        "a refund": (refund, lambda host: not is_whole(ask(both, host, SUBSCRIBERS, back))),
        "an edit": (edit, lambda host: b"and is now" in ask(both, host, SUBSCRIBERS, reads).body),
        "a rule that opens": (rules, lambda host: is_whole(ask(both, host, REGISTERED))),
        "a rule that closes": (no_rules, lambda host: not is_whole(ask(both, host, REGISTERED))),
        "a withdrawal": (withdraw, lambda host: ask(both, host, METERED).status == 410),
    }
    for name, (change, shown) in steps.items():
        seen = seen_within(both, change, shown)
        record_property(name, seen)
        print(name, seen)
        assert seen[0][0] <= HERE + SLACK
        assert seen[1][0] <= ELSEWHERE + SLACK
    # Whoever had to do with none of it has read on.
    assert all(is_whole(ask(both, host, SUBSCRIBERS, reads)) for host in (0, 1))


def test_a_key_that_is_revoked_on_one_host_is_believed_on_none(both: House) -> None:
    token = payer(both, "revoked")
    secret = both.homes[0].secret_file.read_bytes().strip()

    def revoke() -> None:
        with KeyStore(both.homes[0]) as store:
            store.write([(Act.REVOKE, key_digest(secret))], "ada", now())

    def revived() -> None:
        # No verb does this: the house is used again.
        with KeyStore(both.homes[0]) as store, store._changing("keys", "", now()) as connection:
            connection.execute("DELETE FROM foldline_keys")
        for home in both.homes:
            home.keys_in_force.unlink()

    seen = seen_within(both, revoke, lambda host: not is_whole(ask(both, host, SUBSCRIBERS, token)))
    print("a revocation", seen)
    assert (seen[0][0] <= HERE + SLACK, seen[1][0] <= ELSEWHERE + SLACK) == (True, True)
    assert [ask(both, host, SUBSCRIBERS, token).status for host in (0, 1)] == [200, 200]
    seen_within(both, revived, lambda host: is_whole(ask(both, host, SUBSCRIBERS, token)))


def test_when_a_host_is_killed_the_other_answers_for_it(both: House, tmp_path: Path) -> None:
    """The last test of this house: a host of it is gone."""
    token, closed = payer(both, "outlives a host"), SUBSCRIBERS.path
    carry = both.world.carry()
    stale = carry.token(carry.facts("outlives a host", {PRODUCT: LATER}), signed=400)
    askings = (
        Asking("payer, fresh", closed, cookie(reader_pass=token), whole=True),
        Asking("payer, stale", closed, cookie(reader_pass=stale), whole=True),
        Asking("anonymous", closed),
    )
    ports = (both.gates[0].address[1], both.gates[1].address[1])
    with caddy_before_both(both.world.home.path, ports, tmp_path / "caddy") as caddy:
        crowds = [
            Crowd(HOST, (proxy.port,), askings, CANARY.encode(), per_second=60, clients=4)
            for proxy in (both.nginx, caddy)
        ]
        with crowds[0], crowds[1]:
            time.sleep(0.5)
            killed(both.gates[1])
            time.sleep(1.5)
    for asks in crowds:
        # An answer that was cut off in its middle, at most one for each client, can't be mended by anybody.
        cut = [one for one in asks.unanswered if "IncompleteRead" in one[2]]
        assert len(cut) <= asks.clients
        assert [one for one in asks.unanswered if one not in cut] == []
        refused = "a reader who may read was refused"
        assert set(asks.verdict.wrong) <= {(name, status, refused) for name, status, _ in cut}
        assert min(asks.verdict.asked.values()) >= 20
