"""Rule sets and what is open now, as they lie in the site's database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from foldline.errors import StoreUnavailable
from foldline.policy.open_now import LONGEST, OpenNow
from foldline.stores.changes import ChangeFeed
from foldline.stores.home import Home
from foldline.stores.open_now import OpenNowStore
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import connect

NOW = 1_800_000_000


@pytest.fixture
def home(on_both: Home) -> Home:
    return on_both


@pytest.fixture
def sets(home: Home) -> Iterator[RuleSetStore]:
    with RuleSetStore(home) as store:
        yield store


@pytest.fixture
def opened(home: Home) -> Iterator[OpenNowStore]:
    store = OpenNowStore(home)
    yield store
    store.close()


def test_the_newest_set_decides_and_all_of_them_stay(sets: RuleSetStore) -> None:
    assert sets.active() is None
    first = sets.publish("# one", "ada", "the first", NOW)
    second = sets.publish("# two", "ben", "", NOW + 1)
    assert sets.active() == second
    assert sets.history() == [second, first]
    assert (first.by, first.at, first.note) == ("ada", NOW, "the first")
    assert sets.find(first.version) == first


def test_one_step_back_brings_what_decided_before_and_a_second_step_goes_further(sets: RuleSetStore) -> None:
    texts = ["# one", "# two", "# three"]
    for number, text in enumerate(texts):
        sets.publish(text, "ada", "", NOW + number)
    assert sets.roll_back("ben", NOW + 10).text == "# two"
    assert sets.roll_back("ben", NOW + 11).text == "# one"
    with pytest.raises(LookupError, match="before this one"):
        sets.roll_back("ben", NOW + 12)
    active = sets.active()
    assert active is not None
    assert (active.text, active.by, len(sets.history())) == ("# one", "ben", 5)


def test_a_row_that_was_changed_by_hand_never_decides(home: Home, sets: RuleSetStore) -> None:
    good = sets.publish("# good", "ada", "", NOW)
    sets.publish("# shut", "ada", "", NOW)
    connection = connect(home.site_db)
    connection.execute("UPDATE foldline_rule_sets SET text = '# open' WHERE text = '# shut'")
    connection.close()
    assert sets.active() == good
    assert sets.history() == [good]
    assert sets.damaged() == [2]


def test_workers_hear_of_a_new_set_and_of_what_was_opened(home: Home, sets: RuleSetStore, opened: OpenNowStore) -> None:
    feed = ChangeFeed(home)
    feed.read()
    stored = sets.publish("# one", "ada", "", NOW)
    number = opened.add(OpenNow("site", "", "Flood", NOW, NOW + 60), "ada", NOW)
    opened.end_early(number, "ben", NOW + 1)
    heard = [(change.kind, change.key) for change in feed.read()]
    assert heard == [("rules", stored.version), ("open-now", ""), ("open-now", "")]
    feed.close()


def test_what_was_opened_ends_by_itself_or_is_closed(opened: OpenNowStore) -> None:
    first = opened.add(OpenNow("section", "news", "Flood", NOW, NOW + 60), "ada", NOW)
    second = opened.add(OpenNow("article", "7", "Public safety", NOW + 10, NOW + 600), "ada", NOW)
    assert [stored.id for stored in opened.running(NOW)] == [first, second]
    assert [stored.id for stored in opened.running(NOW + 60)] == [second]
    opened.end_early(second, "ben", NOW + 61)
    assert opened.running(NOW + 61) == []
    assert [(stored.id, stored.closed_by) for stored in opened.history()] == [(second, "ben"), (first, "")]
    with pytest.raises(LookupError, match="number 9"):
        opened.end_early(9, "ben", NOW)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (OpenNow("site", "", " ", NOW, NOW + 60), "reason"),
        (OpenNow("site", "", "x" * 121, NOW, NOW + 60), "reason"),
        (OpenNow("site", "", "Flood", NOW, NOW), "end"),
        (OpenNow("site", "", "Flood", NOW - 60, NOW - 1), "end"),
        (OpenNow("site", "", "Flood", NOW, NOW + LONGEST + 1), "30 days"),
    ],
)
def test_nothing_is_opened_without_a_reason_or_without_an_end(opened: OpenNowStore, entry: OpenNow, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        opened.add(entry, "ada", NOW)
    assert opened.history() == []


def test_a_database_that_is_away_publishes_and_opens_nothing(tmp_path: Path) -> None:
    away = Home(tmp_path / "away")
    with pytest.raises(StoreUnavailable, match="foldline migrate"):
        RuleSetStore(away).publish("# one", "ada", "", NOW)
    with pytest.raises(StoreUnavailable, match="foldline migrate"):
        OpenNowStore(away).add(OpenNow("site", "", "Flood", NOW, NOW + 60), "ada", NOW)
    assert not away.path.exists()
