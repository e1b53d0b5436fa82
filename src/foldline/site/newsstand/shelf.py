"""The newsstand's pages: cards of our own articles and of the sources', the newest first, stored like any list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from foldline.pages.public import Newsstand, Publication, StandCard, Term
from foldline.site.newsroom import lists
from foldline.site.newsroom.figures import figures_of
from foldline.site.newsroom.models import Article
from foldline.site.newsroom.press import Press
from foldline.site.newsroom.public_facts import card_of
from foldline.site.newsstand.models import Source, SourceCard
from foldline.site.readers import moment

#: Cards of a page, and pages.
CARDS, PAGES = 30, 10
MOST = CARDS * PAGES
#: A source that does not answer keeps its cards for so long.
KEPT = timedelta(days=14)


def path_of(publication: Publication) -> str:
    """Where the newsstand lies."""
    return publication.newsstand_path


class Shelf:
    """The newsstand among the lists that are written when they are due (`newsroom.lists.BESIDE`)."""

    def owns(self, press: Press, base: str) -> bool:
        return base == path_of(press.settings.publication)

    def paths(self, publication: Publication) -> list[str]:
        return [path_of(publication)]

    def pages(self, press: Press) -> Iterator[tuple[str, str]]:
        """(path, HTML) of each page. A site that is not ours has none before somebody adds a feed."""
        base = path_of(press.settings.publication)
        if press.settings.origin is not None and not Source.objects.exists():
            return
        cards = stand_cards(press)
        starts = range(0, max(1, len(cards)), CARDS)
        for number, start in enumerate(starts, 1):
            stand = Newsstand(
                path=lists.page_path(base, number),
                cards=tuple(cards[start : start + CARDS]),
                newer_path=lists.page_path(base, number - 1) if number > 1 else "",
                older_path=lists.page_path(base, number + 1) if number < len(starts) else "",
            )
            yield stand.path, press.layout.newsstand(stand)


def stand_cards(press: Press) -> list[StandCard]:
    """All cards that there is room for, the newest first. An article that stands in two feeds has one."""
    publication = press.settings.publication
    since = moment.now() - KEPT
    theirs = SourceCard.objects.select_related("source").filter(source__fetched_at__gt=int(since.timestamp()))
    found = [(card.sorted_at, _theirs(card, press)) for card in theirs.order_by("-sorted_at", "pk")[:MOST]]
    if press.settings.origin is None:
        ours = list(lists.published()[:MOST])
        figures = figures_of([article.pk for article in ours])
        own = [
            (article.published_at or moment.now(), _ours(article, press, figures.get(article.pk, 0)))
            for article in ours
        ]
        # What our own feed says of them is here already.
        found = [*own, *((at, card) for at, card in found if not card.own)]
    found.sort(key=lambda one: one[0], reverse=True)
    by_link = {card.link.removeprefix(publication.url): card for _, card in reversed(found)}
    return [card for _, card in found if by_link[card.link.removeprefix(publication.url)] is card][:MOST]


def _ours(article: Article, press: Press, reads: int) -> StandCard:
    card = card_of(article, press.prefix)
    return StandCard(
        link=card.path,
        headline=card.headline,
        source=press.settings.publication.name,
        standfirst=card.standfirst,
        at=card.published_at,
        picture=card.picture,
        tags=tuple(tag for tag in card.tags if tag.name.strip()),
        reads=reads,
        own=True,
    )


def _theirs(card: SourceCard, press: Press) -> StandCard:
    publication = press.settings.publication
    own = urlsplit(card.link).netloc.lower() == urlsplit(publication.url).netloc.lower()
    language = card.source.language
    return StandCard(
        link=card.link,
        headline=card.headline,
        source=card.source.title,
        standfirst=card.standfirst,
        at=card.at,
        tags=tuple(Term(tag, "") for tag in card.tags),
        reads=_reads(card, press) if own else 0,
        own=own,
        language="" if language.partition("-")[0].lower() == publication.language.partition("-")[0] else language,
    )


def _reads(card: SourceCard, press: Press) -> int:
    """How often an article of the site behind the gate was read."""
    number = press.writer.known_number(urlsplit(card.link).path or "/")
    return figures_of([number]).get(number, 0) if number else 0
