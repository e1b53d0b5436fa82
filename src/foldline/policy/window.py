"""The window a meter counts in: the calendar month, or so many days, in the publication's own zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Window:
    """`number` is the ordinal of its first day (`date.toordinal`); `starts` and `ends` are epoch seconds, the end not
    included; `resets` is the first day of the next window as the publication's readers write it."""

    number: int
    starts: int
    ends: int
    resets: date


def window_at(now: int, zone: ZoneInfo, days: int = 0) -> Window:
    """The window that holds `now` (epoch seconds): of `days` whole days, or the calendar month where that is 0.

    Windows of days lie end to end, the same for every reader; a change of clocks moves nothing but their length.
    """
    today = datetime.fromtimestamp(now, zone).date()
    if days:
        first = date.fromordinal(today.toordinal() - today.toordinal() % days)
        later = first + timedelta(days)
    else:
        first = today.replace(day=1)
        later = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    return Window(first.toordinal(), _midnight(first, zone), _midnight(later, zone), later)


def _midnight(day: date, zone: ZoneInfo) -> int:
    """The first second of a day. Where clocks jump over midnight it is the jump itself."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
