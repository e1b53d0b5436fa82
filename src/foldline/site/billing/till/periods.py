"""Where a paid period ends: the same day of the next month or year, or its last one."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime


def period_end(anchor: int, interval: str, periods: int) -> int:
    """The end of the `periods`-th interval after `anchor`. Counted from the anchor, so that the 31st comes back."""
    start = datetime.fromtimestamp(anchor, UTC)
    months = start.month - 1 + periods * (12 if interval == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())
