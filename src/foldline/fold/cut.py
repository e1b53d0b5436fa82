"""Where the fold falls: the preview above it, the rest below it, and never a block torn in two."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from foldline.fold.tree import HEADINGS, INLINE, SHOWN, Fragment, Node, Unstable, stable

How = Literal["marker", "paragraphs", "nothing-below", "not-found"]

_MARKER = "fold"


@dataclass(frozen=True, slots=True)
class FoldRule:
    """Without a marker, the fold is after this many paragraphs and at least this many characters of text.

    Where that takes too long (lists, tables, quotations, very short paragraphs), it is after the block with which the
    text reaches `most` characters, 2.5 times `characters`. With `characters` 0, paragraphs alone decide.
    """

    paragraphs: int = 5
    characters: int = 1400

    @property
    def most(self) -> float:
        """So many characters above are enough, whatever they stand in."""
        return 2.5 * self.characters if self.characters else math.inf


@dataclass(frozen=True, slots=True)
class Cut:
    """`preview` + `rest` is the whole, except that a reference above the fold to a footnote below it is no link.

    `nothing-below`: the whole is in `preview`. `not-found`: the whole is in `rest`.
    """

    preview: str
    rest: str
    how: How


@dataclass(slots=True)
class Block:
    """A block at the top of the body, or a run of words between blocks."""

    html: str
    kind: Literal["paragraph", "text", "heading", "notes", "other", "space"]
    characters: int
    shown: bool


def cut(html: str, rule: FoldRule = FoldRule(), *, uncut: str = "") -> Cut:
    """Cuts a sanitised body. A marker is a comment `fold`; within a block it counts as before that block.

    `uncut` is `Rendered.uncut`: where it says why no rule may look for the fold, all of the body is below it.
    """
    if uncut and html.strip():
        return Cut("", without_marker(html), "not-found")
    try:
        blocks, marker = _blocks(stable(html))
        whole = "".join(block.html for block in blocks)
        whole_read_back = stable(whole)
    except Unstable:
        return Cut("", html.replace("<!--fold-->", ""), "not-found")
    if whole_read_back != whole:
        return Cut("", whole, "not-found")
    if marker is None:
        at, how = by_rule(blocks, rule)
    else:
        at, how = marker, "marker"
    if how == "not-found":
        return Cut("", whole, how)
    if how == "nothing-below" or not any(block.shown for block in blocks[at:]):
        return Cut(whole, "", "nothing-below")
    at = before_headings(blocks, at)
    preview = "".join(block.html for block in blocks[:at])
    rest = "".join(block.html for block in blocks[at:])
    if not _joins(preview, rest, whole):
        return Cut("", whole, "not-found")
    return Cut(_unlinked(preview) if any(block.kind == "notes" for block in blocks[at:]) else preview, rest, how)


def after_first_block(html: str) -> Cut:
    """The strictest cut that still shows something: the first block with text alone is the preview."""
    try:
        blocks, _ = _blocks(stable(html))
    except Unstable:
        return Cut("", html.replace("<!--fold-->", ""), "not-found")
    whole = "".join(block.html for block in blocks)
    first = next((at for at, block in enumerate(blocks) if block.kind in ("paragraph", "text")), len(blocks)) + 1
    preview, rest = "".join(b.html for b in blocks[:first]), "".join(b.html for b in blocks[first:])
    if not any(block.shown for block in blocks[first:]) or not _joins(preview, rest, whole):
        return Cut("", whole, "not-found")
    return Cut(_unlinked(preview), rest, "paragraphs")


def without_marker(html: str) -> str:
    """The whole body, for an article that is not cut."""
    return html.replace("<!--fold-->", "")


def by_rule(blocks: list[Block], rule: FoldRule) -> tuple[int, How]:
    """Paragraphs are counted; where there are too few of them, lists, quotations and tables count as well.

    Neither way leaves much more than `rule.most` characters above: the fold is then after the block that reaches them.
    """
    total = sum(block.characters for block in blocks if block.kind != "notes")
    ways = (_after(blocks, rule, counted) for counted in (("paragraph",), ("paragraph", "text")))
    at = min(next((at for at in ways if _goes_on(blocks, at)), len(blocks)), _after_enough(blocks, rule))
    if _goes_on(blocks, at):
        return at, "paragraphs"
    return len(blocks), "not-found" if total > 2 * rule.characters else "nothing-below"


def _goes_on(blocks: list[Block], at: int) -> bool:
    """Whether something to read is below. Notes alone are nothing that a rule may cut off."""
    return any(block.shown and block.kind != "notes" for block in blocks[at:])


def _after(blocks: list[Block], rule: FoldRule, counted: tuple[str, ...]) -> int:
    paragraphs = characters = 0
    for at, block in enumerate(blocks):
        paragraphs += block.kind in counted and block.characters > 0
        characters += block.characters
        enough = paragraphs >= rule.paragraphs and characters >= rule.characters
        if enough and block.kind in ("paragraph", "text"):
            return at + 1
    return len(blocks)


def _after_enough(blocks: list[Block], rule: FoldRule) -> int:
    """After the block that completes the most characters; before it where it is a heading, and enough is above."""
    above = 0
    for at, block in enumerate(blocks):
        characters = above + block.characters
        if characters >= rule.most and block.kind in ("paragraph", "text"):
            return at + 1
        if characters >= rule.most and block.kind == "heading" and above >= rule.characters:
            return at
        above = characters
    return len(blocks)


def before_headings(blocks: list[Block], at: int) -> int:
    """A heading belongs to what follows it, so that it is never the last thing above the fold."""
    last = at
    while last and blocks[last - 1].kind in ("heading", "space", "other") and not _is_picture(blocks[last - 1]):
        last -= 1
    return last if any(block.kind == "heading" for block in blocks[last:at]) else at


def _is_picture(block: Block) -> bool:
    return block.kind == "other" and block.shown


def _joins(preview: str, rest: str, whole: str) -> bool:
    try:
        return stable(preview) == preview and stable(rest) == rest and Fragment(preview + rest).html == whole
    except Unstable:
        return False


def _blocks(html: str) -> tuple[list[Block], int | None]:
    """The blocks, without markers, and before which of them the first marker stands."""
    body = Fragment(html)
    blocks: list[Block] = []
    marker: int | None = None
    words: list[Node] = []

    def end_of_words() -> None:
        if words:
            blocks.append(_words(words))
            words.clear()

    for node in body.children():
        if node.is_comment_node:
            end_of_words()
            marker = len(blocks) if marker is None and _is_marker(node) else marker
            continue
        if not node.is_element_node or node.tag in INLINE:
            words.append(node)
            if node.is_element_node and _take_markers(node):
                marker = len(blocks) if marker is None else marker
            continue
        end_of_words()
        if _take_markers(node):
            marker = len(blocks) if marker is None else marker
        blocks.append(_block(node))
    end_of_words()
    return blocks, marker


def _is_marker(node: Node) -> bool:
    return (node.comment_content or "").strip() == _MARKER


def _take_markers(node: Node) -> bool:
    """Removes every comment inside; whether one of them was a marker."""
    comments = [inner for inner in node.traverse() if inner.is_comment_node]
    found = any(_is_marker(inner) for inner in comments)
    for inner in comments:
        inner.decompose()
    return found


def _words(nodes: list[Node]) -> Block:
    html = "".join(node.html or "" for node in nodes)
    text = "".join(node.text() if node.is_element_node else node.text_content or "" for node in nodes)
    characters = len(" ".join(text.split()))
    shown = bool(characters) or any(
        node.is_element_node and (node.css_matches(SHOWN) or node.tag == "img") for node in nodes
    )
    if characters:
        return Block(html, "paragraph", characters, True)
    return Block(html, "other" if shown else "space", 0, shown)


def _block(node: Node) -> Block:
    html = node.html or ""
    characters = len(" ".join(node.text().split()))
    shown = bool(characters) or node.tag == "img" or node.css_first(SHOWN) is not None
    if node.tag == "div" and "footnotes" in (node.attributes.get("class") or "").split():
        return Block(html, "notes", characters, shown)
    if node.tag in HEADINGS:
        return Block(html, "heading", characters, shown)
    if node.tag == "p" and "missing-picture" not in (node.attributes.get("class") or ""):
        return Block(html, "paragraph" if characters else "other", characters, shown)
    if node.tag in ("figure", "hr", "p") or not characters:
        return Block(html, "other", 0, shown)
    return Block(html, "text", characters, shown)


def _unlinked(preview: str) -> str:
    """References to footnotes keep their number and lose their link: the notes are below the fold."""
    body = Fragment(preview)
    for link in body.top.css("sup.footnote-ref > a"):
        link.unwrap()
    return body.html
