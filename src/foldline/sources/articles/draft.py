"""What a newsroom hands over to be published: every field as an editor wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from foldline.pages.public import Note, Picture, Term


@dataclass(frozen=True, slots=True)
class Draft:
    """An article before its cut. `access` is the stored word, known or not; `body` is Markdown.

    `pictures` are those that the body may show, by the address that the body gives them: `picture:<name>`.
    Everything but `body` is public by definition: nothing in it may be derived from the body.
    """

    id: int
    path: str
    headline: str
    standfirst: str
    byline: str
    published_at: datetime
    access: str
    body: str
    section: Term | None = None
    tags: tuple[Term, ...] = ()
    authors: tuple[Term, ...] = ()
    updated_at: datetime | None = None
    picture: Picture | None = None
    notes: tuple[Note, ...] = ()
    social_text: str = ""
    reading_time: str = ""
    products: frozenset[int] = frozenset()
    pictures: Mapping[str, Picture] = field(default_factory=dict)
