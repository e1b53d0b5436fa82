"""Copies of the closed text anywhere else on a page, and the smallest thing to take out with each."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from turbohtml import CData, Element, Node, Text

from foldline.fold.page.actions import Action, Drop, DropAttribute, Edit
from foldline.fold.page.below import Below
from foldline.fold.page.source import UNREAD, Source, open_nodes
from foldline.fold.prove import letters_of

_COMMENT = re.compile(r"<!--.*?(?:--!?>|\Z)|<[!?/](?![A-Za-z\-]).*?(?:>|\Z)", re.DOTALL)
#: Text in these is no text of the page: they go as one where they hold a copy.
_WHOLE = UNREAD | {"template", "noscript", "textarea", "iframe", "object", "title", "select"}
_KEPT = frozenset(("html", "head", "body"))
#: Attributes that say which element something is, and hold text only by mistake.
_NEVER = frozenset(("class", "id", "itemprop"))


def copies(source: Source, gone: set[Node], kept: set[Node], below: Below) -> Iterator[Action]:
    """`gone` are closed or changed already, and `kept` must stay, as the elements in which the closed parts stand."""
    words: list[tuple[int, Node]] = []
    letters: list[str] = []
    elements: list[Element] = []
    total = 0
    for node in open_nodes(source.tree, gone):
        if isinstance(node, Element):
            elements.append(node)
            if node.tag in _WHOLE and node not in kept and (below.holds(node.inner_html) or below.holds(node.text)):
                yield Drop(node, "copy-of-the-rest")
        elif isinstance(node, Text | CData) and not _in_script(node):
            plain = letters_of(node.data)
            if plain:
                words.append((total, node))
                letters.append(plain)
                total += len(plain)
    yield from _attributes(elements, below)
    yield from _visible(words, "".join(letters), kept, below)


def comments(source: Source, below: Below) -> list[Edit]:
    """Comments, of whatever kind, that hold a copy, as edits of the text: the tree does not know their place."""
    found = list(_COMMENT.finditer(source.text))
    held = below.holding([one[0] for one in found])
    return [Edit(found[at].start(), found[at].end()) for at in held]


def _attributes(elements: Sequence[Element], below: Below) -> Iterator[Action]:
    said = [
        (element, name, " ".join(value) if isinstance(value, list) else value or "")
        for element in elements
        for name, value in element.attrs.items()
        if name not in _NEVER
    ]
    for at in below.holding([text for _, _, text in said]):
        yield DropAttribute(said[at][0], said[at][1], "copy-of-the-rest")


def _in_script(node: Node) -> bool:
    return isinstance(node.parent, Element) and node.parent.tag in _WHOLE


def _visible(words: list[tuple[int, Node]], letters: str, kept: set[Node], below: Below) -> Iterator[Action]:
    """For each copy the smallest element around all of its text that may go."""
    starts = [start for start, _ in words]
    taken: set[Node] = set()
    last: Node | None = None
    for start, end in below.wanted.places(letters):
        first = words[bisect_right(starts, start) - 1][1]
        final = words[bisect_right(starts, end - 1) - 1][1]
        if first == last == final:
            continue
        last = first if first == final else None
        element = _around(first, final)
        if element is None or element in kept or element.tag in _KEPT or element in taken:
            continue
        taken.add(element)
        yield Drop(element, "copy-of-the-rest")


def _around(first: Node, final: Node) -> Element | None:
    """The smallest element that holds both."""
    others = set(final.ancestors)
    for parent in first.ancestors:
        if parent in others:
            return parent if isinstance(parent, Element) else None
    return None
