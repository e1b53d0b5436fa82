"""What stands in docs/performance.md is what is computed, and what is driven."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.load.mix import read_day
from scripts.load.report import mix
from scripts.model import NAME, drawn, holds, page_micros, read
from scripts.pages import PAGE, part, write

from foldline.errors import FoldlineError


def test_the_paper_model_on_the_page_is_the_one_that_is_computed() -> None:
    assert part(NAME) == drawn()


def test_the_published_mix_is_the_one_that_is_driven() -> None:
    assert part("mix") == mix(read_day())


def test_ten_machines_hold_ten_times_as_much_and_ask_ten_times_as_much_of_the_database() -> None:
    one, ten = holds(read(), 1), holds(read(), 10)
    assert ten.pages_per_second == pytest.approx(10 * one.pages_per_second)
    assert ten.readers_a_day == pytest.approx(10 * one.readers_a_day)
    assert ten.of_one_database == pytest.approx(10 * one.of_one_database)


def test_what_costs_more_or_comes_oftener_makes_a_page_dearer() -> None:
    told = read()
    before = page_micros(told)
    for change in ("by-pass", "asks", "spends", "sign-ins"):
        dearer = {**told, "day": {**told["day"], change: told["day"][change] * 2}}
        assert page_micros(dearer) > before, change
    cold = {**told, "day": {**told["day"], "cache-hits": 0.0}}
    assert page_micros(cold) > before


def test_a_part_is_written_between_its_marks_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n\n<!-- one: begin -->\n\nold\n\n<!-- one: end -->\n\nBehind.\n", encoding="utf-8")
    write("one", "new | text", page)
    assert page.read_text(encoding="utf-8") == (
        "# A\n\n<!-- one: begin -->\n\nnew | text\n\n<!-- one: end -->\n\nBehind.\n"
    )
    with pytest.raises(FoldlineError, match="no place for this part"):
        write("two", "x", page)


@pytest.mark.parametrize("name", ["growth", "mix", "day", "model"])
def test_the_page_has_a_place_for_each(name: str) -> None:
    assert part(name, PAGE)
