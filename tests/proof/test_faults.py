"""The proof can fail: each seeded fault is caught, by the witnesses that ought to see it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from foldline.proof.faults import FAULTS, broken_twins
from foldline.proof.pairs import SENTENCE
from foldline.proof.plan import plan, tag_of, witness_of
from foldline.proof.surfaces import SURFACES
from foldline.proof.twins import Twins
from foldline.testing.readers import readers_of
from foldline.testing.worlds import World
from foldline.testing.worlds import rests as rests_of

from .room import LONG, RICH

RESTS = (rests_of(SENTENCE), rests_of(f"{SENTENCE}\n\n{RICH}"))


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    folder = tmp_path_factory.mktemp("honest")
    with World(folder / "one", RESTS[0]) as one, World(folder / "other", RESTS[1]) as other:
        for world in (one, other):
            readers_of(world)
        yield one, other


@pytest.mark.parametrize("name", FAULTS)
def test_a_seeded_fault_is_caught(tmp_path: Path, honest: tuple[World, World], name: str) -> None:
    fault = FAULTS[name]
    witnesses: set[str] = set()
    with broken_twins(fault, tmp_path, honest, RESTS) as (one, other):
        readers = readers_of(one)
        readers_of(other)
        twins = Twins(one.client.ask, other.client.ask, witness_of(one))
        for surface in SURFACES:
            if surface.kind in fault.on and not fault.caught_by <= witnesses:
                asks = plan(surface, readers, tag_of(surface, one), 300 if LONG else 0, 32)
                witnesses |= twins.run(asks, lambda report: fault.caught_by <= report.witnesses).witnesses
    assert fault.caught_by <= witnesses, f"{fault.what}: seen by {sorted(witnesses)} only"


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_with_its_worlds(tmp_path: Path, honest: tuple[World, World], name: str) -> None:
    fault = FAULTS[name]
    before = [getattr(target, attribute) for target, attribute, _ in fault.breaks.attributes]
    with fault.breaks.holding():
        pass
    assert before == [getattr(target, attribute) for target, attribute, _ in fault.breaks.attributes]


def test_there_are_enough_faults_of_every_sort() -> None:
    assert len(FAULTS) >= 14
    assert {kind for fault in FAULTS.values() for kind in fault.on} >= {"article", "list", "error", "redirect", "read"}
    assert any(fault.caught_by == {"twin"} for fault in FAULTS.values()), "only twins see lengths and validators"


def test_every_fault_is_in_the_document() -> None:
    document = (Path(__file__).parents[2] / "docs" / "proof.md").read_text(encoding="utf-8")
    assert [name for name in FAULTS if f"`{name}`" not in document] == []


def test_nothing_that_serves_readers_can_reach_a_fault() -> None:
    source = Path(__file__).parents[2] / "src" / "foldline"
    rooms = [path for path in source.rglob("*.py") if path.relative_to(source).parts[0] not in ("proof", "testing")]
    assert rooms
    naming = [path for path in rooms if "proof.faults" in path.read_text(encoding="utf-8")]
    assert naming == []
