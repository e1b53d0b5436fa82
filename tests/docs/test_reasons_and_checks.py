from __future__ import annotations

import re

from foldline.checks import CHECKS
from foldline.pages.words import load_words
from foldline.policy.reasons import PAIRS, WALL_REASONS, Reason

from .pages import DOCS, ROOT, SOURCE, read, sections

_ID = re.compile(r"[\"'](FL-?[A-Z]?\d{2,3})[\"' ]")


def test_every_reason_has_a_heading_and_every_heading_is_a_reason() -> None:
    written = sections(read(DOCS / "reasons.md"), 3)
    assert set(written) == {reason.value for reason in Reason}
    assert [name for name, text in written.items() if len(text.split()) < 5] == []


def test_reasons_are_documented_in_their_pairs() -> None:
    order = list(sections(read(DOCS / "reasons.md"), 3))
    assert order == [reason.value for pair in PAIRS for reason in pair]


def test_what_a_reader_sees_is_quoted_as_the_wall_says_it() -> None:
    written = sections(read(DOCS / "reasons.md"), 3)
    words = load_words("en")
    wrong = [
        reason.value
        for reason in WALL_REASONS
        if words[f"wall.{reason.value}.title"] not in " ".join(written[reason.value].split())
    ]
    assert wrong == []


def _ids_in_use() -> set[str]:
    """The ids that the source gives to problems, wherever they are not merely listed."""
    users = (path for path in SOURCE.rglob("*.py") if path != SOURCE / "checks.py")
    return {found for path in users for found in _ID.findall(read(path))}


def test_every_check_is_used_and_every_id_in_use_is_a_check() -> None:
    assert set(CHECKS) == _ids_in_use()


def test_every_check_has_a_heading_in_its_order_and_every_heading_is_a_check() -> None:
    assert list(sections(read(DOCS / "checks.md"), 3)) == list(CHECKS)


def test_every_problem_has_an_id_of_this_kind() -> None:
    given = {found for path in SOURCE.rglob("*.py") for found in re.findall(r'\bProblem\(\s*"([^"]*)"', read(path))}
    assert given
    assert given <= set(CHECKS)


def test_every_check_is_documented_with_the_words_that_it_has_in_the_source() -> None:
    written = {name: " ".join(text.split()) for name, text in sections(read(DOCS / "checks.md"), 3).items()}
    wrong = {id_: what for id_, what in CHECKS.items() if f"**{what}.**" not in written.get(id_, "")}
    assert wrong == {}


def test_the_table_of_failures_names_only_tests_that_there_are() -> None:
    named = re.findall(r"\[([^\]]+)\]\(\.\./(tests/[^)]+\.py)\)", read(DOCS / "failures.md"))
    assert len(named) > 10
    missing = [
        (sentence, path)
        for sentence, path in named
        if not re.search(rf"def test_{sentence.replace(' ', '_')}\b", read(ROOT / path))
    ]
    assert missing == []
