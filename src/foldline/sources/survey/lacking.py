"""The routes that a map lacks for the pages of a site that were looked at. What is not certain is not proposed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import parse_qsl, urlsplit

from foldline.sources.origin.surface_file import read_map
from foldline.sources.origin.surfaces import Kind, SurfaceMap
from foldline.sources.survey.looks import Look
from foldline.sources.survey.routes import Proposed, map_text, patterns, surface

#: A page with so many links to articles, and without the sign of one, is a list of them.
LINKS = 3
#: Keys of a query that lead to a further page of a list.
PAGING = ("page", "paged")


def lacking(
    base: SurfaceMap, articles: Sequence[Look], others: Sequence[Look], front: Look, open_lists: Collection[str]
) -> list[Proposed]:
    """Routes for articles that lie where the map has none, and for lists that it would take for articles or close.

    `open_lists` are addresses of lists that show nothing of what is closed: no other is ever proposed to be passed.
    """
    found: list[Proposed] = []
    missing = [look.path for look in articles if surface(base, look.path).kind is not Kind.ARTICLE]
    if missing:
        why = f"{len(missing)} of {len(articles)} articles lie where the map knows none."
        found.append(Proposed("articles", Kind.ARTICLE, patterns(missing), why=why))
    now = with_routes(base, found)
    lists: dict[tuple[str, ...], list[str]] = {}
    for look in others:
        said = surface(now, look.path)
        takes = said.unmapped or said.kind is Kind.ARTICLE
        if takes and look.url in open_lists:
            lists.setdefault(paging(look), []).append(urlsplit(look.url).path)
    for number, (query, paths) in enumerate(lists.items()):
        why = "Lists of articles, sent as they are: they must show excerpts, and no whole text."
        found.append(Proposed(f"lists {number + 1}" if number else "lists", Kind.PASSED, _few(paths), query, why))
    keys = paging(front)
    if keys and front.url in open_lists and b"=" not in surface(now, f"/?{keys[0]}=2").target:
        found.append(Proposed("front page", Kind.PASSED, ("/",), keys, "Its further pages are asked by query."))
    return found


def with_routes(base: SurfaceMap, routes: Sequence[Proposed]) -> SurfaceMap:
    """The map with these before its own routes."""
    routes = [route for route in routes if route.certain]
    if not routes:
        return base
    # Profiles are read over and over as whoever runs this would write them: so what is proposed is known to be read.
    own = read_map(map_text("static", routes, ()), "surfaces.toml").routes[: len(routes)]
    return SurfaceMap(own + base.routes, base.profile)


def lists_of(looks: Sequence[Look], articles: Collection[str]) -> list[Look]:
    """Those of the pages that link to articles. `articles` are their addresses."""
    return [look for look in looks if len(set(articles).intersection(look.links)) >= LINKS]


def paging(look: Look) -> tuple[str, ...]:
    """Keys of a query by which this page links to its further ones."""
    here = urlsplit(look.url).path
    keys = {key for url in look.links if urlsplit(url).path == here for key, _ in parse_qsl(urlsplit(url).query)}
    return tuple(key for key in PAGING if key in keys)


def _few(paths: Sequence[str]) -> tuple[str, ...]:
    """The paths themselves; of three and more their patterns."""
    found = tuple(dict.fromkeys(paths))
    return found if len(found) < LINKS else patterns(found)
