"""The page on ASVS is drawn from its data, names only tests and files that there are, and numbers lines as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scripts import asvs, ledger

from .pages import read

ROWS = ledger.read(asvs.DATA)


def test_every_line_has_a_level_a_verdict_and_what_shows_it() -> None:
    assert ledger.problems(ROWS, list(ROWS)) == []
    assert asvs.misnumbered(ROWS) == []
    assert {asvs.chapter(id_) for id_ in ROWS} == set(asvs.CHAPTERS)


def test_the_page_is_drawn_from_its_data() -> None:
    assert read(asvs.PAGE) == asvs.drawn(ROWS), "run `python -m scripts.asvs`"


@pytest.mark.parametrize(
    ("id_", "level", "problem"),
    [
        ("V3.5", 4, "V3.5: level 4 is none"),
        ("3.5.1", 1, "3.5.1: is no number of a line"),
        ("V3.5.1 to 3", 1, "V3.5.1 to 3: is no number of a line"),
        ("V18.1.1", 1, "V18: there is no such chapter"),
    ],
)
def test_a_line_that_the_standard_can_not_have_is_named(id_: str, level: int, problem: str) -> None:
    row = replace(ROWS["V1.1.1"], id=id_, level=level)
    assert asvs.misnumbered({id_: row}) == [problem]


def test_what_security_md_calls_a_deviation_is_open_here() -> None:
    deviations = read(ledger.ROOT / "SECURITY.md").partition("## Known deviations")[2]
    assert "**V6.3.3, V6.3.6:" in deviations
    assert ROWS["V6.3.3"].verdict == "open"
