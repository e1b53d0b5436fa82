"""A TOML text with the places of all that is in it, and every fault of its syntax, not only the first.

`tomllib` stops at the first fault. Here what it could not get over is left out, and the rest is read again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from foldline.errors import Problem
from foldline.policy.toml_places import Path, Place, Stuck, Walk

#: After so many faults of syntax the rest is not read: this is hardly TOML.
MOST_FAULTS = 50

_STOPPED_AT = re.compile(
    r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL
)
_STATEMENT = re.compile(r"[ \t]*(?:\[|[\w\"'.-]+[ \t]*=)")
_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)
_WORD = re.compile(r"[\w-]+")
_DATE_LIKE = re.compile(r"=[ \t]*\d{1,4}-\d")

#: What `tomllib` says, and what to do about it.
_CURES = (
    ("Unclosed array", "the list is not closed", "Write ] at its end, and a comma between its words."),
    ("Expected '=' after a key", "there is no = after the key", "Write it as key = value."),
    ("Illegal character '\\n'", "a text is not closed", 'Write " at its end.'),
    ("Unterminated string", "a text is not closed", "Write the same quotes at its end."),
    ("Invalid value", "this is no value", 'Write a text in quotes ("…"), a number, a date or a list ([…]).'),
    (
        "Expected newline",
        "something is left over after the value",
        'Write one key to a line, and a text in quotes ("…").',
    ),
    ("Expected ']", "the brackets of a table are not closed", "Write [name] or [[name]]."),
    ("Cannot overwrite a value", "this is written twice", "Keep one of them."),
    ("Cannot declare", "this table is written twice", "Keep one of them, or give the other another name."),
)


@dataclass(frozen=True, slots=True)
class TomlText:
    """`data` as `tomllib` gives it. `faults` are those of syntax; `left_out` are the lines, beside whole tables, that
    could not be read (from, to, the end not included), and `lost_words` every word in what could not be read."""

    where: str
    data: dict[str, Any]
    walk: Walk
    faults: tuple[Problem, ...] = ()
    left_out: tuple[tuple[int, int], ...] = ()
    lost_words: frozenset[str] = frozenset()

    def at(self, *path: str | int) -> str:
        """Where a key or a table stands, as `rules.toml:14:1`; the nearest that holds it where it has no place."""
        while path and path not in self.walk.keys:
            path = path[:-1]
        return self._written(self.walk.keys.get(path, Place(1, 1)))

    def at_value(self, *path: str | int) -> str:
        """Where a value stands."""
        place = self.walk.values.get(path)
        return self._written(place) if place else self.at(*path)

    def line(self, path: Path) -> str:
        """The line of a table, as `rules.toml:14`."""
        return self.at(*path).rpartition(":")[0]

    def incomplete(self, path: Path) -> bool:
        """Whether a line of this table was left out."""
        place = self.walk.keys.get(path)
        first = place.line if place else 1
        end = min((line for line in self.walk.headers if line > first), default=1 << 30)
        return any(start < end and first < stop for start, stop in self.left_out)

    def _written(self, place: Place) -> str:
        return f"{self.where}:{place.line}:{place.column}"


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint: the word that was probably meant, or all that there are."""
    # Only a mistake pays for this module: every worker reads rules.
    from difflib import get_close_matches

    words = [text for text in known if text]
    if near := get_close_matches(word.casefold(), [text.casefold() for text in words], 1):
        return f'Did you mean "{next(text for text in words if text.casefold() == near[0])}"?'
    listed = ", ".join(words[:12]) + (" …" if len(words) > 12 else "")
    return f"Known here: {listed}." if words else "There is none."


def read_toml(text: str, where: str, lists: Sequence[str] = ()) -> TomlText:
    """Read as much as can be read. `lists` are the tables that are written `[[so]]`."""
    return _Mending(text.removeprefix("\ufeff").replace("\r\n", "\n"), where, lists).read()


@dataclass(slots=True)
class _Mending:
    text: str
    where: str
    lists: Sequence[str]
    faults: list[Problem] = field(default_factory=list)
    left_out: list[tuple[int, int]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)

    def read(self) -> TomlText:
        while True:
            try:
                data = tomllib.loads(self.text)
                walk = Walk(self.text)
                # A later version of TOML may have what this walk does not know: places are then less exact.
                with suppress(Stuck):
                    walk.walk()
            except tomllib.TOMLDecodeError as error:
                if not self._mend(str(error)) or len(self.faults) >= MOST_FAULTS:
                    return self._result({}, Walk(""))
            except RecursionError:
                what = "lists lie too deep in each other"
                self.faults.append(Problem("FL101", what, f"{self.where}:1:1", "Write them flat."))
                return self._result({}, Walk(""))
            else:
                return self._result(data, walk)

    def _result(self, data: dict[str, Any], walk: Walk) -> TomlText:
        ranges, lost = tuple(self.left_out), frozenset(self.lost)
        return TomlText(self.where, data, walk, tuple(self.faults), ranges, lost)

    def _mend(self, message: str) -> bool:
        """Report one fault and leave out what holds it. False where nothing can be read behind it."""
        found = _STOPPED_AT.fullmatch(message)
        what = found["what"] if found else message
        walk = Walk(self.text)
        stop = len(self.text)
        if found and found["line"]:
            stop = walk.offset(Place(int(found["line"]), int(found["column"])))
        repeated = what.startswith("Cannot")
        if repeated and self._double_brackets(walk):
            return True
        with suppress(Stuck, RecursionError, tomllib.TOMLDecodeError):
            walk.walk(stop)
        start, stopped = walk.place(walk.statement), walk.place(stop)
        lines = self.text.split("\n")
        line = lines[start.line - 1]
        # A list or a text that is not closed is noticed only where the next statement stands.
        open_end = stop == len(self.text) or bool(_STATEMENT.match(lines[stopped.line - 1]))
        unclosed = stopped.line > start.line and open_end and not repeated
        told = start if unclosed or repeated else stopped
        if unclosed and line.rstrip().endswith(("[", ",")):
            what = "Unclosed array"
        self._tell(what, f"{self.where}:{told.line}:{told.column}", line)
        if unclosed and ('"""' in line or "'''" in line):
            return False
        end = stopped.line + 1
        if unclosed:
            end = start.line + 1 if stop == len(self.text) else stopped.line
        table = _HEADER.match(line) is not None
        if table:
            after = _HEADER.search(self.text, walk.offset(Place(start.line + 1, 1)))
            end = walk.place(after.start()).line if after else len(lines) + 1
        self._leave_out(lines, start.line, end, table)
        return True

    def _leave_out(self, lines: list[str], first: int, end: int, table: bool) -> None:
        for number in range(first - 1, min(end - 1, len(lines))):
            self.lost.update(_WORD.findall(lines[number]))
            lines[number] = ""
        if not table:
            self.left_out.append((first, end))
        self.text = "\n".join(lines)

    def _double_brackets(self, walk: Walk) -> bool:
        """`[rule]` beside `[[rule]]`: read as it was meant, and told."""
        mended = False
        for name in self.lists:
            for found in re.finditer(rf"^[ \t]*(\[[ \t]*{name}[ \t]*\])[ \t]*(?:#.*)?$", self.text, re.MULTILINE):
                place = walk.place(found.start(1))
                at = f"{self.where}:{place.line}:{place.column}"
                self.faults.append(Problem("FL101", f"[{name}] has single brackets", at, f"Write [[{name}]]."))
                mended = True
            self.text = re.sub(rf"^([ \t]*)\[[ \t]*{name}[ \t]*\]", rf"\1[[{name}]]", self.text, flags=re.MULTILINE)
        return mended

    def _tell(self, what: str, at: str, line: str) -> None:
        if what.startswith("Cannot") and _HEADER.match(line):
            hint = "Keep one of them, or give the other another name."
            self.faults.append(Problem("FL112", f"{line.strip()} is written twice", at, hint))
            return
        if _DATE_LIKE.search(line) and not what.startswith("Cannot"):
            hint = "Write a day that the calendar has, as in 2026-12-31 or 2026-12-31T18:00:00."
            self.faults.append(Problem("FL107", "this date is none", at, hint))
            return
        said, hint = next(((said, hint) for begin, said, hint in _CURES if what.startswith(begin)), (what.lower(), ""))
        hint = hint or "Mend this line: it is not TOML."
        self.faults.append(Problem("FL101", f"not readable as TOML: {said}", at, hint))
