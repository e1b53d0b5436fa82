"""Writing an export: row by row from one moment of the database, and whole or not at all.

It reads the database by itself, not through Django, whose transactions here take the lock for writing: an export of an
hour keeps nobody from signing in.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from foldline.errors import FoldlineError
from foldline.signed.counting import reader_owner
from foldline.site.billing.order_numbers import order_number
from foldline.site.portable import cells
from foldline.site.portable.files import FILES, FORMAT, MANIFEST, File
from foldline.stores.database import FAILURES
from foldline.stores.database import sqlite as connect
from foldline.stores.home import Home

#: How many rows are held at a time, and between two looks at the bar.
ROWS = 1000

Step = Callable[[int, int], None]


class NotExported(FoldlineError):
    """Nothing was written, and why."""


def export(home: Home, to: Path, form: str, begin: Callable[[str], Step]) -> dict[str, int]:
    """Write all files into a new folder, as `csv` or `jsonl`; how many rows each has, by name.

    Raises:
        NotExported: the folder is there already or can't be made, or the database can't be read.
    """
    target = to.absolute()
    if os.path.lexists(target):
        raise NotExported(f"{to} is there already. Nothing was written: name a folder that is new.")
    try:
        # Mode 0700, beside the target: what is renamed has to be on one disk.
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".unfinished", dir=target.parent))
    except OSError as error:
        raise NotExported(f"{target.parent}: {error.strerror}. Nothing was written.") from None
    try:
        counts = _write_all(home, folder, form, begin)
        _sync(folder)
        folder.rename(target)
        _sync(target.parent)
    except OSError as error:
        raise NotExported(f"{to}: {error.strerror or error}. Nothing is left of it.") from None
    except FAILURES as error:
        raise NotExported(f"The database can’t be read: {error}. Run `foldline migrate` first.") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return counts


def _write_all(home: Home, folder: Path, form: str, begin: Callable[[str], Step]) -> dict[str, int]:
    told: dict[str, dict[str, str | int]] = {}
    counts = {}
    with _read(home, folder.parent) as (database, meter):
        database.create_function("order_number", 2, order_number, deterministic=True)
        # One read transaction for all files: no file names what another does not have.
        database.execute("BEGIN")
        givers = _givers(database, meter)
        meter.create_function("giver_of", 1, lambda owner: givers.get(owner, ""), deterministic=True)
        for file in FILES:
            path = folder / f"{file.name}.{form}"
            counts[file.name] = _write(meter if file.counted else database, file, path, form, begin(file.name))
            told[path.name] = {"rows": counts[file.name], "sha256": digest_of(path)}
        database.execute("ROLLBACK")
    written = {"format": FORMAT, "at": cells.told(datetime.now(UTC).replace(microsecond=0)), "files": told}
    with _opened(folder / MANIFEST) as file_:
        file_.write(json.dumps(written, indent=2) + "\n")
        _flush(file_)
    return counts


@contextmanager
def _read(home: Home, beside: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    """The site's database and the meter's. Rows of PostgreSQL are first written down as they are at one moment: what is
    asked is said in the words of a file."""
    site, meter = home.site_db, home.meter_db
    if isinstance(site, Path) and isinstance(meter, Path):
        with closing(connect(site, read_only=True)) as database, closing(connect(meter, read_only=True)) as counted:
            yield database, counted
        return
    assert home.database is not None
    # Only a publication that lies in PostgreSQL pays for its driver.
    from foldline.stores.moved_rows import written_down

    said = " ".join(file.select for file in FILES)
    with tempfile.TemporaryDirectory(prefix=".foldline-", dir=beside) as folder:
        rows = Path(folder) / "rows.db"
        written_down(home.database, rows, said)
        with closing(connect(rows, read_only=True)) as database, closing(connect(rows, read_only=True)) as counted:
            yield database, counted


def _givers(database: sqlite3.Connection, meter: sqlite3.Connection) -> dict[bytes, str]:
    """The readers who gave what is kept of gifts, by what stands for each of them there."""
    owners = {owner for (owner,) in meter.execute("SELECT DISTINCT owner FROM foldline_gifts WHERE published = 0")}
    if not owners:
        return {}
    # Only here is anything asked for that Django must have been set up for.
    from foldline.site.readers import passes

    keyring = passes.keyring()
    readers = database.execute("SELECT key FROM readers_reader")
    named = ((mark, key) for (key,) in readers for mark in reader_owner(keyring, bytes.fromhex(key)))
    return {mark: key for mark, key in named if mark in owners}


def _write(database: sqlite3.Connection, file: File, path: Path, form: str, step: Step) -> int:
    (of,) = database.execute(file.count).fetchone()
    done = 0
    with _opened(path) as out:
        table = csv.writer(out, lineterminator="\r\n")
        if form == "csv":
            table.writerow(file.names)
        for done, row in enumerate(_rows(database, file), 1):
            values = [cells.from_database(column, stored) for column, stored in zip(file.columns, row, strict=True)]
            if form == "csv":
                table.writerow([cells.to_csv(value) for value in values])
            else:
                line = dict(zip(file.names, values, strict=True))
                out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            if done % ROWS == 0:
                step(done, of)
        step(done, of)
        _flush(out)
    return done


def _rows(database: sqlite3.Connection, file: File) -> Iterator[tuple[str | int | None, ...]]:
    cursor = database.execute(file.select)
    while rows := cursor.fetchmany(ROWS):
        yield from rows


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: Path) -> IO[str]:
    """A new file that nobody else on this machine reads, whatever the umask is."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return open(number, "w", encoding="utf-8", newline="")


def _flush(file: IO[str]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
