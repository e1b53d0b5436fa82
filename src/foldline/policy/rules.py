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
    _by_place: dict[tuple[Access, str], tuple[Rule, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = {section for rule in self.rules for section in rule.sections}
        places = {(level, section): self._about(level, section) for level in Access for section in (*named, "")}
        object.__setattr__(self, "_by_place", places)

    def _about(self, access: Access, section: str) -> tuple[Rule, ...]:
        return tuple(
            rule for rule in self.rules if access in rule.access and (not rule.sections or section in rule.sections)
        )

    def about(self, access: Access, section: str) -> tuple[Rule, ...]:
        """The rules that an article of this level and section is under, in their order."""
        found = self._by_place.get((access, section))
        # A section that no rule names is like none at all.
        return self._by_place[access, ""] if found is None else found


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
