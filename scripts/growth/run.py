"""One run: publications of each size are made, and everything is measured at all of them in turn."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from rich.progress import Progress

from foldline.config import Settings, load
from foldline.errors import FoldlineError
from foldline.gate.library import PUBLIC_BYTES, SEALED_BYTES
from foldline.stores.home import Home
from scripts.growth.figures import LIMITS, Growth
from scripts.growth.gate_side import GateSide, gate_side, home_of, outside
from scripts.growth.invented import Size
from scripts.growth.make import empty_home
from scripts.growth.on_postgres import Server, in_postgresql, spent
from scripts.growth.site_hand import Cost

SIZES = (Size(10_000, 1_000), Size(100_000, 30_000), Size(1_000_000, 1_000_000))
#: About so many rows there are of a reader, and of an article.
_ROWS_OF_A_READER, _ROWS_OF_AN_ARTICLE = 8.8, 21.0
#: Bytes of what else a worker keeps, each up to a number (20,000 passes, 5,000 plans of articles, 20,000 marks of
#: reads), and of SQLite's own pages.
BESIDE = 48 << 20
#: How often each is done in a round.
GATE_TASKS = {
    "page by a fresh pass": 400,
    "page by a pass that asks": 200,
    "spend": 200,
    "article not in memory": 200,
}
SITE_TASKS = {
    "sign in": 8,
    "find a reader": 8,
    "change the rules": 4,
    "publish": 3,
    "edit": 3,
    "withdraw": 3,
    "look what is due": 20,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How many rounds, and how many distinct articles are read for a worker's memory."""

    sizes: tuple[Size, ...] = SIZES
    rounds: int = 7
    read: int = 20_000
    tasks: tuple[str, ...] = tuple(LIMITS)
    #: Whether the publications are copied into a PostgreSQL, and measured there.
    postgresql: bool = False
    #: Where they stay, if they do.
    keep: Path | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One publication that is measured. `server` is what of PostgreSQL works for it, where it lies there."""

    size: Size
    gate: GateSide
    site: SiteSide
    server: Server | None = None

    def cost(self, task: str, times: int, first: int) -> Cost:
        """What one time of a task costs, with what the server did for it."""
        before = self.server.cpu() if self.server else {}
        side = self.gate if task in GATE_TASKS else self.site
        cost = side.cost(task, times, first)
        of_server = spent(before, self.server.cpu()) / times if self.server else 0.0
        return replace(cost, cpu=cost.cpu + of_server)


class SiteSide:
    """The process that does what the site does."""

    def __init__(self, process: subprocess.Popen[str], to: IO[str], back: IO[str]) -> None:
        self._process = process
        self._to, self._back = to, back
        self._heard()

    def cost(self, name: str, times: int, first: int) -> Cost:
        """Have a task done.

        Raises:
            FoldlineError: it was not done.
        """
        print(json.dumps([name, times, first]), file=self._to, flush=True)
        said = self._heard()
        if "error" in said:
            raise FoldlineError(f"{name}: {said['error']}")
        return Cost(**said)

    def _heard(self) -> dict[str, float]:
        line = self._back.readline()
        if not line:
            raise FoldlineError(f"the site's process ended with {self._process.wait()}")
        said: dict[str, float] = json.loads(line)
        return said


def measure(plan: Plan, folder: Path, progress: Progress) -> Growth:
    """Make what is not in `folder` yet, and measure.

    Raises:
        FoldlineError: something did not answer as it should.
    """
    made = [publication(folder, size, progress) for size in plan.sizes]
    seconds = tuple(taken for _, taken in made)
    with contextlib.ExitStack() as stack:
        places: list[tuple[Settings, Server | None]] = [(settings, None) for settings, _ in made]
        if plan.postgresql:
            places = [*stack.enter_context(in_postgresql([settings for settings, _ in made], plan.keep, progress))]
        for settings, server in places:
            _read_once(_files_of(settings, server), progress)
        sides = [
            Side(
                size,
                stack.enter_context(gate_side(settings, size)),
                stack.enter_context(site_side(settings, size)),
                server,
            )
            for size, (settings, server) in zip(plan.sizes, places, strict=True)
        ]
        return _measured(plan, sides, seconds, progress)


def _measured(plan: Plan, sides: Sequence[Side], seconds: tuple[float, ...], progress: Progress) -> Growth:
    """Everything at all sizes in turn, round after round, and then a worker's memory at the largest."""
    costs: dict[str, list[tuple[Cost, ...]]] = {task: [] for task in plan.tasks}
    bar = progress.add_task("rounds", total=(plan.rounds + 1) * len(plan.tasks) + 1)
    load_average = os.getloadavg()[0]
    for number in range(plan.rounds + 1):
        for task in plan.tasks:
            progress.update(bar, description=task, advance=1)
            found = tuple(_cost(side, task, number) for side in sides)
            # The first round fills what is filled once: caches, and lists that nobody wrote yet.
            if number:
                costs[task].append(found)
    progress.update(bar, description="memory", advance=1)
    read = min(plan.read, plan.sizes[-1].articles // 2)
    return Growth(
        sizes=plan.sizes,
        costs={task: tuple(found) for task, found in costs.items()},
        grown=sides[-1].gate.grown(read),
        read=read,
        bound=PUBLIC_BYTES + SEALED_BYTES + BESIDE,
        load=load_average,
        made=tuple(side.server.seconds for side in sides if side.server) or seconds,
        versions=_versions(sides[0].server),
    )


def _cost(side: Side, task: str, number: int) -> Cost:
    if task in GATE_TASKS:
        return side.cost(task, GATE_TASKS[task], 1 + number * GATE_TASKS[task])
    # Publishing makes addresses: what is kept of another run must not stand in the way.
    begin = int(time.time()) % 10**7 * 100
    return side.cost(task, SITE_TASKS[task], begin)


def publication(folder: Path, size: Size, progress: Progress) -> tuple[Settings, float]:
    """The publication of a size, and how many seconds it took to make: 0 for one that lies there."""
    place = folder / f"{size.readers}-readers-{size.articles}-articles"
    done = place / "made"
    if done.exists():
        return load(Home(place), {}), 0.0
    shutil.rmtree(place, ignore_errors=True)
    settings = empty_home(place)
    rows = int(size.readers * _ROWS_OF_A_READER + size.articles * _ROWS_OF_AN_ARTICLE)
    bar = progress.add_task(f"{size.readers:,} readers, {size.articles:,} articles", total=rows)
    began = time.monotonic()
    command = [sys.executable, "-m", "scripts.growth.make", str(size.readers), str(size.articles)]
    with subprocess.Popen(command, env=_environ(settings), stdout=subprocess.PIPE, text=True) as maker:  # noqa: S603
        for line in maker.stdout or ():
            progress.update(bar, completed=int(line))
    if maker.returncode:
        raise FoldlineError(f"the publication of {size.readers:,} readers could not be made; see above")
    progress.update(bar, completed=rows)
    done.touch()
    return settings, time.monotonic() - began


def _files_of(settings: Settings, server: Server | None) -> list[Path]:
    """Where the rows of a publication lie."""
    if server is not None:
        return server.files()
    home = settings.home
    return [file for file in (home.site_db, home.meter_db, home.public_db, home.sealed_db) if isinstance(file, Path)]


def _read_once(files: Sequence[Path], progress: Progress) -> None:
    """Let the kernel hold the files, where its memory is large enough: the disk is not what is measured."""
    bar = progress.add_task("files are read", total=sum(file.stat().st_size for file in files))
    for path in files:
        with path.open("rb", buffering=0) as file:
            while some := file.read(1 << 24):
                progress.update(bar, advance=len(some))


@contextlib.contextmanager
def site_side(settings: Settings, size: Size) -> Iterator[SiteSide]:
    """The site's own process over a publication."""
    command = [sys.executable, "-m", "scripts.growth.site_hand", str(size.readers), str(size.articles)]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, env=_environ(settings), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield SiteSide(process, process.stdin, process.stdout)
        finally:
            process.stdin.close()
            process.wait(30)


def _environ(settings: Settings) -> Mapping[str, str]:
    return {**outside(), **home_of(settings)}


def _versions(server: Server | None) -> dict[str, str]:
    held = server.version() if server else {"SQLite": sqlite3.sqlite_version}
    return {"Python": platform.python_version(), **held}
