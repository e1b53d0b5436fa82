"""What `foldline check` and the start of `foldline serve` say of a database that can't be used."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from foldline.config import load
from foldline.errors import ConfigurationError
from foldline.server.database_checks import database_problems, problem_of
from foldline.stores.address import Address
from foldline.stores.database import Failed
from foldline.stores.home import Home
from foldline.stores.moved_rows import Schemas
from foldline.testing.postgres import LOCKED, Database, PostgresCluster


def found(home: Home) -> list[str]:
    problems = database_problems(home)
    assert all(problem.hint and problem.where for problem in problems)
    return [problem.id for problem in problems]


def at(url: str, password: str = "") -> Home:
    return Home(Path("/nowhere"), Address.of(url, password))


def as_superuser(database: Database, statement: str) -> None:
    with psycopg.connect(database.superuser_url, autocommit=True) as asking:
        asking.execute(statement.encode())


def test_a_publication_in_files_has_no_such_problems_and_a_whole_database_none(with_tables: Database) -> None:
    assert found(Home(Path("/nowhere"))) == []
    assert found(at(with_tables.url)) == []


def test_an_empty_database_is_only_not_migrated(database: Database) -> None:
    assert found(at(database.url)) == []


def test_a_database_that_is_not_there_or_does_not_let_us_in_is_named(
    with_tables: Database, postgres: PostgresCluster
) -> None:
    assert found(at(with_tables.url + "x")) == ["FL344"]
    told = database_problems(at(postgres.url(with_tables.name, LOCKED), "not-the-password"))
    assert [problem.id for problem in told] == ["FL344"]
    assert "not-the-password" not in str(told[0])


def test_nothing_that_listens_and_something_else_that_does_are_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert found(at(f"postgresql://foldline@127.0.0.1:{taken.getsockname()[1]}/paper")) == ["FL342"]
    with web_server() as port:
        assert found(at(f"postgresql://foldline@127.0.0.1:{port}/paper")) == ["FL343"]


@contextmanager
def web_server() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    asking, _ = listening.accept()
                except OSError:
                    return
                with asking, suppress(OSError):
                    asking.recv(100)
                    asking.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            # Whoever waits is woken before the number of the socket may be another one's.
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def test_a_database_that_takes_no_writes_is_named_and_never_written_to(with_tables: Database) -> None:
    as_superuser(with_tables, f"ALTER DATABASE {with_tables.name} SET default_transaction_read_only = on")
    assert found(at(with_tables.url)) == ["FL345"]


def test_rights_that_are_missing_are_named_with_their_tables(with_tables: Database) -> None:
    as_superuser(with_tables, "REVOKE INSERT ON foldline_meter.foldline_meter FROM foldline")
    told = database_problems(at(with_tables.url))
    assert [problem.id for problem in told] == ["FL344"]
    assert "INSERT on foldline_meter.foldline_meter" in told[0].what


def test_a_schema_that_is_missing_and_a_copy_that_was_broken_off_are_not_whole(
    with_tables: Database, database: Database
) -> None:
    as_superuser(with_tables, "DROP SCHEMA foldline_sealed CASCADE")
    assert found(at(with_tables.url)) == ["FL347"]
    schemas = Schemas(Address.of(database.url))
    schemas.mark()
    schemas.close()
    assert found(at(database.url)) == ["FL347"]


@pytest.mark.parametrize(("state", "id"), [("53100", "FL346"), ("25006", "FL345"), ("42501", "FL344"), ("", "FL342")])
def test_what_a_write_is_told_names_the_problem(state: str, id: str) -> None:
    assert problem_of(Failed("could not", state), "here").id == id


@pytest.mark.parametrize(
    ("url", "id"),
    [
        ("postgresql://foldline@db.example/paper?sslmod=require", "FL340"),
        ("mysql://db.example/paper", "FL340"),
        ("postgresql://foldline:hush@db.example/paper", "FL341"),
    ],
)
def test_an_address_in_the_settings_that_is_none_or_holds_a_password_is_named(
    tmp_path: Path, url: str, id: str
) -> None:
    home = Home(tmp_path)
    home.settings_file.write_text(
        f'[publication]\nname = "Post"\nurl = "http://127.0.0.1:8080"\n[database]\nurl = "{url}"\n', encoding="utf-8"
    )
    with pytest.raises(ConfigurationError) as refused:
        load(home, {"FOLDLINE_SECRET": "x" * 40})
    assert [problem.id for problem in refused.value.problems] == [id]
    assert "hush" not in str(refused.value)


def test_the_environment_is_stronger_than_the_settings_and_may_hold_the_password(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.settings_file.write_text(
        '[publication]\nname = "Post"\nurl = "http://127.0.0.1:8080"\n[database]\nurl = "postgresql://a.example/paper"\n',
        encoding="utf-8",
    )
    given = {"FOLDLINE_SECRET": "x" * 40, "FOLDLINE_DATABASE": "postgresql://f:hush@b.example/paper"}
    found = load(home, {**given, "FOLDLINE_HOST_NAME": "second"}).home
    assert found.database == Address("postgresql://f@b.example/paper", "hush")
    assert (found.host, "hush" in repr(found)) == ("second", False)
