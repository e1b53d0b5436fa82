"""The preview's JSON-LD: the page's own, corrected and merged, so that one article node says which part is closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from turbohtml import Node

from foldline.fold.page import jsonld
from foldline.fold.page.actions import Action, Drop, Replace
from foldline.fold.page.below import Below
from foldline.fold.page.facts import PageFacts
from foldline.fold.page.json_cut import without_rest
from foldline.fold.page.jsonld import Block, Json
from foldline.fold.page.place import Place
from foldline.fold.page.source import Source, is_in
from foldline.fold.page.spec import CLASS

#: The class of the empty element that stands for the rest where the page has none that search engines take.
REST_CLASS = "foldline-rest"


def closed_selector(source: Source, place: Place) -> str:
    """A class that all closed elements have, and nothing that stays open; else ours."""
    roots = place.roots()
    within = [gap.within for gap in place.gaps]
    for selector in place.selectors:
        matched = source.tree.select(selector) if CLASS.fullmatch(selector) else []
        served = [element for element in matched if not is_in(element, roots)]
        if served and all(element in within for element in served):
            return selector
    return f".{REST_CLASS}"


def structured(
    source: Source, roots: set[Node], facts: PageFacts, below: Below, selector: str
) -> tuple[list[Action], str]:
    """What changes in the page's blocks, and a block of ours where the page has no article node that stays."""
    found = jsonld.blocks(source)
    for block in found:
        block.data = without_rest(block.data, below, keep_shape=False)
    kept = [block for block in found if not is_in(block.element, roots)]
    closed = [block for block in found if is_in(block.element, roots)]
    about = jsonld.articles(kept, facts.canonical)
    removed = {id(node) for node in about[1:]}
    own = ""
    if about:
        _close(_merged(about), selector)
    else:
        inside = jsonld.articles(closed, facts.canonical)
        node = _merged(inside) if inside else without_rest(_made(facts), below, keep_shape=False)
        own = f'<script type="application/ld+json">{jsonld.written(_close(node, selector))}</script>'
    for block in kept:
        block.data = _without(block.data, removed)
        for node in jsonld.nodes(block.data):
            if "isAccessibleForFree" in node and "WebPage" in jsonld.types(node):
                node["isAccessibleForFree"] = False
    changed = [action for block in kept for action in _change(block)]
    return [*changed, *_microdata(source, roots)], own


def _change(block: Block) -> Sequence[Action]:
    was = jsonld.read_json(block.element.text)
    if block.data == was and was is not None:
        return []
    if was is None:
        return [Drop(block.element, "unreadable-structured-data")] if block.element.text.strip() else []
    if not block.data:
        return [Drop(block.element, "structured-data")]
    return [Replace(block.element, jsonld.written(block.data), "structured-data")]


def _merged(nodes: Sequence[Json]) -> Json:
    """The first, with what only the others say."""
    first, *others = nodes
    for other in others:
        for key, value in other.items():
            first.setdefault(key, value)
    return first


def _close(node: Json, selector: str) -> Json:
    other_parts = [part for part in jsonld.parts(node) if "cssSelector" not in part]
    closed = {"@type": "WebPageElement", "isAccessibleForFree": False, "cssSelector": selector}
    node["isAccessibleForFree"] = False
    node["hasPart"] = [*other_parts, closed] if other_parts else closed
    return node


def _without(data: Any, removed: set[int]) -> Any:
    """The block without the nodes of these identities; None where it is one of them."""
    if isinstance(data, dict):
        if id(data) in removed:
            return None
        for key in ("@graph", "mainEntity"):
            if isinstance(data.get(key), dict | list):
                data[key] = _without(data[key], removed)
                if data[key] is None or data[key] == []:
                    del data[key]
        return data
    if isinstance(data, list):
        return [made for one in data if (made := _without(one, removed)) is not None]
    return data


def _made(facts: PageFacts) -> Json:
    """The article node of a page that has none, from what the page says elsewhere."""
    said: Json = {"@context": "https://schema.org", "@type": "NewsArticle"}
    said |= {"headline": facts.headline, "mainEntityOfPage": facts.canonical, "articleSection": facts.section}
    said["description"] = facts.standfirst
    said["datePublished"] = facts.published.isoformat() if facts.published else ""
    said["dateModified"] = facts.modified.isoformat() if facts.modified else ""
    said["author"] = [{"@type": "Person", "name": name} for name in facts.authors]
    return {key: value for key, value in said.items() if value}


def _microdata(source: Source, roots: set[Node]) -> list[Action]:
    """A property in the markup that says that all of it is free."""
    metas = source.tree.select("meta[itemprop=isAccessibleForFree]")
    return [
        Drop(meta, "structured-data")
        for meta in metas
        if jsonld.is_free(meta.attr("content")) is not False and not is_in(meta, roots)
    ]
