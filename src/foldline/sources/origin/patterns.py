"""Patterns of paths, as a publisher writes them: `/{year}/{month}/{slug}/`, `/shop/**`, `/**/*.png`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

#: What may stand in braces. A slug has no dot: `/article.css` is no article (leak-proofing against suffixes).
NAMES = {
    "slug": r"(?:[0-9A-Za-z_~-]|[^\x00-\x7f])+",
    "number": r"[0-9]{1,10}",
    "year": r"[12][0-9]{3}",
    "month": r"(?:0[1-9]|1[0-2])",
    "day": r"(?:0[1-9]|[12][0-9]|3[01])",
}
#: So many `**` may stand in one pattern: each costs another round of trying.
MOST_DEEP = 2
LONGEST = 300

_PIECE = re.compile(r"\{(?P<name>[^{}]*)\}|(?P<star>\*)|(?P<text>[^{}*]+)")
_DEEP = r"(?:/[^/]*)*"


class BadPattern(ValueError):
    """A pattern that can't be read. `name` is the unknown word in braces, where that is what is wrong."""

    def __init__(self, why: str, name: str = "") -> None:
        super().__init__(why)
        self.name = name


@dataclass(frozen=True, slots=True)
class Pattern:
    """One pattern. `*` is anything within one segment, `**` any number of whole segments, none included."""

    text: str
    #: Whole segments that a path must have, and how it must end: cheap to look for, and nearly always missing.
    needs: frozenset[str]
    ending: str
    _exact: re.Pattern[str]
    _folded: re.Pattern[str]

    @property
    def source(self) -> str:
        """The pattern as a regular expression of a whole path, for programs that read PCRE or RE2."""
        return self._exact.pattern

    @property
    def has_capitals(self) -> bool:
        """Whether the case of a path may matter even where it is all in lower case."""
        literal = re.sub(r"\{\w+\}", "", self.text)
        return literal != literal.casefold() or not literal.isascii()

    def matches(self, path: Path) -> bool:
        """Whether a path matches in full."""
        if path.folded:
            return (
                {need.casefold() for need in self.needs} <= path.segments
                and path.end.endswith(self.ending.casefold())
                and self._folded.fullmatch(path.text) is not None
            )
        return (
            self.needs <= path.segments
            and path.end.endswith(self.ending)
            and self._exact.fullmatch(path.text) is not None
        )


class Path:
    """A decoded path, taken apart once for many patterns. `folded` takes upper and lower case for one."""

    __slots__ = ("end", "folded", "segments", "text")

    def __init__(self, text: str, *, folded: bool = False) -> None:
        self.text = text
        self.folded = folded
        self.end = text.casefold() if folded else text
        self.segments = frozenset(self.end.split("/"))


@lru_cache(maxsize=1024)
def pattern(text: str) -> Pattern:
    """Read a pattern.

    Raises:
        BadPattern: it is none.
    """
    if not text.startswith("/"):
        raise BadPattern("it does not begin with /")
    if len(text) > LONGEST:
        raise BadPattern(f"it is longer than {LONGEST} characters")
    if strange := re.search(r"[?#;\\%\s]|//|[\x00-\x1f\x7f]", text):
        raise BadPattern(f'"{strange.group()}" can\'t stand in it: write the path alone, not encoded')
    if text.count("**") > MOST_DEEP:
        raise BadPattern(f"it has ** more than {MOST_DEEP} times")
    segments = text[1:].split("/")
    if any(segment in (".", "..") for segment in segments):
        raise BadPattern("it has a dot segment, which no path keeps")
    source = "".join(_DEEP if segment == "**" else "/" + _segment(segment) for segment in segments)
    needs = frozenset(segment for segment in segments if segment and not re.search(r"[{}*]", segment))
    ending = "" if segments[-1] == "**" else re.split(r"[{}*]", text)[-1]
    return Pattern(text, needs, ending, re.compile(source), re.compile(source, re.IGNORECASE))


def _segment(text: str) -> str:
    if "**" in text:
        raise BadPattern("** must be a whole segment, as in /shop/**")
    source, at = "", 0
    while at < len(text):
        found = _PIECE.match(text, at)
        if found is None:
            raise BadPattern("a brace is not closed")
        if found["name"] is not None:
            if found["name"] not in NAMES:
                raise BadPattern(f'it has "{{{found["name"]}}}"', found["name"])
            source += NAMES[found["name"]]
        else:
            source += "[^/]+" if found["star"] else re.escape(found["text"])
        at = found.end()
    return source
