"""A gift of an article of a site that the gate is mounted in: the same link, the same answers, the meter untouched."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.server.mounted_room import CANARY, PATH, SECOND, Paper, mounted

from foldline.signed import cookies, gift
from foldline.stores.gifts import Giving, SqliteGifts
from foldline.testing.answers import Answer

CLOSED = 'default-access = "subscribers"\n'


@pytest.fixture(params=["wsgi", "asgi"])
def paper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Paper]:
    with mounted(request.param, tmp_path / "home", rules=CLOSED) as runs:
        yield runs


def number_of(paper: Paper, path: str) -> int:
    found = re.search(rb'data-article="(\d+)"', paper.get(path).body)
    assert found is not None
    return int(found[1])


def give(paper: Paper, article: int, most: int = 10) -> str:
    now = int(time.time())
    giving = Giving(b"a number", (), article, 1, now + 86_400, now, now + 86_400, most, 0)
    with closing(SqliteGifts(paper.settings.home)) as store:
        return gift.issue(paper.carry.keyring, store.publish(giving).link)


def opens(paper: Paper, article: int, token: str) -> Answer:
    body = urlencode({"article": article, "gift": token, "answer": "fragment"}).encode()
    form = ((b"content-type", b"application/x-www-form-urlencoded"), (b"sec-fetch-site", b"same-origin"))
    return paper.ask("POST", b"/-/read", form, body)


def test_a_gift_opens_an_article_of_the_application_and_stays_open_there(paper: Paper) -> None:
    article = number_of(paper, PATH)
    token = give(paper, article, most=1)
    assert b'data-kind="refused"' in paper.get(PATH).body
    page = paper.get(f"{PATH}?gift={token}")
    assert (b'data-kind="ask"' in page.body, CANARY in page.body.decode()) == (True, False)
    assert paper.get(f"{PATH}?gift=x").body == page.body
    answer = opens(paper, article, token)
    assert b'data-reason="gift-opens"' in answer.body
    assert cookies.METER not in answer.cookies
    jar = (b"cookie", b"; ".join(f"{name}={value}".encode() for name, value in answer.cookies.items()))
    whole = paper.get(PATH, jar).body.decode()
    assert (CANARY in whole, "has given you this article" in whole) == (True, True)
    assert CANARY not in paper.get(SECOND, jar).body.decode()
    assert b'data-reason="gift-ended"' in opens(paper, article, token).body


def test_a_gift_of_one_article_opens_no_other(paper: Paper) -> None:
    token = give(paper, number_of(paper, PATH))
    answer = opens(paper, number_of(paper, SECOND), token)
    assert (b'data-reason="gift-ended"' in answer.body, CANARY in answer.body.decode()) == (True, False)
