"""A decision in the words of the wall, and as data, for the one reader whom it is about."""

from __future__ import annotations

from datetime import UTC, datetime

from foldline.gate.facts import Carried
from foldline.gate.state import GateState
from foldline.pages.fragment import Fragment
from foldline.pages.record import PublicPage
from foldline.pages.wall import (
    AnswerOutcome,
    GiftLine,
    MeterLine,
    WallFacts,
    answer,
    gift_sentence,
    meter_sentence,
    provided_by,
    tell,
    wall,
)
from foldline.policy.decide import Decision, Outcome
from foldline.policy.plan import Finding
from foldline.policy.reasons import Reason
from foldline.signed.counting import Counted
from foldline.signed.gift import Redeemed
from foldline.signed.opening import OpeningEntry

_COUNTED = (Reason.METER_HAS_ROOM, Reason.METER_IS_SPENT, Reason.READ_BEFORE)


def used_by(carried: Carried, counted: Counted | None = None) -> int | None:
    """How many articles were read. None for somebody signed in whom nothing was counted for: only the store knows."""
    if counted is not None:
        return counted.used
    return carried.visit.meter.used if carried.visit.reader is None else None


def gift_line(redeemed: Redeemed, gate: GateState) -> GiftLine:
    """What is said of a gift that opens an article."""
    until = datetime.fromtimestamp(redeemed.ends, UTC).astimezone(gate.zone)
    return GiftLine(redeemed.giver, until.date(), redeemed.published)


def given_line(entry: OpeningEntry, gate: GateState) -> GiftLine:
    """The same of an opening. Whose gift it was stands in the store, which no page asks."""
    until = datetime.fromtimestamp(entry.ends, UTC).astimezone(gate.zone)
    return GiftLine("", until.date(), entry.published)


class Spoken:
    """`used` articles stand on the meter after this decision, None where nobody was asked; `counted` is what a spend
    did, where there was one; `redeemed` what became of a gift."""

    def __init__(
        self,
        record: PublicPage,
        decision: Decision,
        carried: Carried,
        used: int | None,
        gate: GateState,
        counted: Counted | None = None,
        redeemed: Redeemed | None = None,
    ) -> None:
        self._decision = decision
        self._gate = gate
        self._facts = WallFacts(record.article.id, record.path)
        self._used = used
        self._counted = counted
        self._gift = gift_line(redeemed, gate) if redeemed is not None and redeemed.counted else None
        reader = carried.visit.reader
        self._signed_in = reader is not None
        self._ended_on = None
        if reader is not None and reader.ended_on:
            self._ended_on = datetime.fromtimestamp(reader.ended_on, UTC).astimezone(gate.zone).date()
        plan = gate.rules.plan(record.article, carried.now) if gate.rules is not None else None
        self._allowance = plan.allowance if plan is not None else None
        self._now = carried.now
        self._provided_by = carried.visit.institution if decision.reason is Reason.IN_INSTITUTION else ""

    def answer(self, outcome: AnswerOutcome) -> str:
        """The fragment that the script puts in the wall's place."""
        return answer(
            outcome,
            self._facts,
            self._gate.publication,
            self._gate.words,
            reason=self._decision.reason,
            signed_in=self._signed_in,
            meter=self._line(),
            ended_on=self._ended_on,
            gift=self._gift,
            institution=self._provided_by,
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
                meter=self._line(),
                ended_on=self._ended_on,
            )
        )

    def data(self) -> dict[str, object]:
        """The same for a program. No rule is named: how a publisher calls them is not for readers."""
        title, sentence = self._title_and_sentence()
        return {
            "article": self._facts.id,
            "outcome": self._decision.outcome.value,
            "reason": self._decision.reason.value,
            "findings": [
                {"reason": reason.value, "passed": Finding(reason).passed}
                for reason in dict.fromkeys(finding.reason for finding in self._decision.findings)
            ],
            "title": title,
            "sentence": sentence,
            "receipt": self._receipt(),
        }

    def _line(self) -> MeterLine | None:
        """What the wall may say of the meter. An account's allowance is told to whom it would give more."""
        allowance, reason = self._allowance, self._decision.reason
        if allowance is None or reason not in (*_COUNTED, Reason.NOT_SIGNED_IN):
            return None
        if self._decision.outcome is Outcome.OPENS and self._used is None:
            return None
        limit = allowance.limit(self._signed_in)
        more = allowance.registered if allowance.registered > limit else 0
        resets = self._gate.window(self._now, allowance.days).resets
        return MeterLine(self._used or 0, limit, resets, allowance.days, more)

    def _title_and_sentence(self) -> tuple[str, str]:
        words, line = self._gate.words, self._line()
        if self._decision.outcome is Outcome.OPENS_IF:
            return words["gate.continue-title"], words["gate.continue-sentence"]
        if self._provided_by:
            return words["gate.open"], provided_by(self._provided_by, words)
        if self._decision.outcome is Outcome.OPENS:
            if self._gift is not None:
                return words["gate.open"], gift_sentence(self._gift, self._gate.publication, words)
            return words["gate.open"], meter_sentence(line, words) if line is not None else ""
        told = tell(
            self._decision.reason,
            self._gate.publication,
            words,
            signed_in=self._signed_in,
            meter=line,
            ended_on=self._ended_on,
        )
        return told.title, told.sentence

    def _receipt(self) -> dict[str, object] | None:
        """What was used, what is left, and when it resets, where this decision hangs on a meter. `used` and `left` are
        None for somebody signed in until the store was asked."""
        allowance = self._allowance
        if allowance is None or self._decision.reason not in _COUNTED:
            return None
        limit = allowance.limit(self._signed_in)
        window = self._gate.window(self._now, allowance.days)
        counted = self._counted
        return {
            "meter": allowance.name,
            "spent": counted is not None and counted.counted and not counted.before,
            "used": self._used,
            "limit": limit,
            "left": None if self._used is None else max(0, limit - self._used),
            "resets": window.resets.isoformat(),
            "resets_at": datetime.fromtimestamp(window.ends, self._gate.zone).isoformat(),
        }
