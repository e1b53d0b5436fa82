"""One page as it is looked at: what it says it is, where its links lead, and which signs of an article it shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from turbohtml import Element

from foldline.fold.page import bounds, jsonld
from foldline.fold.page.charset import letters_of_page
from foldline.fold.page.facts import Metas, PageFacts, facts_of
from foldline.fold.page.source import Source, readable
from foldline.sources.survey.guest import Guest, Page

#: Signs of an article, the surest first; in words for the report.
SIGNS = {
    "linked-data": "structured data (JSON-LD)",
    "og-type": "og:type article",
    "feed": "an entry in the feed",
    "markup": "one <article> with a date",
}
#: A paragraph of fewer letters is a caption, a name or a button.
PARAGRAPH = 40
#: Pages with one sign that are enough where nothing else says which are articles.
_FEW = 3
_NO_NODE = frozenset(("CreativeWork",))


@dataclass(slots=True)
class Look:
    """A page that was fetched. `signs` are keys of SIGNS, `linked` the kind in its JSON-LD, `links` addresses of the
    same site in their order; `too_odd` says why no parser was given it."""

    page: Page
    facts: PageFacts = field(default_factory=PageFacts)
    linked: str = ""
    signs: set[str] = field(default_factory=set)
    links: tuple[str, ...] = ()
    generator: str = ""
    feeds: tuple[str, ...] = ()
    title: str = ""
    source: Source | None = None
    too_odd: str = ""

    @property
    def path(self) -> str:
        return self.page.path

    @property
    def url(self) -> str:
        return self.page.url


def look_at(page: Page, guest: Guest, in_feed: frozenset[str] = frozenset()) -> Look:
    """Reads a page of HTML. Never raises for what it says."""
    letters = letters_of_page(page.body, page.charset)
    if letters is None or bounds.reopened_too_often(letters.read):
        return Look(page, too_odd="its letters or its markup can't be read within bounds")
    source = Source(letters.read)
    if why := bounds.too_odd(source.tree):
        return Look(page, too_odd=why)
    facts, metas = facts_of(source, page.url), Metas(source.tree)
    nodes = jsonld.articles(jsonld.blocks(source), facts.canonical)
    kinds = [one for node in nodes for one in jsonld.types(node) if one in jsonld.ARTICLES and one not in _NO_NODE]
    look = Look(
        page,
        facts,
        linked=kinds[0] if kinds else "",
        links=_links(source, page, guest),
        generator=metas.first("generator"),
        feeds=_feeds(source, page, guest),
        title=_text_of(source, "title"),
        source=source,
    )
    if kinds:
        look.signs.add("linked-data")
    if metas.first("og:type").lower() == "article":
        look.signs.add("og-type")
    if page.url in in_feed or guest.own(facts.canonical) in in_feed:
        look.signs.add("feed")
    if _has_markup(source):
        look.signs.add("markup")
    return look


def calls_itself(front: Look) -> str:
    """An address by which a front page knows its own site: its canonical one, else that of a feed that it announces,
    else, where no link stays on the host that was asked, the one that most links lead to. "" where there is none.

    What a generator wrote for its public address and is looked at on another has all its links there.
    """
    if front.source is None:
        return ""
    if front.facts.canonical and urlsplit(front.facts.canonical).netloc != urlsplit(front.url).netloc:
        return front.facts.canonical
    if announced := [url for url in _announced(front.source, front.page) if not url.startswith("mailto:")]:
        return announced[0]
    if any(url.rstrip("/") != front.url.rstrip("/") for url in front.links):
        return ""
    links = front.source.tree.select("a[href]")
    joined = Counter(_host_of(_joined(front.url, (link.attr("href") or "").strip())) for link in links)
    joined.pop("", None)
    return joined.most_common(1)[0][0] if joined else ""


def telling_sign(looks: Sequence[Look], front: Look) -> str:
    """The surest sign that most pages show which are in the feed; where there is no feed, that a few pages show, for
    many others may be no articles. "" where there is none. What the front page shows too tells nothing.
    """
    sure = [look for look in looks if "feed" in look.signs]
    enough = len(sure) / 2 if sure else min(len(looks) / 2, _FEW - 1)
    signs = [sign for sign in SIGNS if sign not in front.signs]
    return next((sign for sign in signs if sum(sign in look.signs for look in sure or looks) > enough), "")


def paragraphs(element: Element) -> list[Element]:
    """What is read as text in an element: paragraphs that are long enough, and not those of navigation and asides."""
    return [
        one
        for one in element.select("p")
        if len(readable([one]).strip()) >= PARAGRAPH and one.closest("nav, footer, aside, header, form") is None
    ]


def _links(source: Source, page: Page, guest: Guest) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for link in source.tree.select("a[href]"):
        href = (link.attr("href") or "").strip()
        own = guest.own(_joined(page.url, href)) if href and not href.startswith("#") else None
        if own is not None:
            found[own] = None
    return tuple(found)


def _feeds(source: Source, page: Page, guest: Guest) -> tuple[str, ...]:
    owned = map(guest.own, _announced(source, page))
    return tuple(dict.fromkeys(one for one in owned if one is not None and "comments" not in one))


def _announced(source: Source, page: Page) -> list[str]:
    kinds = ("application/rss+xml", "application/atom+xml")
    links = source.tree.select("link[rel~=alternate][href]")
    listed = [link.attr("href") or "" for link in links if (link.attr("type") or "").strip().lower() in kinds]
    return [_joined(page.url, href) for href in listed]


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:
        return "mailto:"


def _has_markup(source: Source) -> bool:
    articles = source.tree.select("article")
    if len(articles) != 1:
        return False
    dated = articles[0].select_one("time[datetime], .published, .dateline, [itemprop=datePublished]")
    return dated is not None and articles[0].select_one("h1, h2") is not None and len(paragraphs(articles[0])) >= 2


def _text_of(source: Source, selector: str) -> str:
    element = source.tree.select_one(selector)
    return " ".join(readable([element]).split())[:300] if element is not None else ""
