from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.django_home import django_home

from foldline.signed.counting import Charge, article_names, reader_owner
from foldline.signed.keys import Keyring
from foldline.stores.database import Connection, connect, transaction
from foldline.stores.home import Home
from foldline.stores.meter import SqliteMeter

if TYPE_CHECKING:
    from foldline.site.billing.provider import Snapshot
    from foldline.site.desk.models import DueJob


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return django_home(tmp_path_factory)


@pytest.fixture(autouse=True)
def no_jobs(home: Home) -> Iterator[None]:
    """A table of due jobs that is empty."""
    from foldline.site.desk.models import DueJob

    DueJob.objects.all().delete()
    yield
    DueJob.objects.all().delete()


class Hand:
    """A clock that is moved by hand, and the only one: on PostgreSQL too (`test_due_on_hosts` has more of them)."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from foldline.site.desk import due_jobs

        self.now = 1_795_000_000.0
        monkeypatch.setattr(due_jobs, "_shared", lambda: False)
        monkeypatch.setattr(time, "time", lambda: self.now)


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    return Hand(monkeypatch)


def kept(name: str) -> DueJob:
    """A job as the table has it."""
    from foldline.site.desk.models import DueJob

    return DueJob.objects.get(name=name)


def _broken() -> None:
    raise OSError(28, "No space left on device")


def test_a_job_that_fails_is_counted_and_stops_neither_the_others_nor_itself(
    caplog: pytest.LogCaptureFixture, hand: Hand
) -> None:
    from foldline.server.due import RETRY, Job, Loop

    ran: list[str] = []
    loop = Loop((Job("broken", 0.0, _broken), Job("sound", 0.0, lambda: ran.append("sound"))))
    with caplog.at_level(logging.ERROR, "foldline.server.due"):
        loop.look()
        hand.now += RETRY
        loop.look()
    assert ran == ["sound", "sound"]
    assert loop.failures == {"broken": 2}
    assert "the job “broken” failed (2 so far)" in caplog.text
    broken = kept("broken")
    assert (broken.runs, broken.failures, broken.failing) == (2, 2, 2)
    assert broken.problem == "OSError: No space left on device"
    assert kept("sound").failures == 0


def test_what_an_exception_says_is_not_written_down(hand: Hand) -> None:
    from foldline.server.due import Job, Loop

    def refused() -> None:
        raise ValueError("nora@example.test was refused")

    Loop((Job("mail", 60.0, refused),)).look()
    assert kept("mail").problem == "ValueError: see the log"


def test_a_job_that_goes_well_again_is_no_trouble_any_more(hand: Hand) -> None:
    from foldline.server.due import Job, Loop
    from foldline.site.desk.job_table import shown_jobs

    breaks = [True]
    loop = Loop((Job("moody", 1.0, lambda: _broken() if breaks[0] else None),))
    loop.look()
    (shown,) = shown_jobs(hand.now)
    assert "failed once in a row" in shown.trouble
    breaks[0] = False
    hand.now += 1
    loop.look()
    (shown,) = shown_jobs(hand.now)
    assert (shown.trouble, shown.job.failures, shown.job.failing) == ("", 1, 0)


def test_what_a_job_found_is_kept_until_it_next_goes_well(hand: Hand) -> None:
    from foldline.server.due import Job, Loop

    found = ["3 differed", ""]

    def looks() -> str:
        if not found[0]:
            _broken()
        return found[0]

    loop = Loop((Job("compare", 1.0, looks), Job("silent", 1.0, lambda: 7)))
    loop.look()
    assert (kept("compare").result, kept("silent").result) == ("3 differed", "")
    found.reverse()
    hand.now += 1
    loop.look()
    assert (kept("compare").result, kept("compare").failing) == ("3 differed", 1)
    found[0] = "Nothing differed."
    hand.now += 60
    loop.look()
    assert (kept("compare").result, kept("compare").failing) == ("Nothing differed.", 0)


def test_each_job_has_its_own_pace_and_begins_at_the_start(hand: Hand) -> None:
    from foldline.server.due import Job, Loop

    began = hand.now
    ran: list[tuple[float, str]] = []
    loop = Loop(
        (
            Job("often", 1.0, lambda: ran.append((hand.now - began, "often"))),
            Job("seldom", 3.0, lambda: ran.append((hand.now - began, "seldom"))),
        )
    )
    for step in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0):
        hand.now = began + step
        loop.look()
    assert [at for at, name in ran if name == "often"] == [0.0, 1.0, 2.0, 3.0]
    assert [at for at, name in ran if name == "seldom"] == [0.0, 3.0]


def test_a_job_that_failed_is_tried_again_within_a_minute(hand: Hand) -> None:
    from foldline.server.due import RETRY, Job, Loop

    began = hand.now
    loop = Loop((Job("broken", 3600.0, _broken),))
    for step in (0.0, RETRY - 1, RETRY):
        hand.now = began + step
        loop.look()
    assert loop.failures == {"broken": 2}


def test_a_clock_that_is_set_back_puts_no_job_off(hand: Hand) -> None:
    from foldline.server.due import Job, Loop

    ran: list[float] = []
    table = (Job("hourly", 3600.0, lambda: ran.append(hand.now)),)
    loop = Loop(table)
    loop.look()
    hand.now -= 10 * 86_400
    loop.look()
    assert len(ran) == 2
    hand.now -= 10 * 86_400
    Loop(table).look()
    assert len(ran) == 3


def test_of_two_loops_one_runs_a_job_and_the_other_takes_over_when_it_is_gone(hand: Hand) -> None:
    from foldline.server.due import Job, Loop
    from foldline.site.desk.due_jobs import LEASE

    ran: list[str] = []
    first, second = (
        Loop(
            (Job("often", 1.0, lambda who=who: ran.append(who)), Job("hourly", 3600.0, lambda who=who: ran.append(who)))
        )
        for who in ("first", "second")
    )
    for _ in range(4):
        first.look()
        second.look()
        hand.now += 1
    assert ran == ["first", "first", "first", "first", "first"]
    # The first is gone without a word: its lease runs out.
    ran.clear()
    hand.now += LEASE
    second.look()
    assert ran == ["second"]
    first.look()
    assert ran == ["second"]
    hand.now += 3600
    second.look()
    first.look()
    assert sorted(ran) == ["second", "second", "second"]


def test_a_run_that_takes_long_keeps_its_lease(hand: Hand) -> None:
    from foldline.server.due import Job, Loop
    from foldline.site.desk import due_jobs

    ran: list[str] = []
    other = Loop((Job("long", 3600.0, lambda: ran.append("other")),))

    def long() -> None:
        for _ in range(4):
            hand.now += due_jobs.LEASE - 1
            due_jobs.keep(loop.owner)
            other.look()
        ran.append("this")

    loop = Loop((Job("long", 3600.0, long),))
    loop.look()
    other.look()
    assert ran == ["this"]
    assert kept("long").runs == 1


def test_a_loop_that_restarts_does_not_run_what_is_not_due_and_forgets_jobs_that_are_gone(hand: Hand) -> None:
    from foldline.server.due import Job, Loop
    from foldline.site.desk.models import DueJob

    ran: list[str] = []
    Loop((Job("hourly", 3600.0, lambda: ran.append("hourly")), Job("old", 3600.0, lambda: None))).look()
    hand.now += 60
    Loop((Job("hourly", 3600.0, lambda: ran.append("hourly")),)).look()
    assert ran == ["hourly"]
    assert list(DueJob.objects.values_list("name", flat=True)) == ["hourly"]


def test_a_job_whose_row_is_gone_is_enrolled_again_and_run(hand: Hand) -> None:
    from foldline.server.due import Job, Loop
    from foldline.site.desk.models import DueJob

    ran: list[float] = []
    loop = Loop((Job("hourly", 3600.0, lambda: ran.append(hand.now)),))
    loop.look()
    # Another process, which does not know the job, has begun.
    DueJob.objects.all().delete()
    hand.now += 3600
    loop.look()
    assert ran[1:] == [hand.now]
    assert kept("hourly").runs == 1


def test_a_loop_that_has_lost_its_lease_runs_its_job_no_more(hand: Hand) -> None:
    from foldline.server.due import TELL_EVERY, Job, Loop
    from foldline.site.desk.due_jobs import LEASE
    from foldline.site.desk.models import DueJob

    ran: list[float] = []
    loop = Loop((Job("often", 1.0, lambda: ran.append(hand.now)),))
    loop.look()
    lost = hand.now
    for _ in range(12):
        DueJob.objects.update(leased_by="another", leased_until=hand.now + LEASE)
        hand.now += 1
        loop.look()
    assert max(ran) <= lost + TELL_EVERY


def test_who_renews_leases_and_who_ends_a_run_is_told_which_are_still_its_own(hand: Hand) -> None:
    from foldline.site.desk import due_jobs
    from foldline.site.desk.models import DueJob

    due_jobs.enrol([("kept", 60.0), ("lost", 60.0)])
    assert [due_jobs.take(name, "this") for name in ("kept", "lost")] == [True, True]
    assert due_jobs.keep("this") == {"kept", "lost"}
    hand.now += due_jobs.LEASE
    assert due_jobs.take("lost", "another")
    assert due_jobs.keep("this") == {"kept"}
    assert [due_jobs.done(name, "this", 60.0, problem="late") for name in ("kept", "lost")] == [True, False]
    assert dict(DueJob.objects.values_list("name", "leased_by")) == {"kept": "", "lost": "another"}
    assert kept("lost").problem == ""


def test_who_has_waited_for_the_file_while_another_took_a_job_does_not_run_it_too(hand: Hand) -> None:
    from foldline.server.due import Job, Loop

    ran: list[str] = []
    first, second = (
        Loop(
            (Job("often", 1.0, lambda who=who: ran.append(who)), Job("hourly", 3600.0, lambda who=who: ran.append(who)))
        )
        for who in ("first", "second")
    )
    # It read the clock, and waited five seconds: what the first has written meanwhile lies that far ahead.
    waited = hand.now
    hand.now += 5
    first.look()
    hand.now = waited
    second.look()
    assert ran == ["first", "first"]


def test_a_job_of_a_quick_pace_is_not_written_down_at_each_run(hand: Hand) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from foldline.server.due import Job, Loop

    ran: list[float] = []
    loop = Loop((Job("often", 1.0, lambda: ran.append(hand.now)),))
    loop.look()
    with CaptureQueriesContext(connection) as asked:
        for _ in range(60):
            hand.now += 1
            loop.look()
    assert len(ran) == 61
    written = [query for query in asked.captured_queries if query["sql"].startswith("UPDATE")]
    # Once a minute the table is looked at for rows and jobs that are gone.
    assert len(written) <= 12
    assert len(asked.captured_queries) <= len(written) + 2
    assert kept("often").runs >= 56


def test_a_job_that_nobody_runs_is_told_at_the_desk(hand: Hand) -> None:
    from foldline.server.due import Job, Loop
    from foldline.site.desk.job_table import LATE, shown_jobs

    Loop((Job("often", 1.0, lambda: None),)).look()
    assert [shown.trouble for shown in shown_jobs(hand.now)] == [""]
    (late,) = shown_jobs(hand.now + LATE + 3)
    assert "nobody runs it" in late.trouble


def test_while_the_table_cannot_be_read_nothing_runs_and_the_loop_goes_on(
    hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    from django.db import connection

    from foldline.server.due import Job, Loop

    ran: list[float] = []
    loop = Loop((Job("often", 1.0, lambda: ran.append(hand.now)),))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE desk_duejob RENAME TO desk_duejob_away")
    try:
        loop.look()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE desk_duejob_away RENAME TO desk_duejob")
    assert ran == []
    assert "can’t be taken" in caplog.text
    hand.now += 1
    loop.look()
    assert ran == [hand.now]


def test_the_loop_ends_when_it_is_told_to_gives_its_jobs_back_and_does_not_wait_for_the_next_one() -> None:
    from foldline.server.due import Job, Loop

    ran, stop = threading.Event(), threading.Event()
    loop = Loop((Job("often", 1.0, ran.set),))
    thread = threading.Thread(target=loop.run_forever, args=(stop,))
    thread.start()
    assert ran.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert kept("often").leased_by == ""


def test_publishing_is_looked_at_each_second_and_readers_are_pruned_each_hour() -> None:
    from foldline.server.due import jobs
    from foldline.site.desk.due_jobs import job_of

    assert {job_of(job.name): job.every for job in jobs()} == {
        "publish and settle": 1.0,
        "refresh news sitemap": 60.0,
        "prune unverified": 3600.0,
        "prune sign-ins": 3600.0,
        "forget changes": 3600.0,
        "prune meter": 3600.0,
        "count reads": 30.0,
        "show reads": 900.0,
        "drop event lines": 86_400.0,
        "prune print": 3600.0,
        "prune feeds": 3600.0,
        "settle institutions": 3600.0,
        "prune gifts": 3600.0,
        "forget withdrawals": 3600.0,
        "overwrite what was deleted": 3600.0,
        "forget billing notices": 3600.0,
    }


def test_what_waits_for_a_payment_provider_is_there_where_one_is_set_and_keeps_no_other_job_waiting() -> None:
    from django.conf import settings
    from django.test import override_settings
    from tests.billing.memory_provider import MemoryProvider

    from foldline.server import due
    from foldline.site.desk.models import DueJob

    class Waiting(MemoryProvider):
        asked, goes_on = threading.Event(), threading.Event()

        def subscriptions(self, since: int) -> Iterator[Snapshot]:
            self.asked.set()
            assert self.goes_on.wait(30)
            return super().subscriptions(since)

    assert settings.FOLDLINE_PROVIDER is None
    assert {job.name: job.every for job in due.waiting_jobs()} == {"refresh the newsstand": 60.0}
    with override_settings(FOLDLINE_PROVIDER=Waiting(0)):
        stop, running = threading.Event(), threading.Thread(target=lambda: due.run_forever(stop))
        running.start()
        try:
            assert Waiting.asked.wait(30)
            deadline = time.monotonic() + 30
            while not DueJob.objects.filter(name="prune sign-ins", runs__gt=0).exists():
                assert time.monotonic() < deadline, "a job waited for the payment provider"
                stop.wait(0.02)
            assert DueJob.objects.get(name="reconcile billing").every == 86_400.0
        finally:
            Waiting.goes_on.set()
            stop.set()
            running.join(30)
            for thread in threading.enumerate():
                if thread.name in ("waiting jobs", "leases"):
                    thread.join(30)


def test_a_job_deletes_the_meter_of_windows_that_have_ended(home: Home) -> None:
    from foldline.server.due import Loop, jobs
    from foldline.site.readers import moment

    store, now = SqliteMeter(home), moment.epoch()
    ring = Keyring((b"a" * 32,), "valley-post.example")
    owner = reader_owner(ring, b"r" * 16)
    for window, ends in ((1, now - 1), (2, now + 86_400)):
        store.spend(Charge(owner, "site", window, ends, 3, article_names(ring, 7)))
    Loop(jobs()).look()
    assert [store.used(owner, "site", window) for window in (1, 2)] == [0, 1]
    store.forget(owner)


def test_the_jobs_delete_what_has_run_out_and_nothing_else() -> None:
    from foldline.server.due import Loop, jobs
    from foldline.site.readers import moment
    from foldline.site.readers.models import PassFacts, Reader

    now = moment.now()
    for email, joined in (("old@example.test", now - timedelta(days=2)), ("new@example.test", now)):
        reader = Reader.objects.join(email)
        Reader.objects.filter(pk=reader.pk).update(joined_at=joined)
    ends = {"0" * 32: now - timedelta(days=1), "1" * 32: now + timedelta(days=1)}
    for session, end in ends.items():
        PassFacts.objects.create(session=session, reader="2" * 32, products="", session_until=int(end.timestamp()))
    try:
        Loop(jobs()).look()
        emails = {"old@example.test", "new@example.test"}
        assert list(Reader.objects.filter(email__in=emails).values_list("email", flat=True)) == ["new@example.test"]
        assert list(PassFacts.objects.filter(session__in=ends).values_list("session", flat=True)) == ["1" * 32]
    finally:
        Reader.objects.filter(email__endswith="@example.test").delete()
        PassFacts.objects.filter(session__in=ends).delete()


def test_the_meter_is_pruned_though_somebody_writes_to_it_for_longer_than_a_spend_may_wait(home: Home) -> None:
    from foldline.server.due import _prune_meter
    from foldline.stores import meter_file

    with closing(connect(home.meter_db)) as writer, transaction_of(writer, meter_file.LOCK_SECONDS + 0.5):
        _prune_meter()


@contextmanager
def transaction_of(writer: Connection, seconds: float) -> Iterator[None]:
    """A transaction in another thread that holds everything for so long."""
    begun = threading.Event()

    def hold() -> None:
        with transaction(writer):
            begun.set()
            time.sleep(seconds)

    holding = threading.Thread(target=hold)
    holding.start()
    assert begun.wait(10)
    try:
        yield
    finally:
        holding.join()
