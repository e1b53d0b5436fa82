"""A decision in the words of the wall, for the one reader whom it is about."""

from __future__ import annotations

from datetime import UTC, datetime

from foldline.gate.facts import Carried
from foldline.gate.state import GateState
from foldline.pages.fragment import Fragment
from foldline.pages.record import PublicPage
from foldline.pages.wall import AnswerOutcome, MeterLine, WallFacts, answer, wall
from foldline.policy.decide import Decision
from foldline.policy.reasons import Reason

_COUNTED = (Reason.METER_HAS_ROOM, Reason.METER_IS_SPENT, Reason.READ_BEFORE)


class Spoken:
    """`used` articles stand on the device's meter after this decision."""

    def __init__(self, record: PublicPage, decision: Decision, carried: Carried, used: int, gate: GateState) -> None:
        self._decision = decision
        self._gate = gate
        self._facts = WallFacts(record.article.id, record.path)
        reader = carried.visit.reader
        self._signed_in = reader is not None
        self._ended_on = None
        if reader is not None and reader.ended_on:
            self._ended_on = datetime.fromtimestamp(reader.ended_on, UTC).astimezone(gate.zone).date()
        self._meter = None
        allowance = gate.rules.plan(record.article, carried.now).allowance if gate.rules is not None else None
        if decision.reason in _COUNTED and allowance is not None:
            resets = gate.window(carried.now, allowance.days).resets
            self._meter = MeterLine(used, allowance.limit(self._signed_in), resets)

    def answer(self, outcome: AnswerOutcome) -> str:
        """The fragment that the script puts in the wall's place."""
        return answer(
            outcome,
            self._facts,
            self._gate.publication,
            self._gate.words,
            reason=self._decision.reason,
            signed_in=self._signed_in,
            meter=self._meter,
            ended_on=self._ended_on,
        )

    def wall(self) -> Fragment:
        """The wall of a page that no cache keeps: it may name a date that is this reader's own."""
        return Fragment.of(
            wall(
                "refused",
                self._facts,
                self._gate.publication,
                self._gate.words,
                reason=self._decision.reason,
                signed_in=self._signed_in,
                meter=self._meter,
                ended_on=self._ended_on,
            )
        )
