"""Where each key and each value of a TOML text stands. `tomllib` reads the values; this only walks over the text.

The text is one that `tomllib` took, or the good beginning of one that it refused: `Walk` then tells where the statement
begins that it could not get over. Lines end with LF.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import NamedTuple

Path = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
#: A closing delimiter may have up to two more quotes before it (TOML 1.0, "String").
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?!"")(?:[^"\\\n]|\\.)*"' r"|'(?!'')[^'\n]*'",
    re.DOTALL,
)
#: A date and a time may have a space between them.
_SCALAR = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]*|[^\s,\]}#\[{\"'=]+")


class Place(NamedTuple):
    """Both are counted from 1."""

    line: int
    column: int


class Stuck(ValueError):
    """The text is no TOML from here on."""


class Walk:
    """The places of a text: of tables by their headers, of keys, and of values (those in arrays by their number).

    `[[rule]]` tables are numbered from 0: `("rule", 2, "name")`. `statement` is the offset at which the statement
    begins that was read last, `headers` are the lines of all headers.
    """

    def __init__(self, text: str) -> None:
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.headers: list[int] = []
        self.statement = 0
        self._text = text
        self._at = 0
        self._lines = [0, *(found.end() for found in re.finditer("\n", text))]
        self._tables: dict[Path, int] = {}
        self._table: Path = ()

    def place(self, offset: int) -> Place:
        line = bisect_right(self._lines, offset)
        return Place(line, offset - self._lines[line - 1] + 1)

    def offset(self, place: Place) -> int:
        """Of a line that there is; the end of the text for one behind it."""
        return self._lines[place.line - 1] + place.column - 1 if place.line <= len(self._lines) else len(self._text)

    def walk(self, last: int | None = None) -> Walk:
        """Go to the end of the text, or through the statement that holds the offset `last`.

        Raises:
            Stuck: this is no TOML.
        """
        last = len(self._text) if last is None else last
        self._skip(_BLANK)
        while self._at < len(self._text) and self._at <= last:
            self.statement = self._at
            if self._text[self._at] == "[":
                self._header()
            else:
                self._pair(self._table)
            self._skip(_BLANK)
        return self

    def _header(self) -> None:
        place = self.place(self._at)
        self.headers.append(place.line)
        several = self._text.startswith("[[", self._at)
        self._at += 1 + several
        names = [name for name, _ in self._key()]
        self._expect("]" * (1 + several))
        table: Path = ()
        for name in names[:-1]:
            self.keys.setdefault((*table, name), place)
            table = self._inside((*table, name))
        table = (*table, names[-1])
        self.keys.setdefault(table, place)
        if several:
            self._tables[table] = self._tables.get(table, 0) + 1
            table = self._inside(table)
            self.keys[table] = place
        self._table = table

    def _inside(self, table: Path) -> Path:
        """The newest of tables that are numbered; the table itself where they are not."""
        number = self._tables.get(table)
        return table if number is None else (*table, number - 1)

    def _pair(self, table: Path) -> None:
        path = table
        for name, offset in self._key():
            path = (*path, name)
            self.keys.setdefault(path, self.place(offset))
        self._expect("=")
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> list[tuple[str, int]]:
        parts: list[tuple[str, int]] = []
        while True:
            self._skip(_SPACE)
            offset = self._at
            if found := _BARE_KEY.match(self._text, offset):
                name = found.group()
            elif found := _STRING.match(self._text, offset):
                name = str(tomllib.loads(f"key = {found.group()}")["key"])
            else:
                raise Stuck
            self._at = found.end()
            parts.append((name, offset))
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return parts
            self._at += 1

    def _value(self, path: Path) -> None:
        self.values[path] = self.place(self._at)
        if self._text.startswith("[", self._at):
            self._array(path)
        elif self._text.startswith("{", self._at):
            self._inline_table(path)
        else:
            found = _STRING.match(self._text, self._at) or _SCALAR.match(self._text, self._at)
            if found is None:
                raise Stuck
            self._at = found.end()

    def _array(self, path: Path) -> None:
        self._at += 1
        number = 0
        self._skip(_BLANK)
        while not self._text.startswith("]", self._at):
            self._value((*path, number))
            number += 1
            self._skip(_BLANK)
            if not self._text.startswith("]", self._at):
                self._expect(",")
                self._skip(_BLANK)
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        self._skip(_BLANK)
        while not self._text.startswith("}", self._at):
            self._pair(path)
            self._skip(_BLANK)
            if not self._text.startswith("}", self._at):
                self._expect(",")
                self._skip(_BLANK)
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        assert found is not None
        self._at = found.end()

    def _expect(self, text: str) -> None:
        if not self._text.startswith(text, self._at):
            raise Stuck
        self._at += len(text)
