"""The time of an answer does not tell how much stands below the fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foldline.proof.faults import FAULTS, broken_twins
from foldline.proof.timing import LIMIT, interleaved, welch
from foldline.testing.builders import METERED, SUBSCRIBERS
from foldline.testing.worlds import World, rests

from .room import LONG

SHORT = "Velkomar ostrin dulapse quonta. " * 32
MEGABYTE = "Velkomar ostrin dulapse quonta. " * 33_000
RESTS = (rests(SHORT), rests(SHORT, lamp=MEGABYTE))
COUNT = 20_000 if LONG else 2_000
GZIP = ((b"accept-encoding", b"gzip"),)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    folder = tmp_path_factory.mktemp("times")
    with World(folder / "short", RESTS[0]) as short, World(folder / "long", RESTS[1]) as long:
        yield short, long


@pytest.fixture(scope="module")
def built_again(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    """The same two worlds, built in the other order: where things lie in memory differs, what stands in them not."""
    folder = tmp_path_factory.mktemp("again")
    with World(folder / "long", RESTS[1]) as long, World(folder / "short", RESTS[0]) as short:
        yield short, long


def tells(short: Callable[[], object], long: Callable[[], object], count: int) -> int:
    """Which of the two is slower, 1 or -1, where three runs, called in turn by either name, agree; otherwise 0.

    One run in a few hundred is told apart by the machine alone; a leak is told apart by every one.
    """
    first = interleaved(short, long, count, seed=1)
    if abs(first.t) < LIMIT:
        return 0
    turned = interleaved(long, short, count, seed=2)
    if abs(turned.t) < LIMIT or (first.t > 0) is (turned.t > 0):
        return 0
    again = interleaved(short, long, count, seed=3)
    agree = abs(again.t) >= LIMIT and (again.t > 0) is (first.t > 0)
    return (1 if first.t > 0 else -1) if agree else 0


def told_by_the_rest(
    ask: Callable[[World], object], worlds: tuple[World, World], built_again: tuple[World, World]
) -> bool:
    """Two worlds may differ in time by where they lie in memory, for as long as they live. What the rest does follows
    the rest: it shows the same way in worlds that are built anew."""
    found = tells(lambda: ask(worlds[0]), lambda: ask(worlds[1]), COUNT)
    return found != 0 and found == tells(lambda: ask(built_again[0]), lambda: ask(built_again[1]), COUNT)


@pytest.mark.parametrize(
    "headers", [(), GZIP, ((b"cookie", b"__Host-foldline-pass=junk"),)], ids=["plain", "gzip", "cookie"]
)
def test_a_megabyte_below_the_fold_takes_no_longer_than_a_kilobyte(
    worlds: tuple[World, World], built_again: tuple[World, World], headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    assert not told_by_the_rest(lambda world: world.client.get(SUBSCRIBERS.path, headers), worlds, built_again)


def test_a_refusal_to_the_script_takes_no_longer_either(
    worlds: tuple[World, World], built_again: tuple[World, World]
) -> None:
    assert not told_by_the_rest(lambda world: world.client.read(SUBSCRIBERS.id), worlds, built_again)


def test_a_gate_that_reads_the_rest_before_it_decides_is_told_apart(
    tmp_path: Path, worlds: tuple[World, World]
) -> None:
    with broken_twins(FAULTS["shared-validator"], tmp_path, worlds, RESTS) as (one, other):
        short, long = (lambda world=world: world.client.get(SUBSCRIBERS.path) for world in (one, other))
        assert tells(short, long, 400) != 0


def test_the_limit_is_that_of_welch() -> None:
    assert abs(welch([10, 11, 12] * 100, [10, 11, 12] * 100).t) < LIMIT
    assert welch([10, 11, 12] * 100, [20, 21, 22] * 100).t < -LIMIT
    assert METERED.id != SUBSCRIBERS.id
