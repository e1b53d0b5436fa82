"""When the till tells what happened. Pure: moments in, moments out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: Seconds by which a late notice is late, and for which those out of order are gathered.
LATE, GATHER = 20, 4
#: A notice is tried so often, each pause twice as long as the one before.
MOST_TRIES, FIRST_PAUSE = 6, 1


class Delivery(StrEnum):
    """How the till tells the site what happened."""

    AT_ONCE = "at once"
    LATE = "late"
    TWICE = "twice"
    OUT_OF_ORDER = "out of order"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Plan:
    """When one notice is due first, and how often it is told. No time at all: it is held back."""

    due_at: int | None
    copies: int = 1
    newest_first: bool = False


def plan(delivery: Delivery, now: int) -> Plan:
    """What becomes of a notice that is made `now`."""
    match delivery:
        case Delivery.AT_ONCE:
            return Plan(now)
        case Delivery.LATE:
            return Plan(now + LATE)
        case Delivery.TWICE:
            return Plan(now, copies=2)
        case Delivery.OUT_OF_ORDER:
            return Plan((now // GATHER + 1) * GATHER, newest_first=True)
        case Delivery.NEVER:
            return Plan(None)


def next_try(tries: int, now: int) -> int | None:
    """When to try again after `tries` failures, None when enough is enough."""
    return now + FIRST_PAUSE * 2 ** (tries - 1) if tries < MOST_TRIES else None
