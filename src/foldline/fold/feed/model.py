"""A feed as it is understood. What is not in here is dropped: this is the list of what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

#: Letters of a title, of a name or a tag, and of an address; what is longer is none.
LONGEST_TITLE = 300
LONGEST_NAME = 80
LONGEST_ADDRESS = 2000
#: So many items and elements are read, and so many within each other.
MOST_ITEMS = 500
MOST_ELEMENTS = 100_000
DEEPEST = 200
#: Names of authors, tags and files of one item.
MOST_NAMES = 20

Form = Literal["rss", "atom", "json"]


class NotUnderstood(ValueError):
    """An answer that is not what it should be, or is too large: nothing of it is sent."""


@dataclass(frozen=True, slots=True)
class File:
    """A sound, a film or a picture that an item brings. `length` is in bytes, 0 where it was not told."""

    address: str
    media_type: str
    length: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """`said` is everything that the feed says of it, in pieces: what is dropped of it is looked for in what is sent.
    `text` is what it has for the article's text, as HTML.

    `full` and `short` tell which texts it has: its own words never decide what stands in their place. `content` and
    `summary` are set by the cut alone.
    """

    link: str
    title: str = ""
    id: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    published: datetime | None = None
    updated: datetime | None = None
    files: tuple[File, ...] = ()
    text: str = ""
    full: bool = False
    short: bool = False
    said: tuple[str, ...] = ()
    content: str = ""
    summary: str = ""
    gated: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """Addresses are whole. `address` is the feed's own ("" where it tells none), `link` that of what it is about."""

    form: Form
    address: str
    title: str = ""
    link: str = ""
    description: str = ""
    language: str = ""
    updated: datetime | None = None
    items: tuple[Item, ...] = ()
