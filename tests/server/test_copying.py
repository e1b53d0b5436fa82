"""`foldline copy`: a publication from files into PostgreSQL and back."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from foldline.errors import ConfigurationError
from foldline.server import copying
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.hosts import HostRow, HostStore
from foldline.stores.moved_rows import Schemas
from foldline.stores.schema import connect, migrate
from foldline.testing.postgres import Database

SETTINGS = """\
[publication]
name = "The Valley Post"
url = "http://127.0.0.1:8080"
zone = "America/New_York"
"""
PICTURE = f"{'ab' * 16}.png"
ROWS = (
    "INSERT INTO readers_reader (id, password, is_superuser, email, name, key, is_staff, is_active, joined_at)"
    f" VALUES (7, '', 0, 'ada@reader.example', 'Ada', '{'7' * 32}', 0, 1, '2026-03-01 06:30:00.120000'),"
    f" (9, '', 0, 'nora@reader.example', 'Nora Ærø', '{'9' * 32}', 0, 0, '2026-03-02 06:30:00')",
    "INSERT INTO readers_entitlement (id, reader_id, product_id, kind, starts_at, note, given_at)"
    " VALUES (3, 7, 1, 'staff', '2026-03-01 06:30:00', 'a note', '2026-03-01 06:30:00')",
    "INSERT INTO foldline_changes (id, kind, key, at) VALUES (41, 'article', '/x', 5), (42, 'all', '', 6)",
    "DELETE FROM foldline_changes WHERE id = 42",
    f"INSERT INTO foldline_pass_facts VALUES ('{'5' * 32}', '{'7' * 32}', '1:0', 99, 0, 3, 1)",
)


def foldline(*words: str, home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "FOLDLINE_SECRET": "only-for-tests-" + "0123456789" * 4, **environ}
    given.pop("DJANGO_SETTINGS_MODULE", None)
    command = [sys.executable, "-m", "foldline.cli.main", *words, "--home", str(home)]
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in files with rows of every kind of column."""
    home = Home(tmp_path_factory.mktemp("filled"))
    home.path.joinpath("foldline.toml").write_text(SETTINGS, encoding="utf-8")
    done = foldline("migrate", home=home.path)
    assert done.returncode == 0, done.stderr
    with closing(sqlite3.connect(home.site_db)) as site, site:
        for statement in ROWS:
            site.execute(statement)
    with closing(sqlite3.connect(home.meter_db)) as meter, meter:
        meter.execute(
            "INSERT INTO foldline_meter (id, owner, meter, window_number, ends, salt, article, handed)"
            " VALUES (5, ?, 'site', 4, 9, ?, ?, 1)",
            (b"o\x00\xff", b"s", b"a"),
        )
    (home.media / PICTURE).write_bytes(b"\x89PNG\x00\xff")
    return home


def everything(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables of a home in files, in an order of their own."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for place in (home.site_db, home.public_db, home.sealed_db, home.meter_db, home.reads_db, home.crawlers_db):
        with closing(sqlite3.connect(place)) as file:
            for (table,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows = file.execute(f'SELECT * FROM "{table}"').fetchall()
                found[table] = sorted([*found.get(table, []), *rows], key=repr)
    return found


def numbers(found: dict[str, list[tuple[object, ...]]]) -> dict[object, object]:
    """What tables count up to."""
    return {name: number for name, number in found.pop("sqlite_sequence") if number}


def test_what_goes_into_postgresql_and_back_has_the_same_rows(filled: Home, tmp_path: Path, database: Database) -> None:
    there = foldline("copy", "--to", database.url, home=filled.path)
    assert there.returncode == 0, there.stderr
    assert "each table counted on both sides" in there.stdout
    with psycopg.connect(database.url) as asking:
        rows = asking.execute("SELECT email, is_active FROM foldline_site.readers_reader ORDER BY id")
        assert rows.fetchall() == [("ada@reader.example", True), ("nora@reader.example", False)]
        number = asking.execute(
            "INSERT INTO foldline_site.foldline_changes (kind, key, at) VALUES ('all', '', 1) RETURNING id"
        ).fetchone()
        asking.rollback()
    assert number == (43,), "a number that a worker may have read must not be given again"
    assert filled.moved.read_text(encoding="utf-8").startswith(f"{database.url} on ")
    behind = foldline("check", home=filled.path)
    assert (behind.returncode, "FL359" in behind.stdout) == (1, True)
    # On purpose, as the message says.
    filled.moved.unlink()
    again = foldline("copy", "--to", database.url, home=filled.path)
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    for name, environ in (("files", {}), ("there", {"FOLDLINE_DATABASE": database.url})):
        told = foldline("export", "--to", str(tmp_path / name), "--format", "jsonl", home=filled.path, **environ)
        assert told.returncode == 0, told.stderr
    exported = {path.name: path.read_bytes() for path in (tmp_path / "files").glob("*.jsonl")}
    assert b"ada@reader.example" in exported["readers.jsonl"]
    assert exported == {path.name: path.read_bytes() for path in (tmp_path / "there").glob("*.jsonl")}
    back = Home(tmp_path / "back")
    back.make()
    back.moved.write_text("a way that is gone back now", encoding="utf-8")
    came = foldline("copy", "--to", str(back.path), home=filled.path, FOLDLINE_DATABASE=database.url)
    assert came.returncode == 0, came.stderr
    assert not back.moved.exists()
    one, other = everything(filled), everything(back)
    assert numbers(one)["foldline_changes"] == 42
    assert numbers(other)["foldline_changes"] > 42
    assert one == other
    assert (back.media / PICTURE).read_bytes() == b"\x89PNG\x00\xff"


@pytest.mark.parametrize("verb", ["backup {}/backups", "serve --try", "keys"])
def test_no_verb_takes_files_that_were_copied_into_a_database_for_the_publication(verb: str, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.path.mkdir()
    (home.path / "foldline.toml").write_text(SETTINGS, encoding="utf-8")
    home.moved.write_text("postgresql://f@db.example/paper on 2026-11-27 02:20 UTC\n", encoding="utf-8")
    refused = foldline(*verb.format(tmp_path).split(), home=home.path)
    assert refused.returncode == 1
    for part in ("FL359", "postgresql://f@db.example/paper on 2026-11-27", home.moved.name, "[database] url"):
        assert part in refused.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["foldline.toml", "home", home.moved.name]


def test_check_tells_of_a_publication_that_was_moved_beside_all_else_that_is_wrong(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (home.path / "foldline.toml").write_text(f"{SETTINGS}[log]\nform = 'json'\n", encoding="utf-8")
    home.moved.write_text("postgresql://f@db.example/paper on 2026-11-27 02:20 UTC\n", encoding="utf-8")
    told = foldline("check", home=home.path).stdout
    assert ("FL003" in told, "FL359" in told) == (True, True)


@pytest.fixture
def two_hosts(on_both: Home) -> Home:
    """A home whose database heard of another host just now, and of one long ago."""
    on_both.make()
    with closing(connect(on_both.site_db)) as site, HostStore(on_both) as store:
        store.tell(HostRow("gone:/srv/post", ("k",), "r", "1.0", 0))
        site.execute("UPDATE foldline_hosts SET seen = seen - 600")
        store.tell(HostRow("two:/srv/post", ("k",), "r", "1.0", 0))
    return on_both


def test_a_copy_is_refused_while_another_host_serves_from_the_same_database(two_hosts: Home, tmp_path: Path) -> None:
    target = Home(tmp_path / "target")
    with pytest.raises(ConfigurationError) as refused:
        copying.copy(two_hosts, target, lambda name: lambda done, of: None)
    (problem,) = refused.value.problems
    assert (problem.id, problem.where) == ("FL042", "two:/srv/post")
    assert re.search(r"heard of it [0-3] s ago\. Stop it, or wait (2[89]|3[01]) s", str(problem))
    assert not target.path.exists()


def test_a_copy_comes_to_nothing_where_a_host_begins_to_serve_meanwhile(
    with_tables: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, target = Home(tmp_path / "home", Address.of(with_tables.url)), Home(tmp_path / "target")
    home.make()
    # Ours alone: Django stands for nothing here.
    monkeypatch.setattr(copying, "_make_tables", migrate)

    def begin(name: str) -> copying.Step:
        if name == "pictures":
            with HostStore(home) as store:
                store.tell(HostRow("two:/srv/post", ("k",), "r", "1.0", 0))
        return lambda done, of: None

    with pytest.raises(ConfigurationError, match=r"FL042 two:/srv/post"):
        copying.copy(home, target, begin)
    assert not target.site_db.exists()  # type: ignore[union-attr]


def test_a_copy_that_fails_leaves_nothing_in_the_database(filled: Home, tmp_path: Path, database: Database) -> None:
    broken = Home(tmp_path / "broken")
    shutil.copytree(filled.path, broken.path, ignore=shutil.ignore_patterns(filled.moved.name))
    with closing(sqlite3.connect(broken.site_db)) as site, site:
        site.execute("UPDATE readers_reader SET joined_at = 'on a Tuesday' WHERE id = 9")
    failed = foldline("copy", "--to", database.url, home=broken.path)
    assert failed.returncode == 1
    assert "Nothing was copied" in failed.stderr
    with psycopg.connect(database.url) as asking:
        left = asking.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'foldline%'").fetchall()
    assert left == []
    assert not broken.moved.exists()


def test_the_database_waits_while_the_other_side_counts_millions_of_rows(database: Database) -> None:
    with closing(Schemas(Address.of(database.url))) as schemas, schemas.reading():
        told = schemas._ask("SELECT current_setting('idle_in_transaction_session_timeout')")
    assert told == [("6h",)]
