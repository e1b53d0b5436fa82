"""The same over real sockets and real worker processes, with requests that no library would send."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from foldline.clock import SystemClock
from foldline.proof.pairs import SENTENCE
from foldline.proof.plan import MIXED, plan, tag_of, witness_of
from foldline.proof.surfaces import ARTICLES, ERRORS, LISTS, Surface
from foldline.proof.twins import Twins, compare
from foldline.proof.wire import Raw, after_somebody_else, malformed
from foldline.testing.builders import HOST, SUBSCRIBERS
from foldline.testing.processes import GateProcess
from foldline.testing.readers import Readers, readers_of
from foldline.testing.worlds import World, rests

from .room import LONG, RICH, assert_equal

#: How many workers serve each world (`make postgres` takes four).
WORKERS = int(os.environ.get("FOLDLINE_TEST_WORKERS", "1"))

#: Readers whose visit asks the store: it answers in time or, on a busy machine, too late.
ASKED_OF_THE_STORE = ("stale", "the store knows no such session", "store silent")

Served = tuple[GateProcess, GateProcess, World, Readers]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Two workers on loopback. Their clock is the machine's, so that readers carry what is signed now."""
    folder = tmp_path_factory.mktemp("wire")
    with ExitStack() as stack:
        one = stack.enter_context(World(folder / "one", rests(SENTENCE), SystemClock()))
        other = stack.enter_context(World(folder / "other", rests(f"{SENTENCE}\n\n{RICH}"), SystemClock()))
        readers = readers_of(one)
        readers_of(other)
        gates = [stack.enter_context(GateProcess(world.home, HOST, WORKERS)) for world in (one, other)]
        yield gates[0], gates[1], one, readers


@pytest.mark.parametrize(
    "surface", (*ARTICLES[:3], *LISTS[:1], *ERRORS[:2]) if LONG else (ARTICLES[2],), ids=lambda surface: surface.name
)
def test_two_worker_processes_send_the_same_bytes(served: Served, surface: Surface) -> None:
    one, other, world, readers = served
    # A pass that is renewed is signed at the second in which it was asked for, and one that the store does not know is
    # held good where the store answers too late, as it may on a busy machine: worlds in one process prove both.
    asks = [
        ask
        for ask in plan(surface, readers, tag_of(surface, world), MIXED, 32)
        if not any(which in ask.label for which in ASKED_OF_THE_STORE)
    ]
    assert len(asks) >= 600
    report = Twins(one.client.ask, other.client.ask, witness_of(world)).run(asks)
    assert_equal(report)
    if surface in ARTICLES:
        assert {200, 304, 400, 404, 405, 421} <= set(report.statuses)


def test_malformed_requests_are_answered_the_same(served: Served) -> None:
    one, other, _, _ = served
    path = SUBSCRIBERS.path.encode()
    assert_the_same(served, malformed(path, HOST.encode()))
    closing = one.client.send(b"\xff\xfe\x00junk\r\n\r\n")[0]
    assert (closing.status, closing.closed) == (400, True)
    assert compare(one.client.ask("GET", path), other.client.ask("GET", path)) == ""


def test_a_connection_that_a_subscriber_used_before_says_nothing_more(served: Served) -> None:
    _, _, _, readers = served
    subscriber = readers.subscriber[0][1]
    assert_the_same(served, after_somebody_else(SUBSCRIBERS.path.encode(), HOST.encode(), subscriber))


#: A worker of which each connection remembers who asked before: what a request that hides another one comes to.
KEEPING = """
from foldline.server import protocol, worker
honest = protocol.GateProtocol.on_message_begin
def begin(self):
    kept = [pair for pair in getattr(self, "headers", None) or [] if pair[0] == b"cookie"]
    honest(self)
    self.headers = kept
protocol.GateProtocol.on_message_begin = begin
worker.main()
"""


def test_a_connection_that_remembers_who_asked_before_would_be_seen(served: Served) -> None:
    _, _, world, readers = served
    with GateProcess(world.home, HOST, program=("-c", KEEPING)) as keeping:
        broken = (keeping, keeping, world, readers)
        assert_the_same(broken, malformed(SUBSCRIBERS.path.encode(), HOST.encode()))
        with pytest.raises(AssertionError, match="after a subscriber on the same connection"):
            test_a_connection_that_a_subscriber_used_before_says_nothing_more(broken)


def test_over_the_wire_a_subscriber_reads_the_whole(served: Served) -> None:
    one, other, _, readers = served
    answers = [gate.client.ask("GET", SUBSCRIBERS.path.encode(), readers.subscriber) for gate in (one, other)]
    assert all("Velkomar" in answer.text for answer in answers)
    assert compare(*answers)


def assert_the_same(served: Served, raws: Iterator[Raw]) -> None:
    one, other, world, _ = served
    witness = witness_of(world)
    for raw in raws:
        ours, theirs = (gate.client.send(raw.sent, answers=raw.answers, head=raw.head) for gate in (one, other))
        for answer, twin in list(zip(ours, theirs, strict=True))[raw.compared :]:
            assert compare(answer, twin) == "", raw.name
            assert witness.sees(answer) == 0, raw.name
