"""What a day came to: for each kind of visit, and for each process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scripts.load.judge import Judge, percentile
from scripts.load.paper import Used


@dataclass(frozen=True, slots=True)
class Row:
    """One kind. Latencies in milliseconds, from when a request was to begin; `refused` as it should be."""

    kind: str
    requests: int
    p50: float
    p95: float
    p99: float
    refused: int
    failed: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Lived:
    """A day. `latest` is how many seconds after a change the old was last seen, of the gate and of the cache; `behind`
    by how many seconds the client itself was late at most. `told` are the first answers that were wrong or failed."""

    rows: tuple[Row, ...]
    processes: tuple[Used, ...]
    seconds: float
    workers: int
    latest: Mapping[str, float]
    behind: float
    load: float
    told: tuple[str, ...] = ()

    @property
    def wrong(self) -> int:
        """How many answers were not what their reader may read."""
        return sum(row.wrong for row in self.rows)

    @property
    def failed(self) -> int:
        """How many were none."""
        return sum(row.failed for row in self.rows)

    @property
    def requests(self) -> int:
        """All that was asked."""
        return sum(row.requests for row in self.rows)

    def as_data(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self) | {"wrong": self.wrong, "failed": self.failed, "requests": self.requests}


def rows_of(judge: Judge) -> tuple[Row, ...]:
    """A row for each kind that came."""
    return tuple(
        Row(
            kind,
            len(seen.latencies),
            *(percentile(seen.latencies, part) * 1e3 for part in (0.50, 0.95, 0.99)),
            seen.refused,
            len(seen.failed),
            len(seen.wrong),
        )
        for kind, seen in sorted(judge.seen.items())
    )


def told_of(judge: Judge, most: int = 20) -> tuple[str, ...]:
    """The first answers that were wrong or failed, each with its kind."""
    found = [f"{kind}: {said}" for kind, seen in sorted(judge.seen.items()) for said in (*seen.wrong, *seen.failed)]
    return tuple(found[:most])
