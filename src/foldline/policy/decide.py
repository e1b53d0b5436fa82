"""The one decider. Pages, feeds, the API, dry runs and `why` all render what this returns."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from foldline.policy.facts import Visit
from foldline.policy.reasons import PASSED, Reason
from foldline.policy.rules import Grant, Rule, Rules


class Outcome(StrEnum):
    """`opens-if` opens nothing: something must be counted first, and `conclude` has the last word."""

    OPENS = "opens"
    REFUSES = "refuses"
    OPENS_IF = "opens-if"


class Finding(NamedTuple):
    """One thing that was looked at, and the rule that asked for it ("" for a question before any rule)."""

    reason: Reason
    rule: str = ""

    @property
    def passed(self) -> bool:
        return self.reason in PASSED


class Opening(NamedTuple):
    """That a Decision opened one article: in memory the only key to its rest. Made in this module and nowhere else."""

    article: int
    reason: Reason


class Spend(NamedTuple):
    """The effect that `opens-if` waits for: count this article once against a limit."""

    article: int
    limit: int


class Receipt(NamedTuple):
    """What a spend did. `counted` is False where it was refused; `could_count` is False where nothing could be kept."""

    counted: bool
    used: int
    could_count: bool = True


class Decision(NamedTuple):
    """`reason` is public; `findings` holds everything that was looked at, in order; `rule` is the one that decided."""

    outcome: Outcome
    reason: Reason
    findings: tuple[Finding, ...]
    rule: str
    rules_version: str
    opening: Opening | None = None
    spend: Spend | None = None


METER_OPENED = (Reason.METER_HAS_ROOM, Reason.READ_BEFORE)

_PLAIN = {reason: Finding(reason) for reason in Reason}
_finding = lru_cache(maxsize=4096)(Finding)


def decide(visit: Visit, rules: Rules | None) -> Decision:
    """May this visit read this article, and why? Unknown means closed. Pure, and reads no clock."""
    if rules is None:
        return Decision(Outcome.REFUSES, Reason.RULES_ARE_MISSING, (_PLAIN[Reason.RULES_ARE_MISSING],), "", "")
    access = visit.article.access
    if access is None:
        unknown = (_PLAIN[Reason.ACCESS_IS_UNKNOWN],)
        return Decision(Outcome.REFUSES, Reason.ACCESS_IS_UNKNOWN, unknown, "", rules.version)
    findings: list[Finding] = []
    metered: Rule | None = None
    answers: dict[Grant, Reason] = {}
    first: dict[Reason, str] = {}
    for rule in rules.about(access, visit.article.section):
        # Two rules that ask the same of one visit find the same.
        reason = answers.get(rule.grant)
        if reason is None:
            reason = answers[rule.grant] = _ASK[rule.grant](visit, rules.meter_limit)
            first.setdefault(reason, rule.name)
        findings.append(_finding(reason, rule.name))
        if reason not in PASSED:
            continue
        if reason is Reason.METER_HAS_ROOM:
            metered = metered or rule
            continue
        return _opens(visit, rules, reason, rule.name, findings)
    if visit.opened is not None and _still_counts(visit.opened, rules.about(access, visit.article.section)):
        findings.append(_PLAIN[Reason.OPENED_BEFORE])
        return _opens(visit, rules, Reason.OPENED_BEFORE, "", findings)
    _look_aside(visit, findings)
    if metered is not None:
        spend = Spend(visit.article.id, rules.meter_limit)
        room = Reason.METER_HAS_ROOM
        return Decision(Outcome.OPENS_IF, room, tuple(findings), metered.name, rules.version, None, spend)
    reason, name = _why_refused(first)
    return Decision(Outcome.REFUSES, reason, tuple(findings), name, rules.version)


def conclude(decision: Decision, receipt: Receipt) -> Decision:
    """The final Decision after a spend: it opens only what was counted.

    Raises:
        ValueError: for a decision that waits for nothing.
    """
    if decision.spend is None:
        raise ValueError("this decision does not wait for a spend")
    if receipt.counted:
        opening = Opening(decision.spend.article, decision.reason)
        return decision._replace(outcome=Outcome.OPENS, opening=opening, spend=None)
    reason = Reason.METER_IS_SPENT if receipt.could_count else Reason.METER_CANNOT_COUNT
    findings = (*decision.findings, Finding(reason, decision.rule))
    return decision._replace(outcome=Outcome.REFUSES, reason=reason, findings=findings, spend=None)


def _still_counts(why: Reason, rules: tuple[Rule, ...]) -> bool:
    """What a meter opened stays open only while a meter may open it: an article that was closed since is closed."""
    return why not in METER_OPENED or any(rule.grant is Grant.METER for rule in rules)


def _opens(visit: Visit, rules: Rules, reason: Reason, rule: str, findings: list[Finding]) -> Decision:
    opening = Opening(visit.article.id, reason)
    return Decision(Outcome.OPENS, reason, tuple(findings), rule, rules.version, opening)


def _everyone(visit: Visit, limit: int) -> Reason:
    return Reason.ARTICLE_IS_FREE


def _signed_in(visit: Visit, limit: int) -> Reason:
    if visit.reader is None:
        return Reason.NOT_SIGNED_IN
    return Reason.SIGNED_IN if visit.store_answered else Reason.STORE_UNREACHABLE


def _product(visit: Visit, limit: int) -> Reason:
    reader = visit.reader
    if reader is not None and not reader.products.isdisjoint(visit.article.products):
        return Reason.SUBSCRIPTION_COVERS
    if not visit.store_answered:
        return Reason.STORE_UNREACHABLE
    ended = reader is not None and not reader.products and reader.ended_on
    return Reason.SUBSCRIPTION_ENDED if ended else Reason.SUBSCRIPTION_NEEDED


def _meter(visit: Visit, limit: int) -> Reason:
    meter = visit.meter
    if meter.read_before:
        return Reason.READ_BEFORE
    if meter.used >= limit:
        return Reason.METER_IS_SPENT
    return Reason.METER_HAS_ROOM if meter.can_count else Reason.METER_CANNOT_COUNT


def _verified_crawler(visit: Visit, limit: int) -> Reason:
    return Reason.CRAWLER_VERIFIED if visit.caller.verified else Reason.CRAWLER_NOT_VERIFIED


#: What a rule finds, by what it asks. The failed half of a pair wherever a fact is missing.
_ASK: dict[Grant, Callable[[Visit, int], Reason]] = {
    Grant.EVERYONE: _everyone,
    Grant.SIGNED_IN: _signed_in,
    Grant.PRODUCT: _product,
    Grant.METER: _meter,
    Grant.VERIFIED_CRAWLER: _verified_crawler,
}


def _look_aside(visit: Visit, findings: list[Finding]) -> None:
    """What no rule asked for, but whoever reads the findings will."""
    if visit.caller.claims_crawler and not visit.caller.verified:
        findings.append(_PLAIN[Reason.CRAWLER_NOT_VERIFIED])


#: Which failed finding a reader is told, the most useful first.
_TELL = (
    Reason.STORE_UNREACHABLE,
    Reason.SUBSCRIPTION_ENDED,
    Reason.METER_CANNOT_COUNT,
    Reason.METER_IS_SPENT,
    Reason.NOT_SIGNED_IN,
    Reason.SUBSCRIPTION_NEEDED,
)


def _why_refused(first: dict[Reason, str]) -> tuple[Reason, str]:
    """`first` gives the first rule that found each reason."""
    for reason in _TELL:
        if reason in first:
            return reason, first[reason]
    return Reason.ACCESS_IS_UNKNOWN, ""
