from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

import pytest
from tests.django_home import django_home

from foldline.signed.counting import Charge, article_names, reader_owner
from foldline.signed.keys import Keyring
from foldline.stores.home import Home
from foldline.stores.meter import SqliteMeter


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return django_home(tmp_path_factory)


def _broken() -> None:
    raise OSError("the disk is full")


def test_a_job_that_fails_is_counted_and_stops_neither_the_others_nor_itself(caplog: pytest.LogCaptureFixture) -> None:
    from foldline.server.due import Job, Loop

    ran: list[str] = []
    loop = Loop((Job("broken", 0.0, _broken), Job("sound", 0.0, lambda: ran.append("sound"))))
    with caplog.at_level(logging.ERROR, "foldline.server.due"):
        loop.look()
        loop.look()
    assert ran == ["sound", "sound"]
    assert loop.failures == {"broken": 2}
    assert "the job “broken” failed (2 so far)" in caplog.text


def test_each_job_has_its_own_pace_and_begins_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    from foldline.server.due import Job, Loop

    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    ran: list[tuple[float, str]] = []
    loop = Loop(
        (
            Job("often", 1.0, lambda: ran.append((now, "often"))),
            Job("seldom", 3.0, lambda: ran.append((now, "seldom"))),
        )
    )
    for step in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0):
        now = step
        loop.look()
    assert [at for at, name in ran if name == "often"] == [0.0, 1.0, 2.0, 3.0]
    assert [at for at, name in ran if name == "seldom"] == [0.0, 3.0]


def test_a_job_that_failed_is_tried_again_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    from foldline.server.due import RETRY, Job, Loop

    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    loop = Loop((Job("broken", 3600.0, _broken),))
    for step in (0.0, RETRY - 1, RETRY):
        now = step
        loop.look()
    assert loop.failures == {"broken": 2}


def test_the_loop_ends_when_it_is_told_to_and_does_not_wait_for_the_next_job() -> None:
    from foldline.server.due import Job, Loop

    ran, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=Loop((Job("hourly", 3600.0, ran.set),)).run_forever, args=(stop,))
    thread.start()
    assert ran.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_publishing_is_looked_at_each_second_and_readers_are_pruned_each_hour() -> None:
    from foldline.server.due import jobs

    assert {job.name: job.every for job in jobs()} == {
        "publish and settle": 1.0,
        "prune unverified": 3600.0,
        "prune sign-ins": 3600.0,
        "prune meter": 3600.0,
    }


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
