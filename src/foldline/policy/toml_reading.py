"""One table of a TOML text, read key by key: each value is of its type and within its bounds, or is a problem."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from foldline.errors import Problem
from foldline.policy.spans import YEARS, moment_of, seconds_of
from foldline.policy.toml_places import Path
from foldline.policy.toml_text import TomlText, nearest

_ABSENT = object()
_KINDS: dict[type, tuple[str, str]] = {
    str: ("a text", 'Write it in quotes: "…".'),
    int: ("a whole number", "Write it without quotes, as in 3."),
    bool: ("true or false", "Write true or false, without quotes."),
    dict: ("a table", "Write { key = value, … }."),
}


@dataclass(slots=True)
class Reading:
    """One reading of one text. `zone` is that of dates without an offset."""

    toml: TomlText
    zone: ZoneInfo
    problems: list[Problem] = field(default_factory=list)

    def all_problems(self) -> tuple[Problem, ...]:
        """Those of the syntax too, in the order of their lines."""
        return tuple(sorted((*self.toml.faults, *self.problems), key=_line_and_column))


def _line_and_column(problem: Problem) -> tuple[int, int]:
    line, _, column = problem.where.rpartition(":")
    number = line.rpartition(":")[2]
    return (int(number), int(column)) if number.isdigit() and column.isdigit() else (0, 0)


class Table:
    """A table at a path. What is asked for and not there is None; what is wrong is a problem, and None too."""

    def __init__(self, reading: Reading, path: Path, data: dict[str, Any]) -> None:
        self.path = path
        self.data = data
        self._reading = reading
        self._before = len(reading.problems)

    @property
    def broken(self) -> bool:
        """Whether something in this table is wrong: what it lacks may then be only that again."""
        return len(self._reading.problems) > self._before or self._reading.toml.incomplete(self.path)

    @property
    def source(self) -> str:
        """Where the table begins, as `rules.toml:14`."""
        return self._reading.toml.line(self.path)

    def say(self, id_: str, what: str, hint: str, *key: str | int) -> None:
        """A problem at a value, or at the table itself."""
        toml = self._reading.toml
        at = toml.at_value(*self.path, *key) if key else toml.at(*self.path)
        self._reading.problems.append(Problem(id_, what, at, hint))

    def unknown(self, known: Collection[str], what: str = "key", id_: str = "FL103") -> list[str]:
        """Report what is here and not known, at the key itself. What it is called."""
        found = [name for name in self.data if name not in known]
        for name in found:
            at = self._reading.toml.at(*self.path, name)
            problem = Problem(id_, f'unknown {what} "{name}"', at, nearest(name, known))
            self._reading.problems.append(problem)
        return found

    def _typed(self, key: str, kind: type) -> Any:
        value = self.data.get(key, _ABSENT)
        if value is _ABSENT:
            return None
        if type(value) is kind:
            return value
        wanted, hint = _KINDS[kind]
        self.say("FL105", f"{key} must be {wanted}", hint, key)
        return None

    def text(self, key: str) -> str | None:
        value: str | None = self._typed(key, str)
        if value is None or (value.strip() and value.isprintable()):
            return value
        self.say("FL104", f"{key} is empty, or holds characters that can't be shown", "Write it in plain words.", key)
        return None

    def flag(self, key: str) -> bool | None:
        value: bool | None = self._typed(key, bool)
        return value

    def table(self, key: str) -> Table | None:
        value = self._typed(key, dict)
        return None if value is None else Table(self._reading, (*self.path, key), value)

    def number(self, key: str, least: int, most: int) -> int | None:
        value: int | None = self._typed(key, int)
        if value is None or least <= value <= most:
            return value
        self.say("FL108", f"{key} = {value} is out of its bounds", f"Write a number from {least} to {most}.", key)
        return None

    def word(self, key: str, known: Collection[str]) -> str | None:
        value: str | None = self._typed(key, str)
        if value is None or value in known:
            return value
        self.say("FL104", f'{key} knows no "{value}"', nearest(value, known), key)
        return None

    def words(self, key: str, known: Collection[str] = ()) -> tuple[str, ...]:
        """A text or a list of texts; any texts where `known` is empty. () where the key is not there."""
        good: list[str] = []
        for item, at in self._items(key):
            if type(item) is not str:
                self.say("FL105", f"{key} must be a text or a list of texts", 'As in ["one", "two"].', *at)
            elif known and item not in known:
                self.say("FL104", f'{key} knows no "{item}"', nearest(item, known), *at)
            elif not item.strip() or not item.isprintable():
                self.say("FL104", f"{key} has an empty word", "Take it out, or write the word.", *at)
            else:
                good.append(item)
        return tuple(dict.fromkeys(good))

    def numbers(self, key: str, least: int, most: int) -> tuple[int, ...]:
        """A number or a list of numbers. () where the key is not there."""
        good: list[int] = []
        for item, at in self._items(key):
            if type(item) is not int:
                self.say("FL105", f"{key} must be a whole number or a list of them", "As in [1, 2].", *at)
            elif not least <= item <= most:
                what = f"{key} has {item}, which is out of its bounds"
                self.say("FL108", what, f"Write numbers from {least} to {most}.", *at)
            else:
                good.append(item)
        return tuple(dict.fromkeys(good))

    def _items(self, key: str) -> list[tuple[Any, tuple[str | int, ...]]]:
        """Each item with its path. An empty list would mean everything, or nothing: it is a problem."""
        value = self.data.get(key, _ABSENT)
        if value is _ABSENT:
            return []
        if not isinstance(value, list):
            return [(value, (key,))]
        if not value:
            self.say("FL104", f"{key} is an empty list", "Take the line out, or name at least one.", key)
        return [(item, (key, number)) for number, item in enumerate(value)]

    def span(self, key: str) -> int:
        """Seconds; 0 where the key is not there."""
        value: str | None = self._typed(key, str)
        if value is None:
            return 0
        seconds = seconds_of(value)
        if seconds is None:
            hint = 'Write a number and minutes, hours, days or weeks, as in "2 hours" or "30 days".'
            self.say("FL106", f'{key} = "{value}" is no span of time', hint, key)
        return seconds or 0

    def moment(self, key: str, *, end: bool = False) -> int | None:
        """An epoch second."""
        value = self.data.get(key, _ABSENT)
        if value is _ABSENT:
            return None
        if not isinstance(value, date):
            hint = "Write it without quotes, as in 2026-12-31 or 2026-12-31T18:00:00."
            self.say("FL105", f"{key} must be a date or a date with a time", hint, key)
            return None
        moment = moment_of(value, self._reading.zone, end=end)
        if moment is None:
            in_bounds = value.year in YEARS
            why = "the clocks of the zone skip this moment" if in_bounds else "no year of a rule"
            skipped = "Write a time before or after the change of clocks, or one with an offset."
            hint = skipped if in_bounds else f"Write a year from {YEARS.start} to {YEARS.stop - 1}."
            self.say("FL107", f"{key}: {why}", hint, key)
        return moment
