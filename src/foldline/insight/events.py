"""One line for each decision about an article, gathered in memory and written in batches."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from foldline.clock import Clock
from foldline.policy.decide import Decision
from foldline.policy.plan import Finding

log = logging.getLogger(__name__)

#: Different lines kept while the disk does not take them; the oldest go first.
MOST_WAITING = 100_000
#: A segment is closed at this size, in bytes.
SEGMENT = 16 << 20
#: So many lines are one piece of memory, and one call.
_AT_ONCE = 512

#: Second, article, decision by its number, institution, mark.
_Key = tuple[int, int, int, str, str]


class EventLines:
    """`events/<worker>-<number>.tsv`, one writer per file. Columns: epoch second, article, outcome, reason, rule set,
    findings (`+` passed, `-` failed, as in `-subscription-needed,+meter-has-room`), the rule that decided, the number
    of the library or company from whose network the visit came, and the mark of whose read it is
    (`signed/reading.py`). A line that names an institution marks nobody."""

    def __init__(self, folder: Path, worker: str, clock: Clock) -> None:
        self._folder = folder
        self._worker = worker
        self._clock = clock
        # How often what was noted. By the number of a decision, which the second table holds: nothing else can come by
        # it meanwhile. One that was made once and given often is one entry, and as many lines.
        self._waiting: dict[_Key, int] = {}
        self._decisions: dict[int, Decision] = {}
        self.lost = self.failures = 0
        #: Lines that were written, by outcome and reason.
        self.written: Counter[tuple[str, str]] = Counter()

    def note(self, article: int, decision: Decision, *, institution: str = "", who: str = "") -> None:
        """Remember a decision; nothing is written on the path of a page."""
        number = id(decision)
        key = (int(self._clock.now()), article, number, institution, "" if institution else who)
        waiting = self._waiting
        times = waiting.get(key)
        if times is None:
            waiting[key] = 1
            self._decisions[number] = decision
        else:
            waiting[key] = times + 1

    @property
    def waiting(self) -> int:
        """Lines that are not written yet."""
        return sum(self._waiting.values())

    def flush(self) -> None:
        """Append what waits. A disk that takes nothing costs lines, never a page."""
        waiting, self._waiting = self._waiting, {}
        decisions, self._decisions = self._decisions, {}
        if not waiting:
            return
        try:
            with segment(self._folder, self._worker).open("ab") as file:
                for some in _pieces(waiting, decisions):
                    file.write(some.encode())
            for (_, _, number, _, _), times in waiting.items():
                decision = decisions[number]
                self.written[decision.outcome.value, decision.reason.value] += times
        except OSError as error:
            while len(waiting) > MOST_WAITING:
                self.lost += waiting.pop(next(iter(waiting)))
            self._waiting, self._decisions = waiting, decisions
            self.failures += 1
            log.error("events: %s (%d lines wait, %d lost)", error, sum(waiting.values()), self.lost)


def _pieces(waiting: dict[_Key, int], decisions: dict[int, Decision]) -> Iterator[str]:
    """The lines, some at once: never all of them in one text."""
    said = {number: _said(decision) for number, decision in decisions.items()}
    held: list[str] = []
    for (at, article, number, institution, who), times in waiting.items():
        line = f"{at}\t{article}\t{said[number]}\t{institution}\t{who}\n"
        if times == 1:
            held.append(line)
            if len(held) == _AT_ONCE:
                yield "".join(held)
                held.clear()
            continue
        for begun in range(0, times, _AT_ONCE):
            yield line * min(_AT_ONCE, times - begun)
    yield "".join(held)


def _said(decision: Decision) -> str:
    """What a line says of a decision."""
    outcome, reason, findings, rule, version, *_ = decision
    return "\t".join((outcome.value, reason.value, version, findings_field(findings), one_line(rule)))


def segment(folder: Path, worker: str) -> Path:
    """The file that a worker appends to now: the last of its own, or the next where that is full. Old ones may be gone
    (`insight/reads.py`)."""
    numbers = [
        int(path.stem.rpartition("-")[2]) for path in folder.glob(f"{worker}-[0-9][0-9][0-9][0-9][0-9][0-9].tsv")
    ]
    number = max(numbers, default=0)
    path = folder / f"{worker}-{number:06d}.tsv"
    if not path.exists() or path.stat().st_size < SEGMENT:
        return path
    return folder / f"{worker}-{number + 1:06d}.tsv"


def findings_field(findings: tuple[Finding, ...]) -> str:
    """Each finding once, with whether it passed."""
    return ",".join(dict.fromkeys(f"{'+' if finding.passed else '-'}{finding.reason}" for finding in findings))


def one_line(name: str) -> str:
    """A rule's name as one field of one line, whatever its author wrote into it."""
    return " ".join(name.split())
