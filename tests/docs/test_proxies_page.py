"""The page about proxies says what the recipes do."""

from __future__ import annotations

import re

from tests.recipes.test_authz import MISTAKES
from tests.recipes.test_path_confusion import FAULTS

from foldline.cli.recipe import recipe
from foldline.gate.authz import OPENS, REFUSES, UNKNOWN_READER
from foldline.sources.origin.freshness import Bounds

from .pages import DOCS, read, tables

PAGE = read(DOCS / "proxies.md")
FLOWING = " ".join(PAGE.split())


def test_every_recipe_is_on_the_page() -> None:
    assert [name for name in recipe.commands if f"foldline recipe {name}" not in PAGE] == []


def test_the_answers_of_authz_are_the_three_that_there_are() -> None:
    told = {int(row[0]) for row in tables(PAGE) if re.fullmatch(r"\d{3}", row[0])}
    assert told == {OPENS, UNKNOWN_READER, REFUSES}


def test_how_long_the_gate_looks_away_is_the_bound_that_is_written() -> None:
    assert f"*up to {Bounds().most} seconds ago*" in FLOWING
    assert f"within {Bounds().most} seconds; with it" in FLOWING


def test_every_fault_that_is_seeded_is_told_of() -> None:
    told = {row[0].strip("`") for row in tables(read(DOCS / "proof.md"))}
    assert {*FAULTS, *MISTAKES} <= told
