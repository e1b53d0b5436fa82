"""The cookie of openings: what a reload shows on one device, in one session."""

from __future__ import annotations

from dataclasses import replace

from foldline.gate.facts import WHY, Carried
from foldline.gate.response import HeaderList, cookie_headers
from foldline.gate.state import GateState
from foldline.policy.decide import Opening
from foldline.policy.reasons import Reason
from foldline.signed import cookies, opening
from foldline.signed.opening import NO_SESSION, DeviceOpenings, OpeningEntry

OPENING_SECONDS = 86_400


def device_of(carried: Carried, gate: GateState) -> bytes:
    """The number of the device that a visit comes from: of its meter, else of its openings, else a new one."""
    if carried.meters is not None:
        return carried.meters.device
    return carried.openings.device or gate.random(16)


def opening_entry(made: Opening, why: Reason, ends: int) -> OpeningEntry:
    """An opening as it is signed, before it knows its device."""
    return OpeningEntry(made.article.to_bytes(8, "big"), ends, WHY.index(why))


def opening_cookie(entry: OpeningEntry, carried: Carried, device: bytes, gate: GateState) -> HeaderList:
    """The opening is one device's, and one session's: signing out ends it. It is kept as long as the longest."""
    session = carried.reader_pass.session if carried.reader_pass is not None else NO_SESSION
    known = carried.openings
    if known.device != device or known.session != session:
        known = DeviceOpenings(device, session)
    hashed = opening.article_hash(gate.keyring, device, int.from_bytes(entry.article, "big"), known.articles)
    openings = known.with_entry(replace(entry, article=hashed), carried.now)
    longest = max(one.ends for one in openings.entries) - carried.now
    token = opening.issue(gate.keyring, openings)
    return cookie_headers(cookies.set_cookie(cookies.OPENING, token, max(OPENING_SECONDS, longest)))
