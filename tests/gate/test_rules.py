"""Rules and open now, as readers meet them."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
from tests.gate.newspaper import PREVIEW, REST, START, Newspaper, record
from tests.gate.test_get import has_rest, header

from foldline.gate.response import CACHED_AT_MOST
from foldline.policy.facts import Access
from foldline.policy.open_now import OpenNow
from foldline.policy.rule import Articles, Grant, Rule
from foldline.policy.rules import first_form
from foldline.stores.open_now import OpenNowStore
from foldline.stores.records import RecordWriter
from foldline.stores.rule_sets import RuleSetStore

HOUR = 3600
SAFETY = OpenNow("site", "", "Public safety", START, START + HOUR)


def decide_by(paper: Newspaper, *rules: Rule) -> None:
    paper.worker.state.rules = first_form(3, extra=rules)


def open_now(paper: Newspaper, entry: OpenNow) -> int:
    store = OpenNowStore(paper.home)
    number = store.add(entry, "ada", int(paper.clock.time))
    store.close()
    paper.worker.hear()
    return number


@pytest.mark.parametrize(
    ("entry", "opened"),
    [
        (SAFETY, {"/metered", "/subscribers", "/registered"}),
        (SAFETY._replace(scope="section", key="Science"), {"/metered", "/subscribers", "/registered"}),
        (SAFETY._replace(scope="section", key="Town"), set()),
        (SAFETY._replace(scope="article", key="4"), {"/subscribers"}),
    ],
)
def test_what_is_opened_now_is_whole_for_everybody_and_nothing_else_is(
    paper: Newspaper, entry: OpenNow, opened: set[str]
) -> None:
    paths = ("/metered", "/subscribers", "/registered")
    # Warm: what a worker remembers of before must not stand in the way.
    assert [path for path in paths if has_rest(paper.get(path))] == []
    open_now(paper, entry)
    assert {path for path in paths if has_rest(paper.get(path))} == opened


def test_it_says_why_and_no_cache_keeps_it(paper: Newspaper) -> None:
    open_now(paper, SAFETY)
    answer = paper.get("/subscribers", ("accept-encoding", "gzip"))
    page = gzip.decompress(answer.body).decode()
    assert '<p class="opened" data-nosnippet>Free to read: Public safety</p>' in page
    assert page.index("Public safety") < page.index(PREVIEW) < page.index(REST)
    assert header(answer, "cache-control") == "private, no-store"
    assert header(answer, "x-accel-expires") == "0"
    assert not header(answer, "set-cookie")
    assert not header(answer, "x-robots-tag")


def test_it_closes_by_itself_at_its_end_and_not_before(paper: Newspaper) -> None:
    open_now(paper, SAFETY._replace(starts=START + 10))
    seen = []
    for second in (9, 10, HOUR - 1, HOUR):
        paper.clock.time = START + second
        seen.append(has_rest(paper.get("/subscribers")))
    assert seen == [False, True, True, False]


def test_an_editor_closes_it_early(paper: Newspaper) -> None:
    number = open_now(paper, SAFETY)
    assert has_rest(paper.get("/subscribers"))
    store = OpenNowStore(paper.home)
    store.end_early(number, "ben", START)
    store.close()
    paper.worker.hear()
    assert not has_rest(paper.get("/subscribers"))


def test_an_article_of_unknown_access_stays_closed(paper: Newspaper) -> None:
    writer = RecordWriter(paper.home)
    writer.put_article(record(30, None, "/odd"))
    writer.close()
    open_now(paper, SAFETY)
    assert not has_rest(paper.get("/odd"))


def test_reading_what_is_open_to_all_costs_nothing(paper: Newspaper) -> None:
    open_now(paper, SAFETY)
    answer = paper.read(3)
    assert has_rest(answer)
    assert 'data-reason="open-now"' in answer.body.decode()
    assert not header(answer, "set-cookie")


@pytest.mark.parametrize("limit", [1, 30, CACHED_AT_MOST])
def test_a_shared_cache_keeps_no_preview_beyond_the_moment_at_which_it_changes(paper: Newspaper, limit: int) -> None:
    open_now(paper, SAFETY._replace(starts=START + 100, ends=START + 200))
    assert header(paper.get("/metered"), "cdn-cache-control").startswith("max-age=30, stale")
    paper.clock.time = START + 100 - limit
    answer = paper.get("/metered")
    assert header(answer, "cdn-cache-control") == f"max-age={min(limit, 30)}"
    assert header(answer, "x-accel-expires") == str(min(limit, 30))


def test_a_rule_frees_new_articles_for_some_hours(paper: Newspaper) -> None:
    # The articles of this newspaper are an hour old when it starts.
    decide_by(paper, Rule("new", Articles(newer_than=2 * HOUR), opens_for=(Grant.EVERYONE,)))
    assert has_rest(paper.get("/subscribers"))
    assert "Free to read" in paper.get("/subscribers").body.decode()
    paper.clock.time = START + HOUR
    assert not has_rest(paper.get("/subscribers"))


def test_a_wall_closes_the_archive_for_all_but_subscribers(paper: Newspaper) -> None:
    decide_by(paper, Rule("archive", Articles(older_than=2 * HOUR), only_for=frozenset((Grant.PRODUCT,))))
    writer = RecordWriter(paper.home)
    writer.put_article(replace(record(31, Access.FREE, "/once-free"), rest=REST))
    writer.close()
    assert has_rest(paper.get("/once-free"))
    paper.clock.time = START + HOUR
    answer = paper.get("/once-free")
    assert not has_rest(answer)
    assert b'data-reason="subscription-needed"' in answer.body
    assert b'data-reason="subscription-needed"' in paper.get("/metered").body
    paper.sign_in({1: START + 10**7})
    assert has_rest(paper.get("/once-free"))


def test_a_worker_that_starts_while_the_database_is_away_decides_as_before(paper: Newspaper) -> None:
    paper.break_passes()
    paper.worker.state.rules = None
    fresh = type(paper.worker.parts.rules)(paper.home, paper.worker.state.zone, 3)
    rules = fresh.look(START)
    assert rules is not None
    assert rules.version == "first-form/3"
    assert not fresh.settled
    fresh.close()


def test_without_any_good_rules_there_are_previews_only(paper: Newspaper) -> None:
    paper.break_passes()
    paper.home.rules_in_force.unlink()
    fresh = type(paper.worker.parts.rules)(paper.home, paper.worker.state.zone, 3)
    assert fresh.look(START) is None
    paper.worker.state.rules = None
    paper.sign_in_without_store({1: START + 10**7})
    answer = paper.get("/subscribers")
    assert not has_rest(answer)
    assert b'data-reason="rules-are-missing"' in answer.body
    fresh.close()


FREE_SCIENCE = '[[rule]]\nname = "Science is free"\nsections = "Science"\nopens-for = "everyone"\n'
WALL = '[[rule]]\nname = "All of it is for subscribers"\nonly-for = "subscribers"\n'


def publish(paper: Newspaper, text: str) -> str:
    with RuleSetStore(paper.home) as store:
        version = store.publish(text, "ada", "", int(paper.clock.time)).version
    paper.worker.hear()
    return version


def test_rules_that_are_published_decide_from_the_next_look_on(paper: Newspaper) -> None:
    assert not has_rest(paper.get("/subscribers"))
    version = publish(paper, FREE_SCIENCE)
    assert has_rest(paper.get("/subscribers"))
    assert paper.worker.state.rules is not None
    assert paper.worker.state.rules.version == version


def test_one_step_back_closes_again(paper: Newspaper) -> None:
    publish(paper, WALL)
    publish(paper, FREE_SCIENCE)
    with RuleSetStore(paper.home) as store:
        store.roll_back("ben", START)
    paper.worker.hear()
    assert not has_rest(paper.get("/subscribers"))


def test_rules_that_cannot_be_read_never_take_the_place_of_good_ones(paper: Newspaper) -> None:
    good = publish(paper, FREE_SCIENCE)
    publish(paper, "this is [no TOML")
    assert paper.worker.state.rules is not None
    assert paper.worker.state.rules.version == good
    assert has_rest(paper.get("/subscribers"))


def test_what_is_opened_stays_open_over_a_change_of_rules(paper: Newspaper) -> None:
    open_now(paper, SAFETY)
    publish(paper, WALL)
    assert has_rest(paper.get("/subscribers"))
    paper.clock.time = START + HOUR
    assert not has_rest(paper.get("/subscribers"))


def test_a_worker_that_starts_later_decides_by_what_was_published(paper: Newspaper) -> None:
    version = publish(paper, FREE_SCIENCE)
    paper.break_passes()
    fresh = type(paper.worker.parts.rules)(paper.home, paper.worker.state.zone, 3)
    rules = fresh.look(START)
    assert rules is not None
    assert rules.version == version
    fresh.close()


def test_rules_of_before_run_on_while_the_database_is_away(paper: Newspaper) -> None:
    publish(paper, FREE_SCIENCE)
    paper.worker.parts.rules.close()
    paper.break_passes()
    paper.worker.parts.rules.settled = False
    paper.worker.hear()
    assert has_rest(paper.get("/subscribers"))
