"""`POST /-/read`: what counts, what it costs, and who may ask."""

from __future__ import annotations

import pytest
from tests.gate.newspaper import REST, START, Newspaper

from foldline.gate.response import Response
from foldline.gate.spending import Spender
from foldline.server.threaded_stores import ThreadedMeter
from foldline.signed import cookies

YEAR = 365 * 86_400
OWN = ("sec-fetch-site", "same-origin")


def outcome(response: Response) -> tuple[str, str]:
    text = response.body.decode()
    return text.partition('data-outcome="')[2].partition('"')[0], text.partition('data-reason="')[2].partition('"')[0]


def test_three_articles_open_and_the_fourth_says_when_the_next_ones_come(paper: Newspaper) -> None:
    for number in (10, 11, 12):
        answer = paper.read(number)
        assert outcome(answer) == ("open", "meter-has-room")
        assert REST.encode() in answer.body
    assert b"3 of 3" in answer.body
    refused = paper.read(13)
    assert outcome(refused) == ("refused", "meter-is-spent")
    assert REST.encode() not in refused.body
    assert b"1 December" in refused.body


def test_the_same_article_never_costs_twice(paper: Newspaper) -> None:
    for _ in range(5):
        assert outcome(paper.read(10))[0] == "open"
    assert outcome(paper.read(11)) == ("open", "meter-has-room")
    assert outcome(paper.read(12)) == ("open", "meter-has-room")
    assert outcome(paper.read(10)) == ("open", "read-before")


def test_a_reload_stays_open(paper: Newspaper) -> None:
    paper.read(10)
    answer = paper.get("/metered-10")
    assert REST.encode() in answer.body
    assert (b"cache-control", b"private, no-store") in answer.headers
    assert REST.encode() not in paper.get("/metered-11").body


def test_a_signed_opening_alone_opens_its_article_until_its_end(paper: Newspaper) -> None:
    paper.read(10)
    paper.jar = {cookies.OPENING: paper.jar[cookies.OPENING]}
    assert REST.encode() in paper.get("/metered-10").body
    assert REST.encode() not in paper.get("/metered-11").body
    paper.clock.time += 86_400 + 1
    assert REST.encode() not in paper.get("/metered-10").body


def test_a_new_month_counts_anew(paper: Newspaper) -> None:
    for number in (10, 11, 12):
        paper.read(number)
    assert outcome(paper.read(13))[0] == "refused"
    paper.clock.time += 31 * 86_400
    assert outcome(paper.read(13)) == ("open", "meter-has-room")


def test_a_closed_article_is_not_opened_by_a_meter_with_room(paper: Newspaper) -> None:
    assert outcome(paper.read(4)) == ("refused", "subscription-needed")
    assert not paper.jar


def test_without_a_script_the_form_leads_back_to_the_whole_article(paper: Newspaper) -> None:
    answer = paper.read(10, script=False)
    assert (answer.status, dict(answer.headers)[b"location"]) == (303, b"/metered-10#continue")
    assert REST.encode() in paper.get("/metered-10").body


def test_without_a_script_a_refusal_is_a_page_that_says_why(paper: Newspaper) -> None:
    for number in (10, 11, 12):
        paper.read(number)
    answer = paper.read(13, script=False)
    assert answer.status == 200
    assert b"1 December" in answer.body
    assert b"<h1>Article 13</h1>" in answer.body
    assert REST.encode() not in answer.body


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "none")],
        [("origin", "https://evil.example")],
        [("origin", "null")],
        [("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:8080")],
        [OWN, ("sec-purpose", "prefetch;prerender")],
        [OWN, ("purpose", "prefetch")],
    ],
)
def test_only_our_own_page_may_spend(paper: Newspaper, headers: list[tuple[str, str]]) -> None:
    answer = paper.ask("POST", "/-/read", headers, b"article=10&answer=fragment")
    assert answer.status == 403
    assert not paper.jar
    assert REST.encode() not in answer.body


def test_a_browser_without_fetch_metadata_may_ask_by_its_origin(paper: Newspaper) -> None:
    answer = paper.ask("POST", "/-/read", [("origin", "http://127.0.0.1:8080")], b"article=10&answer=fragment")
    assert outcome(answer)[0] == "open"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_read_is_a_post_and_nothing_else(paper: Newspaper, method: str) -> None:
    assert paper.ask(method, "/-/read?article=10", [OWN]).status == 405


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"article=", 400),
        (b"article=-1", 400),
        (b"article=1e9", 400),
        (b"article=10&article=11", 400),
        (b"article=10&answer=yaml", 400),
        (b"article=10&again=2", 400),
        (b"article=10&why=because", 400),
        (b"article[]=10", 400),
        ("article=١٠".encode(), 400),
        (b"article=999999999999999999", 400),
        (b"article=999", 404),
        (b"article=10&x=" + b"y" * 2000, 413),
    ],
)
def test_a_form_that_is_not_ours_opens_nothing(paper: Newspaper, body: bytes, status: int) -> None:
    assert paper.ask("POST", "/-/read", [OWN], body).status == status
    assert not paper.jar


def test_an_edited_or_foreign_meter_is_a_new_device_and_not_a_fresh_start_for_what_it_read(paper: Newspaper) -> None:
    paper.read(10)
    token = paper.jar[cookies.METER]
    paper.jar[cookies.METER] = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    paper.jar.pop(cookies.OPENING)
    assert REST.encode() not in paper.get("/metered-10").body


def test_new_meters_are_bounded_per_network(paper: Newspaper) -> None:
    paper.worker.app._spender = Spender(ThreadedMeter(paper.worker.parts.meter), paper.clock, new_meters=5)
    opened = 0
    for _ in range(8):
        paper.jar.clear()
        opened += outcome(paper.read(10))[0] == "open"
    assert opened == 5
    paper.jar.clear()
    assert outcome(paper.read(10)) == ("refused", "meter-cannot-count")
    paper.clock.time += 3601
    assert outcome(paper.read(10))[0] == "open"


def test_a_subscriber_spends_nothing(paper: Newspaper) -> None:
    paper.sign_in({1: START + YEAR})
    assert outcome(paper.read(10)) == ("open", "subscription-covers")
    assert set(paper.jar) == {cookies.PASS}


def test_signing_out_ends_what_was_opened_while_signed_in(paper: Newspaper) -> None:
    paper.sign_in()
    paper.read(10)
    opening = paper.jar[cookies.OPENING]
    paper.jar = {cookies.OPENING: opening}
    assert REST.encode() not in paper.get("/metered-10").body


def test_a_rest_that_cannot_be_read_costs_nothing_on_retry(paper: Newspaper) -> None:
    paper.worker.library.forget_all()
    away = paper.home.sealed_db.with_suffix(".away")
    paper.worker.library._sealed_store._connection.execute("SELECT 1")
    paper.home.sealed_db.rename(away)
    paper.worker.library._sealed_store._connection.close()
    answer = paper.read(10)
    assert answer.status == 502
    away.rename(paper.home.sealed_db)
    reopened = type(paper.worker.library._sealed_store)(paper.home)
    paper.worker.library._sealed_store = reopened
    assert outcome(paper.read(10))[0] == "open"
    assert outcome(paper.read(11))[0] == "open"
    assert outcome(paper.read(12)) == ("open", "meter-has-room")


def again(paper: Newspaper, article: int) -> Response:
    return paper.ask("POST", "/-/read", [OWN], f"article={article}&again=1&answer=fragment".encode())


def test_a_page_that_back_restored_opens_again_for_nothing(paper: Newspaper) -> None:
    paper.read(10)
    before = dict(paper.jar)
    assert outcome(again(paper, 10)) == ("open", "read-before")
    assert paper.jar == before


def test_a_page_that_back_restored_spends_nothing_and_offers_the_button(paper: Newspaper) -> None:
    answer = again(paper, 10)
    assert outcome(answer) == ("refused", "not-read-before")
    assert b"Continue reading" in answer.body
    assert REST.encode() not in answer.body
    assert not paper.jar


def test_after_a_secret_was_rotated_what_was_read_stays_read(paper: Newspaper) -> None:
    from tests.gate.newspaper import SECRET

    from foldline.signed.keys import Keyring

    paper.read(10)
    paper.worker.state.keyring = Keyring((b"n" * 40, SECRET.encode()), "127.0.0.1:8080")
    assert outcome(paper.read(10)) == ("open", "read-before")
    paper.jar.pop(cookies.METER)
    assert REST.encode() in paper.get("/metered-10").body


def test_public_records_that_cannot_be_read_are_told_as_a_passing_fault(paper: Newspaper) -> None:
    paper.break_records("public")
    answer = paper.read(10)
    assert answer.status == 503
    assert (b"retry-after", b"5") in answer.headers
    assert not paper.jar


def test_an_article_that_became_free_meanwhile_is_loaded_anew(paper: Newspaper) -> None:
    answer = paper.read(1)
    assert outcome(answer) == ("open", "article-is-free")
    assert b'http-equiv="refresh"' in answer.body
    assert not paper.jar


def test_a_page_that_is_still_open_of_an_article_that_is_gone_is_loaded_anew(paper: Newspaper) -> None:
    answer = paper.read(999)
    assert (answer.status, outcome(answer)[0]) == (200, "refused")
    assert b'<meta http-equiv="refresh" content="3">' in answer.body
    assert (b"cache-control", b"private, no-store") in answer.headers
    assert paper.read(999, script=False).status == 404
    assert not paper.jar
