"""Policy cases: who comes to which article when, and what must be decided. A publisher runs them in their own CI.

`foldline policy test` and our own suite run them by the same function. `docs/policy-cases.md` explains the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from foldline.errors import ConfigurationError, Problem
from foldline.policy.decide import Decision, Outcome, Receipt, conclude, decide
from foldline.policy.facts import NOBODY, Access, Article, Caller, Meter, Reader, Visit
from foldline.policy.open_now import OpenNow
from foldline.policy.reasons import Reason
from foldline.policy.rules import Rules
from foldline.policy.toml_reading import Reading, Table
from foldline.policy.toml_text import nearest, read_toml
from foldline.server.reader_kinds import KINDS, Kind, needs_of, visit_as

ARTICLE_KEYS = ("id", "access", "section", "tags", "products", "published", "path")
READER_KEYS = ("products", "ended", "payment-failed")
OPEN_NOW_KEYS = ("article", "section", "site", "reason", "from", "until")
CASE_KEYS = (
    "name",
    "path",
    "article",
    "reader",
    "at",
    "used",
    "read-before",
    "can-count",
    "opened",
    "gift",
    "institution",
    "crawler",
    "store",
    "open-now",
    "rules",
    "count",
    "outcome",
    "reason",
    "rule",
    "finds",
    "level",
    "meter",
)
CALLERS = {"claims": Caller(claims_crawler=True), "verified": Caller(claims_crawler=True, verified=True)}
RECEIPTS = {
    "counted": Receipt(counted=True, used=1),
    "refused": Receipt(counted=False, used=0),
    "lost": Receipt(counted=False, used=0, could_count=False),
}
_LEVELS = (*(level.value for level in Access), "unknown")
_OPENED = (Reason.METER_HAS_ROOM.value, Reason.READ_BEFORE.value, Reason.OPENED_BEFORE.value, Reason.GIFT_OPENS.value)
_GIFTS = (Reason.GIFT_OPENS.value, Reason.GIFT_ENDED.value)
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """One visit, and what is expected of it: "" and () where nothing is. `kind` makes the visit where it is given, so
    that what is left on a meter follows the rules; `receipt` is what the spend did that was waited for."""

    name: str
    source: str
    visit: Visit
    outcome: Outcome
    reason: Reason
    kind: Kind | None = None
    used: int | None = None
    rule: str = ""
    finds: tuple[Reason, ...] = ()
    level: str = ""
    meter: str = ""
    open_now: tuple[OpenNow, ...] = ()
    receipt: Receipt | None = None
    without_rules: bool = False

    def facts(self, rules: Rules) -> Visit:
        """The visit under a set of rules."""
        if self.kind is None:
            return self.visit
        visit = self.visit
        needs = needs_of(visit.article, rules, visit.now)
        used = self.kind.used(needs) if self.used is None else self.used
        made = visit_as(self.kind, visit.article, needs, visit.now, used, visit.meter.read_before)
        claims = made.caller.claims_crawler or visit.caller.claims_crawler
        verified = made.caller.verified or visit.caller.verified
        return visit._replace(
            reader=made.reader,
            meter=made.meter._replace(can_count=visit.meter.can_count),
            caller=Caller(claims, verified),
            institution=visit.institution or made.institution,
        )


@dataclass(frozen=True, slots=True)
class Cases:
    """A file of cases. `rules` is the file of rules that it names, "" for none; `articles` are those it is about."""

    cases: tuple[Case, ...]
    zone: ZoneInfo
    rules: str = ""
    articles: tuple[Article, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, and each thing that is not as it was expected, in plain words."""

    case: Case
    decision: Decision
    wrong: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.wrong


def run_cases(cases: Iterable[Case], rules: Rules) -> list[Verdict]:
    """Decide every case by these rules."""
    return [run_case(case, rules) for case in cases]


def run_case(case: Case, rules: Rules) -> Verdict:
    """Decide one case. What is open now is what the case says, whatever is open in truth."""
    under = rules.with_open_now(case.open_now)
    visit = case.facts(under)
    decision = decide(visit, None if case.without_rules else under)
    spend = decision.spend
    if case.receipt is not None and (spend is not None or decision.redeem is not None):
        decision = conclude(decision, case.receipt)
    return Verdict(case, decision, tuple(_wrong(case, visit, decision, under, spend.allowance.name if spend else "")))


def _wrong(case: Case, visit: Visit, decision: Decision, rules: Rules, meter: str) -> Iterable[str]:
    expected = f"{case.outcome.value} · {case.reason.value}"
    got = f"{decision.outcome.value} · {decision.reason.value}"
    if got != expected:
        yield f"expected {expected}, got {got}"
    if case.rule and decision.rule != case.rule:
        yield f'expected the rule "{case.rule}", got "{decision.rule}"'
    found = {finding.reason for finding in decision.findings}
    if missing := [reason.value for reason in case.finds if reason not in found]:
        yield f"expected to find {', '.join(missing)}"
    access = rules.plan(visit.article, visit.now).access
    level = access.value if access is not None else "unknown"
    if case.level and level != case.level:
        yield f"expected the level {case.level}, got {level}"
    if case.meter and meter != case.meter:
        yield f"expected the meter {case.meter} to count, got {meter or 'none'}"


def read_cases(
    text: str, where: str, zone: ZoneInfo, archive: Callable[[str], Article | None] = lambda path: None
) -> Cases:
    """Read a file of cases. `zone` is that of dates without an offset where the file names none; `archive` finds the
    articles that the file only gives the path of.

    Raises:
        ConfigurationError: with all problems that were found, in the order of their lines.
    """
    toml = read_toml(text, where, lists=("case",))
    reading = Reading(toml, zone)
    top = Table(reading, (), toml.data)
    top.unknown(("zone", "rules", "article", "case"), "table or key", "FL102")
    reading.zone = _zone(top) or zone
    made = _Reader(reading, archive)
    made.known_articles(top)
    tables = toml.data.get("case", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        hint = "Write [[case]], with two brackets, before each case."
        reading.problems.append(Problem("FL105", "[case] is not a list of cases", toml.at("case"), hint))
        tables = []
    cases = [made.case(Table(reading, ("case", number), table)) for number, table in enumerate(tables)]
    if problems := reading.all_problems():
        raise ConfigurationError(problems)
    good = tuple(case for case in cases if case is not None)
    return Cases(good, reading.zone, top.text("rules") or "", tuple(made.articles.values()))


def _zone(top: Table) -> ZoneInfo | None:
    name = top.text("zone")
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        top.say("FL104", f'unknown time zone "{name}"', "Write an IANA name, as in America/New_York.", "zone")
        return None


@dataclass(slots=True)
class _Reader:
    reading: Reading
    archive: Callable[[str], Article | None]
    articles: dict[str, Article] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def known_articles(self, top: Table) -> None:
        tables = top.table("article")
        for path in tables.data if tables is not None else ():
            table = tables.table(path) if tables is not None else None
            if table is not None:
                self.articles[path] = self._article(table, path)

    def case(self, table: Table) -> Case | None:
        """One case; None where something is wrong with it."""
        table.unknown(CASE_KEYS)
        name = self._needed(table, "name", table.text("name"))
        if name is not None and name in self.names:
            table.say("FL132", f'another case is named "{name}"', "Give this one a name of its own.", "name")
        self.names.add(name or "")
        now = self._needed(table, "at", table.moment("at"))
        outcome = self._needed(table, "outcome", table.word("outcome", [one.value for one in Outcome]))
        reason = self._needed(table, "reason", table.word("reason", [one.value for one in Reason]))
        article = self._about(table)
        kind, reader = self._reader(table)
        expected = self._expected(table)
        used = table.number("used", 0, _MOST)
        meter = self._meter(table, used)
        facts = self._facts(table)
        opened = self._open_now(table, article)
        receipt = table.word("count", list(RECEIPTS))
        without = table.word("rules", ("none",)) is not None
        if table.broken or article is None or now is None or outcome is None or reason is None or name is None:
            return None
        visit = Visit(article, now, reader, meter)
        return Case(
            name,
            table.source,
            visit._replace(**facts),
            Outcome(outcome),
            Reason(reason),
            kind,
            used,
            open_now=opened,
            receipt=RECEIPTS[receipt] if receipt else None,
            without_rules=without,
            **expected,
        )

    def _needed(self, table: Table, key: str, value: Any) -> Any:
        if key not in table.data and not table.broken:
            table.say("FL130", f"a case has no {key}", f"Write {key} = …: docs/policy-cases.md has an example.")
        return value

    def _about(self, table: Table) -> Article | None:
        path = table.text("path")
        inline = table.table("article")
        if inline is not None:
            article = self._article(inline, path or "/in-this-case")
            self.articles.setdefault(f"{article.path} {table.source}", article)
            return article
        if path is None:
            if not table.broken:
                table.say("FL130", "a case is about no article", "Write path = … or article = { … }.")
            return None
        if path not in self.articles:
            found = self.archive(path)
            if found is None:
                hint = nearest(path, self.articles) if self.articles else f'Write [article."{path}"] with its facts.'
                table.say("FL131", f"no article is known at {path}", hint, "path")
                return None
            self.articles[path] = found
        return self.articles[path]

    def _article(self, table: Table, path: str) -> Article:
        table.unknown(ARTICLE_KEYS)
        access = table.word("access", _LEVELS) or Access.BY_RULE.value
        return Article(
            table.number("id", 1, _MOST) or len(self.articles) + 1,
            None if access == "unknown" else Access(access),
            table.text("section") or "",
            frozenset(table.numbers("products", 1, 65_535) or (1,)),
            frozenset(table.words("tags")),
            table.moment("published") or 0,
            table.text("path") or path,
        )

    def _reader(self, table: Table) -> tuple[Kind | None, Reader | None]:
        if isinstance(table.data.get("reader"), dict):
            facts = table.table("reader")
            assert facts is not None
            facts.unknown(READER_KEYS)
            products = frozenset(facts.numbers("products", 1, 65_535))
            return None, Reader(products, facts.moment("ended") or 0, bool(facts.flag("payment-failed")))
        word = table.word("reader", list(KINDS))
        return KINDS[word or "anonymous"], None

    def _meter(self, table: Table, used: int | None) -> Meter:
        can_count = table.flag("can-count")
        return Meter(used or 0, bool(table.flag("read-before")), True if can_count is None else can_count)

    def _facts(self, table: Table) -> dict[str, Any]:
        opened = table.word("opened", _OPENED)
        gift = table.word("gift", _GIFTS)
        caller = table.word("crawler", list(CALLERS))
        return {
            "opened": Reason(opened) if opened else None,
            "caller": CALLERS[caller] if caller else NOBODY,
            "store_answered": table.word("store", ("silent",)) is None,
            "institution": table.text("institution") or "",
            "gift": Reason(gift) if gift else None,
        }

    def _expected(self, table: Table) -> dict[str, Any]:
        return {
            "rule": table.text("rule") or "",
            "finds": tuple(Reason(word) for word in table.words("finds", [one.value for one in Reason])),
            "level": table.word("level", _LEVELS) or "",
            "meter": table.text("meter") or "",
        }

    def _open_now(self, table: Table, article: Article | None) -> tuple[OpenNow, ...]:
        entry = table.table("open-now")
        if entry is None:
            return ()
        entry.unknown(OPEN_NOW_KEYS)
        reason = entry.text("reason")
        starts, ends = entry.moment("from"), entry.moment("until", end=True)
        section, path = entry.text("section"), entry.text("article")
        whole_site = entry.flag("site")
        if reason is None or starts is None or ends is None or (section, path, whole_site) == (None, None, None):
            if not entry.broken:
                hint = "Write { site = true, reason = …, from = …, until = … }, or section or article for site."
                table.say("FL130", "open-now lacks something", hint, "open-now")
            return ()
        if path is not None:
            opened = self.articles.get(path, article)
            return (OpenNow("article", str(opened.id) if opened else "", reason, starts, ends),)
        return (OpenNow("section" if section else "site", section or "", reason, starts, ends),)
