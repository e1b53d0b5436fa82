"""The PostgreSQL that tests break must break, and come back with what it has committed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest

from foldline.testing.postgres import LOCKED, PASSWORD, Database, PostgresCluster, runs


@pytest.fixture
def kept(postgres: PostgresCluster, database: Database) -> Iterator[Database]:
    """A database with one committed row."""
    with psycopg.connect(database.url) as asking:
        asking.execute("CREATE TABLE kept (word text)")
        asking.execute("INSERT INTO kept VALUES ('committed')")
    return database


def words(database: Database) -> list[str]:
    with psycopg.connect(database.url, connect_timeout=5) as asking:
        return [row[0] for row in asking.execute("SELECT word FROM kept").fetchall()]


def test_a_database_is_fresh_and_its_owner_no_superuser(postgres: PostgresCluster, database: Database) -> None:
    with psycopg.connect(database.url) as asking:
        assert asking.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        assert asking.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)


def test_a_copy_of_a_database_has_what_that_has(postgres: PostgresCluster, kept: Database) -> None:
    copy = postgres.database(template=kept.name)
    assert words(copy) == ["committed"]
    postgres.drop(copy)


def test_one_role_is_asked_for_its_password(postgres: PostgresCluster, database: Database) -> None:
    where = postgres.url(database.name, LOCKED)
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(where)
    psycopg.connect(where, password=PASSWORD).close()


def test_what_was_committed_outlives_every_way_to_break_the_server(postgres: PostgresCluster, kept: Database) -> None:
    before = postgres.port
    with postgres.away(), pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(kept.url)
    assert words(kept) == ["committed"]
    with psycopg.connect(kept.url) as held:
        with held.cursor() as asking:
            asking.execute("INSERT INTO kept VALUES ('never committed')")
        assert postgres.kill_backend(kept.name) == 1
        with pytest.raises(psycopg.OperationalError), held.cursor() as asking:
            asking.execute("SELECT 1")
    _until_it_answers(kept)
    assert words(kept) == ["committed"]
    postgres.kill()
    postgres.start()
    assert words(kept) == ["committed"]
    assert postgres.port == before


def test_a_server_that_hangs_takes_connections_and_says_nothing(postgres: PostgresCluster, kept: Database) -> None:
    with postgres.hanging(), pytest.raises(psycopg.errors.ConnectionTimeout):
        psycopg.connect(kept.url, connect_timeout=2)
    assert words(kept) == ["committed"]


def test_a_server_goes_with_whoever_started_it() -> None:
    program = (
        "from foldline.testing.postgres import PostgresCluster\n"
        "import time\n"
        "with PostgresCluster() as cluster:\n"
        "    print(cluster.pid, cluster.folder, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid, folder = starter.stdout.readline().split()
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    end = time.monotonic() + 20
    while runs(int(pid)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not runs(int(pid))
    shutil.rmtree(folder, ignore_errors=True)


def _until_it_answers(database: Database) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(database.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            assert time.monotonic() < end
            time.sleep(0.05)
        else:
            return
