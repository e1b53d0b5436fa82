"""How long an origin's answer may be used without asking again, on the origin's terms (RFC 9111). Pure.

The gate is the publisher's own and stands where the origin stood; it is no cache on the way. So it departs from RFC
9111 in three points: it asks at most once in `least` seconds, and trusts no longer than `most`; what it keeps as last
good may be shown while the origin fails, `must-revalidate` or not; and `private` forbids nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

Fields = Sequence[tuple[bytes, bytes]]

_DIRECTIVE = re.compile(
    r"""[ \t,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^",\s]*)))?[ \t]*(?=,|$)"""
)
_ETAG = re.compile(rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
#: Longer than this is written by nobody who means it.
LONGEST = 1 << 31


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds. `most` and what a shared cache may add to it (`gate.response.CACHED_AT_MOST`) stay below the minute
    within which a correction reaches readers. With `keeps_all` even an answer is kept that says it must not be, where a
    publisher wants that."""

    least: int = 10
    most: int = 15
    keeps_all: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What may be done with an answer: whether it is kept, and until which epoch second it is used unasked."""

    kept: bool
    fresh_until: int


def standing(headers: Fields, asked_at: float, came_at: float, bounds: Bounds) -> Standing:
    """The standing of an answer. Both moments are epoch seconds."""
    directives = cache_control(headers)
    # `private` forbids nothing here: the gate asked with nothing of anybody, so what came is nobody's own.
    kept = bounds.keeps_all or not ("no-store" in directives or b"*" in _values(headers, b"vary"))
    lasts = 0 if "no-cache" in directives else _lifetime(headers, directives, came_at)
    left = lasts - _age(headers, asked_at, came_at)
    return Standing(kept, int(came_at + min(max(left, bounds.least), bounds.most)))


def cache_control(headers: Fields) -> dict[str, str]:
    """The directives, in lower case. One that is written twice with two values counts as the shorter one."""
    found: dict[str, str] = {}
    for value in (value for name, value in headers if name == b"cache-control"):
        text = value.decode("latin-1")
        at = 0
        while match := _DIRECTIVE.match(text, at):
            name, said = match[1].lower(), match[2] if match[2] is not None else match[3] or ""
            found[name] = said if name not in found else min(found[name], said, key=lambda one: _seconds(one) or 0)
            at = match.end()
        if text[at:].strip(" \t,"):
            # What can't be read may have forbidden anything.
            found["no-cache"] = ""
    return found


def validators(headers: Fields) -> tuple[bytes, bytes]:
    """(entity tag, last modified) as they came; b"" for what is missing, broken or there twice."""
    tags, dates = _values(headers, b"etag"), _values(headers, b"last-modified")
    tag = tags[0] if len(tags) == 1 and _ETAG.fullmatch(tags[0]) else b""
    date = dates[0] if len(dates) == 1 and moment(dates[0]) is not None else b""
    return tag, date


def conditions(etag: bytes, last_modified: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """The fields of a request that asks whether something changed (RFC 9111, 4.3.1)."""
    tag = ((b"if-none-match", etag),) if etag else ()
    date = ((b"if-modified-since", last_modified),) if last_modified else ()
    return (*tag, *date)


def is_about(headers: Fields, etag: bytes) -> bool:
    """Whether a 304 is about what is kept (RFC 9111, 4.3.4): one with another tag is not."""
    said = _values(headers, b"etag")
    return not said or (len(said) == 1 and said[0].removeprefix(b"W/") == etag.removeprefix(b"W/"))


def moment(value: bytes) -> int | None:
    """The epoch second of an HTTP date; None where it is none."""
    try:
        found = parsedate_to_datetime(value.decode("ascii"))
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        return int(found.timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _lifetime(headers: Fields, directives: dict[str, str], came_at: float) -> float:
    for name in ("s-maxage", "max-age"):
        if name in directives:
            return _seconds(directives[name]) or 0
    date = moment(_values(headers, b"date")[0]) if len(_values(headers, b"date")) == 1 else None
    said_at = came_at if date is None else date
    expires = _values(headers, b"expires")
    if expires:
        end = moment(expires[0]) if len(expires) == 1 else None
        return 0 if end is None else end - said_at
    modified = moment(validators(headers)[1]) if validators(headers)[1] else None
    return 0 if modified is None else max(0.0, (said_at - modified) / 10)


def _age(headers: Fields, asked_at: float, came_at: float) -> float:
    """RFC 9111, 4.2.3. A clock that goes wrong makes things older, never younger."""
    dates, ages = _values(headers, b"date"), _values(headers, b"age")
    date = moment(dates[0]) if len(dates) == 1 else None
    apparent = max(0.0, came_at - date) if date is not None else 0.0
    told = _seconds(ages[0].decode("latin-1")) if ages else 0
    corrected = (LONGEST if told is None else told) + (came_at - asked_at)
    return max(apparent, corrected)


def _seconds(text: str) -> int | None:
    return min(int(text), LONGEST) if re.fullmatch(r"[0-9]{1,12}", text) else None


def _values(headers: Fields, name: bytes) -> list[bytes]:
    return [value.strip(b" \t") for field, value in headers if field == name]
