"""What a set of rules says about one article, whoever reads it: worked out once, and again when time changes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from foldline.policy.facts import Access, Article
from foldline.policy.open_now import OpenNow
from foldline.policy.reasons import PASSED, Reason
from foldline.policy.rule import Allowance, Grant, Rule

#: Later than any moment that is asked about.
NEVER = 1 << 62
_ORDER = tuple(Grant)


class Finding(NamedTuple):
    """One thing that was looked at, and the rule that asked for it ("" for a question before any rule)."""

    reason: Reason
    rule: str = ""

    @property
    def passed(self) -> bool:
        return self.reason in PASSED


@dataclass(frozen=True, slots=True)
class Way:
    """One way in, and the rules that give it, the one that is named first. `products` are those that open by it."""

    grant: Grant
    rules: tuple[str, ...]
    products: frozenset[int]
    _findings: dict[Reason, tuple[Finding, ...]] = field(default_factory=dict, compare=False, repr=False)

    def findings(self, reason: Reason) -> tuple[Finding, ...]:
        """That each of the rules found this."""
        known = self._findings.get(reason)
        if known is None:
            known = self._findings[reason] = tuple(Finding(reason, rule) for rule in self.rules)
        return known


@dataclass(frozen=True, slots=True)
class Plan:
    """Holds for `since` <= now < `until`, epoch seconds.

    `access` is the level in the end, None for unknown; `level` names the rule that gave it ("" for the article's own
    or the default); `ways` in the order in which they are asked; `excluded` says which rules took a way away;
    `allowance` is what the meter counts against, None where no meter may open it; `wall` names the first hard wall that
    holds, "" for none.
    """

    since: int
    until: int
    access: Access | None
    level: str = ""
    ways: tuple[Way, ...] = ()
    excluded: tuple[Finding, ...] = ()
    allowance: Allowance | None = None
    open_now: OpenNow | None = None
    wall: str = ""
    #: The decisions that were made by it, by what was found. It is one article's, of one set of rules.
    decided: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def opens_for_everyone(self) -> bool:
        """Whether it is open to whoever asks, without any fact about them."""
        return self.open_now is not None or bool(self.ways and self.ways[0].grant is Grant.EVERYONE)


def plan_of(
    article: Article,
    now: int,
    rules: Sequence[Rule],
    allowances: Mapping[str, Allowance],
    default: Access | None,
    open_now: Sequence[OpenNow],
) -> Plan:
    """The plan of an article at `now`, and for how long it holds."""
    about = [rule for rule in rules if rule.articles.about(article)]
    opened = [entry for entry in open_now if entry.about(article)]
    edges = [edge for rule in about for edge in rule.edges(article.published)]
    edges += [edge for entry in opened for edge in (entry.starts, entry.ends)]
    since = max((edge for edge in edges if edge <= now), default=-NEVER)
    until = min((edge for edge in edges if edge > now), default=NEVER)
    held = [rule for rule in about if rule.holds(article.published, now)]
    access, level = _level(article, held, default)
    if access is None:
        return Plan(since, until, None)
    held = [rule for rule in held if not rule.articles.levels or access in rule.articles.levels]
    metering = _metering(held, access, allowances)
    ways, excluded = _ways(article, held, metering)
    counts = metering is not None and any(way.grant is Grant.METER for way in ways)
    allowance = allowances[metering.meter] if counts and metering is not None else None
    running = next((entry for entry in opened if entry.runs(now)), None)
    wall = next((rule.name for rule in held if rule.only_for is not None), "")
    return Plan(since, until, access, level, ways, excluded, allowance, running, wall)


def _level(article: Article, held: Sequence[Rule], default: Access | None) -> tuple[Access | None, str]:
    """The article's own level, else what the first rule gives, else the default. An unknown word stays unknown."""
    if article.access is not Access.BY_RULE:
        return article.access, ""
    for rule in held:
        if rule.access is not None:
            return rule.access, rule.name
    return default, ""


def _metering(held: Sequence[Rule], access: Access, allowances: Mapping[str, Allowance]) -> Rule | None:
    """The rule whose meter counts: the first that is written, and only for metered articles, because a hard wall beats
    a meter. An allowance that opens nothing for anybody is none."""
    if access is not Access.METERED:
        return None
    for rule in held:
        if Grant.METER in rule.opens_for and rule.meter in allowances:
            allowance = allowances[rule.meter]
            return rule if allowance.anonymous or allowance.registered else None
    return None


def _ways(article: Article, held: Sequence[Rule], metering: Rule | None) -> tuple[tuple[Way, ...], tuple[Finding, ...]]:
    """The ways in that are left, and the rules that took one away."""
    walls = [rule for rule in held if rule.only_for is not None]
    given: dict[tuple[Grant, frozenset[int]], list[str]] = {}
    excluded: dict[str, Finding] = {}
    for rule in held:
        for grant in rule.opens_for:
            if grant is Grant.METER and rule is not metering:
                continue
            wall = next((wall for wall in walls if grant not in wall.keeps), None)
            if wall is not None:
                excluded.setdefault(wall.name, Finding(Reason.RULE_EXCLUDES, wall.name))
                continue
            products = (rule.products or article.products) if grant is Grant.PRODUCT else frozenset()
            given.setdefault((grant, products), []).append(rule.name)
    ways = [Way(grant, tuple(names), products) for (grant, products), names in given.items()]
    return tuple(sorted(ways, key=lambda way: _ORDER.index(way.grant))), tuple(excluded.values())
