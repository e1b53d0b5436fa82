"""What an audit found, and what it did to find it: the report as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from foldline.errors import FoldlineError, Problem
from foldline.proof.audit.vectors import VECTORS, Vector

#: The form of the report as JSON. Fields are added, never renamed.
SCHEMA = 1

#: By what an article's rest is known, in words.
HOW = {
    "difference": "what a subscriber is shown and a stranger is not",
    "selector": "the selector that was given",
    "markup": "what the page tells search engines to be closed",
    "claim": "what the page, or its status, says is not free",
}


class CantAudit(FoldlineError):
    """Nothing can be said about the site. `problem` names what is missing and the next step."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(slots=True)
class Finding:
    """One way out. `articles` are those it gives away, of which the first is the example (none, where it shows in lists
    and no word tells of which); `witness` is shingle, oracle or twin; `where` says in words where it stands in the
    answer, `words` are the first that leaked, "" where none are shown; `times` counts the questions that showed it."""

    vector: str
    articles: list[str]
    surface: str
    state: str
    where: str
    witness: str
    status: int
    curl: str
    words: str = ""
    shingles: int = 0
    times: int = 1
    #: Other questions of the same surface that showed it, a few.
    also: list[str] = field(default_factory=list)

    @property
    def of(self) -> Vector:
        return VECTORS[self.vector]


@dataclass(frozen=True, slots=True)
class Learned:
    """An article as the report tells it. `how` tells by what its rest is known."""

    path: str
    title: str
    words: int
    how: str


@dataclass(slots=True)
class Report:
    """`at` is when it began, in ISO 8601 and UTC; `unread` counts answers that could not be read whole, `left` what was
    planned and not asked; `stopped` says why, "" where all was; `broken_off` is whether that was no bound that somebody
    chose."""

    url: str
    at: str = ""
    articles: list[Learned] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    asked: int = 0
    unanswered: int = 0
    unread: int = 0
    left: int = 0
    received: int = 0
    surfaces: dict[str, int] = field(default_factory=dict)
    states: int = 0
    mixed: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    led_away: dict[str, str] = field(default_factory=dict)
    repeated: int = 0
    #: Answers that change by themselves too much to compare two versions.
    unstable: int = 0
    twin: bool = False
    declared: list[str] = field(default_factory=list)
    twin_compared: int = 0
    as_if_gated: bool = False
    stopped: str = ""
    broken_off: bool = False
    seconds: float = 0.0
    rate: float = 0.0
    undriven: list[str] = field(default_factory=list)
    #: What is no leak that was seen, and worth a look.
    remarks: list[str] = field(default_factory=list)

    @property
    def code(self) -> int:
        """0: nothing found; 1: found; 2: it could not be done."""
        if self.findings:
            return 1
        return 2 if self.broken_off or not self.articles else 0
