"""What a page may know: public facts about an article, a list of articles and the publication."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from foldline.policy.facts import Access


@dataclass(frozen=True, slots=True)
class Offer:
    """What the wall offers: the product's name, its price in words and where one subscribes ("" while not selling)."""

    product: str = ""
    price: str = ""
    subscribe_path: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """`url` has scheme and host and no trailing slash; `zone` is an IANA name; `language` a key of `pages/words/`. The
    newsstand of a site that is not ours lies under the prefix."""

    name: str
    url: str
    tagline: str = ""
    language: str = "en"
    zone: str = "UTC"
    prefix: str = "/-/"
    offer: Offer = Offer()
    sections: tuple[Term, ...] = ()
    demo: bool = False
    newsstand_path: str = "/newsstand"


@dataclass(frozen=True, slots=True)
class Term:
    """A section, a tag or an author: the publisher's own word for it and the path of its list."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Picture:
    """`src` is a path on this site; width and height are the file's own, in pixels. `alt` is empty for decorative."""

    src: str
    width: int
    height: int
    alt: str
    caption: str = ""
    credit: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """An update or a correction, in an editor's words: public by definition."""

    kind: Literal["update", "correction"]
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """An article in a list. `reads` is the figure that it shows (docs/reads.md), 0 for none."""

    path: str
    headline: str
    standfirst: str
    byline: str
    published_at: datetime
    access: Access | None
    section: Term | None = None
    picture: Picture | None = None
    tags: tuple[Term, ...] = ()
    reads: int = 0


@dataclass(frozen=True, slots=True)
class PublicArticle:
    """Everything about an article that stands above its fold or that an editor wrote as public.

    `preview_html` is sanitised HTML. `gated` is True where a rest is sealed (then JSON-LD says
    `isAccessibleForFree: false`). `byline` is one display string and is never split.
    """

    id: int
    path: str
    headline: str
    standfirst: str
    byline: str
    published_at: datetime
    preview_html: str
    access: Access | None
    gated: bool
    section: Term | None = None
    tags: tuple[Term, ...] = ()
    authors: tuple[Term, ...] = ()
    picture: Picture | None = None
    updated_at: datetime | None = None
    notes: tuple[Note, ...] = ()
    social_text: str = ""
    reading_time: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of cards: home, a section, a tag or an author. `feed_base` is the path of its first page, "" for home."""

    kind: Literal["home", "section", "tag", "author"]
    path: str
    title: str
    cards: tuple[Card, ...]
    newer_path: str = ""
    older_path: str = ""
    feed_base: str = ""


@dataclass(frozen=True, slots=True)
class StandCard:
    """An article on the newsstand, ours or another's. `link` is a path on this site or a whole address; a tag without a
    path is only a word. `at` is None where nobody knows a date; `language` is "" where it is the publication's."""

    link: str
    headline: str
    source: str
    standfirst: str = ""
    at: datetime | None = None
    picture: Picture | None = None
    tags: tuple[Term, ...] = ()
    reads: int = 0
    own: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Newsstand:
    """One page of it."""

    path: str
    cards: tuple[StandCard, ...]
    newer_path: str = ""
    older_path: str = ""
