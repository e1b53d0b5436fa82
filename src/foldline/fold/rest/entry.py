"""One article in an answer of data: what is kept of it, and what was said beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from foldline.fold.feed.json_feed import everything
from foldline.fold.feed.words import address, moment, plain
from foldline.fold.listed import Listed
from foldline.fold.page.excerpt import Excerpt

Json = dict[str, Any]
#: What a kept value is: given what was said, the same or None.
Check = Callable[[object], object]

_WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_SLUG = re.compile(r"(?:[0-9A-Za-z_~-]|%[0-9A-Fa-f]{2}|[^\x00-\x7f]){1,300}")
#: So many articles are in one answer, and so many numbers in one list.
MOST = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """`kept` has no text but short ones that were checked; `title` is shown in `kept` too. `text` is the article's as
    HTML, and `has` the names of the texts that are put in the place of the site's own."""

    kept: Json
    link: str
    title: str
    text: str
    has: frozenset[str]
    said: tuple[str, ...]

    def listed(self, excerpt: Excerpt | None) -> Listed:
        kept = tuple(text for text in everything(list(self.kept.values())) if text and text != self.title)
        told = {self.title, *kept, *everything(list(self.kept))}
        dropped = (
            text
            for text in self.said
            if plain(text) not in told and not address(text, "") and moment(text) is None and not _WORD.fullmatch(text)
        )
        shown = excerpt.public_part(self.text, self.link) if excerpt is not None and not excerpt.gated else ""
        return Listed(excerpt, self.title, self.link, kept, tuple(dropped), shown)


def kept(said: Mapping[str, object], allowed: Mapping[str, Check]) -> Json:
    """The keys that are listed, with values that are what they should be."""
    return {key: value for key, check in allowed.items() if key in said and (value := check(said[key])) is not None}


def number(said: object) -> object:
    return said if isinstance(said, int) and not isinstance(said, bool) and -1 <= said < 1 << 53 else None


def numbers(said: object) -> object:
    return (
        said if isinstance(said, list) and len(said) <= MOST and all(number(one) is not None for one in said) else None
    )


def yes_or_no(said: object) -> object:
    return said if isinstance(said, bool) else None


def word(said: object) -> object:
    return said if isinstance(said, str) and _WORD.fullmatch(said) else None


def slug(said: object) -> object:
    return said if isinstance(said, str) and _SLUG.fullmatch(said) else None


def when(said: object) -> object:
    return said if moment(said) is not None else None


def where(said: object) -> object:
    return address(said, "") or None
