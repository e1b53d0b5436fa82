"""An article as a feed tells of it, before anything of it was cleaned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

#: So many articles are read of one feed.
MOST_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class Entry:
    """Texts are plain where `*_is_html` is not set. `summary` is what the feed gives as one, not an article's text."""

    key: str
    link: str
    title: str
    title_is_html: bool
    summary: str
    summary_is_html: bool
    at: datetime | None
    tags: tuple[str, ...]


#: Title, language, how many seconds the feed asks to be left alone, articles.
Read = tuple[str, str, int, Iterator[Entry]]
