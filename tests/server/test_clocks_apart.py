"""Two hosts whose clocks are five minutes apart: what is taken away is closed on both, whoever signed the pass."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.test_keys import CANARY, LATER, Host, second_home

from foldline.clock import SystemClock
from foldline.policy.window import window_at
from foldline.signed.reader_pass import FRESH_SECONDS
from foldline.stores.changes import write_changes
from foldline.testing.builders import PRODUCT
from foldline.testing.clock import FrozenClock
from foldline.testing.passes import Carry, write_facts
from foldline.testing.worlds import World, rests

APART = 300


@pytest.fixture(params=[APART, -APART], ids=["ahead", "behind"])
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Host, Host]]:
    """The first has the right time, and the second another."""
    loop = asyncio.new_event_loop()
    now = int(time.time())
    with World(tmp_path / "one", rests(f"What nobody had asked was where {CANARY}.\n"), SystemClock()) as world:
        second = second_home(world.home, tmp_path / "two")
        yield Host(world.home, loop, FrozenClock(now)), Host(second, loop, FrozenClock(now + request.param))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.mark.parametrize("signer", [0, 1])
def test_what_is_refunded_is_closed_on_both_hosts_whoever_signed_the_pass(
    hosts: tuple[Host, Host], signer: int
) -> None:
    signs = hosts[signer].worker.state
    carry = Carry(signs.keyring, signs.clock, window_at(signs.now(), signs.zone))
    facts = carry.facts("payer", {PRODUCT: LATER})
    write_facts(hosts[0].home, facts)
    token = carry.token(facts)
    assert [host.opens(token) for host in hosts] == [True, True]
    # Each process writes by its own clock.
    write_facts(hosts[0].home, carry.facts("payer"))
    write_changes(hosts[0].home, [("session", facts.session.hex())], hosts[0].worker.state.now())
    for host in hosts:
        host.worker.hear()
    assert [host.opens(token) for host in hosts] == [False, False]


def test_a_host_that_starts_later_knows_which_sessions_ended_by_the_other_ones_clock(hosts: tuple[Host, Host]) -> None:
    ends, starts = hosts
    signs = starts.worker.state
    carry = Carry(signs.keyring, signs.clock, window_at(signs.now(), signs.zone))
    facts = carry.facts("payer", {PRODUCT: LATER})
    write_facts(ends.home, facts)
    token = carry.token(facts)
    assert starts.opens(token)
    write_facts(ends.home, carry.facts("payer", ended=True))
    write_changes(ends.home, [("session", facts.session.hex())], ends.worker.state.now())
    clock = signs.clock
    assert isinstance(clock, FrozenClock)
    clock.move(FRESH_SECONDS - 10)
    starts.start()
    assert not starts.opens(token)
