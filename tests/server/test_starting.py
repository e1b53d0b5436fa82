"""A worker that starts: what changes meanwhile is heard, and what it can't know yet opens nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.gate.newspaper import REST, SECRET, START, Newspaper, open_newspaper, record
from tests.server.origin_sites import newspaper_site
from tests.server.test_origin_newspaper import CANARY, PATH, Site, page
from tests.server.test_origin_newspaper import REST as REST_OF_SITE
from tests.server.test_origin_newspaper import SECRET as SECRET_OF_SITE

from foldline.config import Settings, load
from foldline.errors import StoreUnavailable
from foldline.policy.facts import Access
from foldline.policy.reasons import Reason
from foldline.server.worker import Worker
from foldline.signed.keys import key_digest
from foldline.stores.address import Address
from foldline.stores.changes import write_changes
from foldline.stores.database import connect
from foldline.stores.home import Home
from foldline.stores.institutions import InstitutionStore, Kind, StoredInstitution
from foldline.stores.keys import Act, KeyStore
from foldline.stores.mode import Mode
from foldline.stores.records import RecordWriter
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, home_at, in_mode
from foldline.testing.client import GateClient
from foldline.testing.postgres import Database, PostgresCluster

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


OTHER = "/three-bridges.html"


@dataclass
class Behind:
    """A worker before a site, in this process; it hears when it is told to."""

    worker: Worker
    client: GateClient

    def get(self, path: str) -> Answer:
        return self.client.get(path)

    def said(self, path: str) -> tuple[int, bytes]:
        answer = self.get(path)
        return answer.status, answer.header(b"retry-after")


@dataclass
class Stand:
    """A site whose publication lies in PostgreSQL, and which tells other hosts, too, what changes."""

    site: Site
    settings: Settings
    loop: asyncio.AbstractEventLoop
    started: list[Worker]

    @property
    def home(self) -> Home:
        return self.settings.home

    def start(self) -> Behind:
        worker = Worker(self.settings, len(self.started))
        self.started.append(worker)
        worker.hear()
        return Behind(worker, GateClient(worker.app, HOST.encode(), self.loop))

    def tell_another_host(self, kind: str, path: str) -> None:
        write_changes(self.home, [(kind, path)], int(time.time()))


@pytest.fixture
def stand(tmp_path: Path, with_tables: Database) -> Iterator[Stand]:
    site, loop = Site(REST_OF_SITE), asyncio.new_event_loop()
    site.pages[OTHER] = page(REST_OF_SITE)
    with newspaper_site(site) as port:
        home = home_at(tmp_path, database=Address.of(with_tables.url)).home
        more = f'\n[origin]\nurl = "http://127.0.0.1:{port}"\nprofile = "static"\n'
        home.settings_file.write_text(home.settings_file.read_text(encoding="utf-8") + more, encoding="utf-8")
        environ = {"FOLDLINE_ORIGIN_SECRET": SECRET_OF_SITE, "FOLDLINE_DATABASE": with_tables.url}
        stands = Stand(site, load(home, environ), loop, [])
        in_mode(home, Mode.GATE, int(time.time()))
        yield stands
        for worker in stands.started:
            loop.run_until_complete(ended(worker))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


async def ended(worker: Worker) -> None:
    """As a worker ends: with what runs beside it."""
    beside = asyncio.create_task(worker.beside())
    await asyncio.sleep(0)
    beside.cancel()
    await asyncio.gather(beside, return_exceptions=True)


def test_a_worker_that_starts_while_postgresql_is_away_shows_no_article_until_it_knows_what_is_withdrawn(
    stand: Stand, postgres: PostgresCluster
) -> None:
    assert [stand.start().get(path).status for path in (PATH, OTHER)] == [200, 200]
    stand.tell_another_host("origin-withdrawn", PATH)
    with postgres.away():
        starts = stand.start()
        assert starts.get("/robots.txt").body == b"User-agent: *\n"
        assert starts.said(PATH) == (503, b"5")
    # It is there again, and was not asked yet.
    assert [starts.said(path) for path in (PATH, OTHER)] == [(503, b"5"), (503, b"5")]
    until(lambda: hears(starts).get(OTHER).status == 200)
    assert starts.get(PATH).status == 410
    assert CANARY not in starts.get(OTHER).text


def test_a_worker_that_starts_in_shadow_while_postgresql_is_away_sends_the_sites_own_answers(
    stand: Stand, postgres: PostgresCluster
) -> None:
    in_mode(stand.home, Mode.SHADOW, int(time.time()))
    stand.start()
    with postgres.away():
        starts = stand.start()
        assert starts.worker.in_shadow
        assert starts.get(PATH).body == stand.site.pages[PATH]


def test_what_an_origin_withdrew_elsewhere_while_a_worker_starts_is_gone_when_it_has_started(stand: Stand) -> None:
    first = stand.start()
    assert first.get(PATH).status == 200
    starts = Worker(stand.settings, len(stand.started))
    stand.started.append(starts)
    stand.tell_another_host("origin-withdrawn", PATH)
    starts.hear()
    assert GateClient(starts.app, HOST.encode(), stand.loop).get(PATH).status == 410


def test_where_changes_may_have_been_missed_no_article_is_shown_until_it_is_known_what_the_origin_withdrew(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.tell_another_host("article", "/nothing")
    runs = stand.start()
    assert [runs.get(path).status for path in (PATH, OTHER)] == [200, 200]
    another_database_that_tells(stand.home, "origin-withdrawn", PATH)

    def fails() -> Any:
        raise StoreUnavailable("what was told")

    with monkeypatch.context() as while_it_fails:
        while_it_fails.setattr(runs.worker.parts.feed, "told", fails)
        hears(runs)
        assert [runs.said(path) for path in (PATH, OTHER)] == [(503, b"5"), (503, b"5")]
        assert runs.get("/robots.txt").status == 200
    hears(runs)
    assert [runs.get(path).status for path in (PATH, OTHER)] == [410, 200]


def test_what_an_origin_withdrew_elsewhere_stays_gone_though_this_host_can_not_write_it_down(stand: Stand) -> None:
    runs = stand.start()
    assert runs.get(PATH).status == 200
    with closing(connect(stand.home.fetched_db)) as fetched:
        fetched.execute("CREATE TRIGGER full BEFORE INSERT ON told BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        stand.tell_another_host("origin-withdrawn", PATH)
        assert [hears(runs).get(PATH).status for _ in range(2)] == [410, 410]
        fetched.execute("DROP TRIGGER full")
        hears(runs)
        assert fetched.execute("SELECT page FROM told WHERE withdrawn").fetchall() == [(PATH.encode(),)]
    assert runs.get(PATH).status == 410


def another_database_that_tells(home: Home, kind: str, key: str) -> None:
    """What was read last is another change by now, as in a copy that has taken over."""
    with closing(connect(home.site_db)) as connection:
        connection.execute(
            "UPDATE foldline_changes SET kind = ?, key = ? WHERE id = (SELECT max(id) FROM foldline_changes)",
            (kind, key),
        )


def hears(one: Behind) -> Behind:
    one.worker.hear()
    return one


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not so():
        assert time.monotonic() < end
        time.sleep(0.05)
