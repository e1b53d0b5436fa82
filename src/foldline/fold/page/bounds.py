"""What a page may cost to read: the sizes and the shapes with which the time of a parser runs away."""

from __future__ import annotations

import re
from collections import Counter

from turbohtml import Document, Element

from foldline.fold.tree import names

#: Bytes of a page.
LARGEST = 4 * 1024 * 1024
#: Elements within each other. Browsers stop nesting at 512.
DEEPEST = 500
#: Attributes of one element, and options on one page: the independent parser's time grows with their square.
_ATTRIBUTES = 500
_OPTIONS = 5_000
#: Elements that a parser would open again, summed over all tags.
_REOPENED = 1_000_000

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)")
#: A parser opens these again in every paragraph that follows, until each is closed.
_FORMATTING = names("b big code em font i s small strike strong tt u")


def reopened_too_often(text: str) -> bool:
    """Whether tags of formatting stand open in front of so many others that the tree would fill the memory."""
    still_open: Counter[str] = Counter()
    count = total = 0
    for found in _TAG.finditer(text):
        name = found[2].lower()
        if name in _FORMATTING:
            step = 0 if found[1] and not still_open[name] else -1 if found[1] else 1
            still_open[name] += step
            count += step
        elif not found[1]:
            total += count
            if total > _REOPENED:
                return True
    return False


def too_odd(tree: Document) -> str:
    """Why no second parser should be given this page; empty where it may be."""
    waiting: list[tuple[Element, int]] = [(element, 1) for element in tree.children if isinstance(element, Element)]
    options = 0
    while waiting:
        element, depth = waiting.pop()
        if depth > DEEPEST:
            return f"elements stand more than {DEEPEST} deep in each other"
        if len(element.attrs) > _ATTRIBUTES:
            return f"an element has more than {_ATTRIBUTES} attributes"
        options += element.tag == "option"
        waiting.extend((child, depth + 1) for child in element.children if isinstance(child, Element))
    return f"there are more than {_OPTIONS} options to select" if options > _OPTIONS else ""
