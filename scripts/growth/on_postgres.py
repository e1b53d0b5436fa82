"""Invented publications in a PostgreSQL of their own, and what its processes cost for each."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.progress import Progress

from foldline.config import Settings, load
from foldline.errors import FoldlineError
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

    def version(self) -> dict[str, str]:
        """What answers, by its name."""
        with self.cluster.connect() as asking:
            row = asking.execute("SELECT current_setting('server_version')").fetchone()
        return {"PostgreSQL": str(row[0]).split()[0] if row else ""}


def spent(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Seconds of processor time between two looks. A process that ended meanwhile is not counted."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


@contextlib.contextmanager
def in_postgresql(made: Sequence[Settings], progress: Progress) -> Iterator[list[tuple[Settings, Server]]]:
    """The same publications, each copied into a database by our own verb. They go with the server when the block ends.

    Raises:
        FoldlineError: PostgreSQL is not installed, or one was not copied.
    """
    try:
        cluster = PostgresCluster(**_SETTINGS)
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
    database = cluster.database()
    began = time.monotonic()
    home = str(settings.home.path)
    command = [sys.executable, "-m", "foldline.cli.main", "copy", "--home", home, "--to", database.url]
    done = subprocess.run(command, env=outside(), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise FoldlineError(f"{home} could not be copied: {done.stderr.strip()}")
    seconds = time.monotonic() - began
    with cluster.connect(database.name) as asking:
        # What PostgreSQL would do by itself some minutes later, and not in the middle of a measurement.
        asking.execute("VACUUM ANALYZE")
    there = load(Home(settings.home.path), {"FOLDLINE_DATABASE": database.url})
    return there, Server(cluster, database.name, seconds)
