"""A publication's own words in the place of ours: `words.toml` in its home, in the form of the catalogues."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from string import Formatter

from foldline.errors import Problem
from foldline.pages.words import Words, flat

#: The longest text of a publication's own, in characters: a wall is read, not studied.
LONGEST = 400


def own_words(text: str, where: str, ours: Words) -> tuple[Words, tuple[Problem, ...]]:
    """Our words with those that `text`, a TOML file called `where`, says instead; and everything that is wrong with
    it. A text that is wrong is not taken: ours stands in its place."""
    try:
        given = dict(flat("", tomllib.loads(text)))
    except tomllib.TOMLDecodeError as error:
        problem = Problem("FL061", f"not readable as TOML: {error}", where, "Mend the line that it names.")
        return ours, (problem,)
    problems: list[Problem] = []
    taken: dict[str, str] = {}
    for key, said in given.items():
        found = tuple(_against(key, said, ours, f"{where}:{_line_of(key, text)}"))
        problems += found
        if not found:
            taken[key] = str(said)
    return Words(ours.language, {**ours, **taken}), tuple(problems)


def _against(key: str, said: object, ours: Mapping[str, str], at: str) -> Iterator[Problem]:
    if key not in ours:
        # Only a mistake pays for this module: every worker reads words.
        from difflib import get_close_matches

        near = get_close_matches(key, ours, 1)
        hint = f"Did you mean {near[0]!r}?" if near else "docs/words.md says which there are."
        yield Problem("FL062", f"there is no text of the name {key!r}", at, hint)
        return
    if not isinstance(said, str) or not said.strip() or len(said) > LONGEST:
        yield Problem("FL063", f"{key} must be a text of 1 to {LONGEST} characters", at, "Leave it out to keep ours.")
        return
    may = _names(ours[key]) or set()
    names = _names(said)
    if names is None:
        yield Problem("FL064", f"{key} has a brace without its other half", at, "Write {{ and }} for plain braces.")
    elif names - may:
        hint = f"It may name: {', '.join(f'{{{name}}}' for name in sorted(may))}." if may else "It names nothing."
        told = ", ".join(f"{{{name}}}" for name in sorted(names - may))
        yield Problem("FL064", f"{key} names {told}, which nothing fills in", at, hint)


def _names(text: str) -> set[str] | None:
    """The `{names}` in a text; None where its braces don't match or a name says more than a name."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return None
    fields = [(name, form, conversion) for _, name, form, conversion in parts if name is not None]
    if any(not name.isidentifier() or form or conversion for name, form, conversion in fields):
        return None
    return {name for name, _, _ in fields}


def _line_of(key: str, text: str) -> int:
    """The line of the last word of a key, below the table that holds it where one does."""
    table, _, word = key.rpartition(".")
    start = re.search(rf"^\s*\[\s*{re.escape(table)}\s*\]", text, re.MULTILINE) if table else None
    found = re.compile(rf"^\s*(?:{re.escape(key)}|{re.escape(word)})\s*=", re.MULTILINE).search(
        text, start.end() if start else 0
    )
    return text.count("\n", 0, found.end()) + 1 if found else 1
