"""The ledger of leaks has one verdict for each of the 219 ways, and names only tests and faults that there are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from scripts import leaks, ledger

from .pages import read

ROWS = ledger.read(leaks.DATA)
SOME_TEST = "tests/docs/test_leaks_page.py::test_the_page_is_drawn_from_its_data"


def test_the_catalogue_has_219_ways() -> None:
    assert len(set(leaks.IDS)) == len(leaks.IDS) == 219
    assert (leaks.IDS[0], leaks.IDS[-1]) == ("A01", "J13")


def test_every_way_has_one_verdict_and_what_shows_it() -> None:
    assert ledger.problems(ROWS, leaks.IDS, leaks.SEEDED) == []
    assert list(ROWS) == list(leaks.IDS)


def test_the_page_is_drawn_from_its_data() -> None:
    assert read(leaks.PAGE) == leaks.drawn(ROWS), "run `python -m scripts.leaks`"


def _with(**said: object) -> list[str]:
    row = ledger.Row("A01", "A way", "covered", tests=(SOME_TEST,), faults=("late-cut",))
    return ledger.problems({"A01": replace(row, **said)}, ["A01"], "A")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"tests": ()}, "is covered by no test"),
        (
            {"tests": ("tests/docs/test_leaks_page.py::test_nothing",)},
            "there is no tests/docs/test_leaks_page.py::test_",
        ),
        ({"tests": ("tests/docs/none.py::test_nothing",)}, "there is no tests/docs/none.py::test_nothing"),
        ({"tests": ("tests/docs/test_leaks_page.py",)}, "there is no tests/docs/test_leaks_page.py"),
        ({"faults": ()}, "names no seeded fault"),
        ({"faults": ("early-cut",)}, "there is no fault 'early-cut'"),
        (
            {"faults": ("tests/proof/test_faults.py::early-cut",)},
            "there is no fault 'tests/proof/test_faults.py::early",
        ),
        ({"verdict": "fine", "why": "It is."}, "'fine' is no verdict"),
        ({"verdict": "not-here"}, "does not say why"),
        ({"verdict": "not-here", "why": "No pages.", "absent": ("docs/*.md",)}, "docs/*.md is there, so it applies"),
        ({"verdict": "open", "why": "Try it."}, "an open row has a danger"),
        ({"danger": "high"}, "an open row has a danger"),
        ({"way": " "}, "does not say what it is"),
        ({"files": ("docs/none.md",)}, "there is no file docs/none.md"),
    ],
)
def test_a_row_that_says_more_than_there_is_is_named(said: dict[str, object], problem: str) -> None:
    assert _with() == []
    found = _with(**said)
    assert len(found) == 1
    assert problem in found[0]
    assert found[0].startswith("A01: ")


def test_a_way_without_a_row_and_a_row_without_a_way_are_named() -> None:
    rows = {id_: row for id_, row in ROWS.items() if id_ != "C07"} | {"K01": replace(ROWS["C07"], id="K01")}
    assert ledger.problems(rows, leaks.IDS, leaks.SEEDED) == ["C07: has no row", "K01: is not in the list of ids"]


def test_an_id_that_stands_twice_and_a_key_that_is_none_are_refused(tmp_path: Path) -> None:
    twice = leaks.DATA.read_text(encoding="utf-8")
    twice += twice[twice.index("[J13]") :]
    path = tmp_path / "leaks.toml"
    path.write_text(twice, encoding="utf-8")
    with pytest.raises(ValueError, match="J13"):
        ledger.read(path)
    path.write_text('[A01]\nway = "A way"\nverdict = "open"\ntest = []\n', encoding="utf-8")
    with pytest.raises(ValueError, match="A01 has test"):
        ledger.read(path)


def test_the_counts_at_the_top_are_those_of_the_rows() -> None:
    total = {verdict: sum(row.verdict == verdict for row in ROWS.values()) for verdict in ledger.VERDICTS}
    assert sum(total.values()) == 219
    assert f"| **all** | **{total['covered']}** | **{total['not-here']}** | **{total['open']}** | **219** |" in read(
        leaks.PAGE
    )
