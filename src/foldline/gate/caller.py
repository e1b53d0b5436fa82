"""Who asks, as far as a request and ready verdicts tell. Nobody is asked anything while a visit waits."""

from __future__ import annotations

from functools import lru_cache

from foldline.callers.address import client_address
from foldline.callers.agents import claims_crawler
from foldline.callers.crawlers import Standing
from foldline.callers.networks import Address
from foldline.gate.request import Request
from foldline.gate.state import GateState
from foldline.policy.facts import NOBODY, Caller

CRAWLER = Caller(claims_crawler=True)
VERIFIED = Caller(claims_crawler=True, verified=True)


#: An address behind one of our proxies is as long, and so are two of most.
_SHORT = 64


def client_of(request: Request, gate: GateState) -> Address | None:
    """Where a request comes from, as our outermost proxy saw it; None where that can't be told."""
    forwarded = request.header(b"x-forwarded-for")
    # What is remembered is bounded: a client writes as much into this header as it likes.
    seen = _seen_before if len(forwarded) <= _SHORT else _seen
    return seen(request.client, forwarded, gate.hops)


def _seen(peer: str, forwarded: bytes, hops: int) -> Address | None:
    return client_address(peer, (forwarded.decode("latin-1"),), hops)


_seen_before = lru_cache(maxsize=4096)(_seen)


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
    address = client_of(request, gate)
    standing = gate.crawlers.standing(name, address, now)
    if address is not None and gate.crawlers.unasked(name, address, now):
        gate.unproven.note(name, address, now)
    return VERIFIED if standing is Standing.VERIFIED else CRAWLER
