"""Gifts of the publication at the desk: with a bound and an end of their own, written down, and taken back."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.gate.newspaper import record
from tests.readers.processes import DeskBrowser
from tests.readers.test_gifts import Receiver

from foldline.config import load
from foldline.policy.facts import Access
from foldline.server.worker import Worker
from foldline.stores.home import Home
from foldline.stores.records import RecordWriter
from foldline.stores.schema import connect

from .conftest import Log
from .staff_room import enter


@pytest.fixture
def gate(home: Home) -> Iterator[Worker]:
    writer = RecordWriter(home)
    writer.put_article(record(731, Access.SUBSCRIBERS, "/given-731"))
    writer.put_article(record(732, Access.FREE, "/given-732"))
    worker = Worker(load(home, os.environ), 0)
    worker.hear()
    yield worker
    for path in ("/given-731", "/given-732"):
        writer.delete(path)
    writer.close()
    worker.parts.roll.close()
    worker.parts.gifts.close()
    worker.parts.watch.close()
    with closing(connect(home.meter_db)) as meter:
        meter.execute("DELETE FROM foldline_gifts")
        meter.execute("DELETE FROM foldline_gift_openers")


def test_an_editor_gives_an_article_to_two_people_and_takes_it_back(gate: Worker, desk: DeskBrowser, log: Log) -> None:
    email = enter(desk, "editor")
    assert "Nothing yet." in desk.get("/gifts").text
    given = {"article": "http://127.0.0.1:8080/given-731?x=1", "days": "3", "openers": "2"}
    assert desk.post("/gifts", given).headers["location"] == "/gifts"
    page = desk.get("/gifts").text
    found = re.search(r'id="link-1" value="([^"]+)"', page)
    assert found is not None
    link = html.unescape(found[1])
    openers = [Receiver(gate) for _ in range(3)]
    assert [one.opens(link) for one in openers] == ["gift-opens", "gift-opens", "gift-ended"]
    assert "opened on 2 of 2 devices" in desk.get("/gifts").text
    number = re.search(r"/gifts/([0-9a-f]+)/take-back", page)
    assert number is not None
    assert desk.post(number[0], {}).headers["location"] == "/gifts"
    gate.hear()
    assert not openers[0].reads(link)
    assert "taken back; opened on 2 of 2 devices" in desk.get("/gifts").text
    gave, took = log.changes()
    assert gave.startswith(f"{email}|gave|gift||until ")
    assert gave.endswith(", on 2 devices")
    assert took == f"{email}|took back|gift|opened on 2 devices|"


def test_what_no_gift_would_open_is_refused_by_name(gate: Worker, desk: DeskBrowser) -> None:
    enter(desk, "editor")
    desk.get("/gifts")
    wrong = {
        "No article has this address": {"article": "/nowhere"},
        "Everybody reads this article already": {"article": "/given-732"},
        "less than or equal to 365": {"days": "366"},
        "greater than or equal to 1": {"openers": "0"},
    }
    for said, fields in wrong.items():
        answer = desk.post("/gifts", {"article": "/given-731", "days": "3", "openers": "2", **fields})
        assert (answer.status, said in answer.text) == (400, True), said
    assert desk.post("/gifts/ff/take-back", {}).status == 404
    assert desk.post("/gifts/zz/take-back", {}).status == 404


def test_service_and_revenue_give_nothing(gate: Worker, desk: DeskBrowser) -> None:
    for role in ("service", "revenue"):
        enter(desk, role)
        assert desk.get("/gifts").status == 403
