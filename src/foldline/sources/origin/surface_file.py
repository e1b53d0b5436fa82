"""A publisher's surface map, read over a profile; every problem at once, each with its line and the cure."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from foldline.errors import ConfigurationError, Problem
from foldline.policy.toml_reading import Reading, Table
from foldline.policy.toml_text import nearest, read_toml
from foldline.sources.origin.patterns import NAMES, BadPattern, Pattern, pattern
from foldline.sources.origin.surfaces import FORMS, METHODS, READS, SPELLING, Kind, Route, SurfaceMap

PROFILES = ("static", "wordpress", "wagtail")
TABLES = ("profile", "route")
ROUTE_KEYS = ("name", "kind", "as", "paths", "methods", "query", "when")
KINDS = tuple(kind.value for kind in Kind)
ALL, NONE = "all", "none"
LONGEST_NAME = 80

#: The reader of TOML serves files of rules too, and has their ids.
_IDS = {"FL101": "FL201", "FL102": "FL202", "FL103": "FL203", "FL104": "FL204", "FL105": "FL205", "FL112": "FL206"}


def read_map(text: str, where: str) -> SurfaceMap:
    """The map of a file: its own routes, then those of the profile that it names. `where` is what it is called.

    Raises:
        ConfigurationError: with all problems that were found, in the order of their lines.
    """
    found, problems = _read(text, where)
    if problems:
        raise ConfigurationError(problems)
    return found


def problems_of(text: str, where: str) -> tuple[Problem, ...]:
    """Everything that is wrong with a surface map, in the order of its lines."""
    return _read(text, where)[1]


@lru_cache(maxsize=len(PROFILES))
def profile(name: str) -> SurfaceMap:
    """One of the shipped maps.

    Raises:
        KeyError: there is no profile of this name.
    """
    if name not in PROFILES:
        raise KeyError(name)
    file = f"{name}.toml"
    text = files("foldline.sources.origin").joinpath("profiles", file).read_text(encoding="utf-8")
    reading = Reading(read_toml(text, file, lists=("route",)), ZoneInfo("UTC"))
    routes = _routes(reading, reading.toml.data.get("route", []))
    if reading.all_problems():
        raise ConfigurationError(reading.all_problems())
    return SurfaceMap(routes, name)


def _read(text: str, where: str) -> tuple[SurfaceMap, tuple[Problem, ...]]:
    reading = Reading(read_toml(text, where, lists=("route",)), ZoneInfo("UTC"))
    top = Table(reading, (), reading.toml.data)
    top.unknown(TABLES, "table or key", "FL202")
    name = top.word("profile", PROFILES)
    own = _routes(reading, top.data.get("route", []))
    routes = own + (profile(name).routes if name else ())
    if not top.broken and not reading.toml.faults and not any(route.kind is Kind.ARTICLE for route in routes):
        hint = f'Write a [[route]] with kind = "article", or name a profile: {", ".join(PROFILES)}.'
        reading.problems.append(Problem("FL213", "no route is an article: nothing is gated", f"{where}:1:1", hint))
    _check_reach(reading, own)
    problems = tuple(replace(problem, id=_IDS.get(problem.id, problem.id)) for problem in reading.all_problems())
    return SurfaceMap(routes, name or ""), problems


def _routes(reading: Reading, tables: Any) -> tuple[Route, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        hint = "Write [[route]], with two brackets, before each route."
        reading.problems.append(Problem("FL205", "[route] is not a list of routes", reading.toml.at("route"), hint))
        return ()
    routes = tuple(_route(Table(reading, ("route", number), table)) for number, table in enumerate(tables))
    first: dict[str, str] = {SPELLING: "is built in"}
    for number, route in enumerate(routes):
        if route.name and route.name in first:
            hint = f"The other {first[route.name]}: give this one a name of its own."
            at = reading.toml.at("route", number, "name")
            reading.problems.append(Problem("FL209", f'another route is named "{route.name}"', at, hint))
        first.setdefault(route.name, f"stands at {route.source}")
    return routes


def _route(table: Table) -> Route:
    table.unknown(ROUTE_KEYS)
    name = table.text("name")
    kind = table.word("kind", KINDS)
    paths = _paths(table)
    methods = _methods(table)
    when = frozenset(key.casefold() for key in table.words("when"))
    query = _query(table)
    form = table.word("as", FORMS) or ""
    decided = Kind(kind) if kind else Kind.CLOSED
    route = Route(name or "", decided, paths, methods or READS, query, when, table.source, form)
    if not table.broken:
        _check_sense(table, route)
        if "query" not in table.data and route.kind in (Kind.PASSED, Kind.FILES):
            return replace(route, query=None)
    return route


def _paths(table: Table) -> tuple[Pattern, ...]:
    good = []
    for number, text in enumerate(table.words("paths")):
        try:
            good.append(pattern(text))
        except BadPattern as error:
            hint = nearest(error.name, NAMES) if error.name else "As in /shop/**, /{year}/{slug}/ or /**/*.png."
            key = ("paths", number) if isinstance(table.data["paths"], list) else ("paths",)
            table.say("FL207", f'"{text}" is no pattern of paths: {error}', hint, *key)
    return tuple(good)


def _methods(table: Table) -> frozenset[str]:
    words = table.words("methods", (*METHODS, ALL))
    return frozenset(METHODS) if ALL in words else frozenset(words)


def _query(table: Table) -> tuple[str, ...] | None:
    words = table.words("query")
    for word in (ALL, NONE):
        if word in words and len(words) > 1:
            hint = f'Write query = "{word}", or the keys alone.'
            table.say("FL211", f'"{word}" leaves no use for other keys', hint, "query")
    if ALL in words or words == (NONE,):
        return None if ALL in words else ()
    for word in words:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", word):
            table.say("FL204", f'"{word}" is no key of a query', "Write letters, digits, -, _ and . only.", "query")
    return words


def _check_sense(table: Table, route: Route) -> None:
    """What can only be asked of a route in which every word is good."""
    if not route.name or len(route.name) > LONGEST_NAME:
        hint = f"Say in up to {LONGEST_NAME} characters what lies there: it is shown in counts and at the desk."
        table.say("FL208", "a route has no name, or a very long one", hint)
    if "kind" not in table.data:
        table.say("FL208", "a route has no kind", f"Write kind = one of {', '.join(KINDS)}.")
    if not route.paths:
        table.say("FL208", "a route has no paths", 'Write paths = ["/…"].')
    if route.kind is Kind.ARTICLE and "methods" in table.data:
        table.say("FL211", "methods has no use here: an article takes GET and HEAD", "Take the line out.", "methods")
    if route.kind is Kind.ARTICLE and route.query is None:
        hint = "Name the keys that lead to another page of the article, or take the line out."
        table.say("FL211", 'an article keeps a listed query only, and not "all"', hint, "query")
    if route.kind is Kind.FILES and "methods" in table.data:
        table.say("FL211", "methods has no use here: files are read", "Take the line out.", "methods")
    _check_rewriting(table, route)
    if route.kind is Kind.CLOSED:
        for key in ("methods", "query"):
            if key in table.data:
                table.say("FL211", f"{key} has no use here: what is closed is closed", "Take the line out.", key)
    if route.kind is Kind.PASSED and not route.when:
        for path in route.paths:
            if re.fullmatch(r"/(?:\*\*|\*)(?:/(?:\*\*|\*))*/?", path.text):
                hint = "Pass what you know by its name: whatever else lies there may hold a whole article."
                table.say("FL212", f'"{path.text}" passes everything', hint, "paths")


def _check_rewriting(table: Table, route: Route) -> None:
    if route.kind is not Kind.REWRITTEN:
        if "as" in table.data:
            table.say("FL211", "as has no use here: nothing is rewritten", "Take the line out.", "as")
        return
    if not route.form:
        table.say("FL208", "a route that is rewritten does not say as what", f"Write as = one of {', '.join(FORMS)}.")
    if "methods" in table.data:
        table.say("FL211", "methods has no use here: it takes GET and HEAD", "Take the line out.", "methods")
    if route.query is None:
        hint = "Name the keys that are asked: any other could ask for a text of an article."
        table.say("FL211", 'what is rewritten keeps a listed query only, and not "all"', hint, "query")


def _check_reach(reading: Reading, routes: tuple[Route, ...]) -> None:
    """A pattern that an earlier route has already, word for word and whatever is asked, never decides."""
    first: dict[str, Route] = {}
    for number, route in enumerate(routes):
        for path in route.paths:
            before = first.get(path.text)
            if before is not None and before is not route:
                at = reading.toml.at_value("route", number, "paths")
                hint = f"Take it out here, or there: {before.source}."
                what = f'"{path.text}" never decides: an earlier route has it'
                reading.problems.append(Problem("FL210", what, at, hint))
            if not route.when:
                first.setdefault(path.text, route)
