"""docs/billing.md says what is sold and how a subscription lives: its tables and its diagram are the code's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scripts import draw_lifecycle
from tests.django_home import django_home

from foldline import plans
from foldline.config import load
from foldline.site.billing.lifecycle import DAY, Refusal, State
from foldline.stores.home import Home

from .pages import DOCS, fences, read, sections, tables

PAGE = read(DOCS / "billing.md")
PUBLICATION = '[publication]\nname = "The Valley Post"\nurl = "https://valley-post.example"\n'


def _rows(heading: str) -> dict[str, list[str]]:
    return {row[0].strip("`"): row[1:] for row in tables(sections(PAGE, 2)[heading])[1:]}


def test_the_diagram_and_the_table_of_pairs_are_drawn_from_the_table(tmp_path: Path) -> None:
    drawn = PAGE.partition(draw_lifecycle.BEGIN)[2].partition(draw_lifecycle.END)[0]
    assert drawn == draw_lifecycle.drawn(), "run `python -m scripts.draw_lifecycle`"
    copy = tmp_path / "billing.md"
    copy.write_text(PAGE.replace("past_due", "another"), encoding="utf-8")
    draw_lifecycle.write(copy)
    assert copy.read_text(encoding="utf-8") == PAGE


def test_every_refusal_is_explained() -> None:
    explained = [row[0].strip("*`") for row in tables(sections(PAGE, 2)["How a subscription lives"]) if len(row) == 2]
    assert explained[1:] == [refusal.value for refusal in Refusal]


def test_every_key_of_a_plan_stands_there_with_its_default() -> None:
    documented = {key: row[0].strip("`") for key, row in _rows("Plans").items()}
    known = {key: "" if default is None else json.dumps(default) for key, (_kind, default) in plans.KEYS.items()}
    assert documented == known


def test_the_example_is_a_good_configuration_that_names_every_key(tmp_path: Path) -> None:
    (example,) = fences(PAGE, "toml")
    home = Home(tmp_path)
    home.settings_file.write_text(PUBLICATION + example, encoding="utf-8")
    (plan,) = load(home, {"FOLDLINE_SECRET": "x" * 64}).plans
    assert (plan.key, plan.amount, plan.currency, plan.interval) == ("monthly", 400, "eur", "month")
    assert [key for key in plans.KEYS if f"\n{key} = " not in example] == []


def test_every_state_says_until_when_it_opens() -> None:
    assert list(_rows("What opens until when")) == [state.value for state in State]


def test_the_numbers_of_the_page_are_the_codes(tmp_path_factory: pytest.TempPathFactory) -> None:
    django_home(tmp_path_factory)
    from foldline.site.billing import ledger

    assert f"{plans.GRACE_DAYS[0]} to {plans.GRACE_DAYS[1]}" in PAGE
    assert f"{ledger.REMEMBER_NOTICES // DAY} days" in PAGE
