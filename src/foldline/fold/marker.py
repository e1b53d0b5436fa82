"""Where an author's fold marker stands in Markdown: a line of its own, in no code and no attribute.

What stands below the marker is read, rendered and parsed apart from what stands above it. Nothing below can then reach
up: no definition, and no text that an HTML parser moves out of a table that was left open (foster parenting).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from foldline.fold import regions
from foldline.fold.findings import Finding
from foldline.fold.tree import Fragment, ancestors

_COMMENT = r"<!--[^\S\n]*(?:fold|more)[^\S\n]*-->"
_MARKER = re.compile(rf"\s*{_COMMENT}\s*", re.IGNORECASE)
_ANYWHERE = re.compile(_COMMENT, re.IGNORECASE)
_AT_END = re.compile(rf"{_COMMENT}\s*$", re.IGNORECASE)
_LOOKS_LIKE = re.compile(
    r"<(?:!|(?=[-\u2010-\u2015\u2212]))(?:[^\w<>]|_){0,40}(?:fold|more)(?:[^\w<>]|_){0,40}>", re.IGNORECASE
)
ELSEWHERE = "a fold marker must stand on a line of its own, outside code; this one is ignored"
LOST = "nothing of what stands below the fold marker can be shown, so that nothing can be sealed"
UNUSED = "a fold marker was written and could not be used: it must stand on a line of its own, outside code"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a marker parts the lines of a source.

    `above` is Markdown; `raw` is what follows of the HTML block that the marker stood in, `below` the Markdown behind.
    `line` is the marker's own, from 1. `own`: nothing else is in that block; `nested`: it stood inside a quotation or
    a list, and `below` begins with that.
    """

    above: str
    raw: str
    below: str
    line: int
    own: bool = False
    nested: bool = False

    @property
    def source_below(self) -> str:
        return "\n".join(part for part in (self.raw, self.below) if part)

    @property
    def is_last(self) -> bool:
        """Nothing is written below, or spaces only (`&nbsp;`)."""
        return not html.unescape(self.source_below).strip()


def places(tokens: Sequence[Token], source: str, found: list[Finding]) -> list[Place]:
    """Every marker that may count, the best first. `tokens` are of the source, their maps name its lines."""
    lines = source.split("\n")
    listed: list[Place] = []
    opener: Token | None = None
    for token in tokens:
        opener = token if token.level == 0 and token.nesting >= 0 else opener
        if token.type == "html_block":
            listed.extend(_in_html(token, opener, lines, found))
        elif token.type == "inline":
            listed.extend(_in_words(token, opener, lines, found))
    return sorted(listed, key=lambda place: not place.own)


def _in_html(token: Token, opener: Token | None, lines: list[str], found: list[Finding]) -> Iterator[Place]:
    if token.map is None or opener is None or opener.map is None or opener.type == "footnote_reference_open":
        return
    own = not _MARKER.sub("", token.content).strip()
    elsewhere = False
    for at, line in enumerate(token.content.split("\n"), token.map[0]):
        if not _MARKER.fullmatch(line):
            elsewhere = elsewhere or _ANYWHERE.search(line) is not None
        elif token.level:
            begin = opener.map[0]
            yield Place("\n".join(lines[:begin]), "", "\n".join(lines[begin:]), at + 1, nested=True)
        else:
            end = at + 1 if own else token.map[1]
            raw, below = "\n".join(lines[at + 1 : end]), "\n".join(lines[end:])
            yield Place("\n".join(lines[:at]), raw, below, at + 1, own=own)
    if elsewhere:
        found.append(Finding("fold-marker", ELSEWHERE, token.map[0] + 1))


def _in_words(token: Token, opener: Token | None, lines: list[str], found: list[Finding]) -> Iterator[Place]:
    """A marker that ends a paragraph at the top is between it and what follows, as in WordPress and Jekyll."""
    children = token.children or []
    written = [child for child in children if child.type == "html_inline" and _ANYWHERE.fullmatch(child.content)]
    if not written or token.map is None:
        return
    end = token.map[1]
    last = lines[end - 1]
    ends = children[-1] is written[-1] and _AT_END.search(last) and len(written) == 1
    if ends and token.level == 1 and opener is not None and opener.type == "paragraph_open":
        above = "\n".join([*lines[: end - 1], _AT_END.sub("", last)])
        yield Place(above, "", "\n".join(lines[end:]), end)
        return
    found.append(Finding("fold-marker", ELSEWHERE, token.map[0] + 1))


def depth(above: str, key: str) -> int | None:
    """How deep a comment right behind this HTML would stand; None where it would be no comment, or in code."""
    for node in Fragment(f"{above}<!--{key}-->").top.traverse():
        if node.is_comment_node and (node.comment_content or "") == key:
            tags = [parent.tag for parent in ancestors(node)]
            return None if {"pre", "code"} & set(tags) else len(tags)
    return None


def about(place: Place, deep: int, others: Sequence[Place]) -> Iterator[Finding]:
    """What an author should know of the marker that counts, and of those that do not."""
    if deep or place.nested:
        yield Finding("fold-marker", "the fold marker stands inside a block; the fold is before that block", place.line)
    for other in sorted(others, key=lambda other: other.line):
        if other is not place:
            yield Finding("fold-marker", "only one fold marker counts; a further one is removed", other.line)


def written(source: str) -> int:
    """The line, from 1, of what looks like a marker and is no example in code; 0 where there is none.

    Wide on purpose: escaped, with typographic dashes, or in an attribute, it is a marker that somebody meant. A fence
    that is never closed protects nothing, nor does any other fence of that text.
    """
    text = _folded(source)
    lines = [text.count("\n", 0, found.start()) for found in _LOOKS_LIKE.finditer(text)]
    if not lines:
        return 0
    tokens = regions.parser().parse(source + "\n")
    fences = [token for token in tokens if token.type == "fence" and token.map]
    if all(_closed(fence) for fence in fences):
        inside = {line for fence in fences if fence.map for line in range(fence.map[0] + 1, fence.map[1] - 1)}
        lines = [line for line in lines if line not in inside]
    spans = [child.content for token in tokens for child in token.children or () if child.type == "code_inline"]
    shown = sum(len(_LOOKS_LIKE.findall(_folded(span))) for span in spans)
    return lines[0] + 1 if len(lines) > shown else 0


def _folded(text: str) -> str:
    text = html.unescape(text).replace("\\", "")
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _closed(fence: Token) -> bool:
    """A fence that ends with its text has as many lines of content as lines behind its first."""
    return fence.map is not None and fence.map[1] - fence.map[0] - 2 == fence.content.count("\n")
