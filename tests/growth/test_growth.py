"""What is asked of SQLite as a publication grows. Counted in steps of its machine, which are the same on any day."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from scripts.growth.invented import Size
from scripts.growth.visits import Asked, Visits
from tests.django_home import django_home

from foldline.server.worker import Worker
from foldline.stores.home import Home
from foldline.testing.client import GateClient

#: Steps may grow by so much where rows grow tenfold: a few more rows to look at, and never all of them.
MOST = 1.3
#: And by so many, where they were few: one row more is read.
SOME = 60
SMALL, LARGE = Size(600, 600), Size(6_000, 6_000)


class Steps:
    """Counts the steps of SQLite's machine on every connection that is opened in the meantime, and on Django's."""

    def __init__(self) -> None:
        self.taken = 0

    def watch(self, connection: sqlite3.Connection) -> None:
        connection.set_progress_handler(self._step, 1)

    def _step(self) -> None:
        self.taken += 1


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return django_home(tmp_path_factory)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    from django.db import connection

    counted = Steps()
    real = sqlite3.connect

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        opened = real(*args, **kwargs)
        counted.watch(opened)
        return opened

    monkeypatch.setattr(sqlite3, "connect", connect)
    connection.ensure_connection()
    counted.watch(connection.connection)
    yield counted
    connection.connection.set_progress_handler(None, 1)


@pytest.fixture
def post(home: Home) -> Iterator[Home]:
    """A publication that can be filled, with nothing in it before and after."""
    empty(home)
    yield home
    empty(home)


def empty(home: Home) -> None:
    from allauth.account.models import EmailAddress
    from django.contrib.sessions.models import Session
    from django.core.cache import cache
    from tests.newsroom.room import Newsroom

    from foldline.site.billing import models as billing
    from foldline.site.readers import models

    with sqlite3.connect(home.site_db, timeout=10) as database:
        for table in (
            billing.BillingEvent, billing.OwnedEntitlement, billing.Subscription, models.Entitlement, models.SignInCode,
            models.ReaderSession, models.PassFacts, models.Change, EmailAddress, Session, models.Reader,
        ):  # fmt: skip
            name = table._meta.db_table
            triggers = database.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (name,)
            )
            kept = triggers.fetchall()
            for trigger, _ in kept:
                database.execute(f'DROP TRIGGER "{trigger}"')
            database.execute(f'DELETE FROM "{name}"')
            for _, definition in kept:
                database.execute(definition)
        database.execute("DELETE FROM foldline_rule_sets")
    database.close()
    with sqlite3.connect(home.meter_db) as meter:
        meter.execute("DELETE FROM foldline_meter")
    meter.close()
    cache.clear()
    Newsroom(home).empty()


def test_nothing_that_a_reader_or_an_editor_does_reads_more_rows_because_there_are_more(
    post: Home, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings
    from django.test import override_settings
    from scripts.growth import invented, rows

    from foldline.site.newsroom import lists

    # Both publications have more than a front.
    monkeypatch.setattr(lists, "FRONT", 2)
    monkeypatch.setattr(lists, "FRONT_ADDRESSES", 100)
    for place in (invented, rows):
        monkeypatch.setattr(place, "TAGS", 6_000)
        monkeypatch.setattr(place, "AUTHORS", 6_000)
    mail = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(EMAIL_BACKEND=mail, FOLDLINE=settings.FOLDLINE):
        rows.fill(settings.FOLDLINE, SMALL)
        few = taken(steps, SMALL)
        empty(post)
        rows.fill(settings.FOLDLINE, LARGE)
        many = taken(steps, LARGE)
    grown = {task: (few[task], many[task]) for task in few if many[task] > MOST * few[task] + SOME}
    assert not grown
    assert min(few.values()) > 20, few


def taken(steps: Steps, size: Size) -> dict[str, int]:
    """How many steps each task takes, by its name."""
    from scripts.growth.site_hand import SiteHand

    hand = SiteHand(size.readers, size.articles)
    hand.change_rules(0)
    found = {}
    with gate_tasks(size) as visits:
        tasks: dict[str, Callable[[int], None]] = {**hand.tasks, **visits}
        for name, task in tasks.items():
            # What is made once is made by the first.
            task(1)
            before = steps.taken
            task(2)
            found[name] = steps.taken - before
    return found


@contextmanager
def gate_tasks(size: Size) -> Iterator[dict[str, Callable[[int], None]]]:
    """The visits of readers to a worker in this process, which answers each of them as it must."""
    from django.conf import settings

    loop = asyncio.new_event_loop()
    worker = Worker(settings.FOLDLINE, 0)
    client = GateClient(worker.app, settings.FOLDLINE.host.encode(), loop)
    visits = Visits(settings.FOLDLINE, size)

    def task(kind: Callable[[int], Asked]) -> Callable[[int], None]:
        def visit(number: int) -> None:
            worker.library.forget_all()
            asked = kind(number)
            headers = [(name.lower().encode(), value.encode()) for name, value in asked.headers.items()]
            answer = client.ask(asked.method, asked.path.encode(), headers, asked.body)
            assert answer.status == 200
            assert asked.holds in answer.body

        return visit

    try:
        yield {name: task(kind) for name, kind in visits.tasks.items()}
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
