"""What an article page says of itself, in JSON-LD, Open Graph and meta. What is unclear counts as closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from turbohtml import Document, Element

from foldline.fold.page import jsonld
from foldline.fold.page.addresses import is_http, joined
from foldline.fold.page.jsonld import Json
from foldline.fold.page.source import Source

#: What a page may say of its access: a level of ours, that it is closed without saying for whom, or nothing.
LEVELS = ("free", "registered", "metered", "subscribers")
CLOSED = "closed"
_MOST = 40
_LONG = 500


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Facts of one page. Texts are plain, with single spaces; empty or None where the page does not say.

    `access` is one of LEVELS, the word that the page uses in `foldline:access` although nobody knows it, CLOSED where
    `isAccessibleForFree` is false or the page contradicts itself, or empty. `standfirst` is the page's description,
    which may have been made from the text: read `CutPage.standfirst` instead where it is shown.
    """

    is_article: bool = False
    language: str = ""
    canonical: str = ""
    headline: str = ""
    standfirst: str = ""
    section: str = ""
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    site: str = ""
    published: datetime | None = None
    modified: datetime | None = None
    access: str = ""
    selectors: tuple[str, ...] = ()
    amp: str = ""
    alternates: tuple[str, ...] = field(default=())


class Metas:
    """The `meta` elements of a page by name, property or itemprop, in lower case; the first of each counts."""

    def __init__(self, tree: Document) -> None:
        self._said: dict[str, list[str]] = {}
        for meta in tree.find_all("meta"):
            for key in ("name", "property", "itemprop"):
                name = (meta.attr(key) or "").strip().lower()
                if name:
                    self._said.setdefault(name, []).append(" ".join((meta.attr("content") or "").split()))

    def all(self, name: str) -> list[str]:
        return [text for text in self._said.get(name, []) if text]

    def first(self, *names: str) -> str:
        return next((text for name in names for text in self.all(name)), "")[:_LONG]


def facts_of(source: Source, address: str = "") -> PageFacts:
    """`address` is where the page was fetched from; relative addresses are of it."""
    tree, metas = source.tree, Metas(source.tree)
    links = _Links(tree, address)
    canonical = links.first("canonical") or joined(address, metas.first("og:url")) or address
    found = jsonld.blocks(source)
    about = jsonld.articles(found, canonical)
    node = about[0] if about else {}
    microdata = tree.select_one("[itemscope][itemtype*='Article'], [itemscope][itemtype*='BlogPosting']") is not None
    section = jsonld.words(node.get("articleSection")) or metas.all("article:section")
    return PageFacts(
        is_article=bool(about) or microdata or metas.first("og:type").lower() == "article",
        language=_language(tree, node),
        canonical=canonical if is_http(canonical) else address,
        headline=_first([*jsonld.words(node.get("headline")), metas.first("og:title"), *_headlines(tree)])[:_LONG],
        standfirst=_first([*jsonld.words(node.get("description")), metas.first("description", "og:description")]),
        section=_first(section)[:_LONG],
        tags=_tags(node, metas),
        authors=tuple((jsonld.words(node.get("author")) or metas.all("author"))[:_MOST]),
        site=_first([*jsonld.words(node.get("publisher")), metas.first("og:site_name")])[:_LONG],
        published=_moment(node.get("datePublished"), metas.first("article:published_time")),
        modified=_moment(node.get("dateModified"), metas.first("article:modified_time", "og:updated_time")),
        access=_access(about, metas),
        selectors=tuple(dict.fromkeys(one for said in about for one in jsonld.closed_selectors(said))),
        amp=links.first("amphtml"),
        alternates=tuple(links.all("alternate")[:_MOST]),
    )


def _headlines(tree: Document) -> list[str]:
    """What a page shows as its headline, the likeliest first. An h1 in the site's own banner names the site.

    Of other headings only one counts that the title holds: everybody reads that, and one from below the fold is not
    made public by us.
    """
    title = _words(tree.select_one("title"))
    first = tree.select_one("h1")
    if first is None or not _in_banner(first):
        return [_words(first), title]
    others = (_words(one) for one in tree.select("h1, h2") if not _in_banner(one))
    return [next((text for text in others if text and text in title), ""), title, _words(first)]


def _in_banner(heading: Element) -> bool:
    return heading.closest("header") is not None and heading.closest("article, main") is None


def _words(element: Element | None) -> str:
    return " ".join(element.text.split()) if element is not None else ""


def _access(about: Sequence[Json], metas: Metas) -> str:
    said = {text.lower() for text in metas.all("foldline:access")}
    if said:
        return said.pop() if len(said) == 1 else CLOSED
    written = [node["isAccessibleForFree"] for node in about if "isAccessibleForFree" in node]
    written += metas.all("isaccessibleforfree")
    closed = any(jsonld.closed_selectors(node) for node in about)
    if not written:
        return CLOSED if closed else ""
    return "free" if not closed and all(jsonld.is_free(one) is True for one in written) else CLOSED


def _tags(node: Json, metas: Metas) -> tuple[str, ...]:
    said = node.get("keywords")
    listed = said.split(",") if isinstance(said, str) else jsonld.words(said)
    listed = listed or metas.all("article:tag") or metas.first("news_keywords", "keywords").split(",")
    return tuple(dict.fromkeys(" ".join(tag.split())[:_LONG] for tag in listed if tag.strip()))[:_MOST]


def _language(tree: Document, node: Json) -> str:
    html = tree.select_one("html[lang]")
    return (html.attr("lang") or "" if html is not None else _first(jsonld.words(node.get("inLanguage"))))[:35].strip()


def _moment(*said: object) -> datetime | None:
    """The first that is a moment; a time without a zone is taken as UTC."""
    for text in said:
        if isinstance(text, str) and text.strip():
            try:
                moment = datetime.fromisoformat(text.strip())
            except ValueError:
                continue
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _first(texts: Sequence[str]) -> str:
    return next((text for text in texts if text), "")


class _Links:
    """`link` elements with an address, by their relation."""

    def __init__(self, tree: Document, address: str) -> None:
        self._said: dict[str, list[str]] = {}
        for link in tree.find_all("link"):
            href = (link.attr("href") or "").strip()
            for relation in (link.attr("rel") or "").lower().split():
                if href:
                    self._said.setdefault(relation, []).append(joined(address, href))

    def all(self, relation: str) -> list[str]:
        return [address for address in self._said.get(relation, []) if address]

    def first(self, relation: str) -> str:
        return next(iter(self.all(relation)), "")
