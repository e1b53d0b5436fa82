"""What a decision costs beside one HMAC-SHA256 of 200 bytes, and what it costs to read the rules from their file."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median
from zoneinfo import ZoneInfo

from foldline.policy.decide import decide
from foldline.policy.facts import Access, Article, Meter, Visit
from foldline.policy.rule import Articles, Grant, Rule
from foldline.policy.rules import Rules, first_form
from foldline.policy.rules_file import read_rules

_KEY, _MESSAGE = b"k" * 32, b"m" * 200
_NOW = 1_767_225_600
_BATCH = 2_000
_ZONE = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class Deciding:
    """Medians in microseconds; decisions by the number of rules in the set. `reading` is a file of 50 rules, read and
    checked."""

    hmac: float
    by_rules: dict[int, float]
    reading: float

    def ratio(self, rules: int) -> float:
        return self.by_rules[rules] / self.hmac


def rules_of(number: int) -> Rules:
    """The first form and, before its meter, rules of a publisher: for sections, for crawlers, for whoever signed in.

    Half of what is added is about the section that is asked for below, and none of it opens.
    """
    grants = (Grant.VERIFIED_CRAWLER, Grant.PRODUCT, Grant.SIGNED_IN)
    extra = [
        Rule(
            f"rule {n}",
            Articles(sections=frozenset(("science", f"section-{n}") if n % 2 else (f"section-{n}",))),
            opens_for=(grants[n // 2 % len(grants)],),
            source="bench",
        )
        for n in range(number - len(first_form(3).every))
    ]
    return first_form(3, "bench", extra)


def text_of(number: int) -> str:
    """A file of so many rules, each with most of what a rule can say."""
    meters = '[meter.site]\nanonymous = 3\nregistered = 5\n\n[meter.sport]\nanonymous = 1\nwindow = "7 days"\n'
    return meters + "".join(
        f"""
# What rule {n} is for.
[[rule]]
name = "Rule {n} of {number}"
sections = ["science", "section-{n}"]
tags = "tag-{n}"
levels = ["metered", "subscribers"]
newer-than = "{n + 2} hours"
older-than = "1 hour"
from = 2026-01-01
until = 2026-12-31T18:00:00
opens-for = ["crawler", "meter"]
meter = "sport"
"""
        for n in range(number)
    )


def visits() -> tuple[Visit, ...]:
    """The dearest: nobody's, to an article that a meter may open and to one that nothing opens. Every rule is asked."""
    products = frozenset((1,))
    return tuple(
        Visit(Article(7, access, "science", products), _NOW, None, Meter(2, False))
        for access in (Access.METERED, Access.SUBSCRIBERS)
    )


def deciding(rounds: int) -> Deciding:
    """Interleaved batches in this process, `rounds` of each; for a number of rules the dearer of the visits counts."""
    asked = [(number, rules_of(number), visit) for number in (10, 50) for visit in visits()]
    plain: list[float] = []
    costs: list[list[float]] = [[] for _ in asked]
    for _ in range(rounds):
        plain.append(_cost(partial(hmac.digest, _KEY, _MESSAGE, "sha256")))
        for (_, rules, visit), cost in zip(asked, costs, strict=True):
            cost.append(_cost(partial(decide, visit, rules)))
    text = text_of(50)
    reading = median(_cost(partial(read_rules, text, "rules.toml", _ZONE), 1) for _ in range(rounds))
    by_rules: dict[int, float] = {}
    for (number, _, _), cost in zip(asked, costs, strict=True):
        by_rules[number] = max(by_rules.get(number, 0.0), median(cost))
    return Deciding(median(plain), by_rules, reading)


def _cost(call: Callable[[], object], batch: int = _BATCH) -> float:
    """Microseconds per call, in CPU time: another process in between costs nothing."""
    start = time.process_time_ns()
    for _ in range(batch):
        call()
    return (time.process_time_ns() - start) / batch / 1000
