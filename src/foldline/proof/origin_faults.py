"""Faults of a gate before an origin: each breaks one defence of a worker, and the twins have to see it.

`python -m foldline.proof.origin_faults NAME` starts a worker with that fault, as a test does. They exist for the test
kit only: nothing that serves readers imports this module.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from foldline.fold.feed import cut as feed_cut
from foldline.fold.feed.model import Item
from foldline.fold.page import json_cut
from foldline.fold.rest import cut as rest_cut
from foldline.fold.rest import wagtail
from foldline.fold.rest.entry import Json
from foldline.proof.fault import BOTH, TWIN
from foldline.server import worker
from foldline.sources.origin import answers, fetch, forward, lists
from foldline.sources.origin.answers import Verdict
from foldline.sources.origin.surfaces import Kind, Surface, SurfaceMap

Attributes = tuple[tuple[Any, str, Any], ...]


@dataclass(frozen=True)
class OriginFault:
    """`attributes` are set while it holds; `site` is where it shows, at one of `paths`."""

    name: str
    what: str
    site: str
    paths: tuple[str, ...]
    attributes: Attributes
    caught_by: frozenset[str]

    @contextmanager
    def holding(self) -> Iterator[None]:
        before = [getattr(target, name) for target, name, _ in self.attributes]
        for target, name, wrong in self.attributes:
            setattr(target, name, wrong)
        try:
            yield
        finally:
            for (target, name, _), honest in zip(self.attributes, before, strict=True):
                setattr(target, name, honest)


_surface_of = SurfaceMap.surface_of


def _passing(*kinds: Kind, form: str = "") -> Attributes:
    """Requests of these kinds go on to the origin, and its answers to everybody."""

    def surface_of(found: SurfaceMap, method: str, path: bytes, query: bytes) -> Surface:
        surface = _surface_of(found, method, path, query)
        if surface.kind not in kinds or surface.status in (400, 405) or (form and surface.form != form):
            return surface
        target = path + b"?" + query if query else path
        return replace(surface, kind=Kind.PASSED, route=surface.route or "passed", target=target, status=0)

    return ((SurfaceMap, "surface_of", surface_of),)


def _sends_texts(surface: Surface, status: int, headers: object, hosts: frozenset[bytes]) -> Verdict:
    return Verdict.SENT if status == 200 else answers.verdict_on(surface, status, (), hosts)


_cut_item = feed_cut._cut


def _keeps_texts(item: Item, *rest: Any) -> Item:
    return replace(_cut_item(item, *rest), content=item.text, full=True)


def _proves_nothing(*_: object) -> frozenset[str]:
    return frozenset()


_read_page = wagtail.read


def _counting(said: Json) -> Any:
    entry = _read_page(said)
    return replace(entry, kept=entry.kept | {"words": len(str(said.get("body", "")))})


def _with_all_keys(data: Any, excerpts: Any) -> str:
    return repr([entry.said for entry in data.entries])


def _with_validators(headers: Any) -> Any:
    return tuple((name, value) for name, value in headers if name in (b"etag", b"content-length"))[:1]


def _keeps_places(cut: Any, data: list[Any], key: str, depth: int) -> list[Any]:
    return [cut.value(one, key, depth + 1) for one in data]


_FAULTS: tuple[tuple[str, str, str, tuple[str, ...], Attributes, frozenset[str]], ...] = (
    (
        "feed-passed",
        "a feed goes to everybody as the origin wrote it",
        "pelican",
        ("/feeds/all.rss.xml",),
        _passing(Kind.REWRITTEN, form="feed"),
        BOTH,
    ),
    (
        "rest-passed",
        "data of articles go to everybody as the origin wrote them",
        "wagtail",
        ("/api/v2/pages/?type=news.NewsArticle&fields=*", "/api/v2/pages/?type=news.NewsArticle", "/api/v2/pages/5/"),
        _passing(Kind.REWRITTEN, form="rest"),
        BOTH,
    ),
    (
        "closed-passed",
        "what the map closes goes on to the origin",
        "flask",
        ("/news/the-ladder/print", "/search?q=dredger"),
        _passing(Kind.CLOSED),
        BOTH,
    ),
    (
        "article-passed",
        "an article goes to everybody as the origin wrote it",
        "wagtail",
        ("/news/the-ladder/",),
        _passing(Kind.ARTICLE),
        BOTH,
    ),
    (
        "unmapped-passed",
        "a text that nobody mapped is sent",
        "flask",
        ("/api/articles/the-ladder",),
        ((forward, "verdict_on", _sends_texts),),
        BOTH,
    ),
    (
        "feed-uncut-and-unproved",
        "a feed keeps its texts, and its proof looks at nothing",
        "pelican",
        ("/feeds/all.atom.xml",),
        ((feed_cut, "_cut", _keeps_texts), (feed_cut, "unproved", _proves_nothing)),
        BOTH,
    ),
    (
        "data-uncut-and-unproved",
        "data keep every text that was said",
        "wagtail",
        ("/api/v2/pages/5/",),
        ((rest_cut, "cut_data", _with_all_keys),),
        BOTH,
    ),
    (
        "length-in-data",
        "data tell how long the whole is",
        "wagtail",
        ("/api/v2/pages/5/", "/api/v2/pages/?type=news.NewsArticle"),
        ((wagtail, "read", _counting),),
        TWIN,
    ),
    (
        "validator-of-the-whole-feed",
        "a cut feed carries the validator of the whole one",
        "pelican",
        ("/feeds/all.atom.xml",),
        ((lists, "_counts", _with_validators),),
        TWIN,
    ),
    (
        "validator-of-the-whole-page",
        "a preview carries the validator of the whole page",
        "pelican",
        ("/the-ladder.html",),
        ((fetch, "KEPT_FIELDS", fetch.KEPT_FIELDS | {b"etag"}),),
        TWIN,
    ),
    (
        "blocks-counted-in-the-state",
        "the state of a page's scripts has one empty place for each block below the fold",
        "flask",
        ("/news/the-ladder",),
        ((json_cut._Cut, "_list", _keeps_places),),
        TWIN,
    ),
)
ORIGIN_FAULTS: dict[str, OriginFault] = {fault[0]: OriginFault(*fault) for fault in _FAULTS}


def main(name: str, run: Callable[[], None] = worker.main) -> None:
    """A worker with one fault."""
    with ORIGIN_FAULTS[name].holding():
        run()


if __name__ == "__main__":
    main(sys.argv[1])
