"""Who asks, as far as a request and ready verdicts tell. Nobody is asked anything while a visit waits."""

from __future__ import annotations

from foldline.callers.address import client_address
from foldline.callers.agents import claims_crawler
from foldline.callers.crawlers import Standing
from foldline.gate.request import Request
from foldline.gate.state import GateState
from foldline.policy.facts import NOBODY, Caller

CRAWLER = Caller(claims_crawler=True)
VERIFIED = Caller(claims_crawler=True, verified=True)


def caller_of(request: Request, gate: GateState, now: int) -> Caller:
    """What a request claims, and whether its address proves it.

    Whose names were not looked up yet is noted, for that to be done beside the path: what no list proves gets the
    preview until then.
    """
    agent = request.header(b"user-agent")
    if not claims_crawler(agent):
        return NOBODY
    name = gate.crawlers.claimed(agent)
    if not name:
        return CRAWLER
    forwarded = tuple(request.header(b"x-forwarded-for").decode("latin-1").split(","))
    address = client_address(request.client, forwarded, gate.hops)
    standing = gate.crawlers.standing(name, address, now)
    if address is not None and gate.crawlers.unasked(name, address, now):
        gate.unproven.note(name, address, now)
    return VERIFIED if standing is Standing.VERIFIED else CRAWLER
