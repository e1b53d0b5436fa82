"""Any rules, articles, readers and moments, for property tests: small worlds, in which rules meet each other often.

They are made from a seed and not drawn one by one: an example then costs a thousandth, and many visits fit into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

from foldline.policy.facts import Access, Article, Caller, Meter, Reader, Visit
from foldline.policy.open_now import OpenNow, Scope
from foldline.policy.reasons import Reason
from foldline.policy.rule import SITE, Allowance, Articles, Grant, Rule
from foldline.policy.rules import Rules

NOW = 1_800_000_000
HOUR = 3_600
SECTIONS, TAGS, PATHS = ("news", "sport", "obituaries"), ("floods", "football"), ("/a", "/b")
METERS = (SITE, "sport")
LEVELS = tuple(level for level in Access if level is not Access.BY_RULE)
WAYS = tuple(Grant)
SPANS = (0, 0, HOUR, 2 * HOUR, 24 * HOUR)
READERS = (
    None,
    None,
    Reader(),
    Reader(frozenset({1})),
    Reader(frozenset({2})),
    Reader(ended_on=NOW - 9),
    Reader(ended_on=NOW - 9, payment_failed=True),
)
T = TypeVar("T")


class World:
    """Makes whatever is asked for, always the same for one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def one(self, of: Sequence[T]) -> T:
        return self._random.choice(of)

    def some(self, of: Sequence[T], least: int = 0) -> frozenset[T]:
        """At most two, and often none where none will do."""
        number = self._random.choice((0, 0, 1, 2)) if not least else self._random.choice((1, 1, 2))
        return frozenset(self._random.sample(of, min(number, len(of))))

    def edge(self) -> int:
        """A moment that rules and ages share."""
        return NOW + self._random.randint(-4, 4) * HOUR

    def moment(self) -> int:
        """At an edge, beside one, or between two."""
        return self.edge() + self.one((-1, 0, 1, 777))

    def article(self) -> Article:
        level = self.one((*Access, Access.BY_RULE, Access.METERED, None))
        products = self.one((frozenset({1}), frozenset({1, 2})))
        number = self._random.randint(1, 4)
        return Article(number, level, self.one(SECTIONS), products, self.some(TAGS), self.edge(), self.one(PATHS))

    def visit(self) -> Visit:
        return Visit(
            self.article(),
            self.moment(),
            self.one(READERS),
            Meter(self._random.randint(0, 5), self.one((True, False)), self.one((True, True, False))),
            self.one((None, None, Reason.METER_HAS_ROOM, Reason.READ_BEFORE, Reason.GIFT_OPENS)),
            Caller(self.one((True, False)), self.one((True, False, False))),
            self.one((True, True, False)),
            self.one(("", "", "City Library")),
            self.one((None, None, None, Reason.GIFT_OPENS, Reason.GIFT_ENDED)),
        )

    def visits(self, number: int = 30) -> Iterable[Visit]:
        return (self.visit() for _ in range(number))

    def open_now(self) -> OpenNow:
        starts = self.edge()
        ends = starts + self._random.randint(1, 6) * HOUR
        whose: tuple[tuple[Scope, str], ...] = (
            ("site", ""),
            ("article", str(self._random.randint(1, 4))),
            ("section", self.one(SECTIONS)),
        )
        scope, key = self.one(whose)
        return OpenNow(scope, key, "Flood", starts, ends)

    def articles(self, *, levels: bool) -> Articles:
        newer, older = self.one(SPANS), self.one(SPANS)
        asked = self.some(LEVELS) if levels else frozenset()
        older = older if not newer or older < newer else 0
        return Articles(self.some(SECTIONS), self.some(TAGS), asked, self.some(PATHS), newer, older)

    def level(self) -> Rule:
        return self._dated(Rule("a level", self.articles(levels=False), access=self.one(LEVELS)))

    def wall(self) -> Rule:
        ways = [way for way in WAYS if way is not Grant.EVERYONE]
        return self._dated(Rule("a wall", self.articles(levels=True), only_for=self.some(ways, 1)))

    def way(self, of: Sequence[Grant] = WAYS) -> Rule:
        opens = tuple(sorted(self.some(of, 1), key=WAYS.index))
        articles = self.articles(levels=True)
        if Grant.METER in opens and Access.METERED not in articles.levels:
            # A meter for levels that no meter opens is a mistake in a file.
            articles = replace(articles, levels=frozenset())
        products = self.one((frozenset(), frozenset({2}))) if Grant.PRODUCT in opens else frozenset()
        meter = self.one(METERS) if Grant.METER in opens else SITE
        return self._dated(Rule("a way in", articles, opens_for=opens, products=products, meter=meter))

    def rules(self) -> Rules:
        makers = (self.level, self.wall, self.way, self.way)
        written = [self.one(makers)() for _ in range(self._random.randint(0, 6))]
        allowances = {}
        for name in METERS:
            anonymous = self._random.randint(0, 3)
            allowances[name] = Allowance(name, anonymous, anonymous + self._random.randint(0, 2), self.one((0, 7)))
        names = (replace(rule, name=f"rule {number}") for number, rule in enumerate(written))
        return Rules("any", tuple(names), allowances, self.one((None, *LEVELS)))

    def added(self, rules: Rules, rule: Rule) -> Rules:
        """The same rules and one more, at any place."""
        written = list(rules.rules)
        written.insert(self._random.randint(0, len(written)), replace(rule, name="the new rule"))
        return replace(rules, rules=tuple(written))

    def _dated(self, rule: Rule) -> Rule:
        starts, ends = self.one((0, 0, self.edge())), self.one((0, 0, self.edge()))
        return replace(rule, starts=starts, ends=ends if ends > starts else 0)
