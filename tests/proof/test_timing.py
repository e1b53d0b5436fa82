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


def tells(short: Callable[[], object], long: Callable[[], object], count: int) -> bool:
    """Whether the longer one is told apart: in both of two runs, called in turn by either name, and the same way.

    One run in a few hundred is told apart by the machine alone; a leak is told apart by every one.
    """
    first = interleaved(short, long, count, seed=1)
    if abs(first.t) < LIMIT:
        return False
    turned = interleaved(long, short, count, seed=2)
    if abs(turned.t) < LIMIT or (first.t > 0) is (turned.t > 0):
        return False
    again = interleaved(short, long, count, seed=3)
    return abs(again.t) >= LIMIT and (again.t > 0) is (first.t > 0)


@pytest.mark.parametrize(
    "headers", [(), GZIP, ((b"cookie", b"__Host-foldline-pass=junk"),)], ids=["plain", "gzip", "cookie"]
)
def test_a_megabyte_below_the_fold_takes_no_longer_than_a_kilobyte(
    worlds: tuple[World, World], headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    short, long = (lambda world=world: world.client.get(SUBSCRIBERS.path, headers) for world in worlds)
    assert not tells(short, long, COUNT)


def test_a_refusal_to_the_script_takes_no_longer_either(worlds: tuple[World, World]) -> None:
    short, long = (lambda world=world: world.client.read(SUBSCRIBERS.id) for world in worlds)
    assert not tells(short, long, COUNT)


def test_a_gate_that_reads_the_rest_before_it_decides_is_told_apart(
    tmp_path: Path, worlds: tuple[World, World]
) -> None:
    with broken_twins(FAULTS["shared-validator"], tmp_path, worlds, RESTS) as (one, other):
        short, long = (lambda world=world: world.client.get(SUBSCRIBERS.path) for world in (one, other))
        assert tells(short, long, 400)


def test_the_limit_is_that_of_welch() -> None:
    assert abs(welch([10, 11, 12] * 100, [10, 11, 12] * 100).t) < LIMIT
    assert welch([10, 11, 12] * 100, [20, 21, 22] * 100).t < -LIMIT
    assert METERED.id != SUBSCRIBERS.id
