"""Spans, windows and moments as a publisher writes them in a file of rules."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = 60, 3_600, 86_400
_UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_SPAN = re.compile(r"(\d{1,6}) (minute|hour|day|week)s?")

MONTH = "calendar month"
#: The longest window of a meter, in days: a device carries its meter for little longer.
LONGEST_WINDOW = 60
#: The longest age that a rule may ask for, in seconds: a hundred years.
LONGEST_SPAN = 36_525 * DAY
#: Years in which a moment of a rule may lie. Epoch second 0 stands for no bound, and must not be one by mistake.
YEARS = range(1990, 2200)


def seconds_of(text: str) -> int | None:
    """`2 hours` in seconds; None for what is no span, or none of use."""
    found = _SPAN.fullmatch(text.strip())
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    return seconds if 0 < seconds <= LONGEST_SPAN else None


def window_days(text: str) -> int | None:
    """`30 days` as 30, `calendar month` as 0; None for what is no window."""
    if text.strip() == MONTH:
        return 0
    seconds = seconds_of(text) or 0
    days, left = divmod(seconds, DAY)
    return days if days and not left and days <= LONGEST_WINDOW else None


def span_words(seconds: int) -> str:
    """Seconds as a span that `seconds_of` reads, in the largest unit that fits."""
    unit = next(unit for unit in ("week", "day", "hour", "minute") if not seconds % _UNITS[unit])
    number = seconds // _UNITS[unit]
    return f"{number} {unit}" + ("s" if number != 1 else "")


def moment_of(value: date, zone: ZoneInfo, *, end: bool = False) -> int | None:
    """The epoch second of a date or a date-time; without an offset it is in the publication's zone.

    A date alone is its midnight; as an `end` it is the midnight after it: *until 31 December* holds that whole day.
    None for a moment that the zone's clocks skip, and outside `YEARS`.
    """
    if value.year not in YEARS:
        return None
    if not isinstance(value, datetime):
        day = value + timedelta(1) if end else value
        return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
    if value.tzinfo is not None:
        return int(value.timestamp())
    moment = value.replace(tzinfo=zone)
    seconds = moment.timestamp()
    back = datetime.fromtimestamp(seconds, zone)
    return int(seconds) if back.replace(tzinfo=None, fold=0) == value.replace(fold=0) else None
