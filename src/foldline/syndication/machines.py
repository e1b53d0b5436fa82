"""What a publication asks of machines: three purposes, each welcome or not, and exceptions by name.

It asks, and holds nobody back: whatever a machine does with the answer, the gate sends it the preview unless a rule
opens more.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

_TOKEN = "token"  # noqa: S105 - a word of robots.txt, which opens nothing
#: A name as robots.txt may hold it. RFC 9309 knows letters, `-` and `_` alone; the names that there are know more.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")


class Purpose(StrEnum):
    """What a machine wants a page for."""

    SEARCH = "search"
    ANSWER = "answer"
    TRAIN = "train"


class Agent(NamedTuple):
    """A named machine. `fetches` is False for a word of robots.txt under which no request ever comes."""

    name: str
    operator: str
    purposes: frozenset[Purpose]
    fetches: bool = True


class Asked(NamedTuple):
    """What one machine is asked: to come or to stay away, and by which of a publisher's words (`train`, or `admit` and
    `refuse` for an exception)."""

    welcome: bool
    by: str


@dataclass(frozen=True, slots=True)
class Machines:
    """A publication's word on each purpose. `admit` and `refuse` name machines that are asked something else than
    their purposes say; what is refused by name stays away whatever else is said."""

    search: bool = True
    answer: bool = True
    train: bool = False
    admit: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()

    def welcomes(self, purpose: Purpose) -> Asked:
        """What machines of one purpose are asked."""
        return Asked({"search": self.search, "answer": self.answer, "train": self.train}[purpose], purpose.value)

    def asks(self, agent: Agent) -> Asked:
        """What a machine is asked: of several purposes the closed one counts."""
        name = agent.name.casefold()
        if name in (each.casefold() for each in self.refuse):
            return Asked(False, "refuse")
        if name in (each.casefold() for each in self.admit):
            return Asked(True, "admit")
        words = [self.welcomes(purpose) for purpose in Purpose if purpose in agent.purposes]
        return next((word for word in words if not word.welcome), words[0])

    @property
    def unnamed(self) -> Asked:
        """What machines are asked that nobody named: they are taken for search engines, as robots.txt always did."""
        return self.welcomes(Purpose.SEARCH)


def is_name(text: str) -> bool:
    """Whether robots.txt may hold this as the name of a machine."""
    return _NAME.fullmatch(text) is not None and text == text.strip()


@lru_cache(maxsize=1)
def known_agents() -> tuple[Agent, ...]:
    """Every machine that we know by name (`agents.toml`)."""
    tables = tomllib.loads(files("foldline.syndication").joinpath("agents.toml").read_text(encoding="utf-8"))
    found = []
    for title, names in tables.items():
        words = title.split()
        purposes = frozenset(Purpose(word) for word in words if word != _TOKEN)
        found += [Agent(name, operator, purposes, _TOKEN not in words) for name, operator in names.items()]
    return tuple(sorted(found, key=lambda agent: agent.name.casefold()))


def agents_of(machines: Machines) -> tuple[Agent, ...]:
    """The machines that we know, and those that only a publisher's exceptions name: of those nothing is known, so
    they are of every purpose."""
    known = {agent.name.casefold() for agent in known_agents()}
    named = dict.fromkeys((*machines.admit, *machines.refuse))
    others = [Agent(name, "", frozenset(Purpose)) for name in named if name.casefold() not in known]
    return (*known_agents(), *others)
