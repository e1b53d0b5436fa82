"""One line for each decision about an article, gathered in memory and written in batches."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from foldline.clock import Clock
from foldline.policy.decide import Decision
from foldline.policy.plan import Finding

log = logging.getLogger(__name__)

#: Different lines kept while the disk does not take them; the oldest go first.
MOST_WAITING = 100_000
#: A segment is closed at this size, in bytes.
SEGMENT = 16 << 20
#: So many lines that say the same are one piece of memory, and one call.
_AT_ONCE = 512


class EventLines:
    """`events/<worker>-<number>.tsv`, one writer per file. Columns: epoch second, article, outcome, reason, rule set,
    findings (`+` passed, `-` failed, as in `-subscription-needed,+meter-has-room`), the rule that decided, and the
    number of the library or company from whose network the visit came."""

    def __init__(self, folder: Path, worker: str, clock: Clock) -> None:
        self._folder = folder
        self._worker = worker
        self._clock = clock
        # By second, article, decision and institution: what was decided once and given often is one entry, and as many
        # lines.
        self._waiting: dict[tuple[int, int, int, str], _Noted] = {}
        self.lost = 0

    def note(self, article: int, decision: Decision, *, institution: str = "") -> None:
        """Remember a decision; nothing is written on the path of a page."""
        at = int(self._clock.now())
        noted = self._waiting.get((at, article, id(decision), institution))
        if noted is None:
            # The entry holds the decision, so nothing else can come by its number.
            self._waiting[at, article, id(decision), institution] = _Noted(at, article, decision, institution)
        else:
            noted.times += 1

    def flush(self) -> None:
        """Append what waits. A disk that takes nothing costs lines, never a page."""
        waiting, self._waiting = self._waiting, {}
        if not waiting:
            return
        try:
            with segment(self._folder, self._worker).open("ab") as file:
                for noted in waiting.values():
                    line = _line(noted).encode()
                    for begun in range(0, noted.times, _AT_ONCE):
                        file.write(line * min(_AT_ONCE, noted.times - begun))
        except OSError as error:
            self._waiting = waiting
            while len(waiting) > MOST_WAITING:
                self.lost += waiting.pop(next(iter(waiting))).times
            lines = sum(noted.times for noted in waiting.values())
            log.error("events: %s (%d lines wait, %d lost)", error, lines, self.lost)


def segment(folder: Path, worker: str) -> Path:
    """The file that a worker appends to now: the first of its own that is not full."""
    number = 0
    while True:
        path = folder / f"{worker}-{number:06d}.tsv"
        if not path.exists() or path.stat().st_size < SEGMENT:
            return path
        number += 1


@dataclass(slots=True)
class _Noted:
    at: int
    article: int
    decision: Decision
    institution: str = ""
    times: int = 1


def _line(noted: _Noted) -> str:
    outcome, reason, findings, rule, version, *_ = noted.decision
    found = findings_field(findings)
    told = (
        str(noted.at),
        str(noted.article),
        outcome.value,
        reason.value,
        version,
        found,
        one_line(rule),
        noted.institution,
    )
    return "\t".join(told) + "\n"


def findings_field(findings: tuple[Finding, ...]) -> str:
    """Each finding once, with whether it passed."""
    return ",".join(dict.fromkeys(f"{'+' if finding.passed else '-'}{finding.reason}" for finding in findings))


def one_line(name: str) -> str:
    """A rule's name as one field of one line, whatever its author wrote into it."""
    return " ".join(name.split())
