from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from scripts.bench.browser import LOOPBACK, Seen
from scripts.bench.report import BEGIN, END, markdown, show, write_docs
from tests.bench.test_figures import figures

from foldline.errors import FoldlineError

DOCS = Path(__file__).parents[2] / "docs" / "performance.md"


def test_the_figures_stand_between_their_marks_and_nothing_else_changes(tmp_path: Path) -> None:
    file = tmp_path / "performance.md"
    file.write_text(f"# Speed\n\nBefore.\n\n{BEGIN}\nold\n{END}\n\nBehind.\n", encoding="utf-8")
    write_docs(figures(), file)
    once = file.read_text(encoding="utf-8")
    write_docs(figures(), file)
    assert file.read_text(encoding="utf-8") == once
    assert once.startswith("# Speed\n\nBefore.\n")
    assert once.endswith("\n\nBehind.\n")
    assert "old" not in once
    assert "| reader with a pass | 32 | 10,000 | 0.33 | 1,200 | 3.0 | 30.0 | 3.0 |" in once


def test_a_file_without_marks_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "performance.md"
    file.write_text("# Speed\n", encoding="utf-8")
    with pytest.raises(FoldlineError, match="no place for figures"):
        write_docs(figures(), file)
    assert file.read_text(encoding="utf-8") == "# Speed\n"


def test_the_documentation_has_a_place_for_the_figures() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1


def test_a_missed_budget_is_said_in_print_and_in_the_documentation() -> None:
    late = figures(browser=(Seen(LOOPBACK, (100.0,), (90.0,), (150.0,)),))
    printed = io.StringIO()
    show(late, Console(file=printed, width=120))
    assert printed.getvalue().count("NOT MET") == 1
    assert "| whole in the DOM, loopback | 1.50 | ≤ 1.10 |  | NOT MET |" in markdown(late)


def test_the_tables_fit_a_narrow_terminal() -> None:
    printed = io.StringIO()
    show(figures(), Console(file=printed, width=80))
    assert "reader with a pass" in printed.getvalue()
    assert "0.33" in printed.getvalue()
