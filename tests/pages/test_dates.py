from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from foldline.pages.dates import dateline, day_and_month, long_date, machine, short_dateline, time_tag

NEW_YORK = "America/New_York"
CAPTURED = datetime(2025, 2, 12, 13, 44, tzinfo=UTC)


def test_a_dateline_is_in_the_newsrooms_zone_and_in_ap_style() -> None:
    assert dateline(CAPTURED, NEW_YORK) == "Feb. 12, 2025, 8:44 a.m. ET"


def test_the_machine_date_has_the_offset_of_the_newsrooms_zone() -> None:
    assert machine(CAPTURED, NEW_YORK) == "2025-02-12T08:44:00-05:00"
    assert time_tag(CAPTURED, NEW_YORK) == (
        '<time datetime="2025-02-12T08:44:00-05:00">Feb. 12, 2025, 8:44 a.m. ET</time>'
    )


@pytest.mark.parametrize(
    ("at", "said", "offset"),
    [
        (datetime(2025, 3, 9, 6, 59, tzinfo=UTC), "March 9, 2025, 1:59 a.m. ET", "-05:00"),
        (datetime(2025, 3, 9, 7, 0, tzinfo=UTC), "March 9, 2025, 3:00 a.m. ET", "-04:00"),
        (datetime(2025, 11, 2, 5, 59, tzinfo=UTC), "Nov. 2, 2025, 1:59 a.m. ET", "-04:00"),
        (datetime(2025, 11, 2, 6, 0, tzinfo=UTC), "Nov. 2, 2025, 1:00 a.m. ET", "-05:00"),
    ],
)
def test_both_changes_of_the_clock_are_right(at: datetime, said: str, offset: str) -> None:
    assert dateline(at, NEW_YORK) == said
    assert machine(at, NEW_YORK).endswith(offset)


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("America/Chicago", "CT"),
        ("America/Denver", "MT"),
        ("America/Los_Angeles", "PT"),
        ("Europe/Paris", "CET"),
        ("Europe/London", "GMT"),
        ("Asia/Shanghai", "CST"),
        ("Asia/Kolkata", "IST"),
        ("Asia/Kathmandu", "UTC+5:45"),
        ("America/Sao_Paulo", "UTC\u22123"),
        ("Asia/Dubai", "UTC+4"),
        ("UTC", "UTC"),
    ],
)
def test_a_zone_is_named_as_its_readers_name_it(zone: str, name: str) -> None:
    assert dateline(CAPTURED, zone).rsplit(" ", 1)[1] == name


def test_noon_and_midnight_are_twelve() -> None:
    assert dateline(datetime(2025, 7, 4, 12, 0, tzinfo=UTC), "UTC") == "July 4, 2025, 12:00 p.m. UTC"
    assert dateline(datetime(2025, 9, 4, 0, 5, tzinfo=UTC), "UTC") == "Sept. 4, 2025, 12:05 a.m. UTC"


@pytest.mark.parametrize("short", [True, False])
def test_exactly_midnight_is_a_day_without_an_hour(short: bool) -> None:
    day = datetime(2014, 3, 12, 4, 0, tzinfo=UTC)
    assert time_tag(day, NEW_YORK, short=short) == '<time datetime="2014-03-12">March 12, 2014</time>'
    assert time_tag(day, NEW_YORK, "fr", short=short) == '<time datetime="2014-03-12">12 mars 2014</time>'


@pytest.mark.parametrize("later", [timedelta(minutes=1), timedelta(seconds=1), timedelta(microseconds=1)])
def test_a_moment_after_midnight_has_an_hour(later: timedelta) -> None:
    at = datetime(2014, 3, 12, 4, 0, tzinfo=UTC) + later
    assert dateline(at, NEW_YORK).startswith("March 12, 2014, 12:0")
    assert machine(at, NEW_YORK).startswith("2014-03-12T00:0")


def test_midnight_elsewhere_is_an_hour_here() -> None:
    at = datetime(2014, 3, 12, 0, 0, tzinfo=UTC)
    assert dateline(at, NEW_YORK) == "March 11, 2014, 8:00 p.m. ET"
    assert machine(at, NEW_YORK) == "2014-03-11T20:00:00-04:00"


def test_french_counts_hours_to_twenty_four() -> None:
    at = datetime(2025, 8, 1, 12, 4, tzinfo=UTC)
    assert dateline(at, "Europe/Paris", "fr") == "1er août 2025 à 14\u00a0h\u00a004 CEST"
    assert short_dateline(at, "Europe/Paris", "fr-CA") == "1er août 2025"


def test_cards_show_the_day_of_the_newsroom() -> None:
    assert short_dateline(datetime(2025, 2, 12, 3, 0, tzinfo=UTC), NEW_YORK) == "Feb. 11, 2025"


def test_days_in_a_sentence() -> None:
    assert day_and_month(date(2026, 12, 1)) == "1 December"
    assert day_and_month(date(2026, 12, 1), "fr") == "1er décembre"
    assert long_date(date(2026, 11, 2)) == "2 November 2026"


def test_a_time_that_does_not_know_its_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="knows its offset"):
        dateline(datetime(2025, 2, 12, 8, 44), NEW_YORK)


def test_fractions_of_a_second_do_not_reach_the_page() -> None:
    assert machine(CAPTURED + timedelta(microseconds=5), NEW_YORK) == "2025-02-12T08:44:00-05:00"
