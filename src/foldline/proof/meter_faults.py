"""Faults of the meter and of openings. Like all seeded faults they exist for the test kit only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from foldline.gate import facts as gate_facts
from foldline.gate import read as gate_read
from foldline.proof.fault import BOTH, Fault
from foldline.signed import counting, opening
from foldline.signed.counting import Charge, Owner, Row, Settled, settle
from foldline.signed.keys import Keyring
from foldline.signed.meter import Count, DeviceMeters, meter_id
from foldline.signed.opening import NO_SESSION, DeviceOpenings
from foldline.stores import memory_meter as memory
from foldline.testing.passes import Carry
from foldline.testing.worlds import Breaks

_honest_openings = opening.read


def _without_a_limit(charge: Charge, rows: Sequence[Row]) -> Settled:
    return settle(charge._replace(limit=10_000), rows)


def _one_more(charge: Charge, rows: Sequence[Row]) -> Settled:
    return settle(charge._replace(limit=charge.limit + 1), rows)


def _by_the_cookie_alone(charge: Charge, rows: Sequence[Row]) -> Settled:
    return settle(charge, rows if charge.owner != charge.device else ())


def _starting_anew(charge: Charge, rows: Sequence[Row]) -> Settled:
    """Signing in empties the meter instead of merging it."""
    if not charge.device or charge.for_device:
        return settle(charge, rows)
    return settle(charge._replace(device=(), articles=(), hidden=0), ())


def _whatever_window(held: DeviceMeters, meter: str, window: int) -> Count:
    wanted = meter_id(meter)
    return next((count for count in held.counts if count.meter == wanted), Count(wanted, window))


def _always_empty(held: DeviceMeters, meter: str, window: int) -> Count:
    return Count(meter_id(meter), window)


def _somebody_else(keyring: Keyring, reader: bytes) -> Owner:
    return counting.reader_owner(keyring, Carry.key("somebody"))


def _always_the_same(keyring: Keyring, article: int) -> Callable[[bytes], tuple[bytes, ...]]:
    return counting.article_names(keyring, 101)


def _of_any_session(keyring: Keyring, token: bytes) -> DeviceOpenings:
    return replace(_honest_openings(keyring, token), session=NO_SESSION)


METER_FAULTS: tuple[Fault, ...] = (
    Fault(
        "spend-not-checked",
        "the store counts and refuses nothing",
        Breaks(attributes=((memory, "settle", _without_a_limit),)),
        BOTH,
        frozenset(("read",)),
    ),
    Fault(
        "limit-off-by-one",
        "the meter gives one article more",
        Breaks(attributes=((memory, "settle", _one_more),)),
        BOTH,
        frozenset(("read",)),
    ),
    Fault(
        "replayed-meter-believed",
        "the count in the cookie is believed, not the store's",
        Breaks(attributes=((memory, "settle", _by_the_cookie_alone),)),
        BOTH,
        frozenset(("read",)),
    ),
    Fault(
        "merge-that-resets",
        "signing in empties the meter",
        Breaks(attributes=((memory, "settle", _starting_anew),)),
        BOTH,
        frozenset(("read",)),
    ),
    Fault(
        "spent-meter-ignored",
        "the meter in the cookie is always empty, and the store has not seen it",
        Breaks(attributes=((DeviceMeters, "count", _always_empty),)),
        BOTH,
        frozenset(("read",)),
    ),
    Fault(
        "window-ignored",
        "what was read in another window is open in this one",
        Breaks(attributes=((DeviceMeters, "count", _whatever_window),)),
        BOTH,
    ),
    Fault(
        "rows-of-another-reader",
        "a reader is counted as somebody else, and reads what they have read",
        Breaks(attributes=((gate_read, "reader_owner", _somebody_else),)),
        BOTH,
        frozenset(("read",)),
    ),
    Fault(
        "hash-of-another-article",
        "the hash of an article does not depend on the article",
        Breaks(attributes=((gate_facts, "article_names", _always_the_same),)),
        BOTH,
    ),
    Fault(
        "opening-without-its-session",
        "an opening outlives the session that it was given in",
        Breaks(attributes=((opening, "read", _of_any_session),)),
        BOTH,
    ),
)
