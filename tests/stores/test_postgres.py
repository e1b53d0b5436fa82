"""A publication in PostgreSQL: what its gate does, and what only a server can do to it."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.gate.newspaper import HOST, PREVIEW, REST, Newspaper, open_newspaper

from foldline.gate.distant import DistantLibrary
from foldline.gate.library import Library
from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.pages.record import PublicPage, Record, Redirect
from foldline.policy.reasons import Reason
from foldline.signed.reader_pass import FRESH_SECONDS
from foldline.stores.address import Address, Schema
from foldline.stores.changes import ChangeFeed
from foldline.stores.database import Connection, Failed, connect, transaction
from foldline.stores.postgres import PostgresConnection
from foldline.stores.records import RecordWriter
from foldline.stores.schema import migrate
from foldline.testing.postgres import Database, PostgresCluster


@pytest.fixture
def paper(tmp_path: Path, with_tables: Database) -> Newspaper:
    return open_newspaper(tmp_path, database=Address.of(with_tables.url))


def test_a_gate_over_postgresql_serves_counts_and_hears(paper: Newspaper) -> None:
    assert PREVIEW.encode() in paper.get("/metered").body
    assert REST.encode() not in paper.get("/metered").body
    assert REST.encode() in paper.read(3).body
    for number in (10, 11):
        assert REST.encode() in paper.read(number).body
    assert Reason.METER_IS_SPENT.encode() in paper.read(12).body
    paper.sign_in({1: 0})
    assert REST.encode() in paper.get("/subscribers").body
    assert not list(paper.home.path.glob("**/public.db"))
    writer = RecordWriter(paper.home)
    writer.put_gone("/metered")
    writer.close()
    assert isinstance(paper.worker.library.held(b"/metered"), PublicPage)
    paper.change("article", "/metered")
    paper.worker.hear()
    assert paper.get("/metered").status == 410


def test_a_change_that_is_committed_late_is_heard_all_the_same(paper: Newspaper) -> None:
    assert _heard_out_of_order(paper) == ["/early", "/late"]


def test_without_its_trigger_a_late_change_would_never_be_heard(paper: Newspaper) -> None:
    connection = connect(paper.home.site_db)
    connection.execute("DROP TRIGGER foldline_changes_in_turn ON foldline_changes")
    connection.close()
    assert _heard_out_of_order(paper) == ["/late"]


def _heard_out_of_order(paper: Newspaper) -> list[str]:
    """One transaction writes a change and stays open, another writes one meanwhile and ends where it can; a worker
    reads in between. What it has heard when both are over."""
    feed = ChangeFeed(paper.home)
    feed.read()
    first, second = (psycopg.connect(url_of(paper), options="-c search_path=foldline_site") for _ in range(2))
    insert = "INSERT INTO foldline_changes (kind, key, at) VALUES ('article', %s, 0)"
    with first, second, ThreadPoolExecutor(1) as other:
        first.execute(insert, ("/early",))

        def write_second() -> None:
            second.execute(insert, ("/late",))
            second.commit()

        writing = other.submit(write_second)
        end = time.monotonic() + 5
        while time.monotonic() < end and not (writing.done() or _waits_for_a_lock(paper)):
            time.sleep(0.01)
        heard = feed.read()
        first.commit()
        writing.result(5)
        heard += feed.read()
    feed.close()
    return [change.key for change in heard]


def _waits_for_a_lock(paper: Newspaper) -> bool:
    with psycopg.connect(url_of(paper)) as asking:
        row = asking.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone()
    return row is not None and row[0] > 0


def url_of(paper: Newspaper) -> str:
    assert paper.home.database is not None
    return paper.home.database.url


def test_a_writer_whose_connection_was_ended_while_it_did_nothing_writes_on(
    paper: Newspaper, postgres: PostgresCluster
) -> None:
    with closing(connect(paper.home.site_db)) as writer:
        insert = "INSERT INTO foldline_changes (kind, key, at) VALUES ('article', ?, 0)"
        writer.execute(insert, ("/before",))
        end_connections(paper, postgres)
        writer.execute(insert, ("/after",))
        end_connections(paper, postgres)
        writer.executemany(insert, [("/many",)])
        rows = writer.execute(
            "SELECT key FROM foldline_changes WHERE key IN ('/before', '/after', '/many') ORDER BY id"
        )
        assert rows.fetchall() == [("/before",), ("/after",), ("/many",)]


def test_what_was_under_way_when_the_connection_was_ended_fails_once_and_is_not_done_twice(
    paper: Newspaper, postgres: PostgresCluster
) -> None:
    def half(writer: Connection) -> None:
        with transaction(writer):
            writer.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('article', '/half', 0)")
            end_connections(paper, postgres)
            writer.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('article', '/whole', 0)")

    with closing(connect(paper.home.site_db)) as writer:
        with pytest.raises(Failed):
            half(writer)
        rows = writer.execute("SELECT key FROM foldline_changes WHERE key IN ('/half', '/whole')")
        assert rows.fetchall() == []


def test_a_worker_with_thousands_of_connections_asks_on(paper: Newspaper) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(1100)]
    try:
        with closing(connect(paper.home.site_db)) as asking:
            assert [asking.execute("SELECT 1").fetchone() for _ in range(2)] == [(1,), (1,)]
    finally:
        for number in held:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def end_connections(paper: Newspaper, postgres: PostgresCluster) -> None:
    """The server ends every session of the newspaper's, and has done so when this returns."""
    name = url_of(paper).rpartition("/")[2]
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
    with postgres.connect() as asking:
        assert all(row == (True,) for row in asking.execute(ended, (name,)).fetchall())


def test_whatever_isolation_a_database_is_set_to_who_waits_for_a_lock_sees_what_was_committed_meanwhile(
    paper: Newspaper, postgres: PostgresCluster
) -> None:
    with postgres.connect() as asking:
        name = url_of(paper).rpartition("/")[2]
        asking.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    place, key = paper.home.site_db, (b"one reader",)
    assert isinstance(place, Schema)
    with closing(PostgresConnection(place)) as first, closing(PostgresConnection(place)) as second:
        first.begin(key)
        first.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('article', '/counted', 0)")
        with ThreadPoolExecutor(1) as other:
            waiting = other.submit(second.begin, key)
            end = time.monotonic() + 5
            while time.monotonic() < end and not _waits_for_a_lock(paper):
                time.sleep(0.01)
            first.commit()
            waiting.result(5)
        seen = second.execute("SELECT key FROM foldline_changes WHERE key = '/counted'").fetchall()
        second.roll_back()
    assert seen == [("/counted",)]


def test_connections_that_were_ended_are_made_anew_and_nobody_notices(
    paper: Newspaper, postgres: PostgresCluster
) -> None:
    paper.sign_in({1: 0})
    assert REST.encode() in paper.get("/subscribers").body
    paper.clock.time += FRESH_SECONDS + 1
    end_connections(paper, postgres)
    paper.worker.library.forget_all()
    answer = paper.get("/subscribers")
    assert (answer.status, REST.encode() in answer.body) == (200, True)
    assert REST.encode() in paper.read(3).body


def test_while_the_server_hangs_what_is_in_memory_is_answered_at_once_and_a_pass_opens_offline(
    paper: Newspaper, postgres: PostgresCluster
) -> None:
    paper.sign_in({1: 0})
    assert REST.encode() in paper.get("/subscribers").body
    paper.clock.time += FRESH_SECONDS + 1

    async def asked() -> tuple[float, float, Response, Response]:
        gate, loop = paper.worker.app, asyncio.get_running_loop()
        began = loop.time()
        reading = asyncio.create_task(gate.run(request_for("/metered-15")))
        listening = asyncio.create_task(paper.worker.listen())
        longest = 0.0
        while not reading.done():
            before = loop.time()
            await asyncio.sleep(0.01)
            longest = max(longest, loop.time() - before)
        answer = await gate.run(request_for("/subscribers", paper.jar))
        await listening
        return loop.time() - began, longest, reading.result(), answer

    with postgres.hanging():
        took, longest, missing, whole = asyncio.run(asked())
    assert missing.status == 503
    assert (whole.status, REST.encode() in whole.body) == (200, True)
    assert longest < 1, "the loop was held up"
    assert took < 30


def request_for(path: str, jar: dict[str, str] | None = None) -> Request:
    headers = [(b"host", HOST)]
    if jar:
        headers.append((b"cookie", "; ".join(f"{name}={value}" for name, value in jar.items()).encode()))
    return Request("GET", path.encode(), b"", headers, "203.0.113.9", b"")


def test_what_was_read_while_it_changed_is_not_kept() -> None:
    """A worker has heard of a change while the record of before was on its way: it must not hold that one on."""
    assert _kept_after_a_change(DistantLibrary) == "/new"


def test_a_library_that_counts_no_changes_would_keep_what_was_withdrawn() -> None:
    class Forgetful(DistantLibrary):
        def forget(self, path: bytes) -> None:
            Library.forget(self, path)

    assert _kept_after_a_change(Forgetful) == "/old"


def _kept_after_a_change(kind: type[DistantLibrary]) -> str:
    reads = iter((Redirect("/a", "/old"), Redirect("/a", "/new")))

    class Public:
        def find(self, path: str) -> Record | None:
            return next(reads)

    async def beside(read: Callable[[], Any]) -> Any:
        found = read()
        if found.to == "/old":
            library.forget(b"/a")
        return found

    library = kind(Public(), Public(), beside, beside)  # type: ignore[arg-type]
    found = asyncio.run(library.reach(b"/a"))
    assert isinstance(found, Redirect)
    assert library.held(b"/a") == found
    return found.to


def test_a_password_is_in_no_text_of_an_address() -> None:
    address = Address.of("postgresql://foldline:hush%20hush@db.example:5433,spare.example/paper?sslmode=require")
    assert address.password == "hush hush"
    assert "hush" not in f"{address} {address!r} {address.url}"
    assert str(address) == "postgresql://foldline@db.example:5433,spare.example/paper"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mysql://foldline@db.example/paper",
        "postgresql://foldline@db.example",
        "postgresql://foldline@db.example/paper?password=hush",
        "postgresql://foldline@db.example/paper?options=-csearch_path%3Dpublic",
        "postgresql://db.example/pa per",
    ],
)
def test_what_is_no_address_is_refused_without_being_said_again(text: str) -> None:
    with pytest.raises(ValueError, match=r"it |has no place") as refused:
        Address.of(text)
    assert "hush" not in str(refused.value)


def test_a_migration_that_has_nothing_to_do_waits_for_no_reader_and_lets_none_wait(paper: Newspaper) -> None:
    reading = "SELECT count(*) FROM foldline_site.foldline_pass_facts, foldline_sealed.rests"
    with psycopg.connect(url_of(paper)) as long:
        # As a backup reads, for as long as it takes.
        long.execute(reading)
        begun = time.monotonic()
        migrate(paper.home)
        assert time.monotonic() - begun < 2
