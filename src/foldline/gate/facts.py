"""From what a request carries to the facts that the decider takes."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from foldline.callers.institutions import Institution
from foldline.errors import InvalidToken, StoreUnavailable
from foldline.gate.caller import caller_of, client_of
from foldline.gate.needs import Need, Renew
from foldline.gate.request import Request
from foldline.gate.state import GateState
from foldline.policy.decide import Decision, Outcome
from foldline.policy.facts import EMPTY_METER, Article, Meter, Reader, Visit
from foldline.policy.reasons import Reason
from foldline.signed import meter, opening, reader_pass
from foldline.signed.counting import article_names, device_owner
from foldline.signed.meter import DeviceMeters
from foldline.signed.opening import NO_SESSION, DeviceOpenings, OpeningEntry
from foldline.signed.reader_pass import Pass, PassFacts

NO_OPENINGS = DeviceOpenings(b"")

#: Numbers of reasons in signed openings. May never change; new ones are added at the end.
WHY = (Reason.METER_HAS_ROOM, Reason.READ_BEFORE, Reason.OPENED_BEFORE, Reason.GIFT_OPENS)


@dataclass(slots=True)
class Carried:
    """What a visit carries beside the facts: what must be signed again when something changes. `meters` is None for a
    device that brings none of ours, `institution` whose network it comes from, whether or not its contract runs, and
    `given` the opening of this article where a gift made it."""

    now: int
    visit: Visit
    reader_pass: Pass | None
    renewed: bool
    ended: bool
    meters: DeviceMeters | None
    openings: DeviceOpenings
    institution: Institution | None = None
    given: OpeningEntry | None = None

    def used_by(self, decision: Decision) -> str:
        """How event lines name the institution that provided the article, or whose network was refused: by its number.
        "" for none, and for whoever reads by a right of their own: that is no use of an institution's."""
        if self.institution is None:
            return ""
        counts = decision.outcome is Outcome.REFUSES or decision.reason is Reason.IN_INSTITUTION
        return str(self.institution.number) if counts else ""


def gather(request: Request, article: Article, gate: GateState) -> Generator[Need, Any, Carried]:
    """All facts about one visit to one article. Asks the store only for a pass that is no longer fresh."""
    now = gate.now()
    carried = at_hand(request, article, gate, now)
    if carried is not None:
        return carried
    held = gate.read_pass(request.reader_pass, now)
    if held is None:
        raise ValueError("without a pass there is nothing to ask for")
    return _carried(request, article, gate, now, *(yield from _renew(held, now, gate)))


def at_hand(request: Request, article: Article, gate: GateState, now: int) -> Carried | None:
    """The facts about a visit for which nobody must be asked; None where a pass is no longer fresh."""
    held = gate.read_pass(request.reader_pass, now) if request.reader_pass else None
    if held is not None and gate.must_ask(held, now):
        return None
    return _carried(request, article, gate, now, held, False, False, True)


def _carried(
    request: Request,
    article: Article,
    gate: GateState,
    now: int,
    held: Pass | None,
    renewed: bool,
    ended: bool,
    store_answered: bool,
) -> Carried:
    reader: Reader | None = None
    if held is not None:
        reader = Reader(held.products if store_answered else frozenset(), held.ended_on, held.payment_failed)
    meters = _meters(request, gate) if request.meter else None
    fact = _counted_here(meters, article, now, reader is not None, gate) if meters is not None else EMPTY_METER
    openings, opened, entry = NO_OPENINGS, None, None
    if request.opening:
        openings = _openings(request, gate)
        entry = _entry(openings, held, article, now, gate)
        opened = _opened(entry, gate)
    caller = caller_of(request, gate, now)
    given = entry if opened is Reason.GIFT_OPENS else None
    institution = gate.institutions.of(client_of(request, gate), now) if gate.institutions else None
    provided_by = institution.name if institution is not None and institution.runs(now) else ""
    visit = Visit(article, now, reader, fact, opened, caller, store_answered, provided_by)
    return Carried(now, visit, held, renewed, ended, meters, openings, institution, given)


def _entry(
    openings: DeviceOpenings, held: Pass | None, article: Article, now: int, gate: GateState
) -> OpeningEntry | None:
    """The opening of this article that runs on this device; None where none does."""
    session = held.session if held is not None else NO_SESSION
    if not openings.entries or openings.session not in (NO_SESSION, session):
        return None
    return openings.entry(opening.article_hash(gate.keyring, openings.device, article.id, openings.articles), now)


def _opened(entry: OpeningEntry | None, gate: GateState) -> Reason | None:
    """Why an opening runs; None for one that is none, and for one of a gift that was taken back."""
    why = WHY[entry.why] if entry is not None and entry.why < len(WHY) else None
    if entry is not None and why is Reason.GIFT_OPENS and gate.taken_back.why(entry.gift) is not why:
        return None
    return why


def _renew(held: Pass, now: int, gate: GateState) -> Generator[Need, Any, tuple[Pass | None, bool, bool, bool]]:
    """(pass, whether it must be set again, whether the session ended, whether the store answered)."""
    try:
        facts: PassFacts | None = yield Renew(held)
    except StoreUnavailable:
        # Only now the outage clock counts: a failed read, never a slow revocation.
        return held, False, False, now < held.offline_until
    if facts is None or facts.ended or facts.session_until <= now:
        gate.end_session(held.session, now)
        return None, False, True, True
    new = reader_pass.from_facts(facts, now)
    return new, True, False, True


def _counted_here(meters: DeviceMeters, article: Article, now: int, signed_in: bool, gate: GateState) -> Meter:
    """What the device's cookie says of the meter that counts this article. Of somebody signed in the store knows how
    much was read, and is not asked here: their device only tells which articles were read on it."""
    allowance = gate.rules.plan(article, now).allowance if gate.rules is not None else None
    if allowance is None:
        return EMPTY_METER
    count = meters.count(allowance.name, gate.window(now, allowance.days).number)
    if not count.articles:
        return Meter(0 if signed_in else count.used)
    names = article_names(gate.keyring, article.id)
    before = any(name in count.articles for salt in device_owner(gate.keyring, meters.device) for name in names(salt))
    return Meter(0 if signed_in else count.used, before)


def _meters(request: Request, gate: GateState) -> DeviceMeters | None:
    if request.meter:
        try:
            return meter.read(gate.keyring, request.meter)
        except InvalidToken:
            pass
    return None


def _openings(request: Request, gate: GateState) -> DeviceOpenings:
    if request.opening:
        try:
            return opening.read(gate.keyring, request.opening)
        except InvalidToken:
            pass
    return NO_OPENINGS
