"""Single facts of a feed: a name, an address, a moment; "" or None for what is none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from foldline.fold.feed.model import LONGEST_ADDRESS, LONGEST_NAME, LONGEST_TITLE, MOST_NAMES

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}")
_MEDIA = re.compile(r"(?:audio|video|image)/[a-z0-9][a-z0-9.+-]{0,60}")
_STRANGE = re.compile(r"[\x00-\x20\x7f<>\"\\^`{|}]")


def plain(text: object, longest: int = LONGEST_TITLE) -> str:
    """A text in one line; "" where it is longer than anything of its kind."""
    line = " ".join(text.split()) if isinstance(text, str) else ""
    return line if len(line) <= longest else ""


def names(said: Iterable[object]) -> tuple[str, ...]:
    """Names or tags, each once."""
    found = (plain(name, LONGEST_NAME) for name in said)
    return tuple(dict.fromkeys(name for name in found if name))[:MOST_NAMES]


def address(said: object, base: str) -> str:
    """A whole address of the web."""
    text = said.strip() if isinstance(said, str) else ""
    if not text or len(text) > LONGEST_ADDRESS:
        return ""
    try:
        joined = urljoin(base, text)
        parts = urlsplit(joined)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return ""
    return joined if known and not _STRANGE.search(joined) else ""


def moment(said: object) -> datetime | None:
    """RFC 3339 or RFC 5322; a time without a zone is taken as UTC."""
    text = said.strip() if isinstance(said, str) else ""
    if not text or len(text) > 60:
        return None
    for reads in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = reads(text)
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            found.astimezone(UTC)
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
        return found
    return None


def language(said: object) -> str:
    """A tag of a language."""
    text = said.strip() if isinstance(said, str) else ""
    return text if _LANGUAGE.fullmatch(text) else ""


def media_type(said: object) -> str:
    """That of a sound, a film or a picture."""
    text = said.strip().lower() if isinstance(said, str) else ""
    return text if _MEDIA.fullmatch(text) else ""


def length(said: object) -> int:
    """Bytes of a file; 0 where they were not told."""
    text = str(said).strip() if isinstance(said, str | int) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else 0
