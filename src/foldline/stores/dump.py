"""What lies in PostgreSQL, into one file and out of it, by PostgreSQL's own programs: all of it as of one moment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from foldline.errors import FoldlineError
from foldline.stores.address import Address

#: What a backup calls it.
NAME = "database.dump"


class DumpFailed(FoldlineError):
    """A program of PostgreSQL's did not do it. Nothing that it said of values is in the message."""


def dump(address: Address, target: Path) -> None:
    """Write a database into a new file, and read its table of contents again.

    Raises:
        DumpFailed: it could not be written.
    """
    _run(address, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}", address.url)
    _run(address, "pg_restore", "--list", str(target))


def load(source: Path, address: Address) -> None:
    """Fill an empty database, all of it or nothing.

    Raises:
        DumpFailed: it could not be filled.
    """
    common = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    _run(address, "pg_restore", *common, f"--dbname={address.url}", str(source))


def _run(address: Address, program: str, *arguments: str) -> None:
    password = {"PGPASSWORD": address.password} if address.password else {}
    try:
        done = subprocess.run(  # noqa: S603 - programs of PostgreSQL's, and arguments of ours
            [program, *arguments],
            # Of several hosts the one that takes writes, which has what was written last.
            env={"PGTARGETSESSIONATTRS": "primary", **os.environ, **password},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        hint = "Install the client programs of PostgreSQL, as new as the server (apt-get install postgresql-client)."
        raise DumpFailed(f"There is no {program} here. {hint}") from error
    if done.returncode:
        # The first line says what; further ones may quote a row.
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise DumpFailed(f"{program}: {said.replace(address.password, '…') if address.password else said}")
