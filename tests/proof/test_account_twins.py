"""The pages about an account are the same whatever stands below any fold, and seeded faults are seen."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.proof.account_answers import ADDRESS, FAULTS

from foldline.proof.pairs import SENTENCE
from foldline.testing.worlds import rests as rests_of

from .room import RICH
from .told import ROOT, told

RESTS = (rests_of(SENTENCE), rests_of(f"{SENTENCE}\n\n{RICH}"))


def answers(rests: Mapping[int, str], folder: Path, fault: str) -> list[dict[str, Any]]:
    return told("tests.proof.account_answers", fault, rests, folder / "home")


def test_no_page_about_an_account_depends_on_what_is_sealed(tmp_path: Path) -> None:
    one, other = (answers(rests, tmp_path, "-") for rests in RESTS)
    assert len(one) >= 180
    assert [answer["asked"] for answer, twin in zip(one, other, strict=True) if answer != twin] == []
    mine = [answer for answer in one if answer["asked"] == "signed in: get /-/account"]
    assert [ADDRESS in answer["body"] for answer in mine] == [True]
    statuses = {answer["status"] for answer in one}
    assert {200, 302, 303, 404, 405} & statuses >= {200, 404, 405}
    assert [answer["asked"] for answer in one if "500" in str(answer["status"])] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_seeded_fault_of_the_account_is_caught(tmp_path: Path, fault: str) -> None:
    one, other = (answers(rests, tmp_path, fault) for rests in RESTS)
    assert [answer["asked"] for answer, twin in zip(one, other, strict=True) if answer != twin]


def test_each_fault_is_in_the_document() -> None:
    document = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
    assert [fault for fault in FAULTS if f"`{fault}`" not in document] == []
