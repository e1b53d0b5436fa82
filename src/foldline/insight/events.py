"""One line for each decision about an article, gathered in memory and written in batches."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

from foldline.clock import Clock
from foldline.policy.decide import Decision, Outcome
from foldline.policy.plan import Finding
from foldline.policy.reasons import Reason

log = logging.getLogger(__name__)

#: Different lines kept while the disk does not take them; the oldest go first.
MOST_WAITING = 100_000
#: A segment is closed at this size, in bytes.
SEGMENT = 16 << 20


class EventLines:
    """`events/<worker>-<number>.tsv`, one writer per file. Columns: epoch second, article, outcome, reason, rule set,
    findings (`+` passed, `-` failed, as in `-subscription-needed,+meter-has-room`), and the rule that decided."""

    def __init__(self, folder: Path, worker: str, clock: Clock) -> None:
        self._folder = folder
        self._worker = worker
        self._clock = clock
        # Decisions of one second that came out the same are one entry with their number, and as many lines.
        self._waiting: Counter[tuple[int, int, Outcome, Reason, str, tuple[Finding, ...], str]] = Counter()
        self.lost = 0

    def note(self, article: int, decision: Decision) -> None:
        """Remember a decision; nothing is written on the path of a page."""
        outcome, reason, findings, rule, version, _, _ = decision
        self._waiting[int(self._clock.now()), article, outcome, reason, version, findings, rule] += 1

    def flush(self) -> None:
        """Append what waits. A disk that takes nothing costs lines, never a page."""
        waiting, self._waiting = self._waiting, Counter()
        if not waiting:
            return
        try:
            with segment(self._folder, self._worker).open("a", encoding="utf-8") as file:
                file.writelines(_line(*noted) * times for noted, times in waiting.items())
        except OSError as error:
            self._waiting = waiting + self._waiting
            while len(self._waiting) > MOST_WAITING:
                self.lost += self._waiting.pop(next(iter(self._waiting)))
            log.error("events: %s (%d lines wait, %d lost)", error, self._waiting.total(), self.lost)


def segment(folder: Path, worker: str) -> Path:
    """The file that a worker appends to now: the first of its own that is not full."""
    number = 0
    while True:
        path = folder / f"{worker}-{number:06d}.tsv"
        if not path.exists() or path.stat().st_size < SEGMENT:
            return path
        number += 1


def _line(
    at: int, article: int, outcome: Outcome, reason: Reason, version: str, findings: tuple[Finding, ...], rule: str
) -> str:
    told = (str(at), str(article), outcome.value, reason.value, version, findings_field(findings), one_line(rule))
    return "\t".join(told) + "\n"


def findings_field(findings: tuple[Finding, ...]) -> str:
    """Each finding once, with whether it passed."""
    return ",".join(dict.fromkeys(f"{'+' if finding.passed else '-'}{finding.reason}" for finding in findings))


def one_line(name: str) -> str:
    """A rule's name as one field of one line, whatever its author wrote into it."""
    return " ".join(name.split())
