"""What `foldline check` says about the rules that were published."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.cli.test_verbs import GOOD, SECRET, foldline

from foldline.stores.home import Home
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import connect

GOOD_RULES = '[[rule]]\nname = "Science is free"\nsections = "science"\nopens-for = "everyone"\n'


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "home")
    place.path.mkdir()
    place.settings_file.write_text(GOOD, encoding="utf-8")
    assert foldline("migrate", "--home", str(place.path), **SECRET).returncode == 0
    return place


def ids(home: Home) -> list[str]:
    answer = foldline("check", "--home", str(home.path), **SECRET)
    return [line.split()[0] for line in answer.stdout.splitlines() if line.startswith("FL07")]


def test_a_draft_that_was_never_published_is_told(home: Home) -> None:
    assert ids(home) == []
    home.rules_file.write_text(GOOD_RULES, encoding="utf-8")
    assert ids(home) == ["FL071"]
    with RuleSetStore(home) as sets:
        sets.publish(GOOD_RULES, "ada", "", int(time.time()))
    assert ids(home) == []


def test_damaged_and_unreadable_sets_are_both_told(home: Home) -> None:
    with RuleSetStore(home) as sets:
        sets.publish(GOOD_RULES, "ada", "", int(time.time()))
        sets.publish("opens = 1\n", "ada", "", int(time.time()))
    connection = connect(home.site_db)
    connection.execute("UPDATE foldline_rule_sets SET note = 'by hand' WHERE id = 1")
    connection.close()
    assert ids(home) == ["FL070", "FL072"]
