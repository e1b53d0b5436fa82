"""A preview written anew from the tree: where the text does not say what belongs to what, a tree always does."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence

from turbohtml import Comment, Element, Node, parse_fragment

from foldline.fold.page.actions import Action, act
from foldline.fold.page.places import wall_neighbour
from foldline.fold.page.source import Source


def tree_preview(
    source: Source, roots: Iterable[Node], actions: Sequence[Action], container: Element, own: tuple[str, str]
) -> tuple[str, str, str] | None:
    """The preview in three: up to the end of the head, up to where the wall goes, and the end. Changes the tree.

    `own` is what the preview has at both places. All comments are left out. None where a place is gone.
    """
    tree, key = source.tree, secrets.token_hex(12)
    head, body = tree.select_one("head"), tree.select_one("body")
    if head is None or body is None:
        return None
    for action in actions:
        act(action)
    for node in list(roots):
        if node.parent is not None:
            node.extract()
    for node in [node for node in tree.descendants if isinstance(node, Comment)]:
        node.extract()
    _put(head, None, own[0], key)
    neighbour = wall_neighbour(container)
    if neighbour.tag in ("body", "html") or neighbour.parent is None:
        _put(body, None, own[1], key)
    else:
        _put(body, neighbour, own[1], key)
    pieces = tree.html.split(f"<!--{key}-->")
    return (pieces[0], pieces[1], pieces[2]) if len(pieces) == 3 else None


def _put(parent: Element, behind: Element | None, own: str, key: str) -> None:
    """The preview's own element and a comment, at the end of the parent or behind one of its elements."""
    nodes: list[Node] = [*list(parse_fragment(own).children), Comment(key)] if own else [Comment(key)]
    if behind is None:
        parent.extend(nodes)
    else:
        behind.insert_after(*nodes)
