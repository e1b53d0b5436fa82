"""Whole pages and the pieces of an article's page. Rendered when something changes, never while a reader waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from foldline.pages.assets import asset_path
from foldline.pages.dates import machine, time_tag
from foldline.pages.numbers import grouped
from foldline.pages.public import Listing, Newsstand, PublicArticle, Publication, Term
from foldline.pages.structured import news_article
from foldline.pages.wall import WallFacts, refused_walls, wall, with_next
from foldline.pages.words import Words
from foldline.policy.facts import Access

ErrorKind = Literal["not-found", "gone", "bad-request", "server-error", "not-allowed"]

#: Who the demonstration lets one be, in the order of its bar.
DEMO_KINDS: tuple[str, ...] = ("anonymous", "registered", "subscriber", "lapsed", "googlebot")

#: The fonts of the first screen, fetched with the page so that they are there before it is painted.
PRELOADED: tuple[str, ...] = ("newsreader-text-latin.woff2", "newsreader-display-latin.woff2", "figtree-latin.woff2")

#: Media types of a list's feeds, and the last parts of their addresses.
FEEDS = (
    ("application/rss+xml", "feed.xml"),
    ("application/atom+xml", "atom.xml"),
    ("application/feed+json", "feed.json"),
)

#: Where the label of an opened article goes. No text of an editor's holds it: it is no character of HTML.
_LABEL = "\x00opened\x00"

_ACCESS_LABELS = {
    Access.FREE: "article.free",
    Access.REGISTERED: "article.registered",
    Access.SUBSCRIBERS: "article.subscribers",
}


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """The pieces that presentations are joined from: `before`, the rest, `between`, one of `walls`, `after`.

    `walls` has `free` for an article without a rest; else `ask`, `open` and each key that `wall.wall_key` gives.
    Where the article is open to everybody for the moment, the two parts of `opened` stand in the place of `before`,
    and between them says a label why ("" and "" where there is no rest).
    """

    before: str
    between: str
    walls: dict[str, str]
    after: str
    opened: tuple[str, str] = ("", "")


class Layout:
    """The publication's pages in its own language, zone and name."""

    def __init__(self, publication: Publication, words: Words) -> None:
        self.publication = publication
        self.words = words
        self._templates = _environment(publication, words)

    def article(self, a: PublicArticle) -> ArticlePage:
        """The page of one article, from public facts only: it is the same whatever stands below the fold."""
        facts = WallFacts(a.id, a.path)
        walls = {"free": wall("free", facts, self.publication, self.words)}
        if a.gated:
            walls = {
                "ask": wall("ask", facts, self.publication, self.words),
                "open": wall("open", facts, self.publication, self.words),
                **refused_walls(facts, self.publication, self.words),
            }
        given = {
            "article": a,
            "path": a.path,
            "canonical": self.publication.url + a.path,
            "preview": Markup(a.preview_html),  # noqa: S704
            "description": a.social_text or a.standfirst,
            "byline": linked_byline(a.byline, a.authors),
            "structured": Markup(news_article(a, self.publication)),  # noqa: S704
            "tags": tuple(term for term in a.tags if term.name.strip()),
            "opened": "",
        }
        before = self._render("article.html", given).rstrip("\n")
        end, after = self._render("article_end.html", given), self._render("after.html", given)
        return ArticlePage(before, end, walls, after, self._opened(a, given) if a.gated else ("", ""))

    def _opened(self, a: PublicArticle, given: dict[str, object]) -> tuple[str, str]:
        """The page of an article that is open to everybody for the moment, in two parts: a label stands between."""
        free = Markup(news_article(replace(a, gated=False), self.publication))  # noqa: S704
        label = Markup(_LABEL)  # noqa: S704
        page = self._render("article.html", {**given, "structured": free, "opened": label}).rstrip("\n")
        head, _, body = page.partition(f"{_LABEL}\n")
        return head, body

    def listing(self, page: Listing) -> str:
        """Home, a section, a tag or an author: cards, newest first as they are given."""
        given = {"listing": page, "path": page.path, "canonical": self.publication.url + page.path}
        return self._render("home.html" if page.kind == "home" else "list.html", given)

    def newsstand(self, page: Newsstand) -> str:
        """Cards of what we and others publish."""
        given = {"stand": page, "path": page.path, "canonical": self.publication.url + page.path}
        return self._render("newsstand.html", given)

    def error(self, status: int, what: ErrorKind) -> str:
        """A page that says what is wrong and repeats nothing of the request."""
        return self._render("error.html", {"status": status, "what": what, "path": ""})

    def shell(self, title: str, main_html: str, *, path: str = "") -> str:
        """The masthead and footer around HTML that the caller vouches for; `path` is where signing in returns to."""
        given: dict[str, object] = {"title": title, "main": Markup(main_html), "path": path}  # noqa: S704
        return self._render("shell.html", given)

    def _render(self, template: str, given: dict[str, object]) -> str:
        return self._templates.get_template(template).render(given)


def linked_byline(byline: str, authors: tuple[Term, ...]) -> Markup:
    """The byline as it is, with each author's name in it a link. A name that is not in it adds nothing."""
    found = sorted((at, author) for author in authors if author.name and (at := byline.find(author.name)) >= 0)
    parts: list[str] = []
    end = 0
    for at, author in found:
        if at < end:
            continue
        parts.append(escape(byline[end:at]))
        parts.append(Markup('<a href="{}" rel="author">{}</a>').format(author.path, author.name))
        end = at + len(author.name)
    parts.append(escape(byline[end:]))
    return Markup("").join(parts)


def _feed_links(publication: Publication, listing: Listing | None) -> Iterator[Markup]:
    """Where feed readers find the publication's feeds, and on a page of a list that list's own before them."""
    lists = [("", publication.name)]
    if listing is not None and listing.kind != "home":
        lists.insert(0, (listing.feed_base, f"{listing.title} – {publication.name}"))
    for base, title in lists:
        for kind, file in FEEDS:
            link = Markup('<link rel="alternate" type="{}" title="{}" href="{}">')
            yield link.format(kind, title, f"{base}/{file}")


def _environment(publication: Publication, words: Words) -> Environment:
    environment = Environment(
        loader=PackageLoader("foldline.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def stamp(at: datetime, *, short: bool = False) -> Markup:
        return Markup(time_tag(at, publication.zone, words.language, short=short))  # noqa: S704

    def aged(at: datetime) -> Markup:
        """The day, which the page's script tells as an age."""
        return Markup(str(stamp(at, short=True)).replace("<time ", "<time data-age ", 1))  # noqa: S704

    def access_label(access: Access | None) -> str:
        return words[_ACCESS_LABELS[access]] if access in _ACCESS_LABELS else ""

    def updated(at: datetime) -> Markup:
        return Markup(escape(words["article.updated"])).format(when=stamp(at))  # noqa: S704

    def reads(count: int) -> str:
        return words.format("list.reads", count=grouped(count, words.language))

    def sign_in(path: str) -> str:
        here = f"{publication.prefix}sign-in"
        return with_next(here, path) if path else here

    def feeds(listing: Listing | None = None) -> Markup:
        return Markup("\n").join(_feed_links(publication, listing))

    environment.filters["machine"] = lambda at: machine(at, publication.zone)
    environment.globals.update(
        updated=updated,
        aged=aged,
        reads=reads,
        publication=publication,
        words=words,
        say=words.format,
        stamp=stamp,
        access_label=access_label,
        asset=lambda name: asset_path(name, publication.prefix),
        preloaded=PRELOADED,
        demo_kinds=DEMO_KINDS,
        sign_in=sign_in,
        feeds=feeds,
    )
    return environment
