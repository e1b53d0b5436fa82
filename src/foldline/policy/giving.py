"""Who may give an article away: the one decider is asked, as for a visit of the giver's."""

from __future__ import annotations

from foldline.policy.decide import Decision, Outcome, decide, refused
from foldline.policy.facts import EMPTY_METER, Visit
from foldline.policy.plan import Finding
from foldline.policy.reasons import Reason
from foldline.policy.rules import Rules

#: What must have opened an article for its reader to give it: never a meter, a gift, or what is open to many anyway.
GIVES = frozenset((Reason.SUBSCRIPTION_COVERS,))


def decide_giving(visit: Visit, rules: Rules | None) -> Decision:
    """`opens` where this reader may give this article: they read it by a right of their own, and no hard wall holds,
    behind which no gift would open it. Nothing that a device carries counts."""
    decision = decide(visit._replace(meter=EMPTY_METER, opened=None, gift=None), rules)
    if rules is None or decision.outcome is Outcome.REFUSES:
        return decision
    wall = rules.plan(visit.article, visit.now).wall
    if wall:
        return refused(decision, Finding(Reason.RULE_EXCLUDES, wall))
    if decision.reason not in GIVES:
        return refused(decision, Finding(Reason.SUBSCRIPTION_NEEDED))
    return decision
