"""docs/init.md says what `foldline init` and `foldline map` do: the numbers are the code's."""

from __future__ import annotations

from pathlib import Path

from foldline.cli import init, mapping
from foldline.sources.survey import candidates, lists
from foldline.sources.survey.cuts import RULES
from foldline.sources.survey.guest import TOKEN, Bounds

PAGE = " ".join((Path(__file__).parents[2] / "docs" / "init.md").read_text(encoding="utf-8").split())


def test_the_bounds_that_the_page_names_are_the_codes() -> None:
    assert f"{mapping.PAGES} (`--pages`, {mapping.MOST_PAGES:,} at most)" in PAGE
    assert f"{Bounds().pause:g} s, or the `Crawl-delay`" in PAGE
    assert f"{Bounds().most >> 20} MB" in PAGE
    assert f"the first {candidates._MOST >> 20} MB, the first {lists.MOST_ENTRIES:,} entries, " in PAGE
    assert f"{candidates._CHILDREN} parts of an index" in PAGE
    first, second = init.bounds_for(8), init.bounds_for(9)
    assert f"| {first.pages - 8 * 4}, and {second.pages - first.pages} for each article |" in PAGE
    assert f"| {first.seconds - 8 * 8:.0f}, and {second.seconds - first.seconds:.0f} for each article |" in PAGE


def test_the_page_names_the_rules_that_are_tried_and_the_name_in_robots_txt() -> None:
    assert f"the most generous of {['none', 'one', 'two', 'three', 'four', 'five'][len(RULES)]}" in PAGE
    assert f"as `{TOKEN}` or `*`" in PAGE
    assert "up to eight articles" in PAGE
    assert init.ARTICLES == 8
