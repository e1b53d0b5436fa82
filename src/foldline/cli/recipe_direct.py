"""Which requests a proxy may take straight to the origin, as an ordered list that nginx and Caddy can both read.

The proxy must come to the gate's own verdict. So it is given the gate's map, in its order, and only such targets as
every program reads in one way: small letters, digits, `-`, `_`, `~`, a dot within a name, and no query. All else is the
gate's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from foldline.sources.origin.surfaces import Kind, Route, SurfaceMap

_SEGMENT = "[a-z0-9_~-](?:[a-z0-9_.~-]*[a-z0-9_~-])?"
#: Regular expressions, of PCRE and RE2 alike, of targets that are read in one way, and before it those of targets that
#: are too long or have too many segments, well below the bounds of `foldline.spelling`.
TOO_LONG = ("^.{1000}", "^(?:/[^/]*){32}")
ONE_READING = f"^/(?:{_SEGMENT}(?:/{_SEGMENT})*/?)?$"
_ANY = "[A-Z]+"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list: the first whose `methods` and `paths`, regular expressions of PCRE and RE2 alike, match a
    request decides. `to_origin` says where it leads, `name` what lies there."""

    name: str
    methods: str
    paths: str
    to_origin: bool
    any_case: bool = False

    def pattern(self, before: str = "") -> str:
        """One regular expression for `METHOD target`, with something before it."""
        return f"{'(?i)' if self.any_case else ''}^{before}{self.methods} {self.paths}$"


def direct_lines(surfaces: SurfaceMap, prefix: str) -> tuple[Line, ...]:
    """The list, for targets of ONE_READING. What no line names is the gate's, and so is all below its own `prefix`."""
    lines = [Line("the gate's own addresses", _ANY, f"{re.escape(prefix)}.*", False)]
    lines += [line for route in surfaces.routes for line in _lines_of(route)]
    while not lines[-1].to_origin and len(lines) > 1:
        lines.pop()
    return tuple(lines)


def goes_direct(lines: tuple[Line, ...], method: str, target: str) -> bool:
    """What a proxy makes of the list."""
    if any(re.search(odd, target) for odd in TOO_LONG) or not re.search(ONE_READING, target):
        return False
    found = (line for line in lines if re.search(line.pattern(), f"{method} {target}"))
    return next((line.to_origin for line in found), False)


def _lines_of(route: Route) -> list[Line]:
    if route.when:
        return []  # it is meant only where something is asked, and nothing is
    # Of a pattern with capitals the gate asks twice, with them and without: that is left to it.
    capitals = any(pattern.has_capitals for pattern in route.paths)
    paths = f"(?:{'|'.join(pattern.source for pattern in route.paths)})"
    if route.kind is not Kind.PASSED or capitals:
        return [Line(route.name, _ANY, paths, False, capitals)]
    methods = f"(?:{'|'.join(sorted(route.methods))})"
    return [Line(route.name, methods, paths, True), Line(f"{route.name}, by another method", _ANY, paths, False)]
