"""The window a meter counts in: the calendar month of the publication's own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Window:
    """`number` is year * 12 + month - 1; `starts` and `ends` are epoch seconds, the end not included; `resets` is the
    first day of the next window as the publication's readers write it."""

    number: int
    starts: int
    ends: int
    resets: date


def calendar_month(now: int, zone: ZoneInfo) -> Window:
    """The month that holds `now` (epoch seconds). A change of clocks inside it moves nothing but its length."""
    local = datetime.fromtimestamp(now, zone)
    first = datetime(local.year, local.month, 1, tzinfo=zone)
    later = datetime(local.year + local.month // 12, local.month % 12 + 1, 1, tzinfo=zone)
    number = local.year * 12 + local.month - 1
    return Window(number, int(first.timestamp()), int(later.timestamp()), later.date())
