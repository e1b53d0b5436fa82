"""What a set of rules does to the articles that there are: what a rule never does, what rules take from each other.

Pure: rules, article facts and a moment in, findings out. Every article is followed from that moment on through all the
moments at which a rule begins or ends for it, so that what is said to never happen never happens to these articles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from foldline.errors import Problem
from foldline.policy.facts import Access, Article
from foldline.policy.plan import NEVER, Plan, plan_of
from foldline.policy.rule import Grant, Rule
from foldline.policy.rules import Rules
from foldline.policy.toml_text import nearest

#: How many paths a finding names.
EXAMPLES = 3
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RuleCount:
    """A rule, how many articles its words fit, and for how many it holds at the moment that was asked about."""

    rule: Rule
    fits: int
    holds: int


@dataclass(frozen=True, slots=True)
class Review:
    """`levels` counts every article once, by the level that it has (`unknown` where nobody decided): the counts add up
    to `total`. `undecided` are the paths of those. `errors` are contradictions: articles that nobody can read;
    `warnings` are rules and meters without effect."""

    total: int
    levels: dict[str, int]
    counts: tuple[RuleCount, ...]
    undecided: tuple[str, ...]
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


@dataclass(slots=True)
class _Seen:
    """What a rule met. Articles: that its words fit, for which it holds now, that name no level, whose level it asks
    for, that can be metered. By way in: plans in which it gave one, in which that was left, and the wall that took it.
    By rule: articles that an earlier one always takes from its level, or from its meter."""

    fits: int = 0
    holds: int = 0
    by_rule: int = 0
    level_fits: int = 0
    can_be_metered: int = 0
    held: Counter[Grant] = field(default_factory=Counter)
    kept: Counter[Grant] = field(default_factory=Counter)
    walls: dict[Grant, str] = field(default_factory=dict)
    earlier: Counter[int] = field(default_factory=Counter)
    meter_earlier: Counter[int] = field(default_factory=Counter)


def review(
    rules: Rules, articles: Sequence[Article], now: int, progress: Callable[[int], None] = lambda done: None
) -> Review:
    """What these rules do to these articles from `now` on, epoch seconds. `progress` hears how many are done."""
    following = _Following(rules, now)
    for number, article in enumerate(articles, 1):
        following.follow(article)
        if not number % 100:
            progress(number)
    progress(len(articles))
    counts = tuple(
        RuleCount(rule, seen.fits, seen.holds) for rule, seen in zip(rules.rules, following.seen, strict=True)
    )
    return Review(
        len(articles),
        dict(following.levels),
        counts,
        tuple(sorted(following.undecided)),
        tuple(_nobody(following)),
        tuple(_warnings(following, articles)),
    )


class _Following:
    """Follows articles through time, and keeps what each rule met."""

    def __init__(self, rules: Rules, now: int) -> None:
        self.rules = rules
        self.now = now
        self.seen = [_Seen() for _ in rules.rules]
        self.levels: Counter[str] = Counter()
        self.undecided: list[str] = []
        self.nobody: dict[tuple[str, ...], list[str]] = {}
        self.unmetered: list[str] = []

    def follow(self, article: Article) -> None:
        about = [(number, rule) for number, rule in enumerate(self.rules.rules) if rule.articles.about(article)]
        for number, _ in about:
            self.seen[number].fits += 1
        self._who_comes_first(article, about)
        walled: set[tuple[str, ...]] = set()
        level_fits: set[int] = set()
        metered: set[int] = set()
        for plan, moment in self._plans(article):
            fitting = [
                (number, rule)
                for number, rule in about
                if plan.access is not None and (not rule.articles.levels or plan.access in rule.articles.levels)
            ]
            level_fits.update(number for number, _ in fitting)
            if plan.access is Access.METERED:
                metered.update(number for number, _ in fitting)
            holding = [(number, rule) for number, rule in fitting if rule.holds(article.published, moment)]
            if moment == self.now:
                self._count_now(article, plan, holding)
            self._note(plan, holding)
            if plan.access is not None and not plan.ways and plan.excluded:
                walled.add(tuple(sorted(finding.rule for finding in plan.excluded)))
        for number in level_fits:
            self.seen[number].level_fits += 1
        for number in metered:
            self.seen[number].can_be_metered += 1
        for names in walled:
            self.nobody.setdefault(names, []).append(article.path)

    def _plans(self, article: Article) -> Iterator[tuple[Plan, int]]:
        """Each plan that the article has from now on, with a moment at which it holds."""
        moment = self.now
        while moment < NEVER:
            rules = self.rules
            plan = plan_of(article, moment, rules.every, rules.allowances, rules.default, ())
            yield plan, moment
            moment = plan.until

    def _count_now(self, article: Article, plan: Plan, holding: Iterable[tuple[int, Rule]]) -> None:
        self.levels[plan.access.value if plan.access is not None else UNKNOWN] += 1
        if plan.access is None:
            self.undecided.append(article.path)
        if plan.access is Access.METERED and plan.allowance is None and not plan.excluded:
            self.unmetered.append(article.path)
        for number, _ in holding:
            self.seen[number].holds += 1

    def _note(self, plan: Plan, holding: Iterable[tuple[int, Rule]]) -> None:
        for number, rule in holding:
            seen = self.seen[number]
            for grant in rule.opens_for:
                if grant is Grant.METER and plan.access is not Access.METERED:
                    continue
                seen.held[grant] += 1
                if any(way.grant is grant and rule.name in way.rules for way in plan.ways):
                    seen.kept[grant] += 1
                elif plan.excluded:
                    seen.walls.setdefault(grant, plan.excluded[0].rule)

    def _who_comes_first(self, article: Article, about: Sequence[tuple[int, Rule]]) -> None:
        """For each rule that gives a level or a meter: the earlier rule that always takes this article from it."""
        level: int | None = None
        for number, rule in about:
            if rule.access is not None and article.access is Access.BY_RULE:
                self.seen[number].by_rule += 1
                if level is not None:
                    self.seen[number].earlier[level] += 1
                elif _timeless(rule):
                    level = number
        meter: int | None = None
        for number, rule in about:
            if Grant.METER in rule.opens_for:
                if meter is not None:
                    self.seen[number].meter_earlier[meter] += 1
                elif _timeless(rule) and not rule.articles.levels:
                    meter = number


def _timeless(rule: Rule) -> bool:
    about = rule.articles
    return not (rule.starts or rule.ends or about.newer_than or about.older_than)


def _nobody(following: _Following) -> Iterator[Problem]:
    sources = {rule.name: rule.source for rule in following.rules.rules}
    for names, paths in following.nobody.items():
        walls = " and ".join(f'"{name}"' for name in names)
        leave = "leaves" if len(names) == 1 else "together leave"
        what = f"{walls} {leave} nobody a way in to {_articles(paths)}: {_some(paths)}."
        hint = "Add opens-for to a rule for those who may read them, or name another way in in only-for."
        yield Problem("FL122", what, sources[names[0]], hint)


def _warnings(following: _Following, articles: Sequence[Article]) -> Iterator[Problem]:
    yield from _meters(following)
    if not articles:
        return
    known = _Words(articles)
    named: set[int] = set()
    for number, rule in enumerate(following.rules.rules):
        for problem in known.strange(rule):
            named.add(number)
            yield problem
    for number, (rule, seen) in enumerate(zip(following.rules.rules, following.seen, strict=True)):
        why = _never(rule, seen, following.now)
        if why and not (number in named and not seen.fits):
            yield Problem(
                "FL121", f'"{rule.name}" never does anything: {why}.', rule.source, "Mend it, or take it out."
            )
        elif not why:
            yield from _taken(following, number)
    if following.undecided:
        what = f"nobody decided about {_articles(following.undecided)}: {_some(sorted(following.undecided))}."
        hint = "They stay closed. Give them a level, or write default-access."
        yield Problem("FL125", what, "", hint)


def _never(rule: Rule, seen: _Seen, now: int) -> str:
    """Why a rule never does anything to these articles; "" where it may."""
    if not seen.fits:
        return "there is no article that it is about"
    if rule.ends and rule.ends <= now:
        return "it has ended"
    if rule.articles.levels and not seen.level_fits:
        return f"no article that it is about is {' or '.join(sorted(rule.articles.levels))}"
    alone = rule.only_for is None
    if alone and rule.access is not None and not rule.opens_for and not seen.by_rule:
        return "every article that it is about names its own level"
    if alone and rule.access is None and rule.opens_for == (Grant.METER,) and not seen.can_be_metered:
        return "no article that it is about is metered, and a meter opens no others"
    return ""


def _taken(following: _Following, number: int) -> Iterator[Problem]:
    """What other rules always take from this one."""
    rules, seen = following.rules.rules, following.seen[number]
    rule = rules[number]
    if rule.access is not None and seen.by_rule and seen.earlier.total() == seen.by_rule:
        first = rules[seen.earlier.most_common(1)[0][0]]
        what = f'"{rule.name}" gives no level: "{first.name}" ({first.source}) always comes first.'
        yield Problem("FL124", what, rule.source, "Put it before that rule, or take it out.")
    if seen.can_be_metered and seen.meter_earlier.total() == seen.fits:
        first = rules[seen.meter_earlier.most_common(1)[0][0]]
        what = f'the meter of "{rule.name}" never counts: "{first.name}" ({first.source}) always comes first.'
        yield Problem("FL124", what, rule.source, "Put it before that rule, or take it out.")
    for grant, wall in seen.walls.items():
        if seen.held[grant] and not seen.kept[grant]:
            source = next((other.source for other in rules if other.name == wall), "built in")
            what = f'"{rule.name}" opens for {grant.value}, and "{wall}" ({source}) always takes that away.'
            yield Problem("FL123", what, rule.source, f'Add "{grant.value}" to that only-for, or take it out here.')


def _meters(following: _Following) -> Iterator[Problem]:
    rules = following.rules
    counting = {rule.meter for rule in rules.every if Grant.METER in rule.opens_for}
    for name, meter in rules.allowances.items():
        if name not in counting:
            what = f"[meter.{name}] counts nothing: no rule names it."
            yield Problem(
                "FL126", what, meter.source, f'Write opens-for = "meter" and meter = "{name}", or take it out.'
            )
    if following.unmetered:
        paths = sorted(following.unmetered)
        what = f"{_articles(paths)} {'is' if len(paths) == 1 else 'are'} metered, and no meter counts: {_some(paths)}."
        yield Problem("FL127", what, "", "Only subscribers read them. Write [meter.site], with a number above 0.")


class _Words:
    """The words that articles have."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self.sections = {article.section for article in articles}
        self.tags = {tag for article in articles for tag in article.tags}
        self.paths = {article.path for article in articles}

    def strange(self, rule: Rule) -> Iterator[Problem]:
        """Words of a rule that no article has."""
        about = rule.articles
        asked: tuple[tuple[str, Collection[str], set[str]], ...] = (
            ("section", about.sections, self.sections),
            ("tag", about.tags, self.tags),
            ("path", about.paths, self.paths),
        )
        for kind, words, known in asked:
            for word in sorted(set(words) - known):
                what = f'"{rule.name}" names the {kind} "{word}", which no article has.'
                yield Problem("FL120", what, rule.source, nearest(word, sorted(known)))


def _articles(paths: Collection[str]) -> str:
    return "1 article" if len(paths) == 1 else f"{len(paths)} articles"


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - EXAMPLES} more" if len(paths) > EXAMPLES else ""
    return ", ".join(paths[:EXAMPLES]) + more
