"""A fragment of HTML as a tree, with its text form as every other part of the fold sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser
from selectolax.lexbor import LexborNode as Node

__all__ = ["HEADINGS", "INLINE", "SHOWN", "Fragment", "Node", "Unstable", "ancestors", "names", "stable"]


def names(listed: str) -> frozenset[str]:
    """A set of element names, from a line of them."""
    return frozenset(listed.split())


#: Elements that may stand beside words in one line. Everything else at the top of a body is a block.
INLINE = names(
    "a abbr b bdi bdo br cite code data del dfn em i img ins kbd mark q rp rt ruby s samp small span strong sub sup"
    " time u var wbr"
)
HEADINGS = names("h1 h2 h3 h4 h5 h6")
#: Elements that are something to read or look at even where they hold no text.
SHOWN = "img,picture,video,audio,iframe,svg,math,object,embed,canvas,input,button"
_ROUNDS = 4
#: A parser drops the first line end of a `pre` each time it reads it.
_PRE = re.compile(r"(<pre(?:\s[^<>]*)?>)\n+")


class Unstable(ValueError):
    """Markup that no parser reads back as it was written: what a browser makes of it is not what was cut."""


class Fragment:
    """The children of one `div`, which is how a browser parses what is put into the body of an article."""

    def __init__(self, html: str) -> None:
        self.parser = LexborHTMLParser("<div></div>", is_fragment=True)
        root = self.parser.root
        if root is None:  # pragma: no cover - a fragment with an element has a root
            raise Unstable("the parser gave no tree")
        self.top: Node = root
        self.top.inner_html = html

    @property
    def html(self) -> str:
        return self.top.inner_html or ""

    def children(self) -> Iterator[Node]:
        node = self.top.first_child
        while node is not None:
            following = node.next
            yield node
            node = following

    def element(self, tag: str, **attributes: str) -> Node:
        """A new element, not yet in the tree. An attribute's `_` is written `-`; a trailing one is dropped."""
        node = self.parser.create_node(tag)
        for name, value in attributes.items():
            node.attrs[name.rstrip("_").replace("_", "-")] = value
        return node


def stable(html: str) -> str:
    """The fixpoint of parsing and writing; a `pre` loses the empty lines at its start.

    Raises Unstable where a few rounds do not reach one.
    """
    for _ in range(_ROUNDS):
        written = _PRE.sub(r"\1", Fragment(html).html)
        if written == html:
            return html
        html = written
    raise Unstable("this markup reads differently each time it is written")


def ancestors(node: Node) -> Iterator[Node]:
    """From the parent up to the top, which is left out."""
    parent = node.parent
    while parent is not None and parent.parent is not None:
        yield parent
        parent = parent.parent
