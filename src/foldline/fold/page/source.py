"""A page as a tree whose elements know where in its text they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from turbohtml import CData, Comment, Element, Node, Text, parse

from foldline.fold.tree import names

VOID = names("area base br col embed hr img input link meta param source track wbr")
#: What stands in these is no text that anybody reads.
UNREAD = names("script style")


class Source:
    """Offsets count letters of `text`; None where an element has no tag of its own there, as an implied one."""

    def __init__(self, text: str) -> None:
        self.text = text
        # The parser counts each kind of line end as one letter; with these the offsets are the text's own.
        self.tree = parse(
            text.replace("\r\n", " \n").replace("\r", "\n"),
            source_locations=True,
            allow_declarative_shadow_roots=False,
        )

    def start(self, element: Node) -> int | None:
        where = element.source_location
        return None if where is None else where.start_tag.start_offset

    def inner_start(self, element: Element) -> int | None:
        where = element.source_location
        return None if where is None else where.start_tag.end_offset

    def inner_end(self, element: Element) -> int | None:
        """Before its end tag; where it has none, before whatever ended it."""
        where = element.source_location
        if where is None:
            return len(self.text) if element.tag in ("html", "body") else None
        return where.end_tag.start_offset if where.end_tag else self._ended(element, where.start_tag.end_offset)

    def end(self, element: Element) -> int | None:
        """Behind its end tag."""
        where = element.source_location
        if where is None:
            return None
        if element.tag in VOID:
            return where.start_tag.end_offset
        return where.end_tag.end_offset if where.end_tag else self._ended(element, where.start_tag.end_offset)

    def attribute(self, element: Element, name: str) -> tuple[int, int] | None:
        """From the space before its name to behind its value."""
        where = element.source_location
        span = where.attrs.get(name) if where else None
        if span is None:
            return None
        start = span.start_offset
        while start and self.text[start - 1] in " \t\r\n\f":
            start -= 1
        return start, span.end_offset

    def _ended(self, element: Element, at_least: int) -> int:
        """Nothing that follows in the tree and in the text belongs to the element."""
        ends = [len(self.text)]
        for node in element.following:
            where = node.source_location
            if where is not None and where.start_tag.start_offset >= at_least:
                ends.append(where.start_tag.start_offset)
                break
        for parent in element.ancestors:
            where = parent.source_location
            if where is not None and where.end_tag is not None and where.end_tag.start_offset >= at_least:
                ends.append(where.end_tag.start_offset)
                break
        return min(ends)


def walk(node: Node) -> Iterator[Node]:
    """The node and all that is in it, in order; what is in a `template` too."""
    yield node
    yield from node.descendants


def open_nodes(node: Node, roots: set[Node]) -> Iterator[Node]:
    """The node and all that is in it, in order, without the roots and what is in them."""
    waiting = [node]
    while waiting:
        inner = waiting.pop()
        if inner not in roots:
            yield inner
            waiting.extend(reversed(inner.children))


def is_in(node: Node, roots: set[Node]) -> bool:
    """Whether the node is a root or in one."""
    return node in roots or any(parent in roots for parent in node.ancestors)


def texts(node: Node) -> Iterator[Text | CData]:
    """Text that somebody may read."""
    for inner in walk(node):
        if isinstance(inner, Text | CData):
            parent = inner.parent
            if not (isinstance(parent, Element) and parent.tag in UNREAD):
                yield inner


def readable(nodes: Iterable[Node]) -> str:
    """Their text, a space between pieces."""
    return " ".join(text.data for node in nodes for text in texts(node))


def said(nodes: Iterable[Node]) -> str:
    """Their text, and what their pictures and titles say."""
    nodes = list(nodes)
    spoken = [
        value
        for node in nodes
        for inner in walk(node)
        if isinstance(inner, Element)
        for value in map(inner.attr, ("alt", "title", "abbr", "cite"))
        if value
    ]
    return "\n".join([readable(nodes), *spoken])


def comment_with(tree: Node, data: str) -> Comment | None:
    """The comment that says exactly this."""
    return next((node for node in tree.descendants if isinstance(node, Comment) and node.data == data), None)
