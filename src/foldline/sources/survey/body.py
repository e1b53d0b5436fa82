"""Which element holds the text of a site's articles, as a selector that finds it on every page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from turbohtml import Element

from foldline.fold.page.place import CONTAINERS
from foldline.fold.page.source import readable
from foldline.fold.page.spec import usable
from foldline.sources.survey.looks import Look, paragraphs

#: An element holds the text that has so much of the letters of all paragraphs.
_SHARE = 0.8
#: A class or an id that is made by a build, or names one page: `css-1x2y3z`, `post-812`.
_MADE = re.compile(r"\d|^[a-z]{1,2}$|__[A-Za-z0-9]{5}$|^(?:css|sc|jsx|svelte)-", re.IGNORECASE)
_NAME = re.compile(r"-?[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Body:
    """`selector` finds the text on `pages` of them; `how` says in words by what it was found."""

    selector: str
    pages: int
    how: str


def body_of(looks: Sequence[Look]) -> Body | None:
    """The selector that finds exactly the element of the text on most pages; None where no page has one."""
    votes: Counter[str] = Counter()
    for look in looks:
        element = text_element(look)
        if element is not None and look.source is not None:
            votes.update(
                selector
                for selector in dict.fromkeys(_selectors(element))
                if usable(selector) and _outermost(look.source.tree.select(selector)) == [element]
            )
    if not votes:
        return None
    # Of equals the first is the surest: selectors are listed in that order.
    most = max(votes.values())
    selector = min((one for one, count in votes.items() if count == most), key=_rank)
    how = "the place where themes put it" if selector in CONTAINERS else "most of the paragraphs stand in it"
    return Body(selector, most, how)


def text_element(look: Look) -> Element | None:
    """The innermost element with most of the letters that stand in paragraphs."""
    element = look.source.tree.select_one("body") if look.source is not None else None
    if element is None:
        return None
    wanted = _letters(element) * _SHARE
    if not wanted:
        return None
    while True:
        children = [child for child in element.children if isinstance(child, Element) and child.tag != "p"]
        inner = next((child for child in children if _letters(child) >= wanted), None)
        if inner is None:
            return None if element.tag == "body" else element
        element = inner


def _letters(element: Element) -> int:
    return sum(len(readable([one]).strip()) for one in paragraphs(element))


def _selectors(element: Element) -> Iterator[str]:
    for selector in CONTAINERS:
        if element.matches(selector):
            yield selector
    names = [one for one in (element.attr("class") or "").split() if _NAME.fullmatch(one) and not _MADE.search(one)]
    for name in names:
        yield f".{name}"
    identity = element.attr("id") or ""
    if _NAME.fullmatch(identity) and not _MADE.search(identity):
        yield f"#{identity}"
    yield from (f"{element.tag}.{name}" for name in names)
    if element.tag in ("article", "main"):
        yield element.tag
    parent = element.parent
    if isinstance(parent, Element) and parent.tag in ("article", "main"):
        yield f"{parent.tag} > {element.tag}"


def _rank(selector: str) -> tuple[int, int, str]:
    if selector in CONTAINERS:
        return 0, CONTAINERS.index(selector), ""
    shape = 1 if selector.startswith(".") else 2 if selector.startswith("#") else 3 if "." in selector else 4
    return shape, len(selector), selector


def _outermost(elements: Sequence[Element]) -> list[Element]:
    return [one for one in elements if not any(parent in elements for parent in one.ancestors)]
