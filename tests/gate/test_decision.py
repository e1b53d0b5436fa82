"""Decisions as data: with their receipt where something was counted, and without any effect."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from tests.gate.newspaper import PREVIEW, REST, START, Newspaper
from tests.gate.test_meter import allow

from foldline.gate.response import Response
from foldline.policy.rule import SITE, Allowance
from foldline.policy.rules import Rules
from foldline.signed import cookies

YEAR = 365 * 86_400
OWN = ("sec-fetch-site", "same-origin")


def read(paper: Newspaper, article: int, more: str = "") -> Response:
    return paper.ask("POST", "/-/read", [OWN], f"article={article}&answer=json{more}".encode())


def decision(paper: Newspaper, article: int) -> Any:
    answer = paper.get(f"/-/decision?article={article}", OWN)
    assert answer.status == 200
    return json.loads(answer.body)


def data(answer: Response) -> Any:
    assert answer.status == 200
    assert (b"content-type", b"application/json") in answer.headers
    assert (b"cache-control", b"private, no-store") in answer.headers
    assert (b"x-robots-tag", b"noarchive") in answer.headers
    return json.loads(answer.body)


def test_an_answer_says_what_was_used_what_is_left_and_when_it_resets(paper: Newspaper) -> None:
    told = data(read(paper, 10))
    assert (told["article"], told["outcome"], told["reason"]) == (10, "opens", "meter-has-room")
    assert told["rest"] == REST
    assert told["receipt"] == {
        "meter": "site",
        "spent": True,
        "used": 1,
        "limit": 3,
        "left": 2,
        "resets": "2026-12-01",
        "resets_at": "2026-12-01T00:00:00-05:00",
    }
    assert told["sentence"] == "You have read 1 of 3 free articles this month."
    assert {"reason": "meter-has-room", "passed": True} in told["findings"]
    assert {"reason": "subscription-needed", "passed": False} in told["findings"]
    assert cookies.METER in paper.jar


def test_the_same_article_again_spends_nothing(paper: Newspaper) -> None:
    read(paper, 10)
    told = data(read(paper, 10))
    assert (told["reason"], told["receipt"]["spent"], told["receipt"]["used"]) == ("read-before", False, 1)
    paper.sign_in()
    assert data(read(paper, 11))["receipt"]["used"] == 2
    paper.jar.pop(cookies.OPENING)
    again = data(read(paper, 11))
    assert (again["reason"], again["receipt"]["spent"], again["receipt"]["used"]) == ("read-before", False, 2)
    assert {"reason": "read-before", "passed": True} in again["findings"]


def test_a_refusal_says_what_the_wall_says_and_holds_no_rest(paper: Newspaper) -> None:
    for number in (10, 11, 12):
        read(paper, number)
    told = data(read(paper, 13))
    assert (told["outcome"], told["reason"]) == ("refuses", "meter-is-spent")
    assert told["title"] == "You have read your free articles for this month"
    assert told["sentence"] == "The next ones come on 1 December. Subscribers read without a limit."
    assert (told["receipt"]["used"], told["receipt"]["left"], told["receipt"]["spent"]) == (3, 0, False)
    assert "rest" not in told
    closed = data(read(paper, 4))
    assert (closed["outcome"], closed["reason"], closed["receipt"]) == ("refuses", "subscription-needed", None)
    assert closed["title"] == "The rest is for subscribers"
    assert "rest" not in closed


def test_a_subscriber_is_sent_the_rest_and_no_receipt(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    told = data(read(paper, 10))
    assert (told["outcome"], told["reason"], told["receipt"]) == ("opens", "subscription-covers", None)
    assert told["rest"] == REST


def test_a_free_article_opens_and_has_no_rest_to_send(paper: Newspaper) -> None:
    told = data(read(paper, 1))
    assert (told["outcome"], told["reason"], told["rest"]) == ("opens", "article-is-free", None)


def test_a_decision_counts_nothing_sets_nothing_and_is_not_written_down(paper: Newspaper) -> None:
    notes: list[object] = []
    paper.worker.state.note = lambda article, decision, **_more: notes.append(article)
    for _ in range(5):
        told = decision(paper, 10)
        assert (told["outcome"], told["reason"]) == ("opens-if", "meter-has-room")
        assert (told["receipt"]["used"], told["receipt"]["left"], told["receipt"]["spent"]) == (0, 3, False)
        assert "rest" not in told
    assert not paper.jar
    assert notes == []
    assert data(read(paper, 10))["receipt"]["used"] == 1


def test_a_decision_never_holds_the_rest_not_even_for_those_who_may_read_it(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    answer = paper.get("/-/decision?article=4", OWN)
    assert json.loads(answer.body)["outcome"] == "opens"
    for words in (REST, PREVIEW, "Article 4"):
        assert words.encode() not in answer.body


def test_of_an_account_a_decision_says_how_much_only_when_it_was_asked(paper: Newspaper) -> None:
    paper.sign_in()
    told = decision(paper, 10)
    assert (told["outcome"], told["receipt"]["used"], told["receipt"]["left"]) == ("opens-if", None, None)
    assert told["receipt"]["limit"] == 3


def test_asking_again_for_nothing_says_what_it_would_take(paper: Newspaper) -> None:
    told = data(read(paper, 10, "&again=1"))
    assert (told["outcome"], told["receipt"]["spent"]) == ("opens-if", False)
    assert not paper.jar


def test_no_rule_is_named_to_readers(paper: Newspaper) -> None:
    paper.worker.state.rules = Rules("secret-version", (), {SITE: Allowance(SITE, 0, 5, source="rules.toml:9")})
    for answer in (read(paper, 10), paper.get("/-/decision?article=10", OWN)):
        assert b"rules.toml" not in answer.body
        assert b"secret-version" not in answer.body
        assert b"opens-for" not in answer.body
        assert set(data(answer)) == {"article", "outcome", "reason", "findings", "title", "sentence", "receipt"}
        assert all(set(finding) == {"reason", "passed"} for finding in data(answer)["findings"])


def test_a_stranger_is_told_what_an_account_gives(paper: Newspaper) -> None:
    allow(paper, 0, 5)
    told = decision(paper, 10)
    assert (told["reason"], told["receipt"]) == ("not-signed-in", None)
    assert told["sentence"].startswith("With a free account you read 5 of these articles a month.")


@pytest.mark.parametrize("headers", [[], [("sec-fetch-site", "cross-site")], [OWN, ("sec-purpose", "prefetch")]])
def test_only_our_own_pages_may_ask_for_a_decision(paper: Newspaper, headers: list[tuple[str, str]]) -> None:
    assert paper.get("/-/decision?article=10", *headers).status == 403


def test_a_browser_without_fetch_metadata_may_ask_by_its_origin(paper: Newspaper) -> None:
    assert paper.get("/-/decision?article=10", ("origin", "http://127.0.0.1:8080")).status == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("?article=", 400), ("?article=-1", 400), ("?article=10&article=11", 400), ("?article=999", 404)],
)
def test_a_question_that_is_none_is_refused(paper: Newspaper, query: str, status: int) -> None:
    assert paper.get(f"/-/decision{query}", OWN).status == status


def test_data_about_an_article_that_is_not_there_is_not_found(paper: Newspaper) -> None:
    assert read(paper, 999).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_decision_is_a_get_and_nothing_else(paper: Newspaper, method: str) -> None:
    answer = paper.ask(method, "/-/decision?article=10", [OWN])
    assert (answer.status, dict(answer.headers)[b"allow"]) == (405, b"GET, HEAD")


def test_data_is_compressed_for_those_who_take_it(paper: Newspaper) -> None:
    answer = paper.ask("POST", "/-/read", [OWN, ("accept-encoding", "gzip")], b"article=10&answer=json")
    assert json.loads(gzip.decompress(answer.body))["rest"] == REST


def test_while_nothing_can_be_counted_data_says_so(paper: Newspaper) -> None:
    paper.home.meter_db.unlink()
    told = data(read(paper, 10))
    assert (told["outcome"], told["reason"], told["receipt"]) == ("refuses", "meter-cannot-count", None)
    assert told["title"] == "We cannot count free articles right now"


def test_the_page_about_decisions_shows_exactly_what_is_answered(paper: Newspaper) -> None:
    page = (Path(__file__).parents[2] / "docs" / "decisions-as-data.md").read_text(encoding="utf-8")
    shown = json.loads(page.partition("```json\n")[2].partition("```")[0])
    read(paper, 11)
    told = decision(paper, 10)
    assert told == {**shown, "article": 10}
    assert told.keys() == shown.keys()
    assert "`rest`" in page
