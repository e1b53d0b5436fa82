"""A worker that starts: what changes meanwhile is heard, and what it can't know yet opens nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.gate.newspaper import REST, SECRET, START, Newspaper, open_newspaper, record

from foldline.config import load
from foldline.policy.facts import Access
from foldline.policy.reasons import Reason
from foldline.server.worker import Worker
from foldline.signed.keys import key_digest
from foldline.stores.address import Address
from foldline.stores.database import connect
from foldline.stores.home import Home
from foldline.stores.institutions import InstitutionStore, Kind, StoredInstitution
from foldline.stores.keys import Act, KeyStore
from foldline.stores.records import RecordWriter
from foldline.stores.rule_sets import RuleSetStore

DAY = 86_400
ALL_IS_FREE = '[[rule]]\nname = "All of it is free"\nopens-for = "everyone"\n'
LIBRARIES = '[[rule]]\nname = "Libraries read everything"\nopens-for = "institution"\n'
FOR_SUBSCRIBERS = '[[rule]]\nname = "All of it is for subscribers"\nonly-for = "subscribers"\n'
#: The network of whoever asks here.
LIBRARY = StoredInstitution(Kind.LIBRARY, "Town Library", START - DAY, START + DAY, ("203.0.113.0/24",))


@pytest.fixture(params=["sqlite", "postgresql"])
def paper(request: pytest.FixtureRequest, tmp_path: Path) -> Newspaper:
    if request.param == "sqlite":
        return open_newspaper(tmp_path)
    return open_newspaper(tmp_path, database=Address.of(request.getfixturevalue("with_tables").url))


def another_worker_of(paper: Newspaper) -> Newspaper:
    """A worker that has started and not heard anything yet, asked by the same reader."""
    worker = Worker(load(paper.home, {"FOLDLINE_SECRET": SECRET}), 1, paper.clock)
    return Newspaper(paper.home, paper.clock, worker, paper.jar)


def publish(home: Home, text: str) -> None:
    with RuleSetStore(home) as sets:
        sets.publish(text, "ada", "", START)


def save(home: Home, one: StoredInstitution) -> StoredInstitution:
    with InstitutionStore(home) as store:
        return store.save(one, "ada", START, confirmed=True)


def by_rules(paper: Newspaper) -> Callable[[], object]:
    publish(paper.home, ALL_IS_FREE)
    return lambda: publish(paper.home, FOR_SUBSCRIBERS)


def by_a_pass(paper: Newspaper) -> Callable[[], object]:
    paper.sign_in({1: START + DAY})

    def revoke() -> None:
        with KeyStore(paper.home) as store:
            store.write([(Act.REVOKE, key_digest(SECRET.encode()))], "ada", START)

    return revoke


def by_a_library(paper: Newspaper) -> Callable[[], object]:
    publish(paper.home, LIBRARIES)
    stored = save(paper.home, LIBRARY)
    return lambda: save(paper.home, replace(stored, ends=START - 1))


@pytest.mark.parametrize("opened", [by_rules, by_a_pass, by_a_library])
def test_what_closes_an_article_while_a_worker_starts_is_heard_when_it_has_started(
    paper: Newspaper, opened: Callable[[Newspaper], Callable[[], object]]
) -> None:
    closes = opened(paper)
    starts = another_worker_of(paper)
    assert REST.encode() in starts.get("/subscribers").body
    closes()
    starts.worker.hear()
    answer = starts.get("/subscribers")
    assert REST.encode() not in answer.body
    assert f'data-reason="{Reason.SUBSCRIPTION_NEEDED}"'.encode() in answer.body


def test_what_changed_since_a_worker_that_could_not_read_the_changes_has_started_is_heard_as_soon_as_it_can(
    paper: Newspaper,
) -> None:
    publish(paper.home, ALL_IS_FREE)
    with away(paper.home, "foldline_changes"):
        starts = another_worker_of(paper)
        starts.worker.hear()
        assert REST.encode() in starts.get("/subscribers").body
    publish(paper.home, FOR_SUBSCRIBERS)
    with closing(RecordWriter(paper.home)) as writer:
        told = record(4, Access.SUBSCRIBERS, version=2)
        writer.put_article(replace(told, before=told.before.replace("The river", "The lake")))
    paper.change("article", "/subscribers")
    starts.worker.hear()
    answer = starts.get("/subscribers")
    assert b"The lake came up in the night" in answer.body
    assert REST.encode() not in answer.body
    assert f'data-reason="{Reason.SUBSCRIPTION_NEEDED}"'.encode() in answer.body


@contextmanager
def away(home: Home, table: str) -> Iterator[None]:
    """A table that nobody can read while the block runs."""
    with closing(connect(home.site_db)) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO away")
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE away RENAME TO {table}")
