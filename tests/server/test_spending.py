"""Spends over HTTP with several real workers on one socket, and with one that dies at the worst moment."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.gate.newspaper import HOST, READER, SECRET, Newspaper, open_newspaper, record

from foldline.policy.facts import Access
from foldline.policy.rule import SITE
from foldline.signed import cookies
from foldline.signed.counting import reader_owner
from foldline.stores.meter import SqliteMeter
from foldline.stores.records import RecordWriter
from foldline.testing.processes import GateProcess

FIFTY = range(100, 150)

#: A worker that is killed when a spend has been written and before anything is answered.
DYING = """
import os
from foldline.stores.meter import SqliteMeter
counted = SqliteMeter.spend
def spend(self, charge):
    counted(self, charge)
    os._exit(9)
SqliteMeter.spend = spend
from foldline.server.worker import main
main()
"""


@pytest.fixture
def paper(tmp_path: Path) -> Newspaper:
    paper = open_newspaper(tmp_path)
    paper.home.secret_file.write_text(SECRET + "\n", encoding="utf-8")
    paper.home.secret_file.chmod(0o600)
    writer = RecordWriter(paper.home)
    for number in FIFTY:
        writer.put_article(record(number, Access.METERED, f"/metered-{number}"))
    writer.close()
    paper.clock.time = time.time()
    return paper


@contextmanager
def workers(paper: Newspaper, count: int, *program: str) -> Iterator[GateProcess]:
    with GateProcess(paper.home, HOST.decode(), count, program=program or ("-m", "foldline.server.worker")) as gate:
        yield gate


def carried(paper: Newspaper) -> tuple[tuple[bytes, bytes], ...]:
    pairs = "; ".join(f"{name}={value}" for name, value in paper.jar.items())
    ours = ((b"Sec-Fetch-Site", b"same-origin"), (b"Content-Type", b"application/x-www-form-urlencoded"))
    return (*ours, (b"Cookie", pairs.encode())) if pairs else ours


def read(gate: GateProcess, paper: Newspaper, article: int) -> Any:
    """The decision as data; None where the connection ended without an answer."""
    body = b"article=%d&answer=json" % article
    answer = gate.client.ask("POST", b"/-/read", carried(paper), body)
    if answer.status == 0:
        return None
    assert answer.status == 200
    return json.loads(answer.body)


def read_at_once(gate: GateProcess, paper: Newspaper, articles: list[int]) -> list[Any]:
    with ThreadPoolExecutor(25) as pool:
        return list(pool.map(lambda article: read(gate, paper, article), articles))


def stored(paper: Newspaper) -> int:
    window = paper.worker.state.window(int(paper.clock.time)).number
    return SqliteMeter(paper.home).used(reader_owner(paper.worker.state.keyring, READER), SITE, window)


def test_fifty_articles_at_once_with_three_left_open_exactly_three_on_several_workers(paper: Newspaper) -> None:
    paper.sign_in()
    with workers(paper, 3) as gate:
        told = read_at_once(gate, paper, list(FIFTY))
        assert Counter(one["reason"] for one in told) == {"meter-has-room": 3, "meter-is-spent": 47}
        assert sum("rest" in one for one in told) == 3
        assert stored(paper) == 3
        again = [one["article"] for one in told if one["outcome"] == "opens"]
        assert {one["reason"] for one in read_at_once(gate, paper, again)} == {"read-before"}


def test_the_same_article_fifty_times_at_once_costs_one_on_several_workers(paper: Newspaper) -> None:
    paper.sign_in()
    with workers(paper, 3) as gate:
        told = read_at_once(gate, paper, [100] * 50)
    assert Counter(one["outcome"] for one in told) == {"opens": 50}
    assert sum(one["receipt"]["spent"] for one in told) == 1
    assert {one["receipt"]["used"] for one in told} == {1}
    assert stored(paper) == 1


def test_ten_tabs_of_one_device_with_one_left_open_exactly_one(paper: Newspaper) -> None:
    paper.clock.time = time.time()
    paper.read(10)
    paper.read(11)
    paper.jar = {cookies.METER: paper.jar[cookies.METER]}
    with workers(paper, 2) as gate:
        told = read_at_once(gate, paper, list(FIFTY)[:10])
    assert Counter(one["outcome"] for one in told) == {"opens": 1, "refuses": 9}


@pytest.mark.parametrize("signed_in", [True, False], ids=["an account", "a device"])
def test_a_worker_that_dies_between_spend_and_answer_costs_nothing_on_retry(paper: Newspaper, signed_in: bool) -> None:
    if signed_in:
        paper.sign_in()
    else:
        paper.read(10)
        paper.jar = {cookies.METER: paper.jar[cookies.METER]}
    with workers(paper, 1, "-c", DYING) as dying:
        assert read(dying, paper, 100) is None
    before = 0 if signed_in else 1
    with workers(paper, 1) as gate:
        told = read(gate, paper, 100)
        assert (told["outcome"], told["reason"]) == ("opens", "read-before")
        assert (told["receipt"]["used"], told["receipt"]["spent"]) == (before + 1, False)
        assert "rest" in told
        opened = [read(gate, paper, article)["outcome"] for article in (101, 102, 103)]
    assert opened == ["opens"] * (2 - before) + ["refuses"] * (1 + before)
