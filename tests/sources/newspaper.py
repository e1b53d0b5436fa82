"""A draft and layouts for the tests of composing: an honest one of the smallest kind, and ones that leak."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape

from foldline.pages.public import Note, Picture, PublicArticle, Term
from foldline.sources.articles.draft import Draft

TOPICS = ("tide", "bell", "rope", "lamp", "harbour", "bridge", "ferry", "clock")


def paragraph(number: int) -> str:
    return (
        f"Paragraph {number} speaks at some length of the {TOPICS[number % 8]} and whoever lives beside it, of boats "
        f"and weather {number * 37}, of what was built in {1800 + number * 7} and washed away in {1900 + number}, and "
        f"of the {TOPICS[number * 3 % 8]} keeper who wrote it all in book {number * 11} before winter shut the road."
    )


BODY = "\n\n".join(paragraph(number) for number in range(1, 13))
MARKED = f"{paragraph(1)}\n\n{paragraph(2)}\n\n<!-- fold -->\n\n{paragraph(3)}\n\n{paragraph(4)}"


def draft(body: str = BODY, access: str = "metered") -> Draft:
    return Draft(
        id=7,
        path="/the-harbour-book",
        headline="The harbour book",
        standfirst="It was kept for a century.",
        byline="Okonkwo Adaeze",
        published_at=datetime(2026, 3, 4, 9, 0, tzinfo=UTC),
        access=access,
        body=body,
        section=Term("Science", "/section/science"),
        tags=(Term("tides", "/tag/tides"),),
        picture=Picture("/-/media/a.png", 800, 600, "A book under a lamp", "It is still there.", "Drawing: ours"),
        notes=(Note("correction", datetime(2026, 3, 5, tzinfo=UTC), "The bell was cast in 1807."),),
    )


@dataclass(frozen=True)
class Page:
    before: str
    between: str
    walls: Mapping[str, str]
    after: str
    opened: tuple[str, str] = ("", "")


class HonestLayout:
    """Everything of the public article, and nothing else."""

    def article(self, a: PublicArticle) -> Page:
        picture = f'<img src="{a.picture.src}" alt="{escape(a.picture.alt)}">' if a.picture else ""
        notes = "".join(f"<p>{escape(note.text)}</p>" for note in a.notes)
        head = f'<meta name="description" content="{escape(a.standfirst)}"><h1>{escape(a.headline)}</h1>{picture}'
        walls = {"ask": f'<form action="/-/read?article={a.id}">Continue</form>', "open": ""}
        return Page(f'{head}{a.preview_html}<div class="rest">', f"</div>{notes}", walls, "<footer>Ours</footer>")


class LeakyLayout(HonestLayout):
    """Holds the whole body, which no layout is given, and puts part of it somewhere."""

    def __init__(self, leak: Callable[[Page, str], Page], text: str, *, only_with_preview: str = "") -> None:
        self.leak = leak
        self.text = text
        self.only_with_preview = only_with_preview

    def article(self, a: PublicArticle) -> Page:
        page = super().article(a)
        return self.leak(page, self.text) if self.only_with_preview in a.preview_html else page


#: Where a passage from below the fold has stood in real sites.
LEAKS: dict[str, Callable[[Page, str], Page]] = {
    "description": lambda page, text: replace(page, before=f'<meta name="description" content="{text}">{page.before}'),
    "articleBody": lambda page, text: replace(page, before=f'<script>{{"articleBody":"{text}"}}</script>{page.before}'),
    "hidden copy": lambda page, text: replace(page, between=f"<div hidden>{text}</div>{page.between}"),
    "late cut": lambda page, text: replace(page, before=page.before.replace('<div class="rest">', f"<p>{text}</p>")),
    "in one wall": lambda page, text: replace(page, walls={**page.walls, "subscription-ended": f"<p>{text}</p>"}),
    "hydration state": lambda page, text: replace(
        page, after=page.after + f"<script>{base64.b64encode(text.encode()).decode()}</script>"
    ),
    "while it is open to all": lambda page, text: replace(page, opened=("<h1>", f"<p>{text}</p>")),
    "template": lambda page, text: replace(page, after=f"<template>{text}</template>{page.after}"),
    "comment": lambda page, text: replace(page, between=f"<!-- {text} -->{page.between}"),
}
