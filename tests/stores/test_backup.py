"""A backup is of one moment, whole or not there, and nothing that it restores opens more than it should."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from foldline.stores.address import Address
from foldline.stores.backup import Backup, BackupRefused, back_up, backups_in, mark_of, prune, read_backup, verify
from foldline.stores.database import connect as in_either
from foldline.stores.home import Home
from foldline.stores.restore import JUMP, restore
from foldline.stores.schema import connect, migrate
from foldline.testing.postgres import Database

NOW = 1_795_000_000
SECRETS = (b"a-secret-of-this-test-0123456789abcdef",)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    migrate(home)
    home.settings_file.write_text('[publication]\nname = "The Post"\n', encoding="ascii")
    home.secret_file.write_bytes(SECRETS[0])
    (home.media / "a.png").write_bytes(b"picture")
    return home


def backed_up(home: Home, into: Path, now: int = NOW, *, with_secret: bool = False) -> Backup:
    return back_up(home, into, SECRETS, now, with_secret=with_secret)


@pytest.fixture
def writing(home: Home) -> Iterator[Home]:
    """Somebody writes all the time: a session and its change, in one transaction."""
    over = threading.Event()
    begun = threading.Event()

    def write() -> None:
        with closing(connect(home.site_db, existing=True)) as site:
            number = 0
            while not over.is_set():
                number += 1
                site.execute("BEGIN IMMEDIATE")
                site.execute("INSERT INTO foldline_pass_facts VALUES (?, 'r', '', 0, 0, 0, 0)", (f"{number:032x}",))
                site.execute("INSERT INTO foldline_changes (kind, key, at) VALUES ('session', ?, 0)", (str(number),))
                site.execute("COMMIT")
                begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    begun.wait(10)
    yield home
    over.set()
    thread.join()


def count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as database:
        number: int = database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        return number


def test_a_copy_of_a_database_in_use_is_of_one_moment(writing: Home, tmp_path: Path) -> None:
    seen = set()
    for number in range(5):
        copy = backed_up(writing, tmp_path / "backups", NOW + number).folder / "site.db"
        sessions = count(copy, "foldline_pass_facts")
        assert sessions == count(copy, "foldline_changes") > 0
        seen.add(sessions)
    assert len(seen) > 1, "somebody wrote meanwhile"


def test_a_backup_holds_what_is_needed_and_no_secret(home: Home, tmp_path: Path) -> None:
    made = backed_up(home, tmp_path / "backups")
    assert {"site.db", "meter.db", "articles/sealed.db", "media/a.png", "foldline.toml"} <= set(made.files)
    assert not made.has_secret
    assert all(SECRETS[0] not in path.read_bytes() for path in made.folder.rglob("*") if path.is_file())
    assert made.secrets == (mark_of(SECRETS[0]),)
    assert backed_up(home, tmp_path / "backups", NOW + 1, with_secret=True).has_secret
    assert read_backup(made.folder) == made
    verify(made)


def test_the_newest_are_kept_and_nobody_elses_folder_goes(home: Home, tmp_path: Path) -> None:
    into = tmp_path / "backups"
    made = [backed_up(home, into, NOW + day * 86_400).folder.name for day in range(4)]
    (into / "holidays").mkdir()
    (into / "foldline-20200101-000000").mkdir()
    cut_off = into / "foldline-20200101-000000.partial"
    cut_off.mkdir()
    gone = prune(into, 2)
    assert sorted(path.name for path in gone) == sorted([*made[:2], cut_off.name])
    assert [one.folder.name for one in backups_in(into)] == [made[3], made[2]]
    assert (into / "holidays").exists()
    assert (into / "foldline-20200101-000000").exists(), "it is no backup of ours"


def test_a_backup_that_fails_leaves_nothing_and_the_older_ones(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = tmp_path / "backups"
    kept = backed_up(home, into)

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(BackupRefused, match="No space left"):
        backed_up(home, into, NOW + 1)
    assert [path.name for path in into.iterdir()] == [kept.folder.name]
    verify(kept)


def test_a_broken_database_is_not_taken_for_a_backup(home: Home, tmp_path: Path) -> None:
    with closing(connect(home.meter_db, existing=True)) as meter:
        meter.executemany(
            "INSERT INTO foldline_meter (owner, meter, window_number, ends, salt, article)"
            " VALUES (?, 'm', 1, 2, x'', ?)",
            [(b"o" * 16, b"%016d" % number) for number in range(2000)],
        )
        meter.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with home.meter_db.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xa5" * 8192)
    with pytest.raises(BackupRefused, match=r"meter\.db|malformed"):
        backed_up(home, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_backup_that_names_files_outside_is_refused(home: Home, tmp_path: Path) -> None:
    made = backed_up(home, tmp_path / "backups")
    path = made.folder / "backup.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    for name in ("../outside", "/etc/hostname", "media/../../outside"):
        path.write_text(json.dumps(told | {"files": {name: [1, "x"]}}), encoding="utf-8")
        with pytest.raises(BackupRefused, match="outside"):
            read_backup(made.folder)


def test_every_counter_jumps_those_of_empty_tables_too(home: Home, tmp_path: Path) -> None:
    with closing(connect(home.public_db, existing=True)) as public:
        public.execute("INSERT INTO numbers (path) VALUES ('/one')")
    made = backed_up(home, tmp_path / "backups")
    new = Home(tmp_path / "new")
    restore(made, new, NOW)
    with closing(connect(new.public_db, existing=True)) as public:
        public.execute("INSERT INTO numbers (path) VALUES ('/two')")
        assert [row[0] for row in public.execute("SELECT id FROM numbers ORDER BY id")] == [1, JUMP + 2]
    with closing(connect(new.site_db, existing=True)) as site:
        site.execute(
            "INSERT INTO foldline_rule_sets (text, version, made_by, made_at, note, digest)"
            " VALUES ('', '', '', 0, '', '')"
        )
        assert site.execute("SELECT MAX(id) FROM foldline_rule_sets").fetchone()[0] == JUMP + 1


def test_gifts_and_open_now_are_closed_and_sessions_only_where_asked(home: Home, tmp_path: Path) -> None:
    with closing(connect(home.site_db, existing=True)) as site:
        site.execute("INSERT INTO foldline_pass_facts VALUES ('s', 'r', '1:0', ?, 0, 0, 0)", (NOW + 99,))
        site.execute(
            "INSERT INTO foldline_open_now (scope, key, reason, starts, ends, made_by, made_at)"
            " VALUES ('site', '', 'x', ?, ?, 'e', ?)",
            (NOW - 9, NOW + 9, NOW - 9),
        )
    with closing(connect(home.meter_db, existing=True)) as meter:
        meter.execute(
            "INSERT INTO foldline_gifts (gift, owner, published, article, month, counts_until, made_at, ends, most)"
            " VALUES (x'01', x'', 1, 7, 1, 0, 0, ?, 5)",
            (NOW + 9,),
        )
    made = backed_up(home, tmp_path / "backups")
    closed = restore(made, Home(tmp_path / "new"), NOW)
    assert (closed.open_now, closed.gifts, closed.sessions) == (1, 1, 0)
    closed = restore(made, Home(tmp_path / "other"), NOW, gifts_stand=True, sign_out=True)
    assert (closed.open_now, closed.gifts, closed.sessions) == (1, 0, 1)
    with closing(connect(tmp_path / "other" / "site.db", read_only=True)) as site:
        assert site.execute("SELECT ended_at FROM foldline_pass_facts").fetchone() == (NOW,)


@pytest.fixture
def distant(tmp_path: Path, with_tables: Database) -> Home:
    """A home whose tables lie in PostgreSQL, with a gift and a number."""
    home = Home(tmp_path / "distant", Address.of(with_tables.url))
    home.make()
    home.settings_file.write_text('[publication]\nname = "The Post"\n', encoding="ascii")
    with closing(in_either(home.meter_db)) as meter:
        meter.execute(
            "INSERT INTO foldline_gifts (gift, owner, published, article, month, counts_until, made_at, ends, most)"
            " VALUES (?, ?, 1, 7, 1, 0, 0, ?, 5)",
            (b"one", b"", NOW + 9),
        )
    with closing(in_either(home.public_db)) as public:
        public.execute("INSERT INTO numbers (path) VALUES ('/one')")
    return home


def test_what_lies_in_postgresql_is_backed_up_and_restored_into_an_empty_database(
    distant: Home, tmp_path: Path, database: Database
) -> None:
    made = backed_up(distant, tmp_path / "backups")
    assert {"database.dump", "foldline.toml"} <= set(made.files)
    assert not [name for name in made.files if name.endswith(".db")]
    new = Home(tmp_path / "new", Address.of(database.url))
    closed = restore(made, new, NOW)
    assert closed.gifts == 1
    assert not (new.path / "database.dump").exists()
    with closing(in_either(new.meter_db)) as meter:
        assert meter.execute("SELECT taken_back FROM foldline_gifts").fetchall() == [(NOW,)]
    with closing(in_either(new.public_db)) as public:
        public.execute("INSERT INTO numbers (path) VALUES ('/two')")
        first, second = (row[0] for row in public.execute("SELECT id FROM numbers ORDER BY id"))
    assert second > first + JUMP
    with pytest.raises(BackupRefused, match="is not empty"):
        restore(made, Home(tmp_path / "another", new.database), NOW)
    with pytest.raises(BackupRefused, match="lay in PostgreSQL"):
        restore(made, Home(tmp_path / "another"), NOW)
    assert not (tmp_path / "another").exists()


def test_a_database_that_is_away_leaves_no_backup(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Address.of("postgresql://foldline@127.0.0.1:1/foldline", "hunter2-long"))
    home.make()
    with pytest.raises(BackupRefused, match="pg_dump") as refused:
        backed_up(home, tmp_path / "backups")
    assert "hunter2" not in str(refused.value)
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.parametrize(
    ("taken_away", "seen_by"),
    [
        ("_jump", test_every_counter_jumps_those_of_empty_tables_too),
        ("_close", test_gifts_and_open_now_are_closed_and_sessions_only_where_asked),
    ],
)
def test_a_restore_without_one_of_its_defences_would_be_seen(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken_away: str, seen_by: Callable[[Home, Path], None]
) -> None:
    monkeypatch.setattr(f"foldline.stores.restore.{taken_away}", lambda *_more, **_named: None)
    with pytest.raises(AssertionError):
        seen_by(home, tmp_path)
