"""Home, sections, tags and authors as pages of cards, newest first, and sitemaps. Only what changed is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet

from foldline.pages.layout import ErrorKind
from foldline.pages.public import Card, Listing, Publication
from foldline.pages.record import HTML
from foldline.site.newsroom.changes import changed
from foldline.site.newsroom.feeds import ITEMS, delete_feeds, feed_paths, write_feeds
from foldline.site.newsroom.figures import figures_of
from foldline.site.newsroom.models import Article, Author, Authorship, DueList, Named, Section, Tag
from foldline.site.newsroom.press import Press, settings
from foldline.site.newsroom.public_facts import card_of
from foldline.site.readers import moment
from foldline.sources.articles.compose import WITHHELD
from foldline.syndication import sitemaps
from foldline.syndication.feeds.documents import Channel
from foldline.syndication.sitemaps import News, Place

CARDS = 24
#: Home begins with one large card above its grid.
HOME_CARDS = CARDS + 1
HOME = "/"
#: So many pages of a list are written at once, and so many addresses of a sitemap: what is older is written at leisure
#: (`older`), so that a publication costs the same however many articles there are.
FRONT, FRONT_ADDRESSES = 10, 5_000
#: How rows of lists begin whose older pages are to be written again, and of those that are being written. No address
#: begins so. One that was begun and stands there at a start was stopped, and begins anew.
OLDER, BEGUN = "older:", "older, begun:"
#: Error pages are records too; no request can name such a path.
ERRORS: dict[str, tuple[int, ErrorKind]] = {
    ":400": (400, "bad-request"),
    ":404": (404, "not-found"),
    ":405": (405, "not-allowed"),
    ":410": (410, "gone"),
    ":500": (500, "server-error"),
}
#: Lists that only machines read.
FOR_MACHINES = (sitemaps.PATH, sitemaps.NEWS_PATH)
_KINDS: dict[str, type[Named]] = {"section": Section, "tag": Tag, "author": Author}

Progress = Callable[[int, int], None]


class Beside(Protocol):
    """Pages of another application that are written as lists are, from one first page on."""

    def owns(self, press: Press, base: str) -> bool:
        """Whether this first page is its own."""

    def paths(self, publication: Publication) -> list[str]:
        """The first pages that have to exist, and in which every article of ours may stand."""

    def pages(self, press: Press) -> Iterator[tuple[str, str]]:
        """(path, HTML) of each page."""


#: Applications add themselves when they are ready.
BESIDE: list[Beside] = []


@dataclass(frozen=True, slots=True)
class Cards:
    """The articles of one list. `base` is the path of its first page."""

    kind: Literal["home", "section", "tag", "author"]
    base: str
    title: str
    articles: QuerySet[Article]


def published() -> QuerySet[Article]:
    """Every article that readers can find, with what a card needs, newest first. Bodies are left where they are."""
    authorships = Prefetch("authorships", Authorship.objects.select_related("author"))
    return _found().defer("body").select_related("section", "lead_image").prefetch_related("tags", authorships)


def _found() -> QuerySet[Article]:
    return Article.objects.filter(published_at__isnull=False, withdrawn_at__isnull=True).exclude(
        alarms__problem=WITHHELD
    )


def lists_of(article: Article) -> list[str]:
    """The first pages of the lists in which a published article stands."""
    paths = [HOME, *beside()]
    if article.section:
        paths.append(article.section.path)
    paths += [tag.path for tag in article.tags.all()]
    return paths + [authorship.author.path for authorship in article.authorships.all()]


def every_list() -> list[str]:
    """The first page of every list that has to exist, the error pages, and the sitemaps."""
    live = {"articles__published_at__isnull": False, "articles__withdrawn_at__isnull": True}
    paths = [HOME, *beside(), *ERRORS, *FOR_MACHINES, *(section.path for section in Section.objects.all())]
    paths += [tag.path for tag in Tag.objects.filter(**live).distinct()]
    return paths + [author.path for author in Author.objects.filter(**live).distinct()]


def beside() -> list[str]:
    """The lists of other applications, which any article may stand in."""
    return [path for one in BESIDE for path in one.paths(settings().publication)]


def pages_of(base: str) -> list[str]:
    """What has to lie at a list's addresses at least: its first page, and the feeds of a list of articles."""
    alone = base in ERRORS or base in FOR_MACHINES or base in beside()
    return [base] if alone else [base, *feed_paths(base)]


def due(paths: Iterable[str]) -> None:
    """These lists have to be written again. Belongs in the transaction of what changed them."""
    DueList.objects.bulk_create([DueList(path=path) for path in dict.fromkeys(paths)], ignore_conflicts=True)


def due_now() -> QuerySet[DueList]:
    """What is written at once."""
    return DueList.objects.exclude(path__startswith=OLDER).exclude(path__startswith=BEGUN)


def due_later() -> QuerySet[DueList]:
    """What is written at leisure."""
    later = Q(path__startswith=OLDER) | Q(path__startswith=BEGUN)
    return DueList.objects.filter(later).order_by("id")


def refresh_lists(press: Press, progress: Progress | None = None) -> int:
    """Write every list that is due, and say how many pages changed."""
    paths = list(due_now().order_by("id").values_list("path", flat=True))
    written = 0
    for count, path in enumerate(paths, 1):
        with transaction.atomic():
            written += _refresh(press, path)
            DueList.objects.filter(path=path).delete()
        if progress:
            progress(count, len(paths))
    return written


def _refresh(press: Press, base: str) -> int:
    if base in ERRORS:
        return write(press, base, press.layout.error(*ERRORS[base]))
    if base == sitemaps.PATH:
        return _refresh_sitemaps(press)
    if base == sitemaps.NEWS_PATH:
        recent = published().filter(published_at__gt=moment.now() - sitemaps.NEWS_FOR)
        news = [News(article.path, article.headline, _dated(article.published_at)) for article in recent]
        return write(press, base, sitemaps.news_sitemap(press.settings.publication, news, moment.now()), sitemaps.TYPE)
    written = 0
    paths: set[str] = set()
    for path, html in _made_pages(press, base):
        paths.add(path)
        written += write(press, path, html)
    if _beside(press, base) is None:
        written += _refresh_feeds(press, base)
    if is_long(base, len(paths)):
        due([OLDER + base])
        return written
    return written + delete_pages(press, base, len(paths) + 1)


def is_long(base: str, pages: int) -> bool:
    """Whether a list with so many pages at its front may have older ones."""
    return base not in ERRORS and base not in beside() and pages >= FRONT


def delete_pages(press: Press, base: str, first: int) -> int:
    """Let a list's pages be gone from this number on; how many there were."""
    number = first
    while press.writer.listing(page_path(base, number)) is not None:
        press.writer.delete(page_path(base, number))
        changed(page_path(base, number))
        number += 1
    return number - first


def _refresh_feeds(press: Press, base: str) -> int:
    cards = cards_of(base)
    if cards is None:
        return delete_feeds(press, base)
    numbers = list(cards.articles.values_list("pk", flat=True)[:ITEMS])
    return write_feeds(press, Channel(cards.title, base), numbers)


def _refresh_sitemaps(press: Press) -> int:
    many = Article.objects.order_by("pk").values_list("pk")[FRONT_ADDRESSES : FRONT_ADDRESSES + 1]
    if many.exists():
        due([OLDER + sitemaps.PATH])
        return 0
    files = sitemaps.sitemaps(press.settings.publication, [*places_of_lists(), *map(place, dated())])
    written = sum(write(press, path, text, sitemaps.TYPE) for path, text in files.items())
    return written + delete_sitemaps(press, len(files))


def delete_sitemaps(press: Press, first: int) -> int:
    """Let the files of an index be gone from this number on; how many there were."""
    number = first
    while press.writer.listing(sitemaps.part(number)) is not None:
        press.writer.delete(sitemaps.part(number))
        changed(sitemaps.part(number))
        number += 1
    return number - first


def places_of_lists() -> list[Place]:
    """Where every list begins."""
    return [Place(path) for path in sorted(every_list()) if path not in ERRORS and path not in FOR_MACHINES]


def dated() -> QuerySet[Article]:
    """Every article that readers can find, with what a sitemap says of it, the oldest first."""
    found = _found().only("slug", "published_at", "updated_at")
    return found.prefetch_related("notes").order_by("published_at", "pk")


def place(article: Article) -> Place:
    """What an editor says is when it changed; a text that is saved again moves no date."""
    published_at = _dated(article.published_at)
    told = article.shown_update
    changed_at = told if told and published_at < told <= moment.now() else published_at
    return Place(article.path, changed_at)


def _dated(published_at: datetime | None) -> datetime:
    if published_at is None:
        raise ValueError("only a published article has a place")
    return published_at


def _beside(press: Press, base: str) -> Beside | None:
    """The other application whose list this is."""
    return next((one for one in BESIDE if one.owns(press, base)), None)


def _made_pages(press: Press, base: str) -> Iterator[tuple[str, str]]:
    other = _beside(press, base)
    if other is not None:
        yield from other.pages(press)
        return
    cards = cards_of(base)
    if cards is not None:
        most = before(cards.kind, FRONT + 1)
        # One more than the front has: whether another page follows.
        articles = list(cards.articles[: most + 1])
        yield from pages_from(press, cards, articles[:most], 1, more=len(articles) > most)


def write(press: Press, path: str, html: str, content_type: str = HTML) -> int:
    if press.writer.listing(path) == html:
        return 0
    press.writer.put_listing(path, html, content_type)
    changed(path)
    return 1


def cards_of(base: str) -> Cards | None:
    """None where the list is no longer one: its word is gone, or nothing is published under it."""
    if base == HOME:
        return Cards("home", HOME, "", published())
    _, kind, slug = base.split("/")
    named = _KINDS[kind]._default_manager.filter(slug=slug).first()
    if isinstance(named, Section):
        return Cards("section", base, named.name, published().filter(section=named))
    if isinstance(named, Tag):
        cards = Cards("tag", base, named.name, published().filter(tags=named))
    elif isinstance(named, Author):
        cards = Cards("author", base, named.name, published().filter(authorships__author=named))
    else:
        return None
    return cards if cards.articles.exists() else None


def pages_from(
    press: Press, cards: Cards, articles: list[Article], first: int, *, more: bool
) -> Iterator[tuple[str, str]]:
    """(path, HTML) of a list's pages from the number `first` on, which these articles fill; `more` says whether another
    page follows."""
    starts = [0]
    while starts[-1] + _size(cards.kind, first + len(starts) - 1) < len(articles):
        starts.append(starts[-1] + _size(cards.kind, first + len(starts) - 1))
    ends = [*starts[1:], len(articles)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True), first):
        follows = more or number < first + len(starts) - 1
        listing = Listing(
            kind=cards.kind,
            path=page_path(cards.base, number),
            title=cards.title,
            cards=_made(articles[start:end], press.prefix),
            newer_path=page_path(cards.base, number - 1) if number > 1 else "",
            older_path=page_path(cards.base, number + 1) if follows else "",
            feed_base="" if cards.kind == "home" else cards.base,
        )
        yield listing.path, press.layout.listing(listing)


def _size(kind: str, number: int) -> int:
    """How many cards a page of a list has."""
    return HOME_CARDS if kind == "home" and number == 1 else CARDS


def before(kind: str, number: int) -> int:
    """How many articles stand before a page."""
    return sum(_size(kind, page) for page in range(1, number))


def _made(articles: list[Article], prefix: str) -> tuple[Card, ...]:
    figures = figures_of([article.pk for article in articles])
    return tuple(card_of(article, prefix, figures.get(article.pk, 0)) for article in articles)


def page_path(base: str, number: int) -> str:
    """The address of a list's page, the first being the list's own: `/section/science/2`, and `/page/2` for home."""
    if number == 1:
        return base
    return f"/page/{number}" if base == HOME else f"{base}/{number}"
