"""Slips in the HTML of imported texts that a browser would hide and a careful reader of Markdown shows as text."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

from foldline.fold.regions import regions

_LONELY_BREAK = re.compile(r"^((?:<br\s*/?>[ \t]*)+)\n(?=[^\s<])", re.MULTILINE | re.IGNORECASE)
_QUOTED_ALT = re.compile(r"(<img\b[^<>]*?\balt=\")([^<>\n]*\"[^<>\n]*)(\"\s*/?>)", re.IGNORECASE)
_MORE_ATTRIBUTES = re.compile(r"\"\s+[a-z-]+=\"?", re.IGNORECASE)
_OPEN_HREF = re.compile(r"(<a\s+href=\"[^\"<>\s]+)>", re.IGNORECASE)
_IMAGE_IN_HTML = re.compile(r"!\[([^\[\]]*)\]\(\s*<?([^()\s<>]+)>?\s*\)")


def mended(text: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """The text, and what was mended on which of its lines. Code is left alone."""
    notes: list[tuple[str, int]] = []
    parts = []
    for region in regions(text):
        part = region.text
        if region.where != "code":
            for pattern, change in _changes(region.where == "html"):
                part = _applied(pattern, change, part, region.line, notes)
        parts.append(part)
    return "".join(parts), tuple(notes)


def _changes(in_html: bool) -> Iterator[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]:
    yield _QUOTED_ALT, _with_quotes
    yield _OPEN_HREF, lambda found: found[1] + '">'
    if in_html:
        yield _LONELY_BREAK, lambda found: found[1] + "\n\n"
        yield _IMAGE_IN_HTML, _as_element


def _applied(
    pattern: re.Pattern[str],
    change: Callable[[re.Match[str]], str],
    text: str,
    line: int,
    notes: list[tuple[str, int]],
) -> str:
    def once(found: re.Match[str]) -> str:
        changed = change(found)
        if changed != found[0]:
            notes.append((" ".join(found[0].split())[:120], line + text.count("\n", 0, found.start())))
        return changed

    return pattern.sub(once, text)


def _with_quotes(found: re.Match[str]) -> str:
    if _MORE_ATTRIBUTES.search(found[2]):
        return found[0]
    return found[1] + found[2].replace('"', "&quot;") + found[3]


def _as_element(found: re.Match[str]) -> str:
    alt = " ".join(html.unescape(found[1]).split())
    return f'<img src="{html.escape(html.unescape(found[2]))}" alt="{html.escape(alt)}">'
