"""Twin worlds, and what a run must not find. `FOLDLINE_PROOF=long` asks more of everything."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from foldline.proof.pairs import PAIRS
from foldline.proof.plan import witness_of
from foldline.proof.twins import Report, Twins
from foldline.testing.readers import Readers, readers_of
from foldline.testing.worlds import World

LONG = os.environ.get("FOLDLINE_PROOF") == "long"
RICH = next(pair.other for pair in PAIRS if "tables" in pair.name)


@dataclass(frozen=True)
class Pair:
    """Two worlds that differ below every fold, and one set of readers for both."""

    one: World
    other: World
    readers: Readers
    twins: Twins


def twin_worlds(folder: Path, one: dict[int, str], other: dict[int, str], *, words: bool = True) -> Pair:
    p, q = World(folder / "one", one), World(folder / "other", other)
    readers_of(q)
    witness = witness_of(p) if words else None
    return Pair(p, q, readers_of(p), Twins(p.client.ask, q.client.ask, witness))


def assert_equal(report: Report) -> None:
    assert not report.found, str(report)
