"""What the gate would have done while it stood in shadow, as lines in `events/shadow/`. Never a person.

A line is eight columns: epoch second; what would have been done; about what (an article's number, the shape of a
path); why; the rule set; the findings; the rule that decided; `pass` where the reader had a valid one.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from foldline.clock import Clock
from foldline.insight.events import MOST_WAITING, findings_field, one_line, segment
from foldline.policy.decide import Decision

log = logging.getLogger(__name__)


class What(StrEnum):
    """What would have been done with a request, or was found out about a page."""

    OPENS = "opens"  # an article, the whole of it
    REFUSES = "refuses"  # the wall
    OPENS_IF = "opens-if"  # the preview, and the whole once a meter had room
    CLOSED = "closed"  # by a line of the map, its name is why
    UNMAPPED = "unmapped"  # no line of the map names it, and the answer is a text
    REWRITTEN = "rewritten"  # a feed or the like, in which each article is cut
    UNDECIDED = "undecided"  # the article could not be fetched, cut or stored
    CUT = "cut"  # how an article was cut, when its record was made
    LOCKED = "locked"  # no certain fold: it would be headline and standfirst


#: The last column where the reader had a valid pass.
_CARRIED = "pass"
VISITS = frozenset((What.OPENS, What.REFUSES, What.OPENS_IF))


class ShadowLine(NamedTuple):
    """One line. `about` is an article's number as text for what is about one."""

    at: int
    what: What
    about: str
    why: str
    rules: str = ""
    findings: str = ""
    rule: str = ""
    with_pass: bool = False

    def __str__(self) -> str:
        told = (str(self.at), *(one_line(field) for field in self[1:7]), _CARRIED if self.with_pass else "")
        return "\t".join(told)


class ShadowLines:
    """One worker's, gathered in memory and written in batches to `<worker>-<number>.tsv`."""

    def __init__(self, folder: Path, worker: str, clock: Clock) -> None:
        self._folder = folder
        self._worker = worker
        self._clock = clock
        self._waiting: Counter[ShadowLine] = Counter()
        self.lost = 0

    def decided(self, article: int, decision: Decision, *, with_pass: bool) -> None:
        """What would have been decided about a visit to an article."""
        outcome, reason, findings, rule, version, *_ = decision
        found = findings_field(findings)
        self._note(
            ShadowLine(self._now(), What(outcome.value), str(article), reason.value, version, found, rule, with_pass)
        )

    def note(self, what: What, about: str, why: str) -> None:
        """Anything else."""
        self._note(ShadowLine(self._now(), what, about, why))

    def flush(self) -> None:
        """Append what waits. A disk that takes nothing costs lines, never an answer."""
        waiting, self._waiting = self._waiting, Counter()
        if not waiting:
            return
        try:
            self._folder.mkdir(exist_ok=True, mode=0o700)
            with segment(self._folder, self._worker).open("a", encoding="utf-8") as file:
                file.writelines(f"{line}\n" * times for line, times in waiting.items())
        except OSError as error:
            self._waiting = waiting + self._waiting
            while len(self._waiting) > MOST_WAITING:
                self.lost += self._waiting.pop(next(iter(self._waiting)))
            log.error("shadow: %s (%d lines wait, %d lost)", error, self._waiting.total(), self.lost)

    def _now(self) -> int:
        return int(self._clock.now())

    def _note(self, line: ShadowLine) -> None:
        if line in self._waiting or len(self._waiting) < MOST_WAITING:
            self._waiting[line] += 1
        else:
            self.lost += 1


#: What of a path is told: side doors have such names. Everything else could be somebody's.
_WORD = re.compile(r"[a-z][a-z_-]{0,23}")
_FILE = re.compile(r"[a-z_-]{0,24}(\.[a-z0-9]{1,8})")
DOORS = frozenset(
    (
        *("feed", "feeds", "rss", "atom", "amp", "print", "embed", "oembed", "json", "api", "graphql", "wp-json"),
        *("page", "search", "comments", "trackback", "ajax", "sitemap", "download", "preview", "index", "archive"),
    )
)


def shape_of(path: bytes) -> str:
    """A path without what could name a person or be a secret: its first word, the words that side doors have, and the
    ending of a file's name; `*` for the rest."""
    segments = path.decode("ascii", "replace").lower().split("/")[1:][:8]
    told = []
    for place, name in enumerate(segments):
        file = _FILE.fullmatch(name)
        if not name or name in DOORS or (place == 0 and (_WORD.fullmatch(name) or file)):
            told.append(name)
        elif file and (place == len(segments) - 1):
            told.append(f"*{file[1]}")
        else:
            ending = re.search(r"\.[a-z]{1,8}$", name) if place == len(segments) - 1 else None
            told.append(f"*{ending[0]}" if ending else "*")
    return "/" + "/".join(told)


def read_lines(folder: Path) -> Iterator[ShadowLine]:
    """All lines of all workers, in no order. What is no line is left out; so is one that is being written just now."""
    for path in sorted(folder.glob("*-*.tsv")):
        with path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                if text.endswith("\n") and (line := _parsed(text[:-1])) is not None:
                    yield line


def _parsed(text: str) -> ShadowLine | None:
    columns = text.split("\t")
    if len(columns) != 8 or not columns[0].isdecimal() or columns[1] not in list(What):
        return None
    at, what, about, why, rules, findings, rule, carried = columns
    return ShadowLine(int(at), What(what), about, why, rules, findings, rule, carried == _CARRIED)
