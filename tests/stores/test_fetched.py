"""What an origin answered, on disk: whole, bounded, and gone when it is dropped."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from foldline.errors import StoreUnavailable
from foldline.stores.fetched import FetchedPage, FetchedPages
from foldline.stores.home import Home
from foldline.stores.schema import migrate

PAGE = FetchedPage(
    b"/a", 200, ((b"content-type", b"text/html"), (b"x", b"\xff")), b"\x00text", "d1", 100, 100, 130, b'"e"', b"date"
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    migrate(made)
    return made


def test_a_page_comes_back_as_it_was_kept_also_in_another_process(home: Home) -> None:
    assert FetchedPages(home).put(PAGE, 100)
    assert FetchedPages(home).get(b"/a") == PAGE
    assert FetchedPages(home).get(b"/b") is None


def test_that_a_page_holds_is_written_for_the_version_that_it_was_said_of(home: Home) -> None:
    pages = FetchedPages(home)
    pages.put(PAGE, 100)
    pages.still(b"/a", "d1", 150, 180, 149)
    assert pages.get(b"/a") == replace(PAGE, checked_at=150, fresh_until=180)
    pages.still(b"/a", "older", 200, 230, 199)
    assert pages.get(b"/a") == replace(PAGE, checked_at=150, fresh_until=180)


def test_an_answer_that_was_asked_for_before_another_process_heard_a_newer_one_is_not_kept(home: Home) -> None:
    mine, theirs = FetchedPages(home), FetchedPages(home)
    assert theirs.put(replace(PAGE, body=b"gated", digest="d2", checked_at=110), 109)
    assert not mine.put(replace(PAGE, body=b"free", digest="d1", checked_at=112), 105)
    assert mine.get(b"/a") == replace(PAGE, body=b"gated", digest="d2", checked_at=110)
    assert mine.put(replace(PAGE, body=b"newest", checked_at=115), 111)


def test_a_page_is_expired_or_dropped(home: Home) -> None:
    pages = FetchedPages(home)
    pages.put(PAGE, 100)
    pages.expire(b"/a")
    assert pages.get(b"/a") == replace(PAGE, fresh_until=0)
    pages.drop(b"/a")
    assert pages.get(b"/a") is None


def test_what_was_used_longest_ago_goes_first(home: Home) -> None:
    pages = FetchedPages(home, most=3_500)
    for number in range(3):
        pages.put(replace(PAGE, page=b"/%d" % number, body=b"x" * 1000, checked_at=100 + number), 100)
    pages.used(b"/0", 500)
    pages.put(replace(PAGE, page=b"/3", body=b"x" * 1000, checked_at=600), 600)
    assert [number for number in range(4) if pages.get(b"/%d" % number)] == [0, 2, 3]
    assert pages.weight() <= 3_500


def test_nothing_of_a_dropped_page_stays_in_the_file(home: Home) -> None:
    pages = FetchedPages(home)
    pages.put(replace(PAGE, body=b"LIBELLOUS" * 5000), 100)
    pages.drop(b"/a")
    pages.close()
    with sqlite3.connect(home.fetched_db) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert b"LIBELLOUS" not in home.fetched_db.read_bytes()


def test_a_store_that_is_away_says_so(home: Home) -> None:
    pages = FetchedPages(home)
    with sqlite3.connect(home.fetched_db) as connection:
        connection.execute("DROP TABLE fetched")
    connection.close()
    for call in (lambda: pages.get(b"/a"), lambda: pages.put(PAGE, 100), lambda: pages.drop(b"/a")):
        with pytest.raises(StoreUnavailable):
            call()
