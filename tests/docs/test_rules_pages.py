"""The pages about rules and cases name every word there is, and their examples do what the text beside them says."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from foldline.policy.facts import Access
from foldline.policy.rule import Grant
from foldline.policy.rules import Rules
from foldline.policy.rules_file import LEVELS, METER_KEYS, MOST_COUNTED, RULE_KEYS, read_rules
from foldline.policy.spans import LONGEST_WINDOW
from foldline.testing.policy_cases import ARTICLE_KEYS, CASE_KEYS, Cases, read_cases, run_cases

from .pages import DOCS, fences, read, sections, tables

ZONE = ZoneInfo("America/New_York")


def words(text: str) -> set[str]:
    """The first cell of each row, without its backquotes; several words in one cell are several."""
    return {word.strip("` ") for row in tables(text) for word in row[0].replace(" or ", ",").split(",")}


def example_rules() -> Rules:
    (example,) = fences(read(DOCS / "rules.md"), "toml")
    return read_rules(example, "rules.toml", ZONE)


def example_cases() -> Cases:
    (example,) = fences(read(DOCS / "policy-cases.md"), "toml")
    return read_cases(example, "cases.toml", ZONE)


def test_every_key_of_a_rule_and_of_a_meter_is_explained() -> None:
    page = sections(read(DOCS / "rules.md"), 3)
    assert set(RULE_KEYS) <= words(page["[[rule]]"])
    assert set(METER_KEYS) == words(page["[meter.NAME]"]) - {"key"}


def test_every_way_in_and_every_level_is_explained() -> None:
    text = read(DOCS / "rules.md")
    assert {grant.value for grant in Grant} <= words(sections(text, 3)["[[rule]]"])
    assert set(LEVELS) == words(sections(text, 2)["How it goes together"]) - {"level"}


def test_the_bounds_are_those_that_are_written() -> None:
    meter = sections(read(DOCS / "rules.md"), 3)["[meter.NAME]"]
    assert f"0 to {MOST_COUNTED}" in meter
    assert f"up to {LONGEST_WINDOW} days" in meter


def test_every_key_of_a_case_and_of_an_article_is_explained() -> None:
    page = sections(read(DOCS / "policy-cases.md"), 2)
    assert set(CASE_KEYS) <= words(page["In a case"])
    assert set(ARTICLE_KEYS) - {"path"} <= words(page["At the top"])


def test_the_example_of_rules_uses_every_way_in_and_wall_that_it_is_shown_for() -> None:
    rules = example_rules()
    assert rules.default is Access.METERED
    assert {name: (meter.anonymous, meter.registered, meter.days) for name, meter in rules.allowances.items()} == {
        "site": (3, 5, 0),
        "sport": (1, 1, 7),
    }
    assert len(rules.rules) == 7


@pytest.mark.parametrize("case", example_cases().cases, ids=lambda case: case.name)
def test_the_example_of_cases_passes_with_the_example_of_rules(case: object) -> None:
    verdict = next(found for found in run_cases(example_cases().cases, example_rules()) if found.case == case)
    assert verdict.wrong == ()
