"""What a site's own pages name: alternates, scripts and their sources, data addresses, lists, feeds, search forms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from selectolax.lexbor import LexborHTMLParser

from foldline.fold.tree import Node
from foldline.proof.audit.asking import Reply
from foldline.proof.audit.probes import Probe, ask

Own = Callable[[str, str], str | None]

_MOST = 30
_LISTS = re.compile(
    r"/(?:tag|tags|category|categories|topic|topics|section|sections|author|authors|autor|by|archive|thema|rubrik|page)/",
    re.I,
)
_FILES = re.compile(r"\.(?:avif|css|gif|ico|jpe?g|png|svg|webp|woff2?|mp4|mp3|m4a|webm|ttf|zip|gz)$", re.I)
_DOWNLOADS = re.compile(r"\.(?:pdf|epub|docx?|txt|md|rtf)$", re.I)
_MAP = re.compile(r"[#@]\s*sourceMappingURL=(\S+?)(?:\s|\*/|$)")
#: Addresses inside scripts that look as if they answered with data.
_DATA = re.compile(
    r"[\"'`](/(?:[\w.~-]+/)*(?:api|ajax|json|data|graphql|fragments?|partials?|content)(?:/[\w.~/-]*)?"
    r"(?:\?[\w.~%=&-]*)?|/[\w./~-]+\.json(?:\?[\w.~%=&-]*)?)[\"'`]"
)
_ENDPOINT = re.compile(r"/(?:api|ajax|graphql|fragments?|partials?|more|load\w*)\b")
_BUILD = re.compile(r'"buildId"\s*:\s*"([\w-]+)"')
_GHOST_KEY = re.compile(r'data-key="([0-9a-f]{20,})"')
_LOADED = frozenset(("manifest", "preload", "modulepreload", "search"))
_ALTERNATES = {
    "application/rss+xml": ("feed", "B02"), "application/atom+xml": ("feed", "B02"), "application/feed+json": ("feed",
    "B02"),
    "application/json+oembed": ("embed card", "B10"), "text/xml+oembed": ("embed card", "B10"),
    "application/json": ("interface for one article", "B06"), "application/activity+json": ("ActivityPub object",
    "B19"),
    "text/markdown": ("Markdown", "B20"), "application/pdf": ("PDF", "B05"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Search:
    """A form that asks by GET: its address, and the name of what is typed into."""

    action: str
    field: str

    def target(self, words: str) -> str:
        return f"{self.action}{'&' if '?' in self.action else '?'}{quote(self.field)}={quote(words)}"


def named_in(reply: Reply, base: str, own: Own, article: int | None) -> Iterator[Probe]:
    """Every address of the site that an answer names, as probes; each may come more than once."""
    if reply.is_html:
        tree = LexborHTMLParser(reply.text)
        yield from _alternates(tree, base, own, article)
        yield from _loaded(tree, base, own)
        yield from _links(tree, base, own)
        yield from _built(reply.text, base, own, article)
    if reply.is_html or "javascript" in reply.kind or "json" in reply.kind:
        yield from _data(reply.text, base, own, article)
    if "javascript" in reply.kind:
        for found in _MAP.findall(reply.text[-2000:]):
            if target := own(found, base):
                yield Probe("source map", "B30", ask(target))
    if "xml" in reply.kind and b"<sitemapindex" in reply.body[:2000]:
        for found in re.findall(r"<loc>\s*([^<\s]+)\s*</loc>", reply.text)[:6]:
            if target := own(found, base):
                yield Probe("sitemap", "B11", ask(target))
    if base == "/robots.txt":
        for found in re.findall(r"(?im)^sitemap:\s*(\S+)", reply.text)[:6]:
            if target := own(found, base):
                yield Probe("sitemap", "B11", ask(target))


def sheets_of(reply: Reply, base: str, own: Own) -> list[str]:
    """The site's own style sheets that a page loads."""
    tree = LexborHTMLParser(reply.text)
    hrefs = [node.attributes.get("href") or "" for node in tree.css("link[rel~=stylesheet]")]
    return [target for href in hrefs if href and (target := own(href, base))][:4]


def searches(reply: Reply, base: str, own: Own) -> Iterator[Search]:
    """Forms of a page that ask the site's search."""
    for form in LexborHTMLParser(reply.text).css("form"):
        if (form.attributes.get("method") or "get").lower() != "get":
            continue
        action = own(form.attributes.get("action") or base, base)
        typed = form.css("input[type=search], input[type=text], input:not([type])")
        name = next((name for node in typed if (name := node.attributes.get("name"))), None)
        if action and name:
            yield Search(action, name)


def _alternates(tree: LexborHTMLParser, base: str, own: Own, article: int | None) -> Iterator[Probe]:
    for node in tree.css("link[href]"):
        rel = (node.attributes.get("rel") or "").lower().split()
        kind = (node.attributes.get("type") or "").lower().partition(";")[0]
        target = own(node.attributes.get("href") or "", base)
        if target is None:
            continue
        if "amphtml" in rel:
            yield Probe("AMP", "B04", ask(target), article)
        elif "next" in rel or "prev" in rel:
            yield Probe("further page", "A29", ask(target), article)
        elif "shortlink" in rel or "canonical" in rel:
            yield Probe("short address", "B08", ask(target), article)
        elif "alternate" in rel and kind in _ALTERNATES:
            surface, vector = _ALTERNATES[kind]
            if surface == "feed" and not _LISTS.search(f"{urlsplit(target).path}/") and "comment" not in target:
                vector = "B01"
            yield Probe(surface, vector, ask(target), article)
        elif "alternate" in rel and node.attributes.get("hreflang"):
            yield Probe("translation or old address", "E17", ask(target), article)
        elif "alternate" in rel and node.attributes.get("media"):
            yield Probe("mobile version", "B05", ask(target), article)
        elif not _LOADED.isdisjoint(rel) and not _FILES.search(urlsplit(target).path):
            yield Probe("file that the page loads", "A25", ask(target))


def _loaded(tree: LexborHTMLParser, base: str, own: Own) -> Iterator[Probe]:
    for node in tree.css("script[src]"):
        if target := own(node.attributes.get("src") or "", base):
            yield Probe("script", "A25", ask(target))
            yield Probe("source map", "B30", ask(target.partition("?")[0] + ".map"))
    for node in tree.css("track[src]"):
        if target := own(node.attributes.get("src") or "", base):
            yield Probe("captions", "B21", ask(target))
    for node in tree.css("iframe[src]"):
        if target := own(node.attributes.get("src") or "", base):
            yield Probe("embed", "B10", ask(target))


def _links(tree: LexborHTMLParser, base: str, own: Own) -> Iterator[Probe]:
    lists = others = 0
    for node in tree.css("a[href]"):
        target = own(node.attributes.get("href") or "", base)
        if target is None or _FILES.search(urlsplit(target).path):
            continue
        yield from _link(node, target)
        path = urlsplit(target).path
        is_list = bool(_LISTS.search(f"{path}/"))
        lists, others = lists + is_list, others + (not is_list)
        if is_list and lists <= _MOST:
            yield Probe("list", "B15", ask(target))
            if "?" not in target and lists <= _MOST // 3:
                yield Probe("feed of a list", "B02", ask(f"{path.rstrip('/')}/feed"))
                yield Probe("feed of a list", "B02", ask(f"{path.rstrip('/')}/rss"))
        elif others <= _MOST:
            yield Probe("linked page", "B15", ask(target))


def _link(node: Node, target: str) -> Iterator[Probe]:
    path = urlsplit(target).path.lower()
    if _DOWNLOADS.search(path) or "download" in node.attributes:
        yield Probe(
            "PDF" if path.endswith(".pdf") else "download", "B05" if path.endswith(".pdf") else "B24", ask(target)
        )
    elif "print" in path or "print" in urlsplit(target).query:
        yield Probe("print version", "B05", ask(target))
    elif path.endswith(
        (".rss", ".atom", "/feed", "/feed/", "/rss", "/rss/", "feed.xml", "rss.xml", "atom.xml", "feed.json")
    ):
        yield Probe("feed", "B01", ask(target))


def _built(html: str, base: str, own: Own, article: int | None) -> Iterator[Probe]:
    path = urlsplit(base).path.rstrip("/") or "/index"
    if build := _BUILD.search(html):
        yield Probe("page-transition data", "B27", ask(f"/_next/data/{build[1]}{path}.json"), article)
    if key := _GHOST_KEY.search(html):
        slug = path.rpartition("/")[2]
        for target in (f"posts/slug/{slug}/?key={key[1]}&formats=html,plaintext", f"posts/?key={key[1]}&limit=15"):
            yield Probe("interface for one article", "B06", ask(f"/ghost/api/content/{target}"), article)


def _data(text: str, base: str, own: Own, article: int | None) -> Iterator[Probe]:
    for found in list(dict.fromkeys(_DATA.findall(text)))[:_MOST]:
        if target := own(found, base):
            is_file = urlsplit(target).path.endswith(".json") and not _ENDPOINT.search(target)
            surface, vector = ("file that the page loads", "A25") if is_file else ("script endpoint", "B14")
            yield Probe(surface, vector, ask(target), article)


def paths_of(listing: str) -> list[str]:
    """Addresses in a sitemap or a feed, in RSS, Atom or JSON."""
    try:
        items = json.loads(listing).get("items", ())
        return [str(item.get("url", "")) for item in items]
    except (ValueError, AttributeError, RecursionError):
        found = re.findall(r"<(?:loc|link)>\s*(?:<!\[CDATA\[)?([^<\]\s]+)", listing)
        return [*found, *re.findall(r"<link[^<>]{0,2000}href=[\"']([^\"']+)", listing)]
