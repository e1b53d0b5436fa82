"""A gift at the gate: counted once for a device, never beyond its cap, and one answer to whatever is wrong with it."""

from __future__ import annotations

import os
import threading
from contextlib import closing

import pytest

from foldline.gate.response import Response
from foldline.gate.taken_back import TakenBack
from foldline.signed import cookies, gift
from foldline.signed.gift import GiftLink, Redemption
from foldline.stores.gifts import Given, Giving, SqliteGifts
from foldline.stores.schema import connect

from .newspaper import REST, START, Newspaper

DAY = 86_400
SUBSCRIBERS, METERED = 4, 3
OWNER = (b"o" * 16,)
ENDED = "gift-ended"


def give(paper: Newspaper, article: int = SUBSCRIBERS, most: int = 10, giver: str = "", days: int = 14) -> Given:
    giving = Giving(os.urandom(8), OWNER, article, 1, START + 30 * DAY, START, START + days * DAY, most, 99, giver)
    with closing(SqliteGifts(paper.home)) as store:
        gave = store.give(giving).gift
    assert gave is not None
    return gave


def token_of(paper: Newspaper, given: Given) -> str:
    return gift.issue(paper.worker.state.keyring, given.link)


def open_gift(
    paper: Newspaper, token: str, article: int = SUBSCRIBERS, *headers: tuple[str, str], again: bool = False
) -> Response:
    body = f"article={article}&gift={token}&again={1 if again else ''}&answer=fragment"
    return paper.ask("POST", "/-/read", [("sec-fetch-site", "same-origin"), *headers], body.encode())


def said(answer: Response) -> str:
    """The reason that an answer gives."""
    return answer.body.decode().partition('data-reason="')[2].partition('"')[0]


def opened(paper: Newspaper, given: Given) -> int:
    with closing(SqliteGifts(paper.home)) as store:
        return next(one.opened for one in store.of(OWNER) if one.number == given.number)


@pytest.fixture(autouse=True)
def heard(paper: Newspaper) -> None:
    """The worker knows what was taken back: nothing."""
    paper.worker.hear()


def test_a_gift_opens_says_until_when_and_stays_open_on_the_device(paper: Newspaper) -> None:
    given = give(paper)
    answer = open_gift(paper, token_of(paper, given))
    assert said(answer) == "gift-opens"
    assert REST in answer.body.decode()
    assert "A reader of The Valley Post has given you this article." in answer.body.decode()
    page = paper.get("/subscribers").body.decode()
    assert REST in page
    assert "has given you this article" in page
    paper.clock.time = given.ends
    assert REST not in paper.get("/subscribers").body.decode()


def test_the_giver_is_named_where_they_chose_a_name_and_never_in_what_a_cache_may_hold(paper: Newspaper) -> None:
    token = token_of(paper, give(paper, giver="Ada <b>"))
    before = paper.get(f"/subscribers?gift={token}")
    assert b"Ada" not in before.body
    assert "Ada &lt;b&gt; has given you this article." in open_gift(paper, token).body.decode()


def test_get_and_head_of_a_gift_spend_nothing_whoever_asks(paper: Newspaper) -> None:
    given = give(paper, most=1)
    token = token_of(paper, given)
    for agent in (
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "WhatsApp/2",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    ):
        for method in ("GET", "HEAD"):
            answer = paper.get(f"/subscribers?gift={token}", ("user-agent", agent), method=method)
            assert (answer.status, REST.encode() in answer.body) == (200, False)
    prefetched = open_gift(paper, token, SUBSCRIBERS, ("sec-purpose", "prefetch"))
    claimed = open_gift(paper, token, SUBSCRIBERS, ("user-agent", "Slackbot-LinkExpanding 1.0"))
    assert (prefetched.status, said(claimed), opened(paper, given)) == (403, ENDED, 0)
    assert said(open_gift(paper, token)) == "gift-opens"


def test_the_preview_of_a_gift_is_one_whatever_the_token_is(paper: Newspaper) -> None:
    token = token_of(paper, give(paper))
    answers = [
        (answer.status, answer.headers, answer.body)
        for answer in (paper.get(f"/subscribers?gift={one}") for one in (token, token[:-2] + "AA", "x"))
    ]
    assert answers[0] == answers[1] == answers[2]


def test_a_device_counts_once_and_the_next_one_beyond_the_cap_is_refused(paper: Newspaper) -> None:
    given = give(paper, most=2)
    token = token_of(paper, given)
    assert [said(open_gift(paper, token)) for _ in range(3)] == ["gift-opens", "opened-before", "opened-before"]
    paper.jar.pop(cookies.OPENING)
    assert said(open_gift(paper, token)) == "gift-opens"
    paper.jar.clear()
    assert said(open_gift(paper, token)) == ENDED
    assert opened(paper, given) == 2


def test_whatever_is_wrong_with_a_gift_is_one_answer(paper: Newspaper) -> None:
    spent, back, other = give(paper, most=1), give(paper), give(paper, article=METERED)
    late = give(paper, days=-1)
    good = token_of(paper, give(paper))
    with closing(SqliteGifts(paper.home)) as store:
        store.redeem(Redemption(spent.number, SUBSCRIBERS, (b"d",), START))
        store.take_back(back.number, START, OWNER)
    guessed = gift.issue(paper.worker.state.keyring, GiftLink(b"guessed!", SUBSCRIBERS, START + DAY))
    edited = good[:-2] + ("AA" if good[-2:] != "AA" else "BB")
    answers = set()
    for token in (*(token_of(paper, one) for one in (spent, back, other, late)), guessed, edited, "x"):
        answers.add(open_gift(paper, token).body)
        paper.jar.clear()
    assert len(answers) == 1, "what is wrong with a gift can be told"
    (answer,) = answers
    assert f'data-reason="{ENDED}"'.encode() in answer
    assert REST.encode() not in answer


def test_a_gift_leaves_the_receivers_meter_as_it_was(paper: Newspaper) -> None:
    paper.read(10)
    before = paper.jar[cookies.METER]
    assert said(open_gift(paper, token_of(paper, give(paper, article=METERED)), METERED)) == "gift-opens"
    assert paper.jar[cookies.METER] == before
    assert b"meter-has-room" in paper.read(11).body


def test_a_subscriber_spends_no_opener_and_is_offered_to_give(paper: Newspaper) -> None:
    given = give(paper)
    paper.worker.state.gives = True
    paper.sign_in({1: START + 30 * DAY})
    assert said(open_gift(paper, token_of(paper, given))) == "subscription-covers"
    assert opened(paper, given) == 0
    assert b"/-/give?article=4" in paper.get("/subscribers").body


def test_what_a_gift_opened_is_one_read_of_one_device(paper: Newspaper) -> None:
    marks: list[str] = []
    paper.worker.state.note = lambda article, decision, *, institution="", who="": marks.append(who)
    open_gift(paper, token_of(paper, give(paper)))
    paper.get("/subscribers")
    assert (marks[0] != "", len(set(marks))) == (True, 1)


def test_a_worker_learns_what_was_taken_back_beside_somebody_who_writes(paper: Newspaper) -> None:
    given = give(paper)
    open_gift(paper, token_of(paper, given))
    with closing(SqliteGifts(paper.home)) as store:
        store.take_back(given.number, START, OWNER)
    paper.worker.state.taken_back = TakenBack()
    with closing(connect(paper.home.meter_db)) as writing:
        writing.execute("BEGIN IMMEDIATE")
        paper.worker.hear()
        writing.execute("ROLLBACK")
    assert paper.worker.state.taken_back.known
    assert REST.encode() not in paper.get("/subscribers").body


def test_a_gift_that_is_taken_back_closes_what_it_opened_as_soon_as_the_worker_hears_of_it(paper: Newspaper) -> None:
    given = give(paper)
    open_gift(paper, token_of(paper, given))
    assert REST.encode() in paper.get("/subscribers").body
    with closing(SqliteGifts(paper.home)) as store:
        store.take_back(given.number, START, OWNER)
    paper.change("gift", f"{given.number.hex()}:{given.ends}")
    paper.worker.hear()
    assert REST.encode() not in paper.get("/subscribers").body
    assert said(open_gift(paper, token_of(paper, given))) == ENDED


def test_a_worker_that_does_not_know_yet_what_was_taken_back_opens_nothing_by_a_gift(paper: Newspaper) -> None:
    open_gift(paper, token_of(paper, give(paper)))
    paper.worker.state.taken_back.known = False
    assert REST.encode() not in paper.get("/subscribers").body
    paper.worker.hear()
    assert REST.encode() in paper.get("/subscribers").body


def test_while_openers_cant_be_counted_nothing_opens_and_the_reader_may_try_again(paper: Newspaper) -> None:
    token = token_of(paper, give(paper))
    paper.worker.parts.gifts.close()
    paper.home.meter_db.rename(paper.home.meter_db.with_suffix(".away"))
    answer = open_gift(paper, token)
    assert (said(answer), REST.encode() in answer.body) == ("meter-cannot-count", False)


def test_without_a_script_the_form_on_a_gifts_page_opens_it(paper: Newspaper) -> None:
    given = give(paper)
    token = token_of(paper, given)
    referer = ("referer", f"http://127.0.0.1:8080/subscribers?gift={token}")
    answer = paper.read(SUBSCRIBERS, referer, script=False)
    assert (answer.status, dict(answer.headers)[b"location"]) == (303, b"/subscribers#continue")
    assert REST.encode() in paper.get("/subscribers").body
    assert opened(paper, given) == 1


def test_the_page_of_a_gift_asks_whatever_its_reader_carries(paper: Newspaper) -> None:
    token = token_of(paper, give(paper))
    paper.read(10)
    assert b'data-reason="ask"' not in paper.get("/subscribers").body
    assert b'data-reason="ask"' in paper.get(f"/subscribers?gift={token}").body
    paper.sign_in({1: START - DAY})
    assert b'data-reason="ask"' in paper.get(f"/subscribers?gift={token}").body
    assert said(open_gift(paper, token)) == "gift-opens"
    assert REST.encode() in paper.get("/subscribers").body


def test_a_page_that_the_back_button_restored_spends_no_opener(paper: Newspaper) -> None:
    given = give(paper)
    token = token_of(paper, given)
    assert said(open_gift(paper, token, again=True)) == "not-read-before"
    assert opened(paper, given) == 0


def test_two_hundred_openers_at_once_open_a_gift_for_ten(paper: Newspaper) -> None:
    given = give(paper, most=10)
    counted: list[bool] = []

    def ask(number: int) -> None:
        with closing(SqliteGifts(paper.home, lock_seconds=30)) as store:
            for one in range(number * 20, number * 20 + 20):
                redemption = Redemption(given.number, SUBSCRIBERS, (one.to_bytes(16, "big"),), START)
                counted.append(store.redeem(redemption).counted)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(counted), sum(counted), opened(paper, given)) == (200, 10, 10)
