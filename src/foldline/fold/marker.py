"""Where an author's fold marker stands in Markdown: a line of its own, in no code and no attribute.

What stands below the marker is rendered and parsed apart from what stands above it. Nothing below can then reach up:
an HTML parser moves text out of a table that was left open to a place *before* that table (foster parenting).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from markdown_it.token import Token

from foldline.fold.findings import Finding
from foldline.fold.tree import Fragment, ancestors

Write = Callable[[Sequence[Token]], str]

_MARKER = re.compile(r"[ \t]*<!--[ \t]*(?:fold|more)[ \t]*-->[ \t]*", re.IGNORECASE)
_ANYWHERE = re.compile(r"<!--[ \t]*(?:fold|more)[ \t]*-->", re.IGNORECASE)
_ELSEWHERE = "a fold marker must stand on a line of its own, outside code; this one is ignored"


@dataclass(frozen=True, slots=True)
class _Place:
    """Before line `line` of the raw HTML of token `token`. `own`: nothing else is in that block; `nested`: the marker
    stood inside a quotation or a list, and `token` is where that begins."""

    token: int
    line: int
    own: bool
    nested: bool


def split(tokens: list[Token], write: Write, key: str, found: list[Finding]) -> tuple[str, str]:
    """The HTML above, which ends in the comment `key`, and the HTML below. Without a marker all is above."""
    places = _take(tokens, found)
    for place in sorted(places, key=lambda place: not place.own):
        above, below = _at(tokens, place, write)
        marked = f"{above}<!--{key}-->"
        depth = _depth(marked, key)
        if depth is None:
            found.append(Finding("fold-marker", _ELSEWHERE, _line(tokens, place)))
            continue
        if depth or place.nested:
            found.append(Finding("fold-marker", "the fold marker stands inside a block; the fold is before that block"))
        found.extend(
            Finding("fold-marker", "only one fold marker counts; a further one is removed", _line(tokens, other))
            for other in places
            if other is not place
        )
        return marked, below
    return write(tokens), ""


def _take(tokens: list[Token], found: list[Finding]) -> list[_Place]:
    """Takes the marker lines out of the tokens and says where they were."""
    places: list[_Place] = []
    opener = 0
    for at, token in enumerate(tokens):
        opener = at if token.level == 0 and token.nesting >= 0 else opener
        for child in token.children or ():
            if child.type == "html_inline" and _ANYWHERE.fullmatch(child.content):
                found.append(Finding("fold-marker", _ELSEWHERE, _line(tokens, _Place(at, 0, False, False))))
        if token.type != "html_block":
            continue
        kept: list[str] = []
        for line in token.content.split("\n"):
            if not _MARKER.fullmatch(line):
                kept.append(line)
            elif token.level:
                places.append(_Place(opener, 0, False, True))
            else:
                places.append(_Place(at, len(kept), not _MARKER.sub("", token.content).strip(), False))
        token.content = "\n".join(kept)
        if _ANYWHERE.search(token.content):
            found.append(Finding("fold-marker", _ELSEWHERE, _line(tokens, _Place(at, 0, False, False))))
    return places


def _at(tokens: list[Token], place: _Place, write: Write) -> tuple[str, str]:
    token = tokens[place.token]
    if place.nested or token.type != "html_block":
        return write(tokens[: place.token]), write(tokens[place.token :])
    lines = token.content.split("\n")
    upper, lower = (
        replace(token, content="\n".join(part) + "\n" if part else "")
        for part in (lines[: place.line], lines[place.line :])
    )
    return write([*tokens[: place.token], upper]), write([lower, *tokens[place.token + 1 :]])


def _depth(html: str, key: str) -> int | None:
    """How deep the comment `key` stands; None where it is no comment, or in code."""
    for node in Fragment(html).top.traverse():
        if node.is_comment_node and (node.comment_content or "") == key:
            above = [parent.tag for parent in ancestors(node)]
            return None if {"pre", "code"} & set(above) else len(above)
    return None


def _line(tokens: list[Token], place: _Place) -> int:
    where = tokens[place.token].map
    return where[0] + 1 if where else 0
