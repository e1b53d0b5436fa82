"""Whose read an opened article is, as a mark that says nothing else. What a read is stands in docs/reads.md."""

from __future__ import annotations

from foldline.callers.agents import claims_crawler
from foldline.errors import InvalidToken
from foldline.gate.facts import Carried
from foldline.gate.request import Request
from foldline.gate.state import GateState
from foldline.policy.decide import Decision
from foldline.policy.facts import NOBODY
from foldline.policy.reasons import Reason
from foldline.signed import meter, opening
from foldline.signed.reading import DEVICE, READER


def who_reads(request: Request, decision: Decision, carried: Carried, gate: GateState) -> str:
    """The mark of a visit that opened an article; "" where it is no read, or nobody's who could be told apart."""
    visit = carried.visit
    if decision.opening is None or decision.reason is Reason.IN_INSTITUTION:
        return ""
    if visit.caller is not NOBODY or request.method == "HEAD" or request.is_early:
        return ""
    held, meters = carried.reader_pass, carried.meters
    if held is not None:
        return gate.marks.of(READER, held.reader, visit.article.id, carried.now)
    device = meters.device if meters is not None else carried.openings.device
    return gate.marks.of(DEVICE, device, visit.article.id, carried.now) if device else ""


def who_reads_free(request: Request, article: int, gate: GateState) -> str:
    """The same for a page that is open to everybody, for which nothing was gathered."""
    if not request.has_our_cookies or request.method == "HEAD" or request.is_early:
        return ""
    if claims_crawler(request.header(b"user-agent")):
        return ""
    now = gate.now()
    held = gate.read_pass(request.reader_pass, now)
    if held is not None:
        return gate.marks.of(READER, held.reader, article, now)
    device = _device(request, gate)
    return gate.marks.of(DEVICE, device, article, now) if device else ""


def _device(request: Request, gate: GateState) -> bytes:
    """A device by its meters, else by its openings; b"" for one that carries neither."""
    try:
        if request.meter:
            return meter.read(gate.keyring, request.meter).device
        if request.opening:
            return opening.read(gate.keyring, request.opening).device
    except InvalidToken:
        pass
    return b""
