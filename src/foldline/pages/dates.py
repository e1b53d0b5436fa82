"""Datelines in the newsroom's own zone. Dates are absolute: relative words go stale in a cached page."""

from __future__ import annotations

from datetime import date, datetime, time
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

#: AP style: March to July are written out, the others shortened.
_AP_MONTHS: Final = (
    *("Jan.", "Feb.", "March", "April", "May", "June"),
    *("July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec."),
)
_ENGLISH: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_FRENCH: Final = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)

#: AP names the zone and not its season: EST and EDT are both ET.
_AP_ZONES: Final = {
    "EST": "ET",
    "EDT": "ET",
    "CST": "CT",
    "CDT": "CT",
    "MST": "MT",
    "MDT": "MT",
    "PST": "PT",
    "PDT": "PT",
    "AKST": "AKT",
    "AKDT": "AKT",
    "HST": "HT",
}
_AMERICAN: Final = ("America/", "US/", "Canada/", "Pacific/Honolulu", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT")
_NO_BREAK: Final = "\u00a0"


def dateline(at: datetime, zone: str, language: str = "en") -> str:
    """`Feb. 12, 2025, 8:44 a.m. ET`; in French `12 février 2025 à 8 h 44 ET`.

    Midnight is a day whose hour nobody knows, as imports have it: `Feb. 12, 2025`.
    `at` must know its offset (ValueError otherwise); `zone` is an IANA name (ZoneInfoNotFoundError otherwise).
    """
    here = _in_zone(at, zone)
    if _is_day(here):
        return short_dateline(at, zone, language)
    name = zone_name(here, zone)
    if _is_french(language):
        return f"{long_date(here, language)} à {here.hour}{_NO_BREAK}h{_NO_BREAK}{here.minute:02d} {name}"
    half = "a.m." if here.hour < 12 else "p.m."
    return f"{_ap_date(here)}, {here.hour % 12 or 12}:{here.minute:02d} {half} {name}"


def short_dateline(at: datetime, zone: str, language: str = "en") -> str:
    """The date alone, as cards show it: `Feb. 12, 2025`; in French `12 février 2025`."""
    here = _in_zone(at, zone)
    return long_date(here, language) if _is_french(language) else _ap_date(here)


def long_date(day: date, language: str = "en") -> str:
    """A day in a sentence, with its year: `1 November 2026`; in French `1er novembre 2026`."""
    return f"{day_and_month(day, language)} {day.year}"


def day_and_month(day: date, language: str = "en") -> str:
    """A day of this year or the next in a sentence: `1 December`; in French `1er décembre`."""
    french = _is_french(language)
    number = "1er" if french and day.day == 1 else str(day.day)
    return f"{number} {(_FRENCH if french else _ENGLISH)[day.month - 1]}"


def machine(at: datetime, zone: str) -> str:
    """`2025-02-12T08:44:00-05:00`, at midnight `2025-02-12`: for `<time datetime>` and structured data."""
    here = _in_zone(at, zone)
    return here.date().isoformat() if _is_day(here) else here.replace(microsecond=0).isoformat(timespec="seconds")


def time_tag(at: datetime, zone: str, language: str = "en", *, short: bool = False) -> str:
    """The dateline as a `<time>` element."""
    words = short_dateline(at, zone, language) if short else dateline(at, zone, language)
    return f'<time datetime="{machine(at, zone)}">{escape(words)}</time>'


def zone_name(here: datetime, zone: str) -> str:
    """`ET` for New York, `CET` for Paris, `UTC+5:30` where the zone has no letters of its own."""
    name = here.tzname() or ""
    if zone.startswith(_AMERICAN) and zone != "America/Havana" and name in _AP_ZONES:
        return _AP_ZONES[name]
    if name.isalpha():
        return name
    offset = here.utcoffset()
    minutes = 0 if offset is None else round(offset.total_seconds() / 60)
    if minutes == 0:
        return "UTC"
    sign = "+" if minutes > 0 else "\u2212"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}:{rest:02d}" if rest else f"UTC{sign}{hours}"


def _in_zone(at: datetime, zone: str) -> datetime:
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"a dateline needs a time that knows its offset, not {at!r}")
    return at.astimezone(ZoneInfo(zone))


def _is_day(here: datetime) -> bool:
    return here.time() == time.min


def _ap_date(day: date) -> str:
    return f"{_AP_MONTHS[day.month - 1]} {day.day}, {day.year}"


def _is_french(language: str) -> bool:
    return language.split("-")[0].lower() == "fr"
