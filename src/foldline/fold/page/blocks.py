"""The blocks of an article's text as the rule counts them. Wrappers are looked into; a block is never torn in two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from turbohtml import CData, Comment, Element, Node, Text

from foldline.fold.cut import Block
from foldline.fold.page.source import UNREAD, readable
from foldline.fold.tree import HEADINGS, INLINE, SHOWN, names

_WRAPPERS = names("div section article main center form hgroup body")
_SILENT = UNREAD | names("template noscript link meta")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A block, or a run of words between blocks, with the nodes that it is."""

    block: Block
    nodes: tuple[Node, ...]


def transparent(element: Element) -> bool:
    """Whether a fold may stand inside: a wrapper and no block of text."""
    return element.tag in _WRAPPERS or ("-" in element.tag and any(_is_block(child) for child in element.children))


def leaves(container: Element) -> list[Leaf]:
    """All blocks in a container, in order."""
    found: list[Leaf] = []
    words: list[Node] = []
    for node in _flat(container):
        if node is None or _is_block(node):
            if words:
                found.append(_words(words))
                words = []
            if isinstance(node, Element):
                found.append(Leaf(_block(node), (node,)))
        else:
            words.append(node)
    return [*found, _words(words)] if words else found


def _flat(container: Element) -> Iterator[Node | None]:
    """Children, and those of wrappers; None where a wrapper begins or ends."""
    waiting: list[Node | None] = list(reversed(container.children))
    while waiting:
        node = waiting.pop()
        if isinstance(node, Element) and transparent(node) and any(_is_block(child) for child in node.children):
            yield None
            waiting.append(None)
            waiting.extend(reversed(node.children))
        else:
            yield node


def _is_block(node: Node) -> bool:
    return isinstance(node, Element) and node.tag not in INLINE and node.tag not in _SILENT


def _words(nodes: list[Node]) -> Leaf:
    characters = _characters(nodes)
    shown = bool(characters) or any(_shown(node) for node in nodes)
    if characters:
        return Leaf(Block("", "paragraph", characters, True), tuple(nodes))
    return Leaf(Block("", "other" if shown else "space", 0, shown), tuple(nodes))


def _block(element: Element) -> Block:
    characters = _characters([element])
    shown = bool(characters) or _shown(element)
    if element.tag in HEADINGS:
        return Block("", "heading", characters, shown)
    if element.tag == "p":
        return Block("", "paragraph" if characters else "other" if shown else "space", characters, shown)
    if element.tag in ("figure", "hr") or not characters:
        return Block("", "other" if shown else "space", 0, shown)
    return Block("", "text", characters, shown)


def _characters(nodes: list[Node]) -> int:
    return len(" ".join(readable(nodes).split()))


def _shown(node: Node) -> bool:
    if isinstance(node, Text | CData | Comment):
        return False
    return isinstance(node, Element) and (node.matches(SHOWN) or node.select_one(SHOWN) is not None)
