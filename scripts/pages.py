"""What figures write into a page of the documentation, between two marks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from foldline.errors import FoldlineError

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown: the first column is text, the others are figures."""
    rule = ("---", *("---:" for _ in heads[1:]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))


def marks(name: str) -> tuple[str, str]:
    """What stands around the part of a page that has this name."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def part(name: str, page: Path = PAGE) -> str:
    """What stands between the marks now.

    Raises:
        FoldlineError: the page has none of this name.
    """
    begin, end = marks(name)
    found = re.search(re.escape(begin) + "\n\n(.*?)\n\n" + re.escape(end), page.read_text(encoding="utf-8"), re.DOTALL)
    if not found:
        raise FoldlineError(f"{page} has no place for this part: {begin} … {end}")
    return found[1]


def write(name: str, text: str, page: Path = PAGE) -> None:
    """Put `text` between the marks.

    Raises:
        FoldlineError: the page has none of this name.
    """
    before = part(name, page)
    begin, end = marks(name)
    whole = page.read_text(encoding="utf-8")
    page.write_text(whole.replace(f"{begin}\n\n{before}\n\n{end}", f"{begin}\n\n{text}\n\n{end}"), encoding="utf-8")
