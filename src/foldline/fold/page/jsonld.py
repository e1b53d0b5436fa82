"""The JSON-LD of a page: its blocks, and which of the nodes in them is the article."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from turbohtml import Element

from foldline.fold.page.addresses import joined, same
from foldline.fold.page.source import Source

#: schema.org's kinds of article; the more particular ones first, as the one that two nodes of one article are given.
ARTICLES = (
    "ReportageNewsArticle",
    "OpinionNewsArticle",
    "AnalysisNewsArticle",
    "BackgroundNewsArticle",
    "ReviewNewsArticle",
    "AskPublicNewsArticle",
    "LiveBlogPosting",
    "NewsArticle",
    "BlogPosting",
    "SocialMediaPosting",
    "TechArticle",
    "ScholarlyArticle",
    "SatiricalArticle",
    "AdvertiserContentArticle",
    "Report",
    "Article",
    "CreativeWork",
)
_WRAPPED = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/)\s*$")
#: JSON inside `<script>`: nothing in it may close the element.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}

#: An object of JSON.
Json = dict[str, Any]


@dataclass(slots=True)
class Block:
    """One `script`. `data` is None where it is no JSON."""

    element: Element
    data: Any


def blocks(source: Source) -> list[Block]:
    """Every block of JSON-LD, in order; one inside a `template` is none."""
    found = []
    for script in source.tree.find_all("script"):
        if (script.attr("type") or "").partition(";")[0].strip().lower() == "application/ld+json":
            found.append(Block(script, read_json(script.text)))
    return found


def read_json(text: str) -> Any:
    """What the JSON says; None where it is none, or is nested too deep."""
    try:
        return json.loads(_WRAPPED.sub("", text), strict=False, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def written(data: Any) -> str:
    """JSON that may stand inside a `script` of a page in any charset."""
    return json.dumps(data, separators=(",", ":")).translate(_ESCAPES)


def types(node: Json) -> list[str]:
    """The node's types without the vocabulary's address."""
    listed = node.get("@type", node.get("type", []))
    listed = listed if isinstance(listed, list) else [listed]
    return [str(one).rpartition("/")[2].rpartition(":")[2] for one in listed if isinstance(one, str)]


def is_article(node: Json) -> bool:
    """Whether one of the node's types is a kind of article."""
    return any(one in ARTICLES for one in types(node))


def nodes(data: Any) -> Iterator[Json]:
    """The nodes that a block is about: itself, its list, its graph, and the main entity of a page."""
    waiting = [data]
    for _ in range(2_000):
        if not waiting:
            return
        one = waiting.pop(0)
        if isinstance(one, list):
            waiting = [*one, *waiting]
        elif isinstance(one, dict):
            yield one
            waiting = [one[key] for key in ("@graph", "mainEntity") if isinstance(one.get(key), dict | list)] + waiting


def articles(listed: Iterable[Block], address: str) -> list[Json]:
    """Nodes of this page's article, its own first: those that name another address are another article's.

    `address` is the page's canonical one, or empty.
    """
    found = [node for block in listed for node in nodes(block.data) if is_article(node)]
    named = [node for node in found if _is_about(node, address)]
    plain = [node for node in found if not _addresses(node)]
    if named or plain:
        return sorted([*named, *plain], key=rank)
    # Nobody says which is this page's: one alone is; of several none is known to be.
    return found if len(found) == 1 else []


def rank(node: Json) -> int:
    """The place of the node's most particular type in ARTICLES."""
    return min((ARTICLES.index(one) for one in types(node) if one in ARTICLES), default=len(ARTICLES))


def _addresses(node: Json) -> list[str]:
    said = [node.get(key) for key in ("url", "mainEntityOfPage", "@id")]
    said = [one.get("@id", one.get("url")) if isinstance(one, dict) else one for one in said]
    return [one for one in said if isinstance(one, str) and re.match(r"https?://|/", one)]


def _is_about(node: Json, address: str) -> bool:
    return bool(address) and any(same(joined(address, one), address) for one in _addresses(node))


def words(value: Any) -> list[str]:
    """The names that a value says: a string, a list, or things with a name."""
    if isinstance(value, str):
        return [" ".join(value.split())] if value.strip() else []
    if isinstance(value, dict):
        return words(value.get("name"))
    return [word for one in value for word in words(one)] if isinstance(value, list) else []


def is_free(value: Any) -> bool | None:
    """`isAccessibleForFree` as it is written; None for anything that is neither."""
    if isinstance(value, bool):
        return value
    word = str(value).rpartition("/")[2].strip().lower() if isinstance(value, str) else ""
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(word)


def parts(node: Json) -> Sequence[Json]:
    """`hasPart` as a list of nodes."""
    value = node.get("hasPart")
    listed = value if isinstance(value, list) else [value]
    return [part for part in listed if isinstance(part, dict)]


def closed_selectors(node: Json) -> list[str]:
    """The selectors of the parts that the node says are closed; one that does not say it is free is closed."""
    found = [part.get("cssSelector") for part in parts(node) if is_free(part.get("isAccessibleForFree")) is not True]
    listed = [one for value in found for one in (value if isinstance(value, list) else [value])]
    return list(dict.fromkeys(one.strip() for one in listed if isinstance(one, str) and one.strip()))
