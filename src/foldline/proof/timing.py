"""Does the time of an answer tell what stands below the fold? Interleaved pairs, and Welch's t on trimmed times."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, variance
from time import perf_counter_ns

#: Above this |t| two series are told apart (as in the usual leakage assessment of cryptographic code).
LIMIT = 4.5
#: This share of the slowest times of each series is left out: interruptions, not the gate.
TRIMMED = 0.1


@dataclass(frozen=True, slots=True)
class Timing:
    """`t` is positive where the first series is slower; means in nanoseconds."""

    t: float
    count: int
    means: tuple[float, float]


def interleaved(one: Callable[[], object], other: Callable[[], object], count: int, seed: int = 1) -> Timing:
    """Call both `count` times, each pair in an order drawn by lot."""
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    times: tuple[list[int], list[int]] = ([], [])
    calls = (one, other)
    for call in calls * 50:
        call()
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(count):
            for which in (0, 1) if chance.random() < 0.5 else (1, 0):
                start = perf_counter_ns()
                calls[which]()
                times[which].append(perf_counter_ns() - start)
    finally:
        if collecting:
            gc.enable()
    return welch(*times)


def welch(one: list[int], other: list[int]) -> Timing:
    """Welch's t of two series without their slowest tenth."""
    a, b = (sorted(times)[: int(len(times) * (1 - TRIMMED))] for times in (one, other))
    spread = (variance(a) / len(a) + variance(b) / len(b)) ** 0.5
    means = (fmean(a), fmean(b))
    return Timing((means[0] - means[1]) / spread if spread else 0.0, len(one), means)
