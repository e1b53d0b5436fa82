"""The surface map: what every request to an origin is. Pure; unknown means closed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from foldline.sources.origin.asked_values import values_are_known
from foldline.sources.origin.patterns import Path, Pattern
from foldline.spelling import is_one_spelling, one_name, readings


class Kind(StrEnum):
    """What happens with a request."""

    ARTICLE = "article"  # fetched by the gate itself, cut, and answered from records
    PASSED = "passed"  # forwarded to the origin, its answer sent as it is
    REWRITTEN = "rewritten"  # fetched by the gate itself, cut, and sent anew: what lists articles, as a feed
    FILES = "files"  # forwarded; only pictures, styles and the like are sent, a text answer is closed
    CLOSED = "closed"  # answered by the gate, the origin is not asked


READS = frozenset(("GET", "HEAD"))
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

#: A query is read in so many bytes, and a kept value is so long; what is longer is refused.
LONGEST_QUERY = 8192
LONGEST_VALUE = 200
#: So many verdicts are remembered, none of a longer target than this.
REMEMBERED = 8192
LONGEST_REMEMBERED = 256

#: What an answer can be rewritten as.
FORMS = ("feed", "rest")

_VALUE = re.compile(rb"(?:[A-Za-z0-9_.~!$'()*+,:@/-]|%[0-9A-Fa-f]{2})*")


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One line of a map.

    `query` names the keys that are kept; None keeps all of it. `when` names keys of which one must be asked. `source`
    is where the route is written. `form` is what a rewritten answer is read as, one of `FORMS`.
    """

    name: str
    kind: Kind
    paths: tuple[Pattern, ...]
    methods: frozenset[str] = READS
    query: tuple[str, ...] | None = ()
    when: frozenset[str] = frozenset()
    source: str = ""
    form: str = ""

    def matches(self, path: Path, keys: frozenset[str]) -> bool:
        """Whether a path and the keys asked with it are this route's."""
        if self.when and not self.when & keys:
            return False
        return any(pattern.matches(path) for pattern in self.paths)


@dataclass(frozen=True, slots=True)
class Surface:
    """The map's word on one request.

    `route` is the name of the line that decided; "" where none did, and then `kind` is FILES: the origin may be asked,
    and a text answer is closed and counted as unmapped. `target` is what the origin is asked for, byte for byte.
    `page` names an article: all spellings of one path have one. `status` is what a closed request is answered, and
    `form` what a rewritten answer is read as.
    """

    kind: Kind
    route: str
    target: bytes = b""
    page: bytes = b""
    status: int = 0
    allow: frozenset[str] = READS
    form: str = ""

    @property
    def unmapped(self) -> bool:
        return not self.route


def _refused(status: int, route: str, allow: frozenset[str] = READS) -> Surface:
    return Surface(Kind.CLOSED, route, status=status, allow=allow)


#: The route that decides about a path which can be read in two ways.
SPELLING = "spelling"
#: The route of a path that no line of the map names.
UNMAPPED = Route("", Kind.FILES, (), query=None)


class SurfaceMap:
    """All routes, in their order: the first that matches decides."""

    def __init__(self, routes: tuple[Route, ...], profile: str = "") -> None:
        self.routes = routes
        self.profile = profile
        self._case_matters = any(pattern.has_capitals for route in routes for pattern in route.paths)
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._surface_of)

    def surface_of(self, method: str, path: bytes, query: bytes) -> Surface:
        """What a request is. `path` and `query` are raw, as they came.

        Whatever a program behind us may make of the path, each reading must be of the same route: else it is refused.
        """
        if len(path) + len(query) <= LONGEST_REMEMBERED:
            return self._remembered(method, path, query)
        return self._surface_of(method, path, query)

    def _surface_of(self, method: str, path: bytes, query: bytes) -> Surface:
        found = readings(path)
        if not found or len(query) > LONGEST_QUERY or re.search(rb"[^\x21-\x7e]|#", query):
            return _refused(400, SPELLING)
        route = self._route_of_all(found, asked_keys(query))
        if route is None:
            return _refused(400, SPELLING)
        if route.kind is Kind.CLOSED:
            return _refused(404, route.name)
        if route.kind in (Kind.ARTICLE, Kind.REWRITTEN) and not is_one_spelling(path):
            return _refused(400, SPELLING)
        if method not in route.methods:
            return _refused(405, route.name, route.methods)
        kept = query if route.query is None else kept_query(query, route.query)
        if kept is None:
            return _refused(400, SPELLING)
        if route.kind is Kind.REWRITTEN and not _may_be_asked(route, kept):
            return _refused(404, route.name)
        target = path + b"?" + kept if kept else path
        page = one_name(path) + target[len(path) :] if route.kind is Kind.ARTICLE else b""
        return Surface(route.kind, route.name, target, page, allow=route.methods, form=route.form)

    def _route_of_all(self, found: tuple[str, ...], keys: frozenset[str]) -> Route | None:
        """The one route of all readings; None where they are of several."""
        named = {self._route(Path(reading), keys) for reading in found}
        for reading in found:
            if self._case_matters or not reading.isascii() or reading != reading.lower():
                named.add(self._route(Path(reading, folded=True), keys))
        if len(named) == 1:
            return named.pop()
        # A file that another reading does not know is treated as one that nobody knows.
        return UNMAPPED if all(route.kind is Kind.FILES for route in named) else None

    def _route(self, path: Path, keys: frozenset[str]) -> Route:
        for route in self.routes:
            if route.matches(path, keys):
                return route
        return UNMAPPED

    @property
    def articles(self) -> tuple[Route, ...]:
        """The routes that are gated."""
        return tuple(route for route in self.routes if route.kind is Kind.ARTICLE)


def _may_be_asked(route: Route, kept: bytes) -> bool:
    """Whether what is left of a query still asks for what the route is about, and for nothing that tells of texts."""
    return (not route.when or bool(route.when & asked_keys(kept))) and values_are_known(kept, route.form)


def asked_keys(query: bytes) -> frozenset[str]:
    """The keys of a query in every way that they are read: decoded, split at `;` too, and as PHP writes them."""
    keys = set()
    for part in re.split(rb"[&;]", query):
        key = unquote_to_bytes(part.partition(b"=")[0].replace(b"+", b" ")).decode("utf-8", "replace")
        keys.add(key)
        keys.add(re.sub(r"[. ]", "_", re.split(r"[\[\x00]", key.lstrip(" "), maxsplit=1)[0]))
    return frozenset(key.casefold() for key in keys if key)


def kept_query(query: bytes, keys: Iterable[str]) -> bytes | None:
    """What stays of a query: the listed keys, in the order of their list. None where one is asked twice, or with a
    value that could be read in two ways."""
    kept: dict[str, bytes] = {}
    names = tuple(keys)
    for part in query.split(b"&"):
        key, equals, value = part.partition(b"=")
        name = key.decode("ascii", "replace")
        if name not in names:
            continue
        if name in kept or len(value) > LONGEST_VALUE or not _VALUE.fullmatch(value):
            return None
        kept[name] = key + equals + value
    return b"&".join(kept[name] for name in names if name in kept)
