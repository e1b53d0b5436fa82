"""What became of each row of an import, or would become of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """NEW: was written. CHANGED: was written in place of what stood here. SAME: stands here already. KEPT: stands here
    already, otherwise, and stays as it is here. MISSING: stands here, and not in the file. REFUSED: can't be
    imported."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    KEPT = "kept"
    MISSING = "missing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row: its file and line (from 1), what it is about, what became of it, and why."""

    file: str
    line: int
    about: str
    outcome: Outcome
    why: str = ""

    def __str__(self) -> str:
        why = f": {self.why}" if self.why else ""
        # What a file says may hold anything; one verdict is one line all the same.
        return f"{self.file}:{self.line} {self.outcome} {_printable(self.about)}{_printable(why)}".rstrip()


@dataclass(slots=True)
class Tally:
    """How many rows came to what, by file."""

    counts: Counter[tuple[str, Outcome]] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        self.counts[verdict.file, verdict.outcome] += 1

    def of(self, outcome: Outcome) -> int:
        return sum(count for (_, found), count in self.counts.items() if found is outcome)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)[:200]
