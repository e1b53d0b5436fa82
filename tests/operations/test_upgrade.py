"""A home folder of the version before: `migrate` brings it up, and workers of that version run on meanwhile."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.operations.room import SECRET, SETTINGS, free_ports, verb

from foldline.config import load
from foldline.server.worker import Worker
from foldline.signed.reader_pass import SESSION_SECONDS
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.passes import PassStore
from foldline.stores.schema import connect, migrate
from foldline.testing.postgres import Database

BEFORE = Path(__file__).parent / "version_before.sql"
SESSION = b"s" * 16

#: What workers of the version before asked and wrote, to the letter. They run while `migrate` does, and until they are
#: replaced.
ASKED = (
    ("site.db", "SELECT reader, products, session_until, ended_at, used_on FROM foldline_pass_facts WHERE session = ?"),
    ("site.db", "SELECT id, kind, key FROM foldline_changes WHERE id >= ? ORDER BY id"),
    ("site.db", "SELECT text, version FROM foldline_rule_sets WHERE id > ? ORDER BY id DESC LIMIT 1"),
    ("site.db", "SELECT scope, key, reason, starts, ends FROM foldline_open_now WHERE closed_at = 0 AND ends > ?"),
    ("articles/public.db", "SELECT kind, article, version, facts FROM records WHERE path = ?"),
    ("articles/public.db", "SELECT name, plain, deflated FROM fragments WHERE path = ? AND name <> 'item'"),
    ("articles/sealed.db", "SELECT plain, deflated, whole_end, after_plain FROM rests WHERE article = ?"),
    ("meter.db", "SELECT article, handed FROM foldline_meter WHERE owner = ?"),
)  # fmt: skip


def parts() -> Iterator[tuple[str, str]]:
    """(file, statements) of the version before."""
    for part in BEFORE.read_text(encoding="utf-8").split("-- file: ")[1:]:
        name, _, statements = part.partition("\n")
        yield name, statements


def columns(path: Path) -> dict[str, dict[str, tuple[str, bool, bool]]]:
    """By table and column: its type, whether it may be empty, and whether it has a default."""
    with closing(sqlite3.connect(path)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: {
                row[1]: (re.sub(r"\W.*", "", row[2].lower()), not row[3], row[4] is not None or bool(row[5]))
                for row in database.execute(f'PRAGMA table_info("{table}")')
            }
            for table in tables
        }


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home folder as it was, with a reader who is signed in."""
    home = Home(tmp_path_factory.mktemp("upgrade") / "home")
    home.make()
    port, desk, metrics = free_ports(3)
    text = SETTINGS.format(port=port, desk=desk, metrics=metrics, workers=1)
    home.settings_file.write_text(text, encoding="utf-8")
    home.secret_file.write_text(SECRET, encoding="ascii")
    home.secret_file.chmod(0o600)
    for name, statements in parts():
        with closing(sqlite3.connect(home.path / name)) as database:
            database.executescript(statements)
            database.execute("PRAGMA journal_mode = WAL")
    now = int(time.time())
    with closing(connect(home.site_db, existing=True)) as site:
        site.execute(
            "INSERT INTO foldline_pass_facts (session, reader, products, session_until) VALUES (?, ?, '1:0', ?)",
            (SESSION.hex(), "11" * 16, now + SESSION_SECONDS),
        )
        site.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('all', '', ?)", (now,))
    return home


@pytest.fixture(scope="module")
def before(old: Home) -> dict[str, dict[str, dict[str, tuple[str, bool, bool]]]]:
    return {name: columns(old.path / name) for name, _ in parts()}


@pytest.fixture(scope="module")
def new(old: Home, before: object) -> Home:
    """The same folder, brought up by the verb, while a reader of the version before holds each database open."""
    held = [connect(old.path / name, read_only=True) for name, _ in parts()]
    try:
        for database in held:
            database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        done = verb(old, "migrate")
        assert done.returncode == 0, done.stderr
        for database in held:
            assert database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0] > 0
    finally:
        for database in held:
            database.close()
    return old


def test_a_home_of_the_version_before_is_brought_up_and_nothing_of_it_is_lost(new: Home) -> None:
    assert "FL041" not in verb(new, "check").stdout
    with closing(connect(new.site_db, read_only=True)) as site:
        addresses = [row[0] for row in site.execute("SELECT email FROM readers_reader ORDER BY id")]
        assert "subscriber@example.test" in addresses
        assert site.execute("SELECT COUNT(*) FROM readers_entitlement").fetchone()[0] == 2


def test_who_was_signed_in_before_is_signed_in_and_has_the_same_products(new: Home) -> None:
    facts = PassStore(new).facts(SESSION)
    assert facts is not None
    assert (dict(facts.product_ends), facts.ended, facts.payment_failed) == ({1: 0}, False, False)


def test_a_worker_of_this_version_is_ready_on_it(new: Home) -> None:
    worker = Worker(load(new, {}), 0)
    worker.hear()
    worker.look_at_records()
    assert worker.state.changes_heard_at > 0
    assert worker.state.records_read_at > 0


@pytest.mark.parametrize(("file", "statement"), ASKED)
def test_what_workers_of_the_version_before_ask_is_still_answered(new: Home, file: str, statement: str) -> None:
    with closing(connect(new.path / file, read_only=True)) as database:
        database.execute(statement, (0,)).fetchall()


def test_no_column_that_was_there_is_gone_or_of_another_type(
    new: Home, before: dict[str, dict[str, dict[str, tuple[str, bool, bool]]]]
) -> None:
    lost = [
        f"{name} {table}.{column}"
        for name, tables in before.items()
        for table, known in tables.items()
        for column, (kind, _, _) in known.items()
        if columns(new.path / name).get(table, {}).get(column, ("",))[0] != kind
    ]
    assert lost == []


def test_what_the_version_before_writes_into_workers_tables_still_fits(
    new: Home, before: dict[str, dict[str, dict[str, tuple[str, bool, bool]]]]
) -> None:
    """A column that was added to a table of ours may be left out by whoever does not know it."""
    refused = [
        f"{name} {table}.{column}"
        for name, tables in before.items()
        for table, known in tables.items()
        if table.startswith("foldline_") or name != "site.db"
        for column, (_, may_be_empty, has_default) in columns(new.path / name)[table].items()
        if column not in known and not (may_be_empty or has_default)
    ]
    assert refused == []


def test_migrate_of_an_older_version_is_refused_before_it_publishes_anything(new: Home) -> None:
    with closing(connect(new.site_db, existing=True)) as site:
        site.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('desk', '9999_later', '2030-01-01')")
        try:
            done = verb(new, "migrate")
        finally:
            site.execute("DELETE FROM django_migrations WHERE name = '9999_later'")
    assert (done.returncode, "FL348" in done.stderr, done.stdout) == (1, True, "")
    assert "desk.9999_later is not known here" in done.stderr


def test_our_own_tables_are_brought_up_without_django(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make()
    for name, statements in parts():
        if name != "site.db":
            with closing(sqlite3.connect(home.path / name)) as database:
                database.executescript(statements)
    migrate(home)
    migrate(home)
    assert "gift" in columns(home.meter_db)["foldline_gifts"]


def test_a_change_of_a_large_table_is_not_cut_off_as_a_request_is(tmp_path: Path, database: Database) -> None:
    home = Home(tmp_path, Address.of(database.url))
    home.make()
    home.settings_file.write_text('[publication]\nname = "X"\nurl = "http://127.0.0.1"\nzone = "UTC"\n')
    home.secret_file.write_text(SECRET)
    home.secret_file.chmod(0o600)
    program = (
        "import os\n"
        "from foldline.cli.home import ready_django\n"
        "from foldline.config import home_from, load\n"
        "settings = load(home_from(os.environ), os.environ)\n"
        "ready_django(settings).migrate(settings)\n"
        "from django.db import connection\n"
        "with connection.cursor() as asking:\n"
        "    asking.execute('SHOW statement_timeout')\n"
        "    print(*asking.fetchone(), connection.connection.patience)\n"
    )
    environ = {**os.environ, "FOLDLINE_HOME": str(home.path), "FOLDLINE_DATABASE": database.url}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["0", "21600.0"], done.stderr
