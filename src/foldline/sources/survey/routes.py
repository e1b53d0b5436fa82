"""Patterns of paths from paths that were seen, and the lines of a surface map that a site needs beside a profile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from foldline.sources.origin.patterns import NAMES, BadPattern, Path, pattern
from foldline.sources.origin.surface_file import read_map
from foldline.sources.origin.surfaces import Kind, Surface, SurfaceMap

_YEAR, _MONTH, _DAY, _NUMBER, _SLUG = (re.compile(NAMES[name]) for name in ("year", "month", "day", "number", "slug"))
UNMAPPED = "unmapped"
_SUFFIX = re.compile(r"\.[A-Za-z]{2,5}$")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A route that the map lacks. `why` is a sentence for whoever reads the file. One that is not `certain` is written
    as a comment: somebody must know what lies there."""

    name: str
    kind: Kind
    paths: tuple[str, ...]
    query: tuple[str, ...] = ()
    why: str = ""
    certain: bool = True


def surface(surfaces: SurfaceMap, target: str) -> Surface:
    """What a map says about reading an address of the site."""
    parts = urlsplit(target)
    return surfaces.surface_of("GET", (parts.path or "/").encode(), parts.query.encode())


def kind_word(surfaces: SurfaceMap, url: str) -> str:
    """The same in one word; UNMAPPED where no line of the map names it."""
    parts = urlsplit(url)
    said = surface(surfaces, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    return UNMAPPED if said.unmapped else said.kind.value


def general(path: str) -> str:
    """The pattern of one path: years, numbers and words become names, the first segments of a longer path stay."""
    segments = unquote(path).split("/")[1:]
    made: list[str] = []
    for at, segment in enumerate(segments):
        last = at == len(segments) - 1 or (at == len(segments) - 2 and not segments[-1])
        made.append(_named(segment, made) if last or _NUMBER.fullmatch(segment) else segment)
    return "/" + "/".join(made)


def patterns(paths: Iterable[str]) -> tuple[str, ...]:
    """Few patterns for many paths: those that differ in their first segments alone become one, with a name there."""
    groups: dict[tuple[str, ...], set[str]] = {}
    for path in paths:
        text = general(path)
        segments = text.split("/")[1:]
        literal = [at for at, one in enumerate(segments) if one and "{" not in one]
        key = tuple("*" if at in literal else one for at, one in enumerate(segments))
        groups.setdefault(key, set()).add(text)
    made = []
    for key, found in groups.items():
        columns = list(zip(*(text.split("/")[1:] for text in found), strict=True))
        joined = []
        for shape, column in zip(key, columns, strict=True):
            same = len(set(column)) == 1
            joined.append(column[0] if shape != "*" or same else "{slug}")
        made.append("/" + "/".join(joined))
    return tuple(sorted(one for one in dict.fromkeys(made) if _is_pattern(one)))


def covers(one: str, path: str) -> bool:
    """Whether a pattern takes a path."""
    return pattern(one).matches(Path(unquote(path)))


def map_text(profile: str, routes: Sequence[Proposed], head: Sequence[str]) -> str:
    """The text of a surfaces.toml: `head` are lines of comment, then the profile and the routes.

    Raises:
        ConfigurationError: it would not be read back. That is a mistake of ours.
    """
    top = "".join(f"# {line}\n" for line in head)
    named = f'profile = "{profile}"  # its routes come after those below: the first that matches decides\n'
    text = f"{top}\n{named}\n{routes_text(routes)}"
    read_map(text, "surfaces.toml")
    return text


def routes_text(routes: Sequence[Proposed]) -> str:
    """The routes as they stand in a surfaces.toml; one that is not certain as a comment."""
    lines: list[str] = []
    for route in routes:
        lines += [f"# {route.why}"] if route.why else []
        mark = "" if route.certain else "# "
        told = ["[[route]]", f"name = {json.dumps(route.name)}", f'kind = "{route.kind.value}"']
        told.append(f"paths = {json.dumps(list(route.paths), ensure_ascii=False)}")
        if route.query:
            told.append(f"query = {json.dumps(list(route.query))}")
        elif route.kind is Kind.PASSED:
            told.append('query = "none"')
        lines += [*(mark + line for line in told), ""]
    return "\n".join(lines)


def _named(segment: str, before: Sequence[str]) -> str:
    stem = _SUFFIX.sub("", segment)
    suffix = segment[len(stem) :]
    if _YEAR.fullmatch(stem) and not suffix:
        return "{year}"
    if before[-1:] == ["{year}"] and _MONTH.fullmatch(stem) and not suffix:
        return "{month}"
    if before[-2:] == ["{year}", "{month}"] and _DAY.fullmatch(stem) and not suffix:
        return "{day}"
    if _NUMBER.fullmatch(stem):
        return "{number}" + suffix
    return "{slug}" + suffix if _SLUG.fullmatch(stem) else segment


def _is_pattern(text: str) -> bool:
    try:
        pattern(text)
    except BadPattern:
        return False
    return True
