"""Schemathesis asks a real worker what the description of our JSON allows, and what it does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, settings
from schemathesis.generation import GenerationMode

from foldline.clock import SystemClock
from foldline.policy.decide import Outcome
from foldline.policy.reasons import Reason
from foldline.proof.pairs import SENTENCE
from foldline.proof.plan import witness_of
from foldline.proof.shingles import Witness
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

#: So that most numbers are articles'.
FEW = 9


def description() -> dict[str, Any]:
    """docs/openapi.yaml, asked about few articles."""
    raw: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "docs" / "openapi.yaml").read_text("utf-8"))
    asked = raw["paths"]["/-/decision"]["get"]["parameters"][1]["schema"]
    form = raw["paths"]["/-/read"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    for number in (asked, form["properties"]["article"]):
        number["maximum"] = FEW
    return raw


described = schemathesis.openapi.from_dict(description())
described.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
described.config.checks.negative_data_rejection.expected_statuses = ["400", "403", "404", "405", "413"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[GateProcess, Witness, Counter[int]]]:
    """A worker on loopback, who finds text of a rest, and how often each status was answered."""
    statuses: Counter[int] = Counter()
    with (
        World(tmp_path_factory.mktemp("described"), rests(SENTENCE), SystemClock()) as world,
        GateProcess(world.home, HOST) as gate,
    ):
        yield gate, witness_of(world), statuses
    assert {200, 400, 403, 404, 405} <= set(statuses), "the answers were not of many kinds"


@described.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_answer_is_as_described(case: Any, served: tuple[GateProcess, Witness, Counter[int]]) -> None:
    gate, witness, statuses = served
    host, port = gate.address
    response = case.call_and_validate(base_url=f"http://{host}:{port}", headers={"Host": HOST})
    statuses[response.status_code] += 1
    opened = response.status_code == 200 and response.json().get("rest") is not None
    assert opened or not witness.sees(Answer(response.status_code, (), response.content))


def test_what_is_described_is_what_the_gate_says() -> None:
    """The few words of the description that schemas can't hold equal."""
    schemas = description()["components"]["schemas"]
    assert set(schemas["Decision"]["properties"]["outcome"]["enum"]) == {outcome.value for outcome in Outcome}
    pattern = re.compile(schemas["Reason"]["pattern"])
    assert all(pattern.search(reason.value) for reason in Reason)
