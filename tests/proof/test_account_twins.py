"""The pages about an account are the same whatever stands below any fold, and seeded faults are seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.proof.account_answers import ADDRESS, FAULTS

from foldline.proof.pairs import SENTENCE
from foldline.testing.worlds import World
from foldline.testing.worlds import rests as rests_of

from .room import RICH

ROOT = Path(__file__).parents[2]
RESTS = (rests_of(SENTENCE), rests_of(f"{SENTENCE}\n\n{RICH}"))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two newspapers that differ below every fold, to be copied for each run."""
    folder = tmp_path_factory.mktemp("accounts")
    for name, rests in zip(("one", "other"), RESTS, strict=True):
        with World(folder / name, rests):
            pass
    return [folder / "one", folder / "other"]


def answers(home: Path, folder: Path, fault: str) -> list[dict[str, Any]]:
    """What a process answers that has a copy of this home, always at the same path."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    place = folder / "home"
    subprocess.run(["cp", "-a", str(home), str(place)], check=True)
    try:
        said = subprocess.run(
            [sys.executable, "-m", "tests.proof.account_answers", fault],
            env={**keep, "FOLDLINE_HOME": str(place), "PYTHONHASHSEED": "0"},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    finally:
        subprocess.run(["rm", "-rf", str(place)], check=True)
    return [json.loads(line) for line in said.splitlines()]


def test_no_page_about_an_account_depends_on_what_is_sealed(homes: list[Path], tmp_path: Path) -> None:
    one, other = (answers(home, tmp_path, "-") for home in homes)
    assert len(one) >= 180
    assert [answer["asked"] for answer, twin in zip(one, other, strict=True) if answer != twin] == []
    mine = [answer for answer in one if answer["asked"] == "signed in: get /-/account"]
    assert [ADDRESS in answer["body"] for answer in mine] == [True]
    statuses = {answer["status"] for answer in one}
    assert {200, 302, 303, 404, 405} & statuses >= {200, 404, 405}
    assert [answer["asked"] for answer in one if "500" in str(answer["status"])] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_seeded_fault_of_the_account_is_caught(homes: list[Path], tmp_path: Path, fault: str) -> None:
    one, other = (answers(home, tmp_path, fault) for home in homes)
    assert [answer["asked"] for answer, twin in zip(one, other, strict=True) if answer != twin]


def test_each_fault_is_in_the_document() -> None:
    document = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
    assert [fault for fault in FAULTS if f"`{fault}`" not in document] == []
