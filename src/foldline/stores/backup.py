"""A copy of a home folder while it is in use: each database as of one moment, every file with its checksum.

A backup is a folder of its own, there whole or not at all. `backup.json` names what is in it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from foldline import __version__
from foldline.errors import FoldlineError
from foldline.stores.address import Place
from foldline.stores.database import sqlite
from foldline.stores.dump import NAME as DUMP
from foldline.stores.dump import DumpFailed, dump
from foldline.stores.home import Home

MANIFEST = "backup.json"
FORMAT = 1
_NAME = re.compile(r"foldline-\d{8}-\d{6}(?:-\d+)?")
_PARTIAL = ".partial"

#: How far a step moves: so many done, of so many.
Step = Callable[[int, int], None]


class BackupRefused(FoldlineError):
    """A backup could not be made, or is none that can be trusted. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup. `files` gives each file's size and SHA-256 by its path; `secrets` are marks of the secrets that were
    in force, by which another one is known for another; `made_at` is an epoch second."""

    folder: Path
    made_at: int
    version: str
    files: dict[str, tuple[int, str]]
    secrets: tuple[str, ...]

    @property
    def has_secret(self) -> bool:
        return "secret" in self.files

    @property
    def has_dump(self) -> bool:
        """Whether the tables lay in PostgreSQL."""
        return DUMP in self.files


def mark_of(secret: bytes) -> str:
    """What a backup knows a secret by. A secret is random and long: nobody gets from here to there."""
    return hmac.digest(secret, b"foldline backup", "sha256").hex()[:16]


def back_up(
    home: Home, into: Path, secrets: tuple[bytes, ...], now: int, *, with_secret: bool, step: Step = lambda _d, _o: None
) -> Backup:
    """Copy a home folder into a new folder below `into`, and read the copy again.

    Raises:
        BackupRefused: it can't be written, or a copy is not what it should be. Nothing is left of it then.
    """
    try:
        into.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = _free_name(into, now)
        partial = folder.with_name(folder.name + _PARTIAL)
        partial.mkdir(mode=0o700)
    except OSError as error:
        raise BackupRefused(f"{into}: {error.strerror}. Name a folder that can be written.") from error
    try:
        names = list(_files(home, with_secret=with_secret))
        for done, name in enumerate(names):
            step(done, len(names))
            _copy(home.path / name, partial / name)
        if home.database is not None:
            dump(home.database, partial / DUMP)
            (partial / DUMP).chmod(0o600)
            names.append(DUMP)
        files = {name: (_size(partial / name), checksum(partial / name)) for name in names if (partial / name).exists()}
        made = Backup(folder, now, __version__, files, tuple(mark_of(secret) for secret in secrets))
        _check_databases(partial, files)
        _write_manifest(partial, made)
        _flush(partial)
        partial.rename(folder)
        _flush(into)
        step(len(names), len(names))
    except (OSError, sqlite3.Error, DumpFailed) as error:
        shutil.rmtree(partial, ignore_errors=True)
        what = getattr(error, "strerror", None) or error
        raise BackupRefused(f"The backup could not be made: {what}. Older ones are as they were.") from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return made


def read_backup(folder: Path) -> Backup:
    """What a folder says of itself.

    Raises:
        BackupRefused: it is no backup, or one of a newer form.
    """
    try:
        told: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise BackupRefused(f"{folder} was made by Foldline {told['version']}, whose backups this one can't read.")
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in told["files"].items()}
        if any(Path(name).is_absolute() or ".." in Path(name).parts for name in files):
            raise BackupRefused(f"{folder} names a file outside of itself.")
        return Backup(folder, int(told["made_at"]), str(told["version"]), files, tuple(told["secrets"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "Name the folder that holds backup.json, as in backups/foldline-20261126-030000."
        raise BackupRefused(f"{folder} is no backup. {hint}") from error


def verify(backup: Backup, step: Step = lambda _d, _o: None) -> None:
    """Read every file of a backup again.

    Raises:
        BackupRefused: with each file that is missing or changed, or a database that is broken.
    """
    wrong = []
    for done, (name, (size, digest)) in enumerate(backup.files.items()):
        step(done, len(backup.files))
        path = backup.folder / name
        try:
            if _size(path) != size or checksum(path) != digest:
                wrong.append(f"{name} was changed")
        except OSError as error:
            wrong.append(f"{name}: {error.strerror}")
    if wrong:
        raise BackupRefused(f"{backup.folder} is not as it was made: {'; '.join(wrong)}. Take another one.")
    step(len(backup.files), len(backup.files))


def backups_in(into: Path) -> list[Backup]:
    """The backups below a folder, the newest first; folders that are none are left out."""
    found = []
    for path in into.iterdir() if into.is_dir() else ():
        if _NAME.fullmatch(path.name) and path.is_dir():
            try:
                found.append(read_backup(path))
            except BackupRefused:
                continue
    return sorted(found, key=lambda one: (one.made_at, one.folder.name), reverse=True)


def prune(into: Path, keep: int) -> list[Path]:
    """Delete all but the newest backups, and what runs that were cut off left behind. Which ones went."""
    gone = [one.folder for one in backups_in(into)[keep:]]
    gone += [path for path in into.glob(f"foldline-*{_PARTIAL}") if _NAME.fullmatch(path.name.removesuffix(_PARTIAL))]
    for folder in gone:
        shutil.rmtree(folder)
    return gone


def _free_name(into: Path, now: int) -> Path:
    base = f"foldline-{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}"
    names = (base, *(f"{base}-{number}" for number in range(2, 100)))
    return next(into / name for name in names if not (into / name).exists() and not (into / (name + _PARTIAL)).exists())


def databases(home: Home) -> tuple[Path, ...]:
    """The files among the places of `tables`, in their order."""
    return tuple(place for place in tables(home) if isinstance(place, Path))


def tables(home: Home) -> tuple[Place, ...]:
    """What holds what must not be lost. Records lie before what they are made of: what changes between the two copies
    is published again. The origin's answers are asked for anew, and the till's books are not ours."""
    return (home.public_db, home.sealed_db, home.site_db, home.meter_db, home.reads_db, home.crawlers_db)


def _files(home: Home, *, with_secret: bool) -> Iterator[str]:
    base = home.path
    yield from (str(path.relative_to(base)) for path in databases(home) if path.exists())
    texts = (home.settings_file, home.rules_file, home.words_file, home.surfaces_file)
    yield from (path.name for path in texts if path.exists())
    if with_secret and home.secret_file.exists():
        yield home.secret_file.name
    for folder in (home.media, home.events):
        yield from (str(path.relative_to(base)) for path in sorted(folder.rglob("*")) if path.is_file())


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if source.suffix == ".db":
        _copy_database(source, target)
    else:
        try:
            shutil.copyfile(source, target)
        except FileNotFoundError:
            # A picture or a segment of events that went meanwhile.
            return
    target.chmod(0o600)


def _copy_database(source: Path, target: Path) -> None:
    """One read transaction: whatever is written meanwhile is in the copy whole, or not at all."""
    with closing(sqlite(source, read_only=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        # A copy is one file: its log would be another.
        copy.execute("PRAGMA journal_mode = DELETE")


def _check_databases(folder: Path, files: dict[str, tuple[int, str]]) -> None:
    for name in files:
        if name.endswith(".db"):
            with closing(sqlite3.connect(f"file:{folder / name}?mode=ro&immutable=1", uri=True)) as copy:
                found = [row[0] for row in copy.execute("PRAGMA integrity_check(5)")]
                strays = copy.execute("PRAGMA foreign_key_check").fetchmany(5)
            if found != ["ok"] or strays:
                what = "; ".join(found) if found != ["ok"] else f"{strays[0][0]} names rows that are not there"
                raise BackupRefused(f"The copy of {name} is broken ({what}): so is the database. Older ones are kept.")


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size


def _write_manifest(folder: Path, made: Backup) -> None:
    told = {
        "format": FORMAT,
        "version": made.version,
        "made_at": made.made_at,
        "files": made.files,
        "secrets": made.secrets,
    }
    path = folder / MANIFEST
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    path.chmod(0o600)


def _flush(folder: Path) -> None:
    """Onto the disk, with the names: a backup that a power cut takes back is none."""
    inside = folder.rglob("*") if folder.name.endswith(_PARTIAL) else ()
    for path in (*inside, folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
