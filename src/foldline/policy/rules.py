"""A set of rules: immutable, swapped as one, with a version that tells decisions of two sets apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from foldline.policy.facts import Access, Article
from foldline.policy.open_now import OpenNow
from foldline.policy.plan import Plan, plan_of
from foldline.policy.rule import SITE, Allowance, Articles, Grant, Rule

#: Articles whose plans are remembered by one set of rules: more than a worker holds pages of. One takes about 2.5 KB.
PLANS_KEPT = 5_000


@dataclass(frozen=True)
class Rules:
    """An immutable set of rules. `version` tells decisions of two sets apart; `default` is the level of articles that
    name none and that no rule gives one; `open_now` holds while it runs, whatever the rules say."""

    version: str
    rules: tuple[Rule, ...] = ()
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    default: Access | None = None
    open_now: tuple[OpenNow, ...] = ()
    _every: tuple[Rule, ...] = field(init=False, repr=False, compare=False)
    _plans: dict[Article, Plan] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_every", (*self.rules, *_levels(self.allowances)))

    @property
    def every(self) -> tuple[Rule, ...]:
        """The rules that were written, and behind them what the access levels stand for."""
        return self._every

    def plan(self, article: Article, now: int) -> Plan:
        """What the rules say about an article at `now`, whoever reads it. Remembered until time changes it."""
        plan = self._plans.get(article)
        if plan is None or not plan.since <= now < plan.until:
            plan = plan_of(article, now, self._every, self.allowances, self.default, self.open_now)
            if len(self._plans) >= PLANS_KEPT:
                self._plans.clear()
            self._plans[article] = plan
        return plan

    def with_open_now(self, entries: Iterable[OpenNow]) -> Rules:
        """The same rules with other things open now."""
        return replace(self, open_now=tuple(entries))

    def may_close(self, article: Article) -> bool:
        """Whether any rule, at any time, takes the way in of everybody away from this free article: then it must be
        stored with a fold."""
        return any(rule.articles.about(article) for rule in self.closing)

    @property
    def closing(self) -> tuple[Rule, ...]:
        """The rules that close free articles."""
        return tuple(
            rule
            for rule in self.rules
            if rule.only_for is not None
            and Grant.EVERYONE not in rule.keeps
            and (not rule.articles.levels or Access.FREE in rule.articles.levels)
        )


def _levels(allowances: Mapping[str, Allowance]) -> tuple[Rule, ...]:
    """What the four access levels stand for."""
    site = allowances.get(SITE)
    free = Articles(levels=frozenset((Access.FREE,)))
    registered = Articles(levels=frozenset((Access.REGISTERED,)))
    rules = (
        Rule("free articles open for everybody", free, opens_for=(Grant.EVERYONE,)),
        Rule("subscribers read every article that their product covers", opens_for=(Grant.PRODUCT,)),
        Rule("registered articles open for everybody signed in", registered, opens_for=(Grant.SIGNED_IN,)),
    )
    if site is None:
        return rules
    span = f"{site.days} days" if site.days else "a calendar month"
    name = f"{site.anonymous} metered articles in {span}" if site.days else f"{site.anonymous} metered articles {span}"
    metered = Articles(levels=frozenset((Access.METERED,)))
    return (*rules, Rule(name, metered, opens_for=(Grant.METER,), source=site.source))


def version_of(text: str) -> str:
    """What tells two rule sets apart, by the text that they were read from. Line ends do not count."""
    return "r-" + hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8", "replace")).hexdigest()[:10]


def first_form(meter_limit: int, source: str = "built in", extra: Iterable[Rule] = ()) -> Rules:
    """The rules of a publication that has written none: what the access levels stand for, and one meter. `source` is
    where the meter's limit is written."""
    site = Allowance(SITE, meter_limit, meter_limit, source=source)
    return Rules(f"first-form/{meter_limit}", tuple(extra), {SITE: site})
