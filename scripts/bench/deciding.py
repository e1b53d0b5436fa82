"""What a decision costs beside one HMAC-SHA256 of 200 bytes."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from foldline.policy.decide import decide
from foldline.policy.facts import Access, Article, Meter, Visit
from foldline.policy.rules import Grant, Rule, Rules, first_form

_KEY, _MESSAGE = b"k" * 32, b"m" * 200
_NOW = 1_767_225_600
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Deciding:
    """Medians in microseconds; decisions by the number of rules in the set."""

    hmac: float
    by_rules: dict[int, float]

    def ratio(self, rules: int) -> float:
        return self.by_rules[rules] / self.hmac


def rules_of(number: int) -> Rules:
    """The first form and, before its meter, rules of a publisher: for sections, for crawlers, for whoever signed in.

    Half of what is added is about the section that is asked for below, and none of it opens.
    """
    closed = frozenset((Access.REGISTERED, Access.METERED, Access.SUBSCRIBERS))
    grants = (Grant.VERIFIED_CRAWLER, Grant.PRODUCT, Grant.SIGNED_IN)
    extra = [
        Rule(
            f"rule {n}",
            closed,
            grants[n // 2 % len(grants)],
            "bench",
            frozenset(("science", f"section-{n}") if n % 2 else (f"section-{n}",)),
        )
        for n in range(number - len(first_form(3).rules))
    ]
    return first_form(3, "bench", extra)


def visit() -> Visit:
    """The dearest visit: nobody's, to a metered article, with a meter. Every rule is asked and none opens at once."""
    return Visit(Article(7, Access.METERED, "science", frozenset((1,))), _NOW, None, Meter(2, False))


def deciding(rounds: int) -> Deciding:
    """Interleaved batches in this process, `rounds` of each."""
    asked = visit()
    sets = {number: rules_of(number) for number in (10, 50)}
    costs: dict[int, list[float]] = {0: [], **{number: [] for number in sets}}
    for _ in range(rounds):
        costs[0].append(_cost(lambda: hmac.digest(_KEY, _MESSAGE, "sha256")))
        for number, rules in sets.items():
            costs[number].append(_cost(lambda rules=rules: decide(asked, rules)))  # type: ignore[misc]
    return Deciding(median(costs[0]), {number: median(costs[number]) for number in sets})


def _cost(call: Callable[[], object]) -> float:
    """Microseconds per call, in CPU time: another process in between costs nothing."""
    start = time.process_time_ns()
    for _ in range(_BATCH):
        call()
    return (time.process_time_ns() - start) / _BATCH / 1000


