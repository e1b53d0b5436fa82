"""Two workers, each behind nginx and behind Varnish as the recipes set them up: caches tell no more than the gate.

What a cache keeps of one request is what the next one may be shown: all of it is asked in one order, of both worlds,
subscribers among those who ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from tests.server.caches import CACHES, listens_at

from foldline.proof.asks import Ask, Client
from foldline.proof.pairs import SENTENCE
from foldline.proof.plan import history, plan, refused, tag_of, witness_of
from foldline.proof.surfaces import ARTICLES, FEEDS, LISTS, MACHINES, READS
from foldline.proof.twins import Twins
from foldline.proof.variants import covering, page_axes
from foldline.stores.meter import SqliteMeter
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST
from foldline.testing.client import WireClient
from foldline.testing.clock import FrozenClock
from foldline.testing.processes import GateProcess
from foldline.testing.readers import Readers, readers_of
from foldline.testing.worlds import World, rests

from .gated_sites import joined
from .room import LONG, RICH, assert_equal
from .standing_worker import STANDS_AT
from .test_every_pair import Told

#: Each cache in front of both worlds, where no worker answers by another time than the other's.
PROGRAM = ("-m", "tests.proof.standing_worker")
EVERY = 1 if LONG else 40
#: A number that Varnish gives to every request; and how it frames a body that may not have come whole yet.
CHANCE = (b"x-varnish", b"content-length", b"transfer-encoding", b"connection")
#: Whether Varnish sends a part depends on how much of the answer has come when it begins to send.
BY_CHANCE = {"nginx": frozenset[str](), "varnish": frozenset(("range", "condition"))}
Gates = tuple[World, World, GateProcess, GateProcess, Readers]


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gates]:
    folder = tmp_path_factory.mktemp("behind-caches")
    with ExitStack() as stack:
        one = stack.enter_context(World(folder / "one", rests(SENTENCE), FrozenClock(STANDS_AT)))
        other = stack.enter_context(World(folder / "other", rests(f"{SENTENCE}\n\n{RICH}"), FrozenClock(STANDS_AT)))
        readers = readers_of(one)
        readers_of(other)
        for world in (one, other):
            with closing(SqliteMeter(world.home)) as meter:
                for charge in readers.charges:
                    meter.spend(charge)
        started = [stack.enter_context(GateProcess(world.home, HOST, program=PROGRAM)) for world in (one, other)]
        for world, gate in zip((one, other), started, strict=True):
            listens_at(world.home.path, gate.address[1])
        yield one, other, *started, readers  # type: ignore[misc]


@pytest.mark.parametrize("cache", CACHES)
def test_whatever_is_asked_for_through_a_cache_is_answered_the_same(
    cache: str, gates: Gates, tmp_path: Path, record_property: Told
) -> None:
    one, other, _, _, readers = gates
    with ExitStack() as stack:
        before = [
            stack.enter_context(CACHES[cache](world.home.path, HOST, tmp_path / name))
            for name, world in (("one", one), ("other", other))
        ]
        twins = Twins(*(_client(each.port) for each in before), witness_of(one))
        asked = 0
        for surface in (*ARTICLES[:3], *LISTS[:1], *MACHINES[2:3], *FEEDS[:1], *READS[:2]):
            asks = (
                ask
                for ask in plan(surface, readers, tag_of(surface, one), 0, 64)
                if ask.label.partition(":")[0] not in BY_CHANCE[cache]
            )
            report = twins.run(islice(asks, None, None, EVERY))
            assert_equal(report)
            asked += report.asked
        article = ARTICLES[2]
        states = refused(article, (*readers.refused(), *readers.bit_flips(8)))
        axes = (*page_axes(states, tag_of(article, one)), history(article.base, readers))
        axes = tuple(axis for axis in axes if axis.name not in BY_CHANCE[cache])
        report = twins.run(islice(covering(article.base, axes), None, None, EVERY))
        assert_equal(report)
        assert {200, 405} <= set(report.statuses)
        whole = twins.ask(Ask(article.base.path, headers=readers.subscriber))
        assert whole[0].body != whole[1].body
    record_property("asked", f"one article of a newsroom behind {cache}: {asked + report.asked:,} requests")


def _client(port: int) -> Client:
    client = WireClient(("127.0.0.1", port), HOST.encode())

    def ask(*asked: Any) -> Answer:
        answer = joined(client.ask(*asked))
        left_out = CHANCE if asked[0] != "HEAD" else CHANCE[:1]
        if answer.status == 206:
            # A part of a packed body is no packed body.
            left_out = (*left_out, b"content-encoding")
        return replace(answer, headers=tuple(pair for pair in answer.headers if pair[0] not in left_out))

    return ask
