"""Which part of a Markdown text is code, which is raw HTML, and which is text: before anything in it is replaced."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt

Where = Literal["text", "html", "code"]

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_CODE_SPAN = re.compile(r"(?<![`\\])(`+)(?!`)(?:(?!\n[ \t]*\n).)+?(?<!`)\1(?!`)", re.DOTALL)
_CODE_ELEMENT = re.compile(r"<(pre|code)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Region:
    """A run of the source. `line` counts from 1."""

    where: Where
    text: str
    line: int


def parser() -> MarkdownIt:
    """Markdown as Foldline reads it: CommonMark, tables, strikethrough; indented lines are paragraphs, not code.

    Four spaces in front of a line are nearly always a slip in a newsroom, and the fold must not depend on them.
    """
    markdown = MarkdownIt("commonmark", {"html": True, "maxNesting": 100})
    return markdown.enable(["table", "strikethrough"]).disable("code")


def regions(source: str) -> Iterator[Region]:
    """The source in order, in full: joining the texts gives the source back."""
    lines = _LINE.findall(source)
    kinds: list[Where] = ["text"] * len(lines)
    for token in parser().parse(source):
        if token.map and token.type in ("fence", "html_block"):
            for number in range(token.map[0], min(token.map[1], len(lines))):
                kinds[number] = "code" if token.type == "fence" else "html"
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and kinds[end] == kinds[start]:
            end += 1
        yield from _split(kinds[start], "".join(lines[start:end]), start + 1)
        start = end


def _split(where: Where, text: str, line: int) -> Iterator[Region]:
    if where == "code":
        yield Region(where, text, line)
        return
    pattern = _CODE_SPAN if where == "text" else _CODE_ELEMENT
    position = 0
    for found in pattern.finditer(text):
        if found.start() > position:
            yield Region(where, text[position : found.start()], line + text.count("\n", 0, position))
        yield Region("code", found[0], line + text.count("\n", 0, found.start()))
        position = found.end()
    if position < len(text):
        yield Region(where, text[position:], line + text.count("\n", 0, position))
