"""The meter in its file: the contract, and what only a file can do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stores.broken_disks import full, read_only, tiny_disk
from tests.stores.meter_contract import (
    ENDS,
    KEYRING,
    PHONE,
    READER,
    WINDOW,
    Browser,
    Handles,
    MeterContract,
    charge,
    read_on,
    told,
)

from foldline.errors import StoreUnavailable
from foldline.signed.counting import article_names, device_owner, reader_owner
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.memory_meter import MemoryMeter
from foldline.stores.meter import MeterStore, SqliteMeter
from foldline.stores.schema import connect, migrate
from foldline.testing.postgres import Database


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    migrate(home)
    return home


class TestSqlite(MeterContract):
    @pytest.fixture
    def handles(self, home: Home) -> Handles:
        return lambda: SqliteMeter(home, lock_seconds=20)


class TestPostgres(MeterContract):
    @pytest.fixture
    def handles(self, tmp_path: Path, with_tables: Database) -> Handles:
        home = Home(tmp_path, Address.of(with_tables.url))
        return lambda: SqliteMeter(home, lock_seconds=20)


class TestMemory(MeterContract):
    @pytest.fixture
    def handles(self) -> Handles:
        store = MemoryMeter()
        return lambda: store


def contents(home: Home) -> bytes:
    return b"".join(path.read_bytes() for path in home.path.glob("meter.db*"))


def test_the_file_names_no_reader_no_device_no_article_and_no_time(home: Home) -> None:
    store = SqliteMeter(home)
    phone = Browser(PHONE)
    read_on(store, phone, 770_001)
    store.spend(charge(770_002, reader=READER, browser=phone))
    rows = connect(home.meter_db, read_only=True).execute("SELECT * FROM foldline_meter").fetchall()
    assert len(rows) == 3
    raw = contents(home)
    for number in (770_001, 770_002):
        for size in (3, 4, 8):
            assert number.to_bytes(size, "big") not in raw
    for name in (READER, PHONE, READER.hex().encode(), PHONE.hex().encode(), b"770001", b"770002"):
        assert name not in raw
    assert {type(column) for row in rows for column in row} == {int, bytes, str}
    assert {row[2:5] for row in rows} == {("site", WINDOW, ENDS)}


def test_when_the_window_is_over_the_file_holds_no_byte_of_what_was_read(home: Home) -> None:
    store = SqliteMeter(home)
    owner = reader_owner(KEYRING, READER)[0]
    name = article_names(KEYRING, 5)(owner)[0]
    store.spend(charge(5, reader=READER))
    assert name in contents(home)
    SqliteMeter(home).prune(ENDS)
    assert owner not in contents(home)
    assert name not in contents(home)


def test_when_somebody_is_forgotten_the_file_holds_no_byte_of_them(home: Home) -> None:
    store = SqliteMeter(home)
    for article in range(5):
        store.spend(charge(article, browser=Browser(PHONE), limit=9))
    store.forget(device_owner(KEYRING, PHONE))
    assert device_owner(KEYRING, PHONE)[0] not in contents(home)


def test_a_writer_that_holds_the_file_for_too_long_is_a_fault_and_nothing_is_counted(home: Home) -> None:
    store, blocker = SqliteMeter(home, lock_seconds=0.05), connect(home.meter_db)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        store.spend(charge(1, reader=READER))
    blocker.execute("ROLLBACK")
    assert told(store.spend(charge(1, reader=READER))) == (True, 1, False)


def test_a_file_that_is_gone_is_a_fault_and_is_not_made_anew(home: Home) -> None:
    store = SqliteMeter(home)
    store.spend(charge(1, reader=READER))
    away = home.meter_db.with_suffix(".away")
    home.meter_db.rename(away)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="No such file"):
            store.spend(charge(2, reader=READER))
    assert not home.meter_db.exists()
    away.rename(home.meter_db)
    assert told(store.spend(charge(2, reader=READER))) == (True, 2, False)


def test_a_file_that_was_put_in_its_place_is_the_one_that_counts(home: Home, tmp_path: Path) -> None:
    store = SqliteMeter(home)
    for article in (1, 2, 3):
        store.spend(charge(article, reader=READER))
    other = Home(tmp_path / "other")
    migrate(other)
    for path in home.path.glob("meter.db-*"):
        path.unlink()
    other.meter_db.replace(home.meter_db)
    assert told(store.spend(charge(4, reader=READER))) == (True, 1, False)


def test_a_file_without_its_table_or_that_is_no_database_is_a_fault(home: Home) -> None:
    store = SqliteMeter(home)
    connection = connect(home.meter_db)
    connection.execute("DROP TABLE foldline_meter")
    connection.close()
    with pytest.raises(StoreUnavailable, match="no such table"):
        store.spend(charge(1, reader=READER))
    home.meter_db.write_bytes(b"these are no bytes of a database " * 300)
    with pytest.raises(StoreUnavailable, match="not a database"):
        store.spend(charge(1, reader=READER))


def read_on_and_on(store: MeterStore) -> None:
    for article in range(2, 500):
        store.spend(charge(article, browser=Browser(PHONE), limit=9999))


@pytest.mark.parametrize("own_disk", [True, False])
def test_a_full_disk_is_a_fault_and_nothing_is_counted(tmp_path: Path, own_disk: bool) -> None:
    home = Home(tmp_path / "disk")
    with tiny_disk(home.path) as mounted:
        migrate(home)
        store = SqliteMeter(home)
        store.spend(charge(1, reader=READER, limit=9))
        # What fits into blocks that are there already is counted, until the first that does not.
        with full(home.path, mounted and own_disk), pytest.raises(StoreUnavailable, match=r"full|I/O"):
            read_on_and_on(store)
        assert told(store.spend(charge(1, reader=READER, limit=9))) == (True, 1, True)
        assert told(store.spend(charge(2, reader=READER, limit=9))) == (True, 2, False)
        store.close()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may look into."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_file_that_may_not_be_written_is_a_fault_and_opens_nothing(open_folder: Path) -> None:
    home = Home(open_folder)
    migrate(home)
    store = SqliteMeter(home)
    store.spend(charge(1, reader=READER))
    with read_only(home.path):
        for who in ({"reader": READER}, {"browser": Browser(PHONE)}):
            with pytest.raises(StoreUnavailable, match=r"read-?only|unable to open"):
                SqliteMeter(home).spend(charge(2, **who))  # type: ignore[arg-type]
    assert told(store.spend(charge(2, reader=READER))) == (True, 2, False)


@pytest.mark.parametrize("act", ["spend", "used", "forget", "prune"])
def test_every_fault_of_the_file_is_one_kind_of_error(home: Home, act: str) -> None:
    store: MeterStore = SqliteMeter(home)
    home.meter_db.unlink()
    owner = reader_owner(KEYRING, READER)
    acts = {
        "spend": lambda: store.spend(charge(1, reader=READER)),
        "used": lambda: store.used(owner, "site", WINDOW),
        "forget": lambda: store.forget(owner),
        "prune": lambda: store.prune(ENDS),
    }
    with pytest.raises(StoreUnavailable):
        acts[act]()
