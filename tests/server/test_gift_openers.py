"""A gift over HTTP with several real workers on one socket: 200 openers at once, and programs that look at links."""

from __future__ import annotations

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.gate.newspaper import HOST, REST, SECRET, Newspaper, open_newspaper

from foldline.signed import cookies, gift
from foldline.stores.changes import write_changes
from foldline.stores.gifts import Given, Giving, SqliteGifts
from foldline.testing.answers import Answer
from foldline.testing.processes import GateProcess

SUBSCRIBERS = 4
OWNER = (b"o" * 16,)
FORM = ((b"Sec-Fetch-Site", b"same-origin"), (b"Content-Type", b"application/x-www-form-urlencoded"))


class Program(NamedTuple):
    """What looks at a link before, or instead of, a person: the requests that it makes, as it makes them."""

    agent: bytes
    methods: tuple[str, ...] = ("GET",)
    headers: tuple[tuple[bytes, bytes], ...] = ()


#: Shaped as their makers document them, or as they were seen. SafeLinks looks like a browser, and says so.
PROGRAMS = {
    "Slack": Program(
        b"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        ("HEAD", "GET"),
        ((b"Range", b"bytes=0-32768"), (b"Accept", b"*/*")),
    ),
    "Signal": Program(b"WhatsApp/2", ("GET",), ((b"Accept-Encoding", b"gzip"), (b"Range", b"bytes=0-1048575"))),
    "WhatsApp": Program(b"WhatsApp/2.23.20.0 A", ("GET",), ((b"Range", b"bytes=0-524287"),)),
    "Outlook": Program(
        b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
        ("HEAD", "GET", "GET"),
        ((b"Sec-Fetch-Mode", b"navigate"), (b"Sec-Fetch-Site", b"none"), (b"Accept", b"text/html,*/*;q=0.8")),
    ),
    "a browser that fetches ahead": Program(b"Mozilla/5.0 Chrome/126.0", ("GET",), ((b"Sec-Purpose", b"prefetch"),)),
}


@pytest.fixture
def paper(tmp_path: Path) -> Newspaper:
    paper = open_newspaper(tmp_path)
    paper.home.secret_file.write_text(SECRET + "\n", encoding="utf-8")
    paper.home.secret_file.chmod(0o600)
    return paper


def give(paper: Newspaper, most: int) -> Given:
    now = int(time.time())
    giving = Giving(os.urandom(8), OWNER, SUBSCRIBERS, 1, now + 86_400, now, now + 86_400, most, 99)
    with closing(SqliteGifts(paper.home)) as store:
        given = store.give(giving).gift
    assert given is not None
    return given


def opened(paper: Newspaper) -> int:
    with closing(SqliteGifts(paper.home)) as store:
        return store.of(OWNER)[0].opened


def ask(gate: GateProcess, token: str, *, agent: bytes = b"Mozilla/5.0", cookie: bytes = b"") -> Answer:
    body = f"article={SUBSCRIBERS}&gift={token}&answer=fragment".encode()
    carried = ((b"Cookie", cookie),) if cookie else ()
    return gate.client.ask("POST", b"/-/read", (*FORM, (b"User-Agent", agent), *carried), body)


def reason(answer: Answer) -> str:
    return answer.body.decode().partition('data-reason="')[2].partition('"')[0]


def test_two_hundred_openers_at_once_get_ten_whole_articles_from_a_gift_for_ten(paper: Newspaper) -> None:
    given = give(paper, 10)
    token = gift.issue(paper.worker.state.keyring, given.link)
    with GateProcess(paper.home, HOST.decode(), 2) as gate, ThreadPoolExecutor(25) as pool:
        answers = list(pool.map(lambda _: ask(gate, token), range(200)))
        reasons = Counter(reason(answer) for answer in answers)
        whole = [answer for answer in answers if REST in answer.body.decode()]
        assert (len(whole), dict(reasons)) == (10, {"gift-opens": 10, "gift-ended": 190})
        assert opened(paper) == 10
        # Each of the ten has it again for nothing, by whichever worker, until it is taken back: then nobody has.
        kept = [_cookie(answer) for answer in whole]
        path = b"/subscribers"
        assert all(REST in gate.client.ask("GET", path, ((b"Cookie", one),)).body.decode() for one in kept)
        with closing(SqliteGifts(paper.home)) as store:
            store.take_back(given.number, int(time.time()), OWNER)
        write_changes(paper.home, [("gift", f"{given.number.hex()}:{given.ends}")], int(time.time()))
        until = time.monotonic() + 20
        while any(REST in gate.client.ask("GET", path, ((b"Cookie", one),)).body.decode() for one in kept * 3):
            assert time.monotonic() < until, "what a gift opened stays open when it was taken back"
            time.sleep(0.05)


def test_slack_signal_outlook_and_their_like_open_nothing_of_a_gift(paper: Newspaper) -> None:
    token = gift.issue(paper.worker.state.keyring, give(paper, 1).link)
    target = f"/subscribers?gift={token}".encode()
    with GateProcess(paper.home, HOST.decode()) as gate:
        for name, program in PROGRAMS.items():
            for method in program.methods * 3:
                headers = ((b"User-Agent", program.agent), *program.headers)
                answer = gate.client.ask(method, target, headers)
                assert (answer.status, REST in answer.body.decode("utf-8", "replace")) == (200, False), name
        # One that runs the page, and says what it is, opens nothing either.
        for agent in (PROGRAMS["Slack"].agent, b"Mozilla/5.0 (compatible; bingbot/2.0) Chrome/120.0 Safari/537.36"):
            assert reason(ask(gate, token, agent=agent)) == "gift-ended"
        assert opened(paper) == 0
        assert reason(ask(gate, token)) == "gift-opens"


def _cookie(answer: Answer) -> bytes:
    """The opening that an answer set, as a browser sends it back."""
    set_cookies = [value for name, value in answer.headers if name.lower() == b"set-cookie"]
    (opening,) = [value.partition(b";")[0] for value in set_cookies if value.startswith(cookies.OPENING.encode())]
    return opening
