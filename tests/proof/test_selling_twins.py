"""The pages that sell tell nothing of what is below a fold, nor of anybody else, however a subscription stands."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.proof.selling_answers import FAULTS, FEW, LONG, NOBODYS, STANDS, TOLD

from foldline.proof.pairs import SENTENCE
from foldline.testing.builders import FREE, GONE_PATH, NOWHERE, REGISTERED
from foldline.testing.worlds import rests as rests_of

from .room import RICH
from .told import ROOT, told

PROOF = "long" if LONG else ""
RESTS = (rests_of(SENTENCE), rests_of(f"{SENTENCE}\n\n{RICH}"))
#: Addresses that everybody is told the same of: nothing is sold there, or nothing is there.
ALIKE = (NOWHERE, GONE_PATH, FREE.path, REGISTERED.path)

Answers = list[dict[str, Any]]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answers, Answers]:
    one, other = (answers(rests, tmp_path_factory.mktemp("asked"), "-") for rests in RESTS)
    return one, other


def answers(rests: Mapping[int, str], folder: Path, fault: str) -> Answers:
    return told("tests.proof.selling_answers", fault, rests, folder.parent / "home", FOLDLINE_PROOF=PROOF)


def differing(one: Answers, other: Answers) -> list[str]:
    return [answer["asked"] for answer, twin in zip(one, other, strict=True) if answer != twin]


def alone(answer: dict[str, Any], *named: str) -> tuple[Any, ...]:
    """An answer without what was asked for, and without what chance gives each page."""
    text = json.dumps([answer["status"], answer["headers"], answer["body"]])
    for name in sorted(named, key=len, reverse=True):
        text = text.replace(name, "·")
    text = re.sub(r'(name=\\"(?:csrfmiddlewaretoken|order)\\" value=\\")[^\\]*', r"\1", text)
    # The token has always as many letters, and the address has not.
    return (re.sub(r'\["Content-Length", "\d+"\]', "", text),)


def told_of_others(found: Answers) -> list[str]:
    """What is answered about somebody else's subscription, visit to the till or a closed article otherwise than about
    what nobody has."""
    by_question = {answer["asked"]: answer for answer in found}
    seen = []
    for answer in found:
        who, _, question = answer["asked"].partition(": ")
        number = re.search(r"(?<=/subscriptions/)\d+", question)
        if number is not None and int(number[0]) not in (answer["own"], NOBODYS):
            none = by_question[f"{who}: {question.replace(number[0], str(NOBODYS))}"]
            if alone(answer, f"/{number[0]}/") != alone(none, f"/{NOBODYS}/"):
                seen.append(answer["asked"])
        checkout = re.search(r"(?<=checkout=)[\w-]+", question)
        if checkout is not None:
            none = by_question[f"{who}: get /-/subscribed?checkout=made-up"]
            if alone(answer, checkout[0]) != alone(none, "made-up"):
                seen.append(answer["asked"])
        path = question.removeprefix("get /-/subscribe?next=")
        if path in ALIKE and alone(answer, path) != alone(
            by_question[f"{who}: get /-/subscribe?next={NOWHERE}"], NOWHERE
        ):
            seen.append(answer["asked"])
    return seen


def test_no_page_that_sells_depends_on_what_is_sealed(honest: tuple[Answers, Answers]) -> None:
    one, other = honest
    assert differing(one, other) == []
    asked = {answer["asked"].partition(": ")[0] for answer in one}
    assert asked == {"stranger", *STANDS}
    assert len(one) > 50 * len(asked)
    assert [answer["asked"] for answer in one if answer["status"] >= 500] == []


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("active", "Next charge"),
        ("trialing", "Free until"),
        ("trial ended", "Ended on"),
        ("paused", "Paused. Nothing is charged."),
        ("past due", "did not go through"),
        ("cancelled", "Cancelled"),
        ("lapsed", "Ended on"),
        ("refunded", "Paid back"),
        ("disputed", "disputed"),
    ],
)
def test_each_state_was_asked_for_and_its_page_says_so(honest: tuple[Answers, Answers], who: str, says: str) -> None:
    """Else the twins above would be equal because there was nothing to tell."""
    (page,) = [answer["body"] for answer in honest[0] if answer["asked"] == f"{who}: get /-/account"]
    part = page.partition('id="plans"')[2]
    assert says in part, part[:600]


def test_somebody_elses_is_answered_as_what_nobody_has(honest: tuple[Answers, Answers]) -> None:
    assert told_of_others(honest[0]) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_seeded_fault_of_selling_is_seen_by_the_twins(tmp_path: Path, fault: str) -> None:
    one, other = (answers(rests, tmp_path, fault) for rests in RESTS)
    assert {answer["asked"].partition(": ")[0] for answer in one} == {"stranger", *FEW}
    assert differing(one, other)


@pytest.mark.parametrize("fault", TOLD)
def test_a_seeded_fault_that_tells_of_others_is_seen(tmp_path: Path, fault: str) -> None:
    assert told_of_others(answers(RESTS[0], tmp_path, fault))


def test_each_fault_is_in_the_document() -> None:
    document = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
    assert [fault for fault in (*FAULTS, *TOLD) if f"`{fault}`" not in document] == []
