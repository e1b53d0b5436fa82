"""Invented publications in a PostgreSQL of their own, and what its processes cost for each."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from foldline.config import Settings, load
from foldline.errors import FoldlineError
from foldline.stores.address import Address
from foldline.stores.database import is_made
from foldline.stores.home import Home
from foldline.testing.postgres import PostgresCluster
from scripts.growth.gate_side import cpu_seconds, outside

#: As for a machine with some gigabytes; what is not said here is as small as for a test.
_SETTINGS = {
    "shared_buffers": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "8GB",
    "full_page_writes": "on",
}


@dataclass(frozen=True, slots=True)
class Server:
    """What of a server works for one publication. `name` is its database, `seconds` how long copying it there took."""

    cluster: PostgresCluster
    name: str
    seconds: float

    def cpu(self) -> Mapping[int, float]:
        """Seconds of processor time by process, of those that serve this publication now."""
        found = {}
        for pid in self.cluster.backends(self.name):
            with contextlib.suppress(OSError):
                found[pid] = cpu_seconds(pid)
        return found

    def files(self) -> list[Path]:
        """Where the server keeps the rows of this publication."""
        with self.cluster.connect() as asking:
            row = asking.execute("SELECT oid FROM pg_database WHERE datname = %s", (self.name,)).fetchone()
        return sorted((self.cluster.data / "base" / str(row[0])).iterdir()) if row else []

    def version(self) -> dict[str, str]:
        """What answers, by its name."""
        with self.cluster.connect() as asking:
            row = asking.execute("SELECT current_setting('server_version')").fetchone()
        return {"PostgreSQL": str(row[0]).split()[0] if row else ""}


def spent(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Seconds of processor time between two looks. A process that ended meanwhile is not counted."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


@contextlib.contextmanager
def in_postgresql(
    made: Sequence[Settings], keep: Path | None, progress: Progress
) -> Iterator[list[tuple[Settings, Server]]]:
    """The same publications, each copied into a database by our own verb. They stay in `keep`, or go with the server
    when the block ends.

    Raises:
        FoldlineError: PostgreSQL is not installed, or one was not copied.
    """
    folder = keep / "postgresql" if keep else None
    if folder is not None:
        folder.mkdir(exist_ok=True)
    try:
        cluster = PostgresCluster(folder=folder, **_SETTINGS)
    except FileNotFoundError as error:
        raise FoldlineError(str(error)) from None
    bar = progress.add_task("copied into PostgreSQL", total=len(made))
    with cluster:
        copied = []
        for settings in made:
            copied.append(_copied(settings, cluster))
            progress.update(bar, advance=1)
        yield copied


def _copied(settings: Settings, cluster: PostgresCluster) -> tuple[Settings, Server]:
    name = f"growth_{settings.home.path.name.replace('-', '_')}"
    database = cluster.known(name) if name in cluster.names() else cluster.database(name=name)
    home = Home(settings.home.path, Address.of(database.url))
    seconds = 0.0
    if not is_made(home.site_db):
        began = time.monotonic()
        command = [sys.executable, "-m", "foldline.cli.main", "copy", "--home", str(home.path), "--to", database.url]
        done = subprocess.run(command, env=outside(), capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise FoldlineError(f"{home.path} could not be copied: {done.stderr.strip()}")
        seconds = time.monotonic() - began
        # The files are measured, too: they are what was copied, and not behind.
        home.moved.unlink()
        with cluster.connect(name) as asking:
            # What PostgreSQL would do by itself some minutes later, and not in the middle of a measurement.
            asking.execute("VACUUM ANALYZE")
    return load(Home(home.path), {"FOLDLINE_DATABASE": database.url}), Server(cluster, name, seconds)
