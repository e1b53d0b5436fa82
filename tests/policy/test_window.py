"""The meter's month is the publication's own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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


#: Zones whose clocks jump at midnight, by half an hour, by two hours, or over a whole day.
ZONES = (
    "America/Sao_Paulo", "Africa/Cairo", "Asia/Beirut", "Antarctica/Troll", "Australia/Lord_Howe", "Pacific/Apia",
    "America/New_York", "Europe/Paris", "Asia/Kathmandu", "Africa/Casablanca", "America/Havana", "UTC",
)  # fmt: skip
MOMENTS = st.integers(at("1990-01-01T00:00:00+00:00"), at("2037-12-31T00:00:00+00:00"))


@settings(max_examples=300, deadline=None)
@given(MOMENTS, st.sampled_from(ZONES), st.sampled_from((0, 1, 7, 30)))
@example(at("2018-11-04T02:59:59+00:00"), "America/Sao_Paulo", 1)
@example(at("2018-11-04T03:00:00+00:00"), "America/Sao_Paulo", 1)
@example(at("2014-05-15T22:00:00+00:00"), "Africa/Cairo", 1)
@example(at("2022-03-26T22:00:00+00:00"), "Asia/Beirut", 1)
@example(at("2026-10-25T01:00:00+00:00"), "Antarctica/Troll", 1)
@example(at("2011-12-30T10:00:00+00:00"), "Pacific/Apia", 1)
def test_every_moment_lies_in_exactly_one_window(moment: int, name: str, days: int) -> None:
    zone = ZoneInfo(name)
    window = window_at(moment, zone, days)
    assert window.starts <= moment < window.ends
    assert window_at(window.starts, zone, days) == window
    assert window_at(window.ends - 1, zone, days) == window
    following = window_at(window.ends, zone, days)
    assert following.starts == window.ends
    assert following.number > window.number
    before = window_at(window.starts - 1, zone, days)
    assert before.ends == window.starts


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("days", [0, 1])
def test_windows_of_forty_years_lie_end_to_end(name: str, days: int) -> None:
    zone = ZoneInfo(name)
    window = window_at(at("1997-06-01T00:00:00+00:00"), zone, days)
    while window.starts < at("2027-01-01T00:00:00+00:00"):
        following = window_at(window.ends, zone, days)
        assert (following.starts, following.number > window.number) == (window.ends, True)
        assert window_at(window.ends - 1, zone, days) == window
        window = following
