"""Who only reads stays signed in: what a worker notes is written in batches, and nobody waits for it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from tests.gate.newspaper import READER, SESSION, START, Newspaper, open_newspaper

from foldline.signed import cookies, reader_pass
from foldline.signed.reader_pass import FRESH_SECONDS, SESSION_SECONDS, PassFacts
from foldline.stores.home import Home
from foldline.stores.passes import PassStore, Use
from foldline.stores.schema import connect, migrate

DAY = 86_400
ZONE = ZoneInfo("America/New_York")


@pytest.fixture
def paper(tmp_path_factory: pytest.TempPathFactory) -> Newspaper:
    return open_newspaper(tmp_path_factory.mktemp("paper"))


def row(paper: Newspaper) -> tuple[int, int, int]:
    connection = connect(paper.home.site_db, read_only=True)
    try:
        found = connection.execute("SELECT session_until, used_on, ended_at FROM foldline_pass_facts").fetchone()
    finally:
        connection.close()
    return (found[0], found[1], found[2])


def day_of(epoch: float) -> int:
    return datetime.fromtimestamp(epoch, ZONE).toordinal()


def carried(paper: Newspaper) -> reader_pass.Pass:
    return reader_pass.read(paper.worker.state.keyring, paper.jar[cookies.PASS].encode())


def written(paper: Newspaper) -> None:
    """Until the write that was started is done."""
    assert paper.worker.parts.roll._writing is not None
    assert paper.worker.parts.roll._writing.result(10) == {}


def test_reading_alone_moves_the_end_of_a_session_and_the_day_of_its_last_use(paper: Newspaper) -> None:
    paper.sign_in({1: 0})
    paper.clock.time = START + 100 * DAY
    paper.get("/subscribers")
    assert row(paper) == (START + SESSION_SECONDS, 0, 0)
    paper.worker.parts.roll.close()
    assert row(paper) == (START + 100 * DAY + SESSION_SECONDS, day_of(START + 100 * DAY), 0)


def test_a_reader_who_comes_twice_a_year_is_never_signed_out(paper: Newspaper) -> None:
    paper.sign_in({1: 0})
    for visit in range(1, 5):
        paper.clock.time = START + visit * 179 * DAY
        paper.get("/subscribers")
        assert carried(paper).session_until == paper.clock.time + SESSION_SECONDS
        paper.worker.parts.roll.flush()
        written(paper)
    paper.worker.parts.roll.close()
    assert row(paper)[0] == START + 4 * 179 * DAY + SESSION_SECONDS


def test_a_page_never_waits_for_that_write_and_a_failed_one_is_done_later(
    paper: Newspaper, caplog: pytest.LogCaptureFixture
) -> None:
    paper.sign_in({1: 0})
    paper.clock.time = START + 10 * DAY
    other = sqlite3.connect(paper.home.site_db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        paper.get("/subscribers")
        assert b"The levee held" in paper.get("/subscribers").body
        paper.worker.parts.roll.flush()
        writing = paper.worker.parts.roll._writing
        assert writing is not None
        assert list(writing.result(10)) == [SESSION]
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert "locked" in caplog.text
    assert SESSION.hex() not in caplog.text
    assert row(paper)[0] == START + SESSION_SECONDS
    paper.worker.parts.roll.close()
    assert row(paper)[0] == START + 10 * DAY + SESSION_SECONDS


def test_a_session_that_was_signed_out_before_the_write_stays_ended(paper: Newspaper) -> None:
    held = paper.sign_in({1: 0})
    paper.clock.time = START + 10 * DAY
    paper.get("/subscribers")
    paper.store(PassFacts(READER, SESSION, {1: 0}, held.session_until, ended=True))
    paper.worker.parts.roll.close()
    assert row(paper) == (held.session_until, 0, 1)


def test_a_session_that_was_over_is_not_revived(paper: Newspaper) -> None:
    paper.sign_in({1: 0})
    PassStore(paper.home).roll({SESSION: Use(START + SESSION_SECONDS, 1, START + 9 * SESSION_SECONDS)})
    assert row(paper)[0] == START + SESSION_SECONDS


def test_a_day_of_reading_is_one_write(paper: Newspaper) -> None:
    paper.sign_in({1: 0})
    paper.clock.time = START + 3 * DAY
    for _ in range(3):
        paper.get("/subscribers")
        paper.clock.time += FRESH_SECONDS
    paper.worker.parts.roll.flush()
    written(paper)
    before = row(paper)
    for _ in range(3):
        paper.get("/subscribers")
        paper.clock.time += FRESH_SECONDS
    assert not paper.worker.parts.roll._noted
    paper.worker.parts.roll.close()
    assert row(paper) == before


def test_a_clock_that_was_set_back_takes_nothing_away(paper: Newspaper) -> None:
    held = paper.sign_in({1: 0})
    facts = PassFacts(READER, SESSION, {1: 0}, held.session_until + 30 * DAY, used_on=day_of(START) + 30)
    assert paper.worker.parts.roll.used(facts) == facts
    stale = replace(facts, used_on=0)
    assert paper.worker.parts.roll.used(stale).session_until == facts.session_until
    paper.worker.parts.roll.close()


def test_a_table_of_an_older_version_gets_the_new_column_and_keeps_its_rows(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = Home(tmp_path_factory.mktemp("old"))
    home.make()
    old = connect(home.site_db)
    old.execute(
        "CREATE TABLE foldline_pass_facts (session TEXT PRIMARY KEY, reader TEXT NOT NULL, products TEXT NOT NULL,"
        " session_until INTEGER NOT NULL, ended_at INTEGER NOT NULL DEFAULT 0)"
    )
    old.execute("INSERT INTO foldline_pass_facts VALUES (?, ?, '1:0', ?, 0)", (SESSION.hex(), READER.hex(), START))
    old.close()
    migrate(home)
    migrate(home)
    assert PassStore(home).facts(SESSION) == PassFacts(READER, SESSION, {1: 0}, START)
    changing = connect(home.site_db)
    changing.execute("UPDATE foldline_pass_facts SET payment_failed = 1")
    changing.close()
    assert PassStore(home).facts(SESSION) == PassFacts(READER, SESSION, {1: 0}, START, payment_failed=True)
