"""The judge of a day: what it calls wrong is wrong, and what it lets pass may be so."""

from __future__ import annotations

import time

import pytest
from scripts.load.client import Answer
from scripts.load.judge import CACHE_BOUND, GATE_BOUND, Judge, percentile
from scripts.load.told import STORY, TAKEN_DOWN, body

ARTICLE = 7


def page(article: int = ARTICLE, version: int = 1, *, whole: bool, status: int = 200) -> Answer:
    above, _, below = body(article, version).partition("<!-- fold -->")
    return Answer(status, text=(above + below if whole else above).encode())


def complaints(judge: Judge) -> list[str]:
    return [said for seen in judge.seen.values() for said in seen.wrong]


def test_whoever_got_what_is_theirs_is_no_complaint() -> None:
    judge, now = Judge(), time.time()
    judge.whole("subscriber", ARTICLE, page(whole=True), now, 0.01)
    judge.preview("anonymous", ARTICLE, page(whole=False), now, 0.01)
    judge.opened("metered", ARTICLE, Answer(200, text=page(whole=True).text), now, 0.01, opens=True)
    judge.opened("metered", ARTICLE, Answer(200, text=b"You have read three"), now, 0.01, opens=False)
    assert complaints(judge) == []
    assert judge.seen["metered"].refused == 1


def test_a_subscriber_with_a_preview_is_wrong() -> None:
    judge = Judge()
    judge.whole("subscriber", ARTICLE, page(whole=False), time.time(), 0.01)
    assert complaints(judge) == ["a reader who may read article 7 got the preview"]


def test_anonymous_readers_with_kept_words_are_wrong_on_pages_and_in_lists() -> None:
    judge = Judge()
    judge.preview("anonymous", ARTICLE, page(whole=True), time.time(), 0.01)
    judge.closed("list", page(whole=True), 0.01)
    judge.opened("metered", ARTICLE, page(whole=True), time.time(), 0.01, opens=False)
    assert complaints(judge) == [
        "the rest of article 7 went to somebody who may not read it",
        "words of a rest stand in a list",
        "the rest of article 7 went to somebody who had read enough",
    ]


@pytest.mark.parametrize(("whole", "bound"), [(True, GATE_BOUND), (False, CACHE_BOUND)])
def test_what_was_withdrawn_or_changed_may_be_seen_until_its_bound_and_no_longer(whole: bool, bound: float) -> None:
    judge, now = Judge(), time.time()
    judge.withdrawn, judge.versions = now, [now - 900, now]
    judged = judge.whole if whole else judge.preview
    for article in (TAKEN_DOWN, STORY):
        judged("reader", article, page(article, 1, whole=whole), now + bound - 0.1, 0.01)
    assert complaints(judge) == []
    for article in (TAKEN_DOWN, STORY):
        judged("reader", article, page(article, 1, whole=whole), now + bound + 0.1, 0.01)
    assert len(complaints(judge)) == 2
    assert judge.latest[not whole] == pytest.approx(bound + 0.1, abs=0.01)


def test_another_article_than_the_one_that_was_asked_for_is_wrong() -> None:
    judge = Judge()
    judge.preview("anonymous", ARTICLE, page(9, whole=False), time.time(), 0.01)
    assert complaints(judge) == ["article 7 was answered with (9, 1)"]


def test_two_versions_in_one_page_are_wrong() -> None:
    judge = Judge()
    judge.versions = [1.0, 2.0]
    mixed = Answer(200, text=page(STORY, 2, whole=False).text + page(STORY, 1, whole=True).text)
    judge.whole("subscriber", STORY, mixed, time.time(), 0.01)
    assert complaints(judge) == ["article 0 came in two versions at once: 2 and 1"]


def test_no_answer_is_a_failure_and_not_a_refusal() -> None:
    judge = Judge()
    judge.whole("subscriber", ARTICLE, Answer(502), time.time(), 0.01)
    judge.preview("anonymous", TAKEN_DOWN, Answer(410), time.time(), 0.01)
    assert [len(seen.failed) for seen in judge.seen.values()] == [1, 1]


def test_percentiles_are_of_what_was_seen() -> None:
    assert (percentile([], 0.99), percentile([3.0, 1.0, 2.0], 0.5), percentile([1.0, 2.0], 0.99)) == (0.0, 2.0, 2.0)
