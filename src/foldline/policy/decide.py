"""The one decider. Pages, feeds, the API, dry runs and `why` all render what this returns."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from foldline.policy.facts import Visit
from foldline.policy.plan import Finding, Plan, Way
from foldline.policy.reasons import PASSED, Reason
from foldline.policy.rule import Allowance, Grant
from foldline.policy.rules import Rules


class Outcome(StrEnum):
    """`opens-if` opens nothing: something must be counted first, and `conclude` has the last word."""

    OPENS = "opens"
    REFUSES = "refuses"
    OPENS_IF = "opens-if"


class Opening(NamedTuple):
    """That a Decision opened one article: in memory the only key to its rest. Made in this module and nowhere else."""

    article: int
    reason: Reason


class Spend(NamedTuple):
    """The effect that `opens-if` waits for: count this article once against an allowance."""

    article: int
    allowance: Allowance
    limit: int


class Redeem(NamedTuple):
    """The other effect that `opens-if` may wait for: count this device as one that the visit's gift was opened on."""

    article: int


class Receipt(NamedTuple):
    """What a spend did. `counted` is False where it was refused; `could_count` is False where nothing could be kept;
    `before` tells that the article had been counted already, and cost nothing now."""

    counted: bool
    used: int
    could_count: bool = True
    before: bool = False


class Decision(NamedTuple):
    """`reason` is public; `findings` holds everything that was looked at, in order; `rule` is the one that decided."""

    outcome: Outcome
    reason: Reason
    findings: tuple[Finding, ...]
    rule: str
    rules_version: str
    opening: Opening | None = None
    spend: Spend | None = None
    redeem: Redeem | None = None


METER_OPENED = (Reason.METER_HAS_ROOM, Reason.READ_BEFORE)

_PLAIN = {reason: Finding(reason) for reason in Reason}
_finding = lru_cache(maxsize=4096)(Finding)


def decide(visit: Visit, rules: Rules | None) -> Decision:
    """May this visit read this article, and why? Unknown means closed. Pure, and reads no clock."""
    if rules is None:
        return Decision(Outcome.REFUSES, Reason.RULES_ARE_MISSING, (_PLAIN[Reason.RULES_ARE_MISSING],), "", "")
    plan = rules.plan(visit.article, visit.now)
    if plan.access is None:
        unknown = (_PLAIN[Reason.ACCESS_IS_UNKNOWN],)
        return Decision(Outcome.REFUSES, Reason.ACCESS_IS_UNKNOWN, unknown, "", rules.version)
    if plan.open_now is not None:
        why = f"open now: {plan.open_now.reason}"
        return _opens(visit, rules, Reason.OPEN_NOW, why, (_finding(Reason.OPEN_NOW, why),))
    reasons = []
    for way in plan.ways:
        reason = _ASK[way.grant](visit, plan, way)
        reasons.append(reason)
        if reason in PASSED and reason is not Reason.METER_HAS_ROOM:
            break
    # What follows from the same findings by the same plan is the same decision: it is made once.
    found = (visit.reader is None, visit.opened, visit.gift, visit.caller, *reasons)
    decision: Decision | None = plan.decided.get(found)
    if decision is None:
        decision = plan.decided[found] = _decided(visit, rules, plan, reasons)
    return decision


def _decided(visit: Visit, rules: Rules, plan: Plan, reasons: list[Reason]) -> Decision:
    """What follows from the reasons that were found, one for each way up to the first that opens."""
    findings: list[Finding] = list(plan.excluded)
    first: dict[Reason, str] = {}
    metered: Way | None = None
    for way, reason in zip(plan.ways, reasons, strict=False):
        findings.extend(way.findings(reason))
        first.setdefault(reason, way.rules[0])
        if reason is Reason.METER_HAS_ROOM:
            metered = way
        elif reason in PASSED:
            return _opens(visit, rules, reason, way.rules[0], tuple(findings))
    if visit.opened is not None and _still_counts(visit.opened, plan):
        findings.append(_PLAIN[Reason.OPENED_BEFORE])
        return _opens(visit, rules, Reason.OPENED_BEFORE, "", tuple(findings))
    _look_aside(visit, findings)
    if visit.gift is not None:
        return _given(visit, rules, plan, findings)
    if metered is not None and plan.allowance is not None:
        spend = Spend(visit.article.id, plan.allowance, plan.allowance.limit(visit.reader is not None))
        room = Reason.METER_HAS_ROOM
        return Decision(Outcome.OPENS_IF, room, tuple(findings), metered.rules[0], rules.version, None, spend)
    reason, name = _why_refused(first, plan)
    return Decision(Outcome.REFUSES, reason, tuple(findings), name, rules.version)


def _given(visit: Visit, rules: Rules, plan: Plan, findings: list[Finding]) -> Decision:
    """Before any meter: a gift costs its receiver nothing. No hard wall lets one through, and whoever says that it is a
    program opens none. Whatever is wrong with a gift, it is one answer."""
    if visit.gift is Reason.GIFT_OPENS and not plan.wall and not visit.caller.claims_crawler:
        redeem = Redeem(visit.article.id)
        return Decision(Outcome.OPENS_IF, Reason.GIFT_OPENS, tuple(findings), "", rules.version, redeem=redeem)
    findings.append(_PLAIN[Reason.GIFT_ENDED])
    return Decision(Outcome.REFUSES, Reason.GIFT_ENDED, tuple(findings), "", rules.version)


def conclude(decision: Decision, receipt: Receipt) -> Decision:
    """The final Decision after a spend or a gift's redemption: it opens only what was counted.

    Raises:
        ValueError: for a decision that waits for nothing.
    """
    if decision.redeem is not None:
        return _redeemed(decision, decision.redeem, receipt)
    if decision.spend is None:
        raise ValueError("this decision does not wait for a spend")
    if receipt.counted and receipt.before:
        before = Reason.READ_BEFORE
        findings = (*decision.findings, Finding(before, decision.rule))
        opening = Opening(decision.spend.article, before)
        return decision._replace(outcome=Outcome.OPENS, reason=before, findings=findings, opening=opening, spend=None)
    if receipt.counted:
        opening = Opening(decision.spend.article, decision.reason)
        return decision._replace(outcome=Outcome.OPENS, opening=opening, spend=None)
    reason = Reason.METER_IS_SPENT if receipt.could_count else Reason.METER_CANNOT_COUNT
    findings = (*decision.findings, Finding(reason, decision.rule))
    return decision._replace(outcome=Outcome.REFUSES, reason=reason, findings=findings, spend=None)


def refused(decision: Decision, finding: Finding) -> Decision:
    """The Decision about something that wants more than reading: it opens nothing, because of one finding more."""
    findings = (*decision.findings, finding)
    return Decision(Outcome.REFUSES, finding.reason, findings, finding.rule, decision.rules_version)


def _redeemed(decision: Decision, redeem: Redeem, receipt: Receipt) -> Decision:
    if receipt.counted:
        outcome, reason = Outcome.OPENS, Reason.GIFT_OPENS
        opening = Opening(redeem.article, reason)
    else:
        outcome, opening = Outcome.REFUSES, None
        reason = Reason.GIFT_ENDED if receipt.could_count else Reason.METER_CANNOT_COUNT
    findings = (*decision.findings, _PLAIN[reason])
    return decision._replace(outcome=outcome, reason=reason, findings=findings, opening=opening, redeem=None)


def _still_counts(why: Reason, plan: Plan) -> bool:
    """What a meter opened stays open only while a meter may open it, and a gift while no hard wall holds: an article
    that was closed since is closed."""
    if why is Reason.GIFT_OPENS:
        return not plan.wall
    return why not in METER_OPENED or plan.allowance is not None


def _opens(visit: Visit, rules: Rules, reason: Reason, rule: str, findings: tuple[Finding, ...]) -> Decision:
    opening = Opening(visit.article.id, reason)
    return Decision(Outcome.OPENS, reason, findings, rule, rules.version, opening)


def _everyone(visit: Visit, plan: Plan, way: Way) -> Reason:
    return Reason.ARTICLE_IS_FREE


def _product(visit: Visit, plan: Plan, way: Way) -> Reason:
    reader = visit.reader
    if reader is not None and not reader.products.isdisjoint(way.products):
        return Reason.SUBSCRIPTION_COVERS
    if not visit.store_answered:
        return Reason.STORE_UNREACHABLE
    if reader is None or reader.products or not reader.ended_on:
        return Reason.SUBSCRIPTION_NEEDED
    return Reason.PAYMENT_FAILED if reader.payment_failed else Reason.SUBSCRIPTION_ENDED


def _signed_in(visit: Visit, plan: Plan, way: Way) -> Reason:
    if visit.reader is None:
        return Reason.NOT_SIGNED_IN
    return Reason.SIGNED_IN if visit.store_answered else Reason.STORE_UNREACHABLE


def _institution(visit: Visit, plan: Plan, way: Way) -> Reason:
    return Reason.IN_INSTITUTION if visit.institution else Reason.NOT_IN_INSTITUTION


def _verified_crawler(visit: Visit, plan: Plan, way: Way) -> Reason:
    return Reason.CRAWLER_VERIFIED if visit.caller.verified else Reason.CRAWLER_NOT_VERIFIED


def _meter(visit: Visit, plan: Plan, way: Way) -> Reason:
    allowance, meter = plan.allowance, visit.meter
    if allowance is None:
        return Reason.METER_CANNOT_COUNT
    if meter.read_before:
        return Reason.READ_BEFORE
    signed_in = visit.reader is not None
    if not signed_in and not allowance.anonymous:
        # Nothing is counted for strangers here: an account is what opens it.
        return Reason.NOT_SIGNED_IN
    if meter.used >= allowance.limit(signed_in):
        return Reason.METER_IS_SPENT
    return Reason.METER_HAS_ROOM if meter.can_count else Reason.METER_CANNOT_COUNT


#: What a way in finds. The failed half of a pair wherever a fact is missing.
_ASK: dict[Grant, Callable[[Visit, Plan, Way], Reason]] = {
    Grant.EVERYONE: _everyone,
    Grant.PRODUCT: _product,
    Grant.SIGNED_IN: _signed_in,
    Grant.INSTITUTION: _institution,
    Grant.VERIFIED_CRAWLER: _verified_crawler,
    Grant.METER: _meter,
}


def _look_aside(visit: Visit, findings: list[Finding]) -> None:
    """What no rule asked for, but whoever reads the findings will."""
    if visit.caller.claims_crawler and not visit.caller.verified:
        findings.append(_PLAIN[Reason.CRAWLER_NOT_VERIFIED])


#: Which failed finding a reader is told, the most useful first.
_TELL = (
    Reason.GIFT_ENDED,
    Reason.STORE_UNREACHABLE,
    Reason.PAYMENT_FAILED,
    Reason.SUBSCRIPTION_ENDED,
    Reason.METER_CANNOT_COUNT,
    Reason.METER_IS_SPENT,
    Reason.NOT_SIGNED_IN,
    Reason.SUBSCRIPTION_NEEDED,
    Reason.NOT_IN_INSTITUTION,
)


def _why_refused(first: dict[Reason, str], plan: Plan) -> tuple[Reason, str]:
    """`first` gives the first rule that found each reason. Where no way is left that a reader could be told of, it is
    the rule that took them away."""
    for reason in _TELL:
        if reason in first:
            return reason, first[reason]
    if plan.excluded:
        return plan.excluded[0]
    return Reason.ACCESS_IS_UNKNOWN, ""
