"""The surface map of our own newsroom: every kind of answer that the gate gives, and a request for each.

What the gate can do is read from its own source, so that a route without a surface fails the suite.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType
from urllib.parse import urlencode

from foldline.pages.assets import asset_path
from foldline.proof.asks import Ask, Pairs
from foldline.syndication import sitemaps
from foldline.syndication.feeds.naming import FILES, feed_path
from foldline.testing import gifts, private_feeds
from foldline.testing.builders import (
    ADA,
    FAILING_PATH,
    FREE,
    GONE_PATH,
    METERED,
    NOWHERE,
    OLD_PATH,
    OTHER,
    OTHER_TITLE,
    PICTURE,
    REGISTERED,
    RIVERS,
    SCIENCE,
    SUBSCRIBERS,
    UNKNOWN,
    UNREADABLE_PATH,
    Story,
)

FORM: Pairs = ((b"content-type", b"application/x-www-form-urlencoded"), (b"sec-fetch-site", b"same-origin"))


@dataclass(frozen=True, slots=True)
class Surface:
    """One place where the gate answers. `kind` is the page kind, `story` the article whose rest must not show;
    `route` is what stands under the prefix for the gate's own answers, `counting` whether the request may spend."""

    name: str
    kind: str
    base: Ask
    story: Story | None = None
    route: bytes = b""
    counting: bool = False


def _page(name: str, kind: str, path: str, story: Story | None = None) -> Surface:
    return Surface(name, kind, Ask(path.encode()), story)


def reading(story: Story, *, fragment: bool = False, data: bool = False, headers: Pairs = FORM, gift: str = "") -> Ask:
    """`POST /-/read` for a story, as the script sends it, as a program does, or as the plain form."""
    answer = {"answer": "fragment"} if fragment else {"answer": "json"} if data else {}
    fields = {"article": str(story.id)} | answer | ({"gift": gift} if gift else {})
    return Ask(b"/-/read", "POST", headers=headers, body=urlencode(fields).encode())


ARTICLES: tuple[Surface, ...] = (
    _page("metered article", "article", METERED.path, METERED),
    _page("registered article", "article", REGISTERED.path, REGISTERED),
    _page("subscribers' article", "article", SUBSCRIBERS.path, SUBSCRIBERS),
    _page("another metered article", "article", OTHER.path, OTHER),
    _page("article of another product", "article", OTHER_TITLE.path, OTHER_TITLE),
    _page("article of unknown access", "article", UNKNOWN.path, UNKNOWN),
    _page("free article", "article", FREE.path),
)
LISTS: tuple[Surface, ...] = (
    _page("home", "list", "/"),
    _page("home, page 2", "list", "/page/2"),
    _page("section", "list", SCIENCE.path),
    _page("section, page 2", "list", f"{SCIENCE.path}/2"),
    _page("tag", "list", RIVERS.path),
    _page("author", "list", ADA.path),
    _page("newsstand", "list", "/newsstand"),
    Surface("newsstand of a site", "list", Ask(b"/-/newsstand"), route=b"newsstand"),
    Surface("newsstand of a site, page 2", "list", Ask(b"/-/newsstand/2"), route=b"newsstand/"),
)
MACHINES: tuple[Surface, ...] = (
    _page("robots.txt", "machines", "/robots.txt"),
    _page("the reservation of text and data mining", "machines", "/.well-known/tdmrep.json"),
    _page("sitemap", "machines", sitemaps.PATH),
    _page("news sitemap", "machines", sitemaps.NEWS_PATH),
)
FEEDS: tuple[Surface, ...] = tuple(
    _page(f"{name}'s {form} feed", "feed", feed_path(base, form))
    for name, base in (("home", "/"), ("section", SCIENCE.path), ("tag", RIVERS.path), ("author", ADA.path))
    for form in FILES
)
PRIVATE_FEEDS: tuple[Surface, ...] = tuple(
    Surface(
        f"private feed of {name}",
        "private feed",
        Ask(private_feeds.address(key), before=(Ask(private_feeds.address(private_feeds.SUBSCRIBER)),)),
        route=b"feed/",
    )
    for name, key in private_feeds.REFUSED.items()
)
ERRORS: tuple[Surface, ...] = (
    _page("not found", "error", NOWHERE),
    _page("bad request", "error", "/the-tide//"),
    _page("withdrawn", "error", GONE_PATH),
    _page("something failed", "error", FAILING_PATH),
    _page("nothing can be read", "error", UNREADABLE_PATH),
)
REDIRECTS: tuple[Surface, ...] = (_page("old path", "redirect", OLD_PATH, METERED),)
READS: tuple[Surface, ...] = (
    *(
        Surface(
            f"read {story.path[1:]}{' as a fragment' if fragment else ''}",
            "read",
            reading(story, fragment=fragment),
            story,
            b"read",
            True,
        )
        for story in (METERED, REGISTERED, SUBSCRIBERS, UNKNOWN)
        for fragment in (True, False)
    ),
    *(
        Surface(f"read {story.path[1:]} as data", "read", reading(story, data=True), story, b"read", True)
        for story in (METERED, SUBSCRIBERS)
    ),
)
GIFTS: tuple[Surface, ...] = (
    *(
        Surface(
            f"subscribers' article with {name}", "article", Ask(SUBSCRIBERS.path.encode(), query=query), SUBSCRIBERS
        )
        for name, query in (
            ("a gift", f"gift={gifts.RUNS}".encode()),
            ("a gift that was edited", f"gift={gifts.REFUSED['a gift that was edited']}".encode()),
        )
    ),
    *(
        Surface(
            f"read with {name}", "read", reading(SUBSCRIBERS, fragment=True, gift=token), SUBSCRIBERS, b"read", True
        )
        for name, token in gifts.REFUSED.items()
    ),
)
DECISIONS: tuple[Surface, ...] = tuple(
    Surface(
        f"decision on {story.path[1:]}",
        "decision",
        Ask(b"/-/decision", query=b"article=%d" % story.id, headers=((b"sec-fetch-site", b"same-origin"),)),
        story,
        b"decision",
    )
    for story in (METERED, SUBSCRIBERS)
)
OWN: tuple[Surface, ...] = (
    Surface("who reads", "me", Ask(b"/-/me"), route=b"me"),
    Surface("a file of the design", "static", Ask(asset_path("foldline.css").encode()), route=b"static/"),
    Surface("a picture", "media", Ask(f"/-/media/{PICTURE}".encode()), route=b"media/"),
    Surface("whether a worker answers", "health", Ask(b"/-/live"), route=b"live"),
    Surface("whether a worker can decide", "health", Ask(b"/-/ready"), route=b"ready"),
    Surface("the pages about an account", "forward", Ask(b"/-/account"), route=b"*"),
)

SURFACES: tuple[Surface, ...] = (
    *ARTICLES,
    *LISTS,
    *MACHINES,
    *FEEDS,
    *PRIVATE_FEEDS,
    *ERRORS,
    *REDIRECTS,
    *READS,
    *GIFTS,
    *DECISIONS,
    *OWN,
)


def routes_of(dispatch: ModuleType) -> frozenset[bytes]:
    """Every literal that the dispatch compares a name with, and `*` where it forwards."""
    found: set[bytes] = set()
    for node in ast.walk(ast.parse(inspect.getsource(dispatch))):
        if isinstance(node, ast.Compare):
            found |= _literals(node.comparators)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("startswith", "endswith", "fullmatch", "match", "get"):
                found |= _literals(node.args)
            elif node.func.attr == "Forward":
                found.add(b"*")
    return frozenset(found)


def _literals(nodes: Iterable[ast.expr]) -> set[bytes]:
    return {
        inner.value
        for node in nodes
        for inner in ast.walk(node)
        if isinstance(inner, ast.Constant) and isinstance(inner.value, bytes)
    }


def uncovered(routes: Iterable[bytes], paths: Iterable[str], surfaces: Iterable[Surface] = SURFACES) -> list[str]:
    """Routes of the gate and paths of stored records (`:404` for an error page) that no surface asks for."""
    surfaces = tuple(surfaces)
    known_routes = {surface.route for surface in surfaces}
    known_paths = {surface.base.path.decode() for surface in surfaces}
    errors = {":400": "bad request", ":404": "not found", ":410": "withdrawn"}
    names = {surface.name for surface in surfaces}
    return [
        *(route.decode() for route in routes if route not in known_routes),
        *(path for path in paths if path not in known_paths and errors.get(path) not in names),
    ]
