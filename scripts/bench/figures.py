"""From measured runs to ratios and budgets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from foldline.gate.library import PUBLIC_BYTES, SEALED_BYTES
from scripts.bench.browser import Seen
from scripts.bench.deciding import Deciding
from scripts.bench.wrk import Load

NGINX, PASS, PREVIEW = "nginx static", "reader with a pass", "anonymous preview"
SUBJECTS = (NGINX, PASS, PREVIEW)
PROXIED, FORWARDED = "nginx proxy_pass", "passed through the gate"
SITE_PASS, SITE_PREVIEW = "a site's article, with a pass", "a site's article, preview"
STATIC_PREVIEW, CACHED_PREVIEW = "nginx static, the preview", "nginx with the recipe, cached"
SITE_SUBJECTS = (NGINX, PROXIED, FORWARDED, PASS, SITE_PASS, PREVIEW, SITE_PREVIEW)
#: The budgets hold at this many connections.
BUDGETED = 32


@dataclass(frozen=True, slots=True)
class Row:
    """One subject at one number of connections: medians over the rounds, latencies and CPU per request in
    microseconds; the ratios are medians of each round's own ratio to nginx, so that a slow minute counts once."""

    subject: str
    connections: int
    per_second: float
    p50: float
    p99: float
    cpu: float
    per_second_ratio: float
    p99_ratio: float
    cpu_ratio: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Proportional set sizes in bytes, after the same number of connections. `held` is what the gate keeps on purpose
    and within bounds: the files that pages need. Its other caches hold one article and one pass here: nothing is taken
    off for them."""

    gate: int
    empty: int
    held: int = 0

    @property
    def ratio(self) -> float:
        return (self.gate - self.held) / self.empty


@dataclass(frozen=True, slots=True)
class BeforeSite:
    """Medians over the rounds, at the budgeted number of connections: requests per second and CPU (of the one process
    that is measured) in microseconds per request, by subject. The `ratios` are medians of ratios within a round.

    `grown` is by how many bytes a worker grew while `articles` were read, preview and whole; `bound` what its caches
    of records may hold. `first` is what the first visit to an article takes, in milliseconds: fetched, cut, stored."""

    per_second: dict[str, float]
    cpu: dict[str, float]
    ratios: dict[str, float]
    articles: int
    grown: int
    first: float
    bound: int = PUBLIC_BYTES + SEALED_BYTES

    @property
    def memory_ratio(self) -> float:
        return self.grown / self.bound

    def beside_nginx(self, subject: str) -> float:
        """Requests per second by those of nginx over a file."""
        return self.per_second[subject] / self.per_second[NGINX]


@dataclass(frozen=True, slots=True)
class Cached:
    """Cached previews beside the same bytes in a file: medians over the rounds, at the budgeted number of connections,
    of requests per second and of CPU of the one nginx worker in microseconds per request. `ratio` is beside nginx over
    the page of every other row, `same` beside nginx over a file of the very preview: medians of each round's own."""

    per_second: dict[str, float]
    cpu: dict[str, float]
    ratio: float
    same: float


@dataclass(frozen=True, slots=True)
class Budget:
    """`most` says which way `limit` and `aim` bind."""

    name: str
    value: float
    limit: float
    aim: float | None = None
    most: bool = True

    @property
    def met(self) -> bool:
        return self.value <= self.limit if self.most else self.value >= self.limit

    @property
    def aim_met(self) -> bool | None:
        if self.aim is None:
            return None
        return self.value <= self.aim if self.most else self.value >= self.aim


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that one run measured."""

    rows: tuple[Row, ...]
    memory: Memory
    deciding: Deciding
    browser: tuple[Seen, ...]
    page: dict[str, int]
    site: BeforeSite
    versions: dict[str, str] = field(default_factory=dict)
    cached: Cached | None = None

    def row(self, subject: str, connections: int = BUDGETED) -> Row:
        return next(row for row in self.rows if (row.subject, row.connections) == (subject, connections))

    def budgets(self) -> tuple[Budget, ...]:
        """The design's budgets, in its order."""
        by_pass, preview = self.row(PASS), self.row(PREVIEW)
        return (
            Budget("requests/s, reader with a pass", by_pass.per_second_ratio, 0.22, 0.33, most=False),
            Budget("requests/s, anonymous preview", preview.per_second_ratio, 0.30, 0.45, most=False),
            Budget("CPU per page, reader with a pass", by_pass.cpu_ratio, 5.0, 3.5),
            Budget("CPU per page, anonymous preview", preview.cpu_ratio, 5.0, 3.5),
            Budget("p99, reader with a pass", by_pass.p99_ratio, 7.0),
            Budget("p99, anonymous preview", preview.p99_ratio, 7.0),
            Budget("decide with 10 rules, by one HMAC", self.deciding.ratio(10), 2.0),
            Budget("decide with 50 rules, by one HMAC", self.deciding.ratio(50), 7.0),
            Budget("a file of 50 rules read, in ms", self.deciding.reading / 1000, 50.0),
            Budget("memory, by an empty worker", self.memory.ratio, 1.5),
            # What holds for a page of our own holds for a site's, in the same rounds.
            Budget(
                "requests/s, a site's article with a pass", self.site.beside_nginx(SITE_PASS), 0.22, 0.33, most=False
            ),
            Budget(
                "requests/s, a site's article, preview", self.site.beside_nginx(SITE_PREVIEW), 0.30, 0.45, most=False
            ),
            Budget(f"{self.site.articles:,} articles, by the caches' bound", self.site.memory_ratio, 1.0),
            *((Budget("requests/s, cached preview", self.cached.ratio, 0.9, most=False),) if self.cached else ()),
            *(Budget(f"whole in the DOM, {seen.line.name}", seen.ratio, 1.10) for seen in self.browser),
        )

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "versions": self.versions,
            "page_bytes": self.page,
            "loads": [asdict(row) for row in self.rows],
            "before_a_site": asdict(self.site),
            "cached": asdict(self.cached) if self.cached else None,
            "memory_bytes": {**asdict(self.memory), "ratio": self.memory.ratio},
            "decide_microseconds": {"hmac": self.deciding.hmac, **self.deciding.by_rules},
            "read_50_rules_microseconds": self.deciding.reading,
            "browser_milliseconds": [{**asdict(seen), "ratio": seen.ratio} for seen in self.browser],
            "budgets": [{**asdict(one), "met": one.met, "aim_met": one.aim_met} for one in self.budgets()],
        }


def rows_of(rounds: Iterable[tuple[int, dict[str, Load]]]) -> tuple[Row, ...]:
    """Rows from rounds: (connections, one load of each subject), nginx among them in each."""
    by_connections: dict[int, list[dict[str, Load]]] = {}
    for connections, loads in rounds:
        by_connections.setdefault(connections, []).append(loads)
    return tuple(
        _row(subject, connections, [loads[subject] for loads in same], [loads[NGINX] for loads in same])
        for connections, same in sorted(by_connections.items())
        for subject in SUBJECTS
    )


def _row(subject: str, connections: int, loads: Sequence[Load], beside: Sequence[Load]) -> Row:
    pairs = list(zip(loads, beside, strict=True))
    return Row(
        subject,
        connections,
        median(load.per_second for load in loads),
        median(load.p50 for load in loads),
        median(load.p99 for load in loads),
        median(load.cpu for load in loads),
        median(load.per_second / nginx.per_second for load, nginx in pairs),
        median(load.p99 / nginx.p99 for load, nginx in pairs),
        median(load.cpu / nginx.cpu for load, nginx in pairs),
    )
