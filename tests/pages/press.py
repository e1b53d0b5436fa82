"""A publication and an article of the captured page's anatomy, in words of our own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from foldline.pages.layout import ArticlePage, Layout
from foldline.pages.public import Card, Listing, Note, Offer, Picture, PublicArticle, Publication, Term
from foldline.pages.words import load_words
from foldline.policy.facts import Access

RIVER = Term("River", "/section/river")
HEADLINE = "The River’s Oldest Bridge Is Listening"
STANDFIRST = "For a century people have put an ear to the railing. This week engineers did, too."
PARAGRAPHS = tuple(f"Paragraph {number} of the preview tells a part of the story." for number in range(1, 7))
PICTURE = Picture(
    "/-/media/bridge.webp",
    1200,
    800,
    "An iron bridge over brown water; a woman kneels at its railing.",
    "Marta Okafor at the Mill Street bridge on Wednesday.",
    "Ines Amara for The Valley Post",
)
PUBLICATION = Publication(
    "The Valley Post",
    "https://valley.example",
    "Printed on the river",
    zone="America/New_York",
    offer=Offer("Everything in The Valley Post", "$6 a month"),
    sections=(RIVER, Term("Town", "/section/town")),
)
ARTICLE = PublicArticle(
    id=7,
    path="/river",
    headline=HEADLINE,
    standfirst=STANDFIRST,
    byline="Okonkwo Adaeze",
    published_at=datetime(2025, 2, 12, 13, 44, tzinfo=UTC),
    preview_html="".join(f"<p>{text}</p>\n" for text in PARAGRAPHS),
    access=Access.METERED,
    gated=True,
    section=RIVER,
    tags=(Term("Bridges", "/tag/bridges"), Term(" ", ""), Term("Lenape Falls", "/tag/lenape-falls")),
    authors=(Term("Okonkwo Adaeze", "/author/okonkwo-adaeze"),),
    picture=PICTURE,
    updated_at=datetime(2025, 2, 13, 1, 5, tzinfo=UTC),
    notes=(Note("correction", datetime(2025, 2, 13, 15, 0, tzinfo=UTC), "The bridge is 301 feet long."),),
)
CARD = Card("/river", HEADLINE, STANDFIRST, "Okonkwo Adaeze", ARTICLE.published_at, Access.SUBSCRIBERS, RIVER, PICTURE)


def layout(language: str = "en", *, demo: bool = False) -> Layout:
    """The pages of the publication in one language."""
    return Layout(replace(PUBLICATION, language=language, demo=demo), load_words(language))


def page(article: PublicArticle = ARTICLE, wall: str = "ask", rest: str = "") -> str:
    """One presentation, joined as the gate joins it."""
    made: ArticlePage = layout().article(article)
    return made.before + rest + made.between + made.walls[wall] + made.after


def home(*cards: Card) -> str:
    return layout().listing(Listing("home", "/", "Front page", cards))
