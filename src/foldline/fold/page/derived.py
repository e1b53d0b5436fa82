"""What a page says elsewhere that was made from its closed part: counts, descriptions, state of scripts, preloads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from turbohtml import Element, Node

from foldline.fold.page import jsonld
from foldline.fold.page.actions import Action, Drop, DropAttribute, Replace
from foldline.fold.page.below import Below
from foldline.fold.page.json_cut import without_rest
from foldline.fold.page.source import Source, is_in, readable

_COUNT = re.compile(r"(?:.*[:._-])?(?:read(?:ing)?[-_. ]?(?:time|minutes)|word[-_. ]?count|time[-_]?required)")
_DESCRIPTION = re.compile(r"(?:.*[:._-])?(?:description|abstract|excerpt|summary|citation_abstract|teaser)")
_LABEL = re.compile(r"twitter:(?:label|data)(\d+)")
_NUMBER = re.compile(r"\D{0,12}\d+\D*")
_COUNTED = (
    ".reading-time, .read-time, .readtime, .readingtime, .reading_time, .word-count, .wordcount, .eta, "
    ".gh-article-meta-length, "
    "[class*=reading-time], [class*=ReadingTime], [class*=read-time], [class*=word-count], "
    "[itemprop=timeRequired], [itemprop=wordCount]"
)
_COUNTED_LONGEST = 60
_FETCHED_EARLY = frozenset(("preload", "prefetch", "modulepreload", "prerender"))


def derived(source: Source, roots: set[Node], below: Below) -> Iterator[Action]:
    """Everything of that kind outside the closed part, but for JSON-LD (`structured.py`)."""
    yield from _metas(source, roots, below)
    yield from _links(source, roots, below)
    yield from _counts(source, roots)
    yield from _into_the_rest(source, roots, below)
    yield from _states(source, roots, below)


def _metas(source: Source, roots: set[Node], below: Below) -> Iterator[Action]:
    pairs: dict[str, list[tuple[Element, str, str]]] = {}
    pictures = 0
    for meta in source.tree.find_all("meta"):
        name = (meta.attr("property") or meta.attr("name") or meta.attr("itemprop") or "").strip().lower()
        content = meta.attr("content") or ""
        if not name or is_in(meta, roots):
            continue
        label = _LABEL.fullmatch(name)
        if label:
            pairs.setdefault(label[1], []).append((meta, name, content))
        elif _COUNT.fullmatch(name):
            yield Drop(meta, "count")
        elif _DESCRIPTION.fullmatch(name) and below.reaches(content):
            yield Drop(meta, "automatic-description")
        elif name in ("og:image", "og:image:url", "og:video", "og:audio"):
            pictures += 1
            if pictures > 1 and below.has_media(content):
                yield Drop(meta, "media-of-the-rest")
    for pair in pairs.values():
        if any(":data" in name and _NUMBER.fullmatch(content) for _, name, content in pair):
            yield from (Drop(meta, "count") for meta, _, _ in pair)


def _links(source: Source, roots: set[Node], below: Below) -> Iterator[Action]:
    for link in source.tree.find_all("link"):
        early = _FETCHED_EARLY.intersection((link.attr("rel") or "").lower().split())
        addresses = [link.attr("href") or "", *(one.split()[0] for one in _candidates(link))]
        if early and not is_in(link, roots) and any(map(below.has_media, addresses)):
            yield Drop(link, "media-of-the-rest")


def _candidates(link: Element) -> list[str]:
    return [one for one in (link.attr("imagesrcset") or "").split(",") if one.strip()]


def _counts(source: Source, roots: set[Node]) -> Iterator[Action]:
    for element in source.tree.select(_COUNTED):
        text = readable([element]).strip()
        counts = not text or (len(text) <= _COUNTED_LONGEST and any(letter.isdigit() for letter in text))
        if counts and element.tag not in ("html", "body", "script", "meta", "link") and not is_in(element, roots):
            yield Drop(element, "count")


def _into_the_rest(source: Source, roots: set[Node], below: Below) -> Iterator[Action]:
    """Links to what is closed: an entry of a table of contents goes, any other loses its address."""
    for link in source.tree.select("a[href^='#']"):
        target = (link.attr("href") or "")[1:]
        if not target or target not in below.ids or is_in(link, roots):
            continue
        item = link.closest("li")
        if item is not None and readable([item]).strip() == readable([link]).strip():
            yield Drop(item, "link-into-the-rest")
        else:
            yield DropAttribute(link, "href", "link-into-the-rest")


def _states(source: Source, roots: set[Node], below: Below) -> Iterator[Action]:
    for script in source.tree.find_all("script"):
        kind = (script.attr("type") or "").partition(";")[0].strip().lower()
        if is_in(script, roots) or kind == "application/ld+json" or not script.text.strip():
            continue
        if kind.endswith("json") or kind in ("speculationrules", "importmap"):
            data = jsonld.read_json(script.text)
            made = without_rest(data, below, keep_shape=True) if isinstance(data, dict | list) else None
            if data is None or made is None:
                if below.holds(script.text):
                    yield Drop(script, "hydration-state")
            elif made != data:
                yield Replace(script, jsonld.written(made), "hydration-state")
        elif below.holds(script.text):
            yield Drop(script, "hydration-state")
