"""What the home that was lost still tells is carried over: what was ended there is ended here."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest
from tests.django_home import copy_of_django_home

from foldline.stores.backup import Backup, back_up
from foldline.stores.home import Home
from foldline.stores.restore import Closed, restore
from foldline.stores.schema import connect

NOW = 1_795_000_000
SECRETS = (b"a-secret-of-this-test-0123456789abcdef",)

_READER = (
    "INSERT INTO readers_reader (id, password, is_superuser, email, name, key, is_staff, is_active, joined_at)"
    " VALUES (?, '!', 0, ?, '', ?, ?, 1, '2026-11-01')"
)
_SESSION = "INSERT INTO foldline_pass_facts VALUES (?, 'r', '1:0', ?, 0, 0, 0)"
_GIFT = (
    "INSERT INTO foldline_gifts (gift, owner, published, article, month, counts_until, made_at, ends, most, taken_back)"
    " VALUES (?, x'', 1, 7, 1, 0, 0, ?, 5, ?)"
)
_METER = (
    "INSERT INTO foldline_meter (owner, meter, window_number, ends, salt, article) VALUES (x'01', 'm', 1, ?, x'', ?)"
)


@pytest.fixture
def lost(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home folder with every table, and somebody in it."""
    home = copy_of_django_home(tmp_path_factory, tmp_path / "lost")
    with closing(connect(home.site_db, existing=True)) as site:
        site.execute("PRAGMA foreign_keys = OFF")
        for table in ("readers_entitlement", "readers_reader", "foldline_pass_facts", "readers_product"):
            site.execute(f"DELETE FROM {table}")
        for number, (name, staff) in enumerate((("ada", 0), ("editor", 1), ("erased", 0)), 1):
            site.execute(_READER, (number, f"{name}@x.example", f"{number:032x}", staff))
        for session in ("runs", "ended", "forgotten"):
            site.execute(_SESSION, (session, NOW + 99))
        site.execute("INSERT INTO readers_product (number, name) VALUES (1, 'All')")
        site.execute(
            "INSERT INTO readers_entitlement (id, kind, starts_at, ends_at, note, given_at, product_id, reader_id)"
            " VALUES (5, 'complimentary', '2026-11-01', '2027-11-01', '', '2026-11-01', 1, 1)"
        )
    with closing(connect(home.meter_db, existing=True)) as meter:
        # Other tests of this process used the same home.
        for table in ("foldline_meter", "foldline_gift_openers", "foldline_gifts"):
            meter.execute(f"DELETE FROM {table}")
        meter.execute(_GIFT, (b"stands", NOW + 9, 0))
        meter.execute(_GIFT, (b"taken", NOW + 9, 0))
        meter.execute(_METER, (NOW + 9, b"before"))
    return home


@pytest.fixture
def backup(lost: Home, tmp_path: Path) -> Backup:
    """Made the night before all of this happened."""
    made = back_up(lost, tmp_path / "backups", SECRETS, NOW - 3600, with_secret=False)
    with closing(connect(lost.site_db, existing=True)) as site:
        site.execute("UPDATE foldline_pass_facts SET ended_at = ? WHERE session = 'ended'", (NOW - 60,))
        site.execute("DELETE FROM foldline_pass_facts WHERE session = 'forgotten'")
        site.execute("UPDATE readers_entitlement SET ended_at = '2026-11-25'")
        site.execute("UPDATE readers_reader SET is_staff = 0 WHERE email = 'editor@x.example'")
        site.execute("DELETE FROM readers_reader WHERE email = 'erased@x.example'")
    with closing(connect(lost.meter_db, existing=True)) as meter:
        meter.execute("UPDATE foldline_gifts SET taken_back = ? WHERE gift = ?", (NOW - 60, b"taken"))
        meter.execute(_METER, (NOW + 9, b"after"))
    return made


def restored(backup: Backup, lost: Home, folder: Path) -> tuple[Home, Closed]:
    home = Home(folder / "new")
    return home, restore(backup, home, NOW, before=lost)


def test_what_was_ended_in_the_home_that_was_lost_is_ended_here(backup: Backup, lost: Home, tmp_path: Path) -> None:
    home, closed = restored(backup, lost, tmp_path)
    with closing(connect(home.site_db, read_only=True)) as site:
        ended = dict(site.execute("SELECT session, ended_at FROM foldline_pass_facts"))
        assert ended == {"runs": 0, "ended": NOW - 60, "forgotten": NOW}
        assert site.execute("SELECT ended_at FROM readers_entitlement").fetchone() == ("2026-11-25",)
        assert site.execute("SELECT COUNT(*) FROM readers_reader WHERE is_staff = 1").fetchone() == (0,)
    assert closed.staff == []
    assert closed.erased == ["erased@x.example"]


def test_the_meter_and_gifts_of_the_home_that_was_lost_go_on(backup: Backup, lost: Home, tmp_path: Path) -> None:
    home, closed = restored(backup, lost, tmp_path)
    with closing(connect(home.meter_db, read_only=True)) as meter:
        assert dict(meter.execute("SELECT gift, taken_back FROM foldline_gifts")) == {b"stands": 0, b"taken": NOW - 60}
        assert sorted(row[0] for row in meter.execute("SELECT article FROM foldline_meter")) == [b"after", b"before"]
    assert closed.gifts == 0


@pytest.mark.parametrize("broken", ["site.db", "meter.db"])
def test_a_database_of_it_that_is_broken_tells_nothing(backup: Backup, lost: Home, tmp_path: Path, broken: str) -> None:
    for log in lost.path.glob(f"{broken}-*"):
        log.unlink()
    (lost.path / broken).write_bytes(b"\xa5" * 50_000)
    home, closed = restored(backup, lost, tmp_path)
    assert ("sessions" in closed.carried) is (broken != "site.db")
    with closing(connect(home.meter_db, read_only=True)) as meter:
        taken = [row[0] for row in meter.execute("SELECT gift FROM foldline_gifts WHERE taken_back > 0")]
    assert sorted(taken) == ([b"taken"] if broken != "meter.db" else [b"stands", b"taken"])
    shutil.rmtree(home.path)
