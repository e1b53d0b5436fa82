"""Which requests a proxy may take straight to the origin, as an ordered list that nginx and Caddy can both read.

The proxy must come to the gate's own verdict. So it is given the gate's map, in its order, and only such targets as
every program reads in one way: small letters, digits, `-`, `_`, `~`, a dot within a name, and no query. All else is the
gate's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from foldline.sources.origin.surfaces import Kind, Route, SurfaceMap

#: A target that is read in one way, without `?`: a regular expression of PCRE and RE2 alike. Its bounds are below those
#: of `foldline.spelling`.
_SEGMENT = r"[a-z0-9_~-](?:[a-z0-9_.~-]{0,58}[a-z0-9_~-])?"
ONE_READING = rf"/(?:{_SEGMENT}(?:/{_SEGMENT}){{0,30}}/?)?"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the list: the first whose `pattern` matches `METHOD target` decides. `to_origin` says where it leads,
    `name` what lies there."""

    name: str
    pattern: str
    to_origin: bool


def direct_lines(surfaces: SurfaceMap, prefix: str) -> tuple[Line, ...]:
    """The list, for targets of ONE_READING. What no line names is the gate's, and so is all below its own `prefix`."""
    lines = [Line("the gate's own addresses", f"^[A-Z]+ {re.escape(prefix)}", False)]
    lines += [line for route in surfaces.routes for line in _lines_of(route)]
    while not lines[-1].to_origin and len(lines) > 1:
        lines.pop()
    return tuple(lines)


def goes_direct(lines: tuple[Line, ...], method: str, target: str) -> bool:
    """What a proxy makes of the list."""
    if not re.fullmatch(ONE_READING, target):
        return False
    found = (line for line in lines if re.search(line.pattern, f"{method} {target}"))
    return next((line.to_origin for line in found), False)


def _lines_of(route: Route) -> list[Line]:
    if route.when:
        return []  # it is meant only where something is asked, and nothing is
    capitals = any(pattern.has_capitals for pattern in route.paths)
    paths = "|".join(pattern.source for pattern in route.paths)
    closing = Line(route.name, f"{'(?i)' if capitals else ''}^[A-Z]+ (?:{paths})$", False)
    if route.kind is not Kind.PASSED or capitals:
        return [closing]
    methods = "|".join(sorted(route.methods))
    passing = Line(route.name, f"^(?:{methods}) (?:{paths})$", True)
    return [passing, replace(closing, name=f"{route.name}, by another method")]
