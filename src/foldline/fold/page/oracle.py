"""The proof of a cut page by a parser that had no part in cutting it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence

from selectolax.lexbor import LexborHTMLParser
from selectolax.lexbor import LexborNode as Node
from turbohtml import parse

from foldline.fold.page.place import Gap
from foldline.fold.page.source import UNREAD, readable
from foldline.fold.page.spec import usable
from foldline.fold.prove import Wanted


def closed_by_another(text: str, gaps: Sequence[Gap], selectors: Iterable[str]) -> str | None:
    """What the independent parser takes for closed: behind each gap's start in its parent, and by the selectors.

    None where it does not find a gap's start at all, as where that stands in what it takes for a script.
    """
    key = secrets.token_hex(12)
    starts = sorted({gap.start for gap in gaps if gap.start is not None})
    pieces = [text[one:other] for one, other in zip([0, *starts], [*starts, len(text)], strict=True)]
    tree = LexborHTMLParser(f"<!--{key}-->".join(pieces))
    closed: list[str] = []
    found = 0
    for node in _all(tree):
        if node.is_comment_node and node.comment_content == key:
            found += 1
            following = node.next
            while following is not None:
                closed.append(_text(following))
                following = following.next
    for selector in selectors:
        if usable(selector):
            closed += [_text(node) for node in tree.css(selector)]
    return "\n".join(closed) if found == len(starts) else None


def survivors(preview: str, wanted: Wanted) -> int:
    """How much of the rest stands in a preview: in every decoded view of it, and in the text of either tree."""
    count = wanted.survivors(preview)
    if count:
        return count
    lexbor = " ".join(_texts(LexborHTMLParser(preview)))
    ours = parse(preview, scripting=True)
    return wanted.survivors(lexbor) + wanted.survivors(readable([ours]))


def _all(tree: LexborHTMLParser) -> Iterator[Node]:
    return tree.root.traverse(include_text=True) if tree.root is not None else iter(())


def _texts(tree: LexborHTMLParser) -> Iterator[str]:
    for node in _all(tree):
        if node.is_text_node and (node.parent is None or node.parent.tag not in UNREAD):
            yield node.text_content or ""


def _text(node: Node) -> str:
    """A node's text without that of scripts."""
    if not node.is_element_node:
        return (node.text_content or "") if node.is_text_node else ""
    inner = node.traverse(include_text=True)
    return " ".join(
        one.text_content or ""
        for one in inner
        if one.is_text_node and (one.parent is None or one.parent.tag not in UNREAD)
    )
