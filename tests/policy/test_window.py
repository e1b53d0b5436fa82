"""The meter's month is the publication's own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from foldline.policy.window import window_at

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("moment", "resets"),
    [
        ("2026-11-01T03:59:59+00:00", date(2026, 11, 1)),
        ("2026-11-01T04:00:00+00:00", date(2026, 12, 1)),
        ("2026-12-31T23:59:59-05:00", date(2027, 1, 1)),
        ("2028-02-29T12:00:00-05:00", date(2028, 3, 1)),
    ],
)
def test_a_month_begins_at_midnight_in_the_newsroom_not_in_utc(moment: str, resets: date) -> None:
    assert window_at(at(moment), NEW_YORK).resets == resets


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
def test_a_change_of_clocks_makes_no_second_window(day: str) -> None:
    start = window_at(at(f"{day}T12:00:00+00:00"), NEW_YORK)
    for hour in range(24):
        inside = window_at(at(f"{day}T00:00:00-05:00") + hour * 3600 + 3600, NEW_YORK)
        assert inside.number == start.number


def test_windows_follow_each_other_without_a_gap() -> None:
    window = window_at(at("2026-01-15T00:00:00+00:00"), NEW_YORK)
    for _ in range(30):
        following = window_at(window.ends, NEW_YORK)
        assert (following.starts, following.number) == (window.ends, window.resets.toordinal())
        assert window_at(window.ends - 1, NEW_YORK) == window
        window = following


def test_the_window_in_utc_is_the_plain_month() -> None:
    window = window_at(at("2026-05-05T00:00:00+00:00"), ZoneInfo("UTC"))
    assert datetime.fromtimestamp(window.starts, UTC) == datetime(2026, 5, 1, tzinfo=UTC)
