"""What would be decided about a visit to an article, by the same facts and the same decider, for a site in shadow.

Nothing is answered, counted, opened or set.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from foldline.gate.facts import gather
from foldline.gate.needs import Need
from foldline.gate.request import Request
from foldline.gate.state import GateState
from foldline.pages.record import PublicPage
from foldline.policy.decide import Decision, decide
from foldline.policy.facts import Visit


def would_decide(record: PublicPage, request: Request, gate: GateState) -> Generator[Need, Any, tuple[Decision, bool]]:
    """The decision, and whether the reader has a valid pass. `gate.article` asks in the same way."""
    now = gate.now()
    plan = gate.rules.plan(record.article, now) if gate.rules is not None else None
    if not record.gated or (plan is not None and plan.opens_for_everyone):
        return decide(Visit(record.article, now), gate.rules), gate.read_pass(request.reader_pass, now) is not None
    carried = yield from gather(request, record.article, gate)
    return decide(carried.visit, gate.rules), carried.visit.reader is not None
