"""The meter as readers meet it: without an account, with one, and on the way from one to the other."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.gate.newspaper import READER, REST, START, Newspaper
from tests.gate.test_read import outcome

from foldline.gate.spending import Spender
from foldline.policy.rule import SITE, Allowance
from foldline.policy.rules import Rules
from foldline.server.threaded_stores import ThreadedMeter
from foldline.signed import cookies, meter
from foldline.signed.counting import reader_owner
from foldline.stores.meter import SqliteMeter
from foldline.stores.schema import connect, migrate

YEAR = 365 * 86_400


def opens(paper: Newspaper, path: str) -> bool:
    return REST.encode() in paper.get(path).body


def sign_out(paper: Newspaper) -> None:
    """What the site process does to the cookies."""
    for name in (cookies.PASS, cookies.OPENING):
        paper.jar.pop(name, None)
    ring = paper.worker.state.keyring
    if cookies.METER in paper.jar:
        held = meter.read(ring, paper.jar[cookies.METER].encode())
        paper.jar[cookies.METER] = meter.issue(ring, meter.forget(held))


def allow(paper: Newspaper, anonymous: int, registered: int, days: int = 0) -> None:
    allowance = Allowance(SITE, anonymous, registered, days)
    paper.worker.state.rules = Rules(f"test/{anonymous}/{registered}/{days}", (), {SITE: allowance})


def stored(paper: Newspaper) -> int:
    window = paper.worker.state.window(int(paper.clock.time)).number
    return SqliteMeter(paper.home).used(reader_owner(paper.worker.state.keyring, READER), SITE, window)


def test_get_for_a_signed_in_reader_asks_and_reads_no_store(paper: Newspaper) -> None:
    paper.sign_in()
    paper.worker.parts.meter.close()
    paper.home.meter_db.rename(paper.home.meter_db.with_suffix(".away"))
    answer = paper.get("/metered-10")
    assert b'data-reason="ask"' in answer.body
    assert REST.encode() not in answer.body


def test_a_signed_in_reader_is_counted_by_their_account_whatever_they_carry(paper: Newspaper) -> None:
    paper.sign_in()
    held = dict(paper.jar)
    for number in (10, 11, 12):
        paper.jar = dict(held)
        assert outcome(paper.read(number)) == ("open", "meter-has-room")
    paper.jar = dict(held)
    assert outcome(paper.read(13)) == ("refused", "meter-is-spent")
    assert outcome(paper.read(10)) == ("open", "read-before")
    assert stored(paper) == 3


def test_reading_signed_in_sets_an_opening_and_no_meter(paper: Newspaper) -> None:
    paper.sign_in()
    paper.read(10)
    assert set(paper.jar) == {cookies.PASS, cookies.OPENING}
    assert opens(paper, "/metered-10")
    paper.read(11)
    assert opens(paper, "/metered-10")
    assert opens(paper, "/metered-11")


def test_two_read_before_signing_in_are_two_after_it_and_stay_open(paper: Newspaper) -> None:
    paper.read(10)
    paper.read(11)
    paper.sign_in()
    assert opens(paper, "/metered-10")
    assert opens(paper, "/metered-11")
    answer = paper.read(12)
    assert outcome(answer) == ("open", "meter-has-room")
    assert b"You have read 3 of 3 free articles this month." in answer.body
    assert outcome(paper.read(13)) == ("refused", "meter-is-spent")
    assert stored(paper) == 3


def test_what_was_read_before_signing_in_is_read_on_every_device_of_the_account(paper: Newspaper) -> None:
    paper.read(10)
    paper.sign_in()
    paper.read(11)
    paper.jar = {cookies.PASS: paper.jar[cookies.PASS]}
    assert outcome(paper.read(10)) == ("open", "read-before")
    assert stored(paper) == 2


def test_after_signing_out_nothing_that_was_read_signed_in_is_on_the_device(paper: Newspaper) -> None:
    paper.read(10)
    paper.sign_in()
    paper.read(11)
    sign_out(paper)
    assert not opens(paper, "/metered-11")
    answer = paper.read(12)
    assert b"You have read 2 of 3 free articles this month." in answer.body


def test_after_signing_out_the_preview_stands_there_and_the_count_goes_on(paper: Newspaper) -> None:
    for number in (10, 11):
        paper.read(number)
    paper.sign_in()
    sign_out(paper)
    assert not opens(paper, "/metered-10")
    assert outcome(paper.read(10)) == ("open", "read-before")
    assert outcome(paper.read(12)) == ("open", "meter-has-room")
    assert not opens(paper, "/metered-11"), "the cookie does not learn again what it forgot"
    assert outcome(paper.read(13)) == ("refused", "meter-is-spent")


def test_signing_in_and_out_many_times_gives_nothing_back(paper: Newspaper) -> None:
    for number in (10, 11, 12):
        paper.read(number)
    for _ in range(3):
        paper.sign_in()
        assert outcome(paper.read(13)) == ("refused", "meter-is-spent")
        sign_out(paper)
        assert outcome(paper.read(13)) == ("refused", "meter-is-spent")


def test_a_cookie_that_is_played_back_opens_no_more_and_is_told_the_truth(paper: Newspaper) -> None:
    paper.read(10)
    early = dict(paper.jar)
    for number in (11, 12):
        paper.read(number)
    paper.jar = {cookies.METER: early[cookies.METER]}
    assert b'data-reason="ask"' in paper.get("/metered-13").body
    assert outcome(paper.read(13)) == ("refused", "meter-is-spent")
    assert b'data-reason="meter-is-spent"' in paper.get("/metered-14").body
    assert all(opens(paper, f"/metered-{number}") for number in (10, 11, 12))


def test_an_edited_or_doubled_meter_is_never_a_fresh_start_for_an_account_that_is_spent(paper: Newspaper) -> None:
    paper.sign_in()
    for number in (10, 11, 12):
        paper.read(number)
    carried = paper.jar[cookies.PASS]
    for value in ("", "junk", meter.issue(paper.worker.state.keyring, meter.DeviceMeters(b"n" * 16)), "x" * 3000):
        paper.jar = {cookies.PASS: carried, cookies.METER: value}
        assert outcome(paper.read(13)) == ("refused", "meter-is-spent")


def test_a_new_window_counts_anew_for_an_account_too(paper: Newspaper) -> None:
    paper.sign_in()
    for number in (10, 11, 12):
        paper.read(number)
    paper.clock.time += 31 * 86_400
    paper.sign_in()
    assert outcome(paper.read(13)) == ("open", "meter-has-room")


def test_a_window_of_days_is_told_as_such(paper: Newspaper) -> None:
    allow(paper, 1, 1, days=30)
    assert b"You have read 1 of 1 free articles in these 30 days." in paper.read(10).body
    refused = paper.read(11)
    assert b"You have read your free articles for now" in refused.body
    assert b"this month" not in refused.body


def test_where_only_accounts_have_free_articles_a_stranger_is_told_how_many(paper: Newspaper) -> None:
    allow(paper, 0, 5)
    neutral = paper.get("/metered-10")
    assert b'data-reason="not-signed-in"' in neutral.body
    assert (b"cache-control", b"no-cache") in neutral.headers
    answer = paper.read(10)
    assert outcome(answer) == ("refused", "not-signed-in")
    assert b"With a free account you read 5 of these articles a month." in answer.body
    paper.sign_in()
    assert outcome(paper.read(10)) == ("open", "meter-has-room")


def test_a_spent_stranger_is_told_what_an_account_would_give_and_a_spent_account_is_not(paper: Newspaper) -> None:
    allow(paper, 1, 3)
    paper.read(10)
    refused = paper.read(11).body
    assert b"With a free account you read 3 a month. Without one, the next come on 1 December." in refused
    assert b"Sign in or join" in refused
    paper.sign_in()
    assert outcome(paper.read(11)) == ("open", "meter-has-room")
    paper.read(12)
    spent = paper.read(13).body
    assert b"Subscribers read without a limit." in spent
    assert b"account" not in spent


def test_a_reader_of_a_registered_article_is_not_told_of_a_meter(paper: Newspaper) -> None:
    allow(paper, 0, 5)
    assert b"of these articles" not in paper.read(2).body


def test_two_meters_are_counted_apart_on_one_device(paper: Newspaper) -> None:
    paper.read(10)
    paper.worker.state.rules = Rules("two", (), {SITE: Allowance("another", 1, 1)})
    assert outcome(paper.read(11)) == ("open", "meter-has-room")
    assert outcome(paper.read(12)) == ("refused", "meter-is-spent")


@contextmanager
def gone(paper: Newspaper) -> Iterator[None]:
    away = paper.home.meter_db.with_suffix(".away")
    paper.home.meter_db.rename(away)
    yield
    away.rename(paper.home.meter_db)


@contextmanager
def locked(paper: Newspaper) -> Iterator[None]:
    blocker = connect(paper.home.meter_db)
    blocker.execute("BEGIN EXCLUSIVE")
    yield
    blocker.execute("ROLLBACK")
    blocker.close()


@contextmanager
def without_its_table(paper: Newspaper) -> Iterator[None]:
    connection = connect(paper.home.meter_db)
    connection.execute("DROP TABLE foldline_meter")
    yield
    connection.close()
    migrate(paper.home)


@pytest.mark.parametrize("fault", [gone, locked, without_its_table])
@pytest.mark.parametrize("signed_in", [False, True])
def test_while_the_meter_cannot_count_nothing_opens_by_it_and_nothing_is_taken(
    paper: Newspaper, fault: object, signed_in: bool
) -> None:
    store = SqliteMeter(paper.home, lock_seconds=0.05)
    paper.worker.app._spender = Spender(ThreadedMeter(store), paper.clock)
    if signed_in:
        paper.sign_in()
    before = dict(paper.jar)
    with fault(paper):  # type: ignore[operator]
        answer = paper.read(10)
        assert outcome(answer) == ("refused", "meter-cannot-count")
        assert b"We cannot count free articles right now" in answer.body
        assert b"none has been taken from you" in answer.body
        assert REST.encode() not in answer.body
        assert paper.jar == before
        assert b'data-reason="ask"' in paper.get("/metered-10").body
    paper.worker.app._spender = Spender(ThreadedMeter(store), paper.clock)
    assert b"You have read 1 of 3 free articles this month." in paper.read(10).body


@pytest.mark.parametrize("fault", [gone, locked])
def test_while_the_meter_cannot_count_subscribers_and_what_is_open_are_untouched(
    paper: Newspaper, fault: object
) -> None:
    paper.worker.app._spender = Spender(ThreadedMeter(SqliteMeter(paper.home, lock_seconds=0.05)), paper.clock)
    paper.read(10)
    with fault(paper):  # type: ignore[operator]
        assert opens(paper, "/metered-10")
        paper.sign_in({1: START + YEAR})
        assert opens(paper, "/metered-11")
        assert outcome(paper.read(12)) == ("open", "subscription-covers")


def test_a_store_that_hangs_ends_at_the_deadline_and_is_left_alone_for_a_moment(paper: Newspaper) -> None:
    class Hanging(SqliteMeter):
        asked = 0

        def spend(self, charge: object) -> object:  # type: ignore[override]
            Hanging.asked += 1
            blocker = connect(paper.home.meter_db)
            blocker.execute("BEGIN IMMEDIATE")
            try:
                return super().spend(charge)  # type: ignore[arg-type]
            finally:
                blocker.execute("ROLLBACK")
                blocker.close()

    hanging = ThreadedMeter(Hanging(paper.home, lock_seconds=1.0), deadline=0.05)
    paper.worker.app._spender = Spender(hanging, paper.clock)
    for _ in range(3):
        assert outcome(paper.read(10)) == ("refused", "meter-cannot-count")
    assert Hanging.asked == 1


def test_a_failed_spend_does_not_use_up_what_a_network_may_bring(paper: Newspaper) -> None:
    store = SqliteMeter(paper.home)
    paper.worker.app._spender = Spender(ThreadedMeter(store), paper.clock, new_meters=1)
    with gone(paper):
        assert outcome(paper.read(10)) == ("refused", "meter-cannot-count")
    paper.worker.app._spender._counts = ThreadedMeter(store)
    assert outcome(paper.read(10)) == ("open", "meter-has-room")
    paper.jar.clear()
    assert outcome(paper.read(10)) == ("refused", "meter-cannot-count")


def test_no_log_line_of_a_fault_names_who_read_what(paper: Newspaper, caplog: pytest.LogCaptureFixture) -> None:
    paper.sign_in()
    with gone(paper), caplog.at_level("DEBUG"):
        paper.read(10)
    assert "Spend: meter:" in caplog.text
    for secret in (READER.hex(), READER.decode(), "metered-10", paper.jar[cookies.PASS]):
        assert secret not in caplog.text


def test_the_file_of_the_meter_is_like_the_others(paper: Newspaper) -> None:
    with sqlite3.connect(paper.home.meter_db) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
