"""What the gate would have done since it stands in shadow, counted from its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from foldline.insight.shadow import VISITS, ShadowLine, What
from foldline.policy.decide import Outcome


@dataclass(slots=True)
class Walled:
    """Visits that would have met a wall for one reason, and how many of them by readers with a valid pass."""

    visits: int = 0
    with_pass: int = 0


@dataclass(slots=True)
class ShadowReport:
    """Numbers of requests. `since` is an epoch second. Articles are named by their numbers as text.

    `with_pass` are walled visits by readers with a valid pass, by (reason, rule, article); `closed` and `rewritten` by
    (line of the map, shape of the path), `unmapped` by shape; `undecided` by (why, shape of the path). `locked` and
    `fell_back` are articles that were visited, with how they were cut last.
    """

    since: int
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    walled: dict[str, Walled] = field(default_factory=dict)
    with_pass: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    closed: Counter[tuple[str, str]] = field(default_factory=Counter)
    rewritten: Counter[tuple[str, str]] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    undecided: Counter[tuple[str, str]] = field(default_factory=Counter)
    locked: dict[str, str] = field(default_factory=dict)
    fell_back: dict[str, str] = field(default_factory=dict)
    first: int = 0

    @property
    def visits(self) -> int:
        """Visits to articles about which something was decided."""
        return self.outcomes.total()

    @property
    def would_have_walled(self) -> int:
        return self.outcomes[Outcome.REFUSES]

    @property
    def share(self) -> float:
        """The share of visits that would have met a wall; 0 where there were none."""
        return self.would_have_walled / self.visits if self.visits else 0.0


def report_of(lines: Iterable[ShadowLine], since: int) -> ShadowReport:
    """The report about lines at or after an epoch second. How articles were cut is told whenever it was."""
    report = ShadowReport(since)
    cuts: dict[str, ShadowLine] = {}
    visited: set[str] = set()
    for line in lines:
        if line.what in (What.CUT, What.LOCKED):
            known = cuts.get(line.about)
            if known is None or known.at <= line.at:
                cuts[line.about] = line
            continue
        if line.at < since:
            continue
        report.first = min(report.first or line.at, line.at)
        if line.what in VISITS:
            visited.add(line.about)
            _count_visit(report, line)
        elif line.what is What.CLOSED:
            report.closed[line.why, line.about] += 1
        elif line.what is What.REWRITTEN:
            report.rewritten[line.why, line.about] += 1
        elif line.what is What.UNMAPPED:
            report.unmapped[line.about] += 1
        else:
            report.undecided[line.why, line.about] += 1
    for article in sorted(visited & cuts.keys(), key=int):
        cut = cuts[article]
        if cut.what is What.LOCKED:
            report.locked[article] = cut.why
        elif "cut-by-tree" in cut.why.split(", "):
            report.fell_back[article] = cut.why
    return report


def _count_visit(report: ShadowReport, line: ShadowLine) -> None:
    outcome = Outcome(line.what.value)
    report.outcomes[outcome] += 1
    if outcome is not Outcome.REFUSES:
        return
    walled = report.walled.setdefault(line.why, Walled())
    walled.visits += 1
    if line.with_pass:
        walled.with_pass += 1
        report.with_pass[line.why, line.rule, line.about] += 1
