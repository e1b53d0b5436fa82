"""Where what the gate adds to a page goes: at the end of its head, and behind the article's text, outside of it."""

from __future__ import annotations

import re

from turbohtml import Element

from foldline.fold.page.parts import Places
from foldline.fold.page.source import Source
from foldline.fold.tree import names

#: Elements that may hold the gate's element; in a table or a list it would be moved out by browsers.
_HOLD = names("body main article section div td th dd li blockquote form header footer aside center")
_DOCTYPE = re.compile(r"\s*(?:<!--.*?-->\s*)*<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)


def places_of(source: Source, container: Element | None) -> Places:
    """`container` holds the article's text; without one the wall is at the end of the page."""
    wall = _behind(source, wall_neighbour(container)) if container is not None else None
    if wall is None:
        body = source.tree.select_one("body")
        wall = source.inner_end(body) if body is not None else None
    wall = len(source.text) if wall is None else wall
    return Places(min(_end_of_head(source), wall), wall)


def wall_neighbour(container: Element) -> Element:
    """The element behind which the wall goes: the container, or what it is in until something may hold a wall."""
    element = container
    while element.tag != "body":
        parent = element.parent
        if not isinstance(parent, Element) or parent.tag in _HOLD or "-" in parent.tag:
            return element
        element = parent
    return element


def _behind(source: Source, element: Element) -> int | None:
    return source.inner_end(element) if element.tag in ("body", "html") else source.end(element)


def _end_of_head(source: Source) -> int:
    head, body, html = (source.tree.select_one(tag) for tag in ("head", "body", "html"))
    if head is not None and source.start(head) is not None:
        return source.inner_end(head) or 0
    if body is not None and source.start(body) is not None:
        return source.start(body) or 0
    if html is not None and source.start(html) is not None:
        return source.inner_start(html) or 0
    doctype = _DOCTYPE.match(source.text)
    return doctype.end() if doctype else 0
