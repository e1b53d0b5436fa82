"""Rules as values: which articles a rule is about, what it asks for, and where it is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from foldline.policy.facts import Access


class Grant(StrEnum):
    """What a rule asks of a visit before it opens."""

    EVERYONE = "everyone"
    SIGNED_IN = "signed-in"
    PRODUCT = "product"
    METER = "meter"
    VERIFIED_CRAWLER = "verified-crawler"


@dataclass(frozen=True, slots=True)
class Rule:
    """`name` says in plain words what the rule does, `source` where it is written. `sections` empty: every section."""

    name: str
    access: frozenset[Access]
    grant: Grant
    source: str = "built in"
    sections: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """An immutable set of rules, asked in their order. `version` tells decisions of two sets apart."""

    version: str
    rules: tuple[Rule, ...]
    meter_limit: int
    by_access: dict[Access, tuple[Rule, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {level: tuple(rule for rule in self.rules if level in rule.access) for level in Access}
        object.__setattr__(self, "by_access", index)


def first_form(meter_limit: int, source: str = "built in", extra: Iterable[Rule] = ()) -> Rules:
    """The rules that the four access levels stand for; `source` is where the meter's limit is written."""
    closed = frozenset((Access.REGISTERED, Access.METERED, Access.SUBSCRIBERS))
    rules = (
        Rule("free articles open for everybody", frozenset((Access.FREE,)), Grant.EVERYONE),
        Rule("subscribers read every article that their product covers", closed, Grant.PRODUCT),
        Rule("registered articles open for everybody signed in", frozenset((Access.REGISTERED,)), Grant.SIGNED_IN),
        *extra,
        Rule(f"{meter_limit} metered articles a calendar month", frozenset((Access.METERED,)), Grant.METER, source),
    )
    return Rules(f"first-form/{meter_limit}", rules, meter_limit)
