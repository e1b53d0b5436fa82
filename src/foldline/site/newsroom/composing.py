"""An article on its way through `sources.articles`: draft, page, record, and what an editor is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from selectolax.lexbor import LexborHTMLParser

from foldline.fold.cut import FoldRule
from foldline.pages import public
from foldline.pages.layout import ArticlePage
from foldline.policy import facts
from foldline.policy.facts import Access
from foldline.site.newsroom.models import Article, Image
from foldline.site.newsroom.press import Press
from foldline.site.newsroom.public_facts import authors_of, byline_of, notes_of, picture_of, shown, term
from foldline.site.readers import moment
from foldline.site.readers.models import WHOLE_PUBLICATION
from foldline.sources.articles.compose import Composed, Withheld, compose
from foldline.sources.articles.draft import Draft
from foldline.stores.records import ArticleRecord
from foldline.syndication.feeds.item import told, written

_PICTURE = re.compile(r"picture:([A-Za-z0-9_.-]+)")

#: How many words of the text an editor is shown on each side of the fold.
WORDS_SHOWN = 25

_HOW = {
    "marker": "by its marker",
    "paragraphs": "after the opening paragraphs",
    "not-found": "not found: headline and standfirst only",
    "unknown-access": "unknown access: headline and standfirst only",
    "first-block": "after the first block: a later cut could not be proven",
    "headline": "headline and standfirst only: no cut could be proven",
}


@dataclass(frozen=True, slots=True)
class FoldShown:
    """The last words above the fold and the first words below it; `below` is empty where nothing is sealed."""

    above: str
    below: str
    how: str


def composed(press: Press, article: Article) -> Composed[ArticlePage]:
    """The article's page and its rest. Raises Withheld where not even a bare page can be proven clean of the rest."""
    rule = FoldRule(press.settings.fold_paragraphs, press.settings.fold_characters)
    draft = draft_of(article, press.prefix)
    # Without rules nobody knows what may close one day: then everything is cut.
    may_close = press.rules is None or press.rules.may_close(facts_of(article, Access.FREE, draft.published_at))
    return compose(draft, press.layout, rule, (press.said,), may_close=may_close)


def facts_of(article: Article, access: Access | None, published_at: datetime) -> facts.Article:
    """What the rules may ask about an article."""
    return facts.Article(
        article.pk,
        access,
        article.section.slug if article.section else "",
        frozenset((WHOLE_PUBLICATION,)),
        frozenset(tag.slug for tag in article.tags.all()),
        int(published_at.timestamp()),
        article.path,
    )


def record_of(article: Article, made: Composed[ArticlePage], press: Press) -> ArticleRecord:
    """What is stored. Its access is the one that was composed: free where nothing stands below the fold."""
    return ArticleRecord(
        path=made.public.path,
        article=facts_of(article, made.public.access, made.public.published_at),
        version=article.version,
        before=made.page.before,
        between=made.page.between,
        after=made.page.after,
        walls=made.page.walls,
        rest=made.rest,
        opened=made.page.opened,
        item=written(told(made.public, press.layout.publication, press.layout.words)),
    )


def draft_of(article: Article, prefix: str) -> Draft:
    return Draft(
        id=article.pk,
        path=article.path,
        headline=article.headline,
        standfirst=article.standfirst,
        byline=byline_of(article),
        published_at=article.published_at or article.publish_at or moment.now(),
        access=article.access,
        body=article.body,
        section=term(article.section) if article.section else None,
        tags=tuple(term(tag) for tag in article.tags.all()),
        authors=authors_of(article),
        updated_at=article.shown_update,
        picture=picture_of(article.lead_image, prefix),
        notes=notes_of(article),
        social_text=article.social_text,
        reading_time=article.reading_time,
        pictures=pictures_in(article.body, prefix),
    )


def pictures_in(body: str, prefix: str) -> dict[str, public.Picture]:
    """The pictures of ours that a text shows, by the address that the text gives them."""
    names = set(_PICTURE.findall(body))
    if not names:
        return {}
    addresses = {f"picture:{name}" for name in names}
    found: dict[str, public.Picture] = {}
    for image in Image.objects.filter(Q(name__in=names) | Q(address__in=addresses)):
        address = image.address if image.address in addresses else f"picture:{image.name}"
        found[address] = shown(image, prefix)
    return found


def fold_of(press: Press, article: Article) -> FoldShown:
    """Where the fold falls in the article as it is kept now."""
    try:
        made = composed(press, article)
    except Withheld as error:
        return FoldShown("", "the whole text", f"not published: {error.alarms[-1].what}")
    above, below = _words(made.public.preview_html), _words(made.rest)
    return FoldShown(
        " ".join(above[-WORDS_SHOWN:]), " ".join(below[:WORDS_SHOWN]), _HOW.get(made.how, "") if made.rest else ""
    )


def _words(html: str) -> list[str]:
    return LexborHTMLParser(html).text(separator=" ").split() if html else []
