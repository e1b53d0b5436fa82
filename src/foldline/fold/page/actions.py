"""What is taken out of a preview beside the closed part, each with its reason: done to the text, or to the tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from turbohtml import Element

from foldline.fold.page.source import Source

Reason = Literal[
    "alternate-data",
    "automatic-description",
    "comment",
    "copy-of-the-rest",
    "count",
    "hydration-state",
    "link-into-the-rest",
    "media-of-the-rest",
    "structured-data",
    "unreadable-structured-data",
]


@dataclass(frozen=True, slots=True)
class Drop:
    """An element with all that is in it."""

    element: Element
    reason: Reason


@dataclass(frozen=True, slots=True)
class DropAttribute:
    """One attribute; the element stays."""

    element: Element
    name: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Replace:
    """What stands in a `script`. `text` closes no element."""

    element: Element
    text: str
    reason: Reason


Action = Drop | DropAttribute | Replace


@dataclass(frozen=True, slots=True)
class Edit:
    """From where to where a preview has something else than the page; `text` is what."""

    start: int
    end: int
    text: str = ""


def edit_of(source: Source, action: Action) -> Edit | None:
    """The action on the text; None where the text does not say where its element is."""
    if isinstance(action, DropAttribute):
        span = source.attribute(action.element, action.name)
        return None if span is None else Edit(*span)
    if isinstance(action, Drop):
        start, end, text = source.start(action.element), source.end(action.element), ""
    else:
        start, end, text = source.inner_start(action.element), source.inner_end(action.element), action.text
    return None if start is None or end is None or end < start else Edit(start, end, text)


def act(action: Action) -> None:
    """The action on the tree."""
    if isinstance(action, DropAttribute):
        if action.name in action.element.attrs:
            del action.element.attrs[action.name]
    elif isinstance(action, Replace):
        action.element.set_text(action.text)
    elif action.element.parent is not None and action.element.tag not in ("html", "head", "body"):
        action.element.decompose()
