"""What comes in a day, out of `day.toml`, and when each of it does: drawn before anything is asked."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("day.toml")
#: What the rates in the file add up to, about: `--rate` is held against it.
ORDINARY = 60.0


@dataclass(frozen=True, slots=True)
class Coming:
    """A kind of visit. `per_second` at an ordinary moment; `peaks` says whether the story brings more of them."""

    kind: str
    what: str
    per_second: float
    peaks: bool


@dataclass(frozen=True, slots=True)
class Act:
    """What the newsroom does at a part of the day."""

    at: float
    does: str
    what: str


@dataclass(frozen=True, slots=True)
class Day:
    """All of it."""

    coming: tuple[Coming, ...]
    acts: tuple[Act, ...]
    peak_from: float
    peak_until: float
    peak: float
    to_the_story: float
    articles: int
    subscribers: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody comes at `at` seconds. `number` is nobody else's of this kind; `story` says whether for the story."""

    at: float
    kind: str
    number: int
    story: bool


def read_day(file: Path = FILE) -> Day:
    """The day that is published."""
    with file.open("rb") as opened:
        told = tomllib.load(opened)
    day = told["day"]
    return Day(
        tuple(Coming(one["kind"], one["what"], one["per-second"], one["peaks"]) for one in told["come"]),
        tuple(Act(one["at"], one["does"], one["what"]) for one in told["act"]),
        day["peak-from"],
        day["peak-until"],
        day["peak"],
        day["to-the-story"],
        day["articles"],
        day["subscribers"],
    )


def arrivals(day: Day, seconds: float, rate: float, seed: int = 8) -> list[Arrival]:
    """Everybody who comes in so many seconds, in order. Nobody waits for anybody: who comes is drawn beforehand, so
    that a slow answer makes nobody come later. `rate` is about how many requests an ordinary second has."""
    found = [
        arrival for index, coming in enumerate(day.coming) for arrival in _of(day, coming, seconds, rate, seed + index)
    ]
    return sorted(found, key=lambda arrival: arrival.at)


def _of(day: Day, coming: Coming, seconds: float, rate: float, seed: int) -> Iterator[Arrival]:
    drawn = random.Random(seed)  # noqa: S311 - nothing secret
    usual = coming.per_second * rate / ORDINARY
    most = usual * (day.peak if coming.peaks else 1.0)
    at, number = 0.0, 0
    while True:
        # A Poisson process at the highest rate, thinned to what holds at this moment.
        at += drawn.expovariate(most)
        if at >= seconds:
            return
        breaking = day.peak_from <= at / seconds < day.peak_until
        now = most if breaking else usual
        if drawn.random() * most < now:
            number += 1
            yield Arrival(at, coming.kind, number, breaking and drawn.random() < day.to_the_story)
