"""What changes for whom when one set of rules takes the place of another. Pure; the decider answers for both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from foldline.policy.decide import Outcome, decide
from foldline.policy.facts import Article, Visit
from foldline.policy.reasons import Reason
from foldline.policy.rules import Rules

#: How a kind of reader comes to an article at a moment.
Visitor = Callable[[Article, int], Visit]


class Told(NamedTuple):
    """What a visit comes to: the outcome, its reason, and, where something must be counted, against what."""

    outcome: Outcome
    reason: Reason
    meter: str = ""

    def __str__(self) -> str:
        shown = {Outcome.OPENS: "whole", Outcome.REFUSES: "preview", Outcome.OPENS_IF: "counted"}[self.outcome]
        return f"{shown} · {self.meter or self.reason.value}"


@dataclass(frozen=True, slots=True)
class Change:
    """For one kind of reader, `paths` are the articles that turn from `before` to `after`."""

    kind: str
    before: Told
    after: Told
    paths: tuple[str, ...]


def difference(
    old: Rules,
    new: Rules,
    articles: Sequence[Article],
    visitors: Mapping[str, Visitor],
    now: int,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[Change, ...]:
    """Every change at `now`, epoch seconds, by kind of reader, the one that concerns the most articles first."""
    found: dict[tuple[str, Told, Told], list[str]] = {}
    for number, article in enumerate(articles, 1):
        for kind, visitor in visitors.items():
            visit = visitor(article, now)
            before, after = _told(visit, old), _told(visit, new)
            # Whoever reads the whole before and after sees no difference, whatever opened it.
            if before != after and not before.outcome is after.outcome is Outcome.OPENS:
                found.setdefault((kind, before, after), []).append(article.path)
        if not number % 100:
            progress(number)
    progress(len(articles))
    order = list(visitors)
    changes = [Change(kind, before, after, tuple(sorted(paths))) for (kind, before, after), paths in found.items()]
    return tuple(sorted(changes, key=lambda change: (order.index(change.kind), -len(change.paths))))


def _told(visit: Visit, rules: Rules) -> Told:
    decision = decide(visit, rules)
    spend = decision.spend
    if spend is None:
        return Told(decision.outcome, decision.reason)
    window = f"{spend.allowance.days} days" if spend.allowance.days else "a calendar month"
    return Told(decision.outcome, decision.reason, f"{spend.limit} in {window} ({spend.allowance.name})")
