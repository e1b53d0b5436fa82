"""What the texts of a front matter mean: a moment, a slug, a plain sentence."""

from __future__ import annotations

import html
import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone

_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d*)?)?(?:[ \t]*(Z|[-+]\d{1,2}(?::?\d{2})?))?)?"
)
_TAG = re.compile(r"<[a-zA-Z/][^<>]*>")
_TEMPLATE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}")
_LONGEST_SLUG = 120


def moment_of(text: str, zone: tzinfo) -> datetime | None:
    """An aware moment from `2014-03-12`, `2014-03-12 10:11 -4` or ISO 8601; None where that is no date.

    What names no zone is in `zone`; what names no time is its midnight.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    try:
        offset = _offset(found[7]) if found[7] else zone
        moment = datetime(year, month, day, hour, minute, second, tzinfo=offset)
        # A day at the edge of the calendar is none in another zone.
        moment.astimezone(UTC)
        return moment
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> tzinfo:
    if text == "Z":
        return UTC
    hours, minutes = re.fullmatch(r"[-+](\d{1,2}):?(\d{2})?", text).groups()  # type: ignore[union-attr]
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return fixed_zone(-offset if text[0] == "-" else offset)


def slug_of(words: str) -> str:
    """Lower-case ASCII words joined by single hyphens, 120 at most; "" where none of the words has such a letter."""
    bare = unicodedata.normalize("NFKD", words.replace("’", "").replace("'", ""))
    plain = bare.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_SLUG].strip("-")


def plain_text(text: str) -> str:
    """One line without tags, template tags and entities."""
    return " ".join(html.unescape(_TAG.sub("", _TEMPLATE.sub("", text))).split())
