"""One gate worker over a publication, asked over one connection: what a page costs, as the kernel counts it."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from foldline.config import Settings
from foldline.errors import FoldlineError
from foldline.stores.changes import INTERVAL, write_changes
from scripts.bench.processes import pss_of
from scripts.growth.invented import Size
from scripts.growth.site_hand import Cost
from scripts.growth.visits import Asked, Visits

#: Pages that are read from memory.
IN_MEMORY = ("page by a fresh pass", "page by a pass that asks")
#: Seconds until a worker must answer its first request.
START = 30.0


class GateSide:
    """Asks a worker."""

    def __init__(self, settings: Settings, size: Size, pid: int, port: int) -> None:
        self._settings = settings
        self._size = size
        self._visits = Visits(settings, size)
        self._pid = pid
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def close(self) -> None:
        """Let go of the connection."""
        self._line.close()

    def cost(self, name: str, times: int, first: int) -> Cost:
        """What one request of a task costs the worker: the processor time of all its threads, shared out among all, and
        the middle of the waits.

        Raises:
            FoldlineError: an answer was not the one that it should be.
        """
        if name == "article not in memory":
            write_changes(self._settings.home, [("all", "")], int(time.time()))
            time.sleep(4 * INTERVAL)
        elif name in IN_MEMORY:
            # What everybody reads today is in memory, whatever was done before.
            for page in self._visits.of_today():
                self.ask(page)
        asked = [self._visits.tasks[name](number) for number in range(first, first + times)]
        waits = []
        self._line.close()
        used = cpu_seconds(self._pid)
        for one in asked:
            began = time.perf_counter()
            self.ask(one)
            waits.append(time.perf_counter() - began)
        return Cost((cpu_seconds(self._pid) - used) / times, median(waits))

    def ask(self, asked: Asked) -> None:
        """One request.

        Raises:
            FoldlineError: the answer is not the one that it should be.
        """
        self._line.request(asked.method, asked.path, asked.body or None, {**asked.headers, "Host": self._settings.host})
        answer = self._line.getresponse()
        text = answer.read()
        if answer.status != 200 or asked.holds not in text:
            raise FoldlineError(f"{asked.method} {asked.path} answered {answer.status}: {text[:200]!r}")

    def grown(self, articles: int) -> int:
        """By how many bytes the worker grows while so many articles are read, preview and whole."""
        self._line.close()
        before = self.pss()
        for number in range(articles):
            article = 1 + 2 * (number * (self._size.articles // 2) // articles)
            page = self._visits.page(number, article)
            self.ask(page)
            self.ask(Asked("GET", page.path, {}, b"</main>"))
        time.sleep(8 * INTERVAL)
        return max(0, self.pss() - before)

    def pss(self) -> int:
        """The worker's proportional share of memory, in bytes."""
        return pss_of(Path(f"/proc/{self._pid}/smaps_rollup").read_text(encoding="ascii"))


def cpu_seconds(pid: int) -> float:
    """Processor time of all threads of a process: schedstat counts nanoseconds where stat counts hundredths."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((thread / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e9


def outside() -> dict[str, str]:
    """The environment, without what somebody set for a publication of their own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}


def home_of(settings: Settings) -> dict[str, str]:
    """How a process is told where a publication lies."""
    database = settings.home.database
    there = {"FOLDLINE_DATABASE": database.url} if database is not None else {}
    return {"FOLDLINE_HOME": str(settings.home.path), **there}


@contextlib.contextmanager
def gate_side(settings: Settings, size: Size, core: int | None = None) -> Iterator[GateSide]:
    """A worker as the supervisor starts it, on a port of its own.

    Raises:
        FoldlineError: it does not answer.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        ours = {**home_of(settings), "FOLDLINE_LISTEN_FD": str(listening.fileno()), "FOLDLINE_WORKER": "0"}
        pin = ["taskset", "-c", str(core)] if core is not None else []
        command = [*pin, sys.executable, "-m", "foldline.server.worker"]
        worker = subprocess.Popen(command, env={**outside(), **ours}, pass_fds=(listening.fileno(),))  # noqa: S603
        side = GateSide(settings, size, worker.pid, port)
        try:
            _wait(side, worker)
            yield side
        finally:
            side.close()
            worker.terminate()
            worker.wait(20)


def _wait(side: GateSide, worker: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START
    while True:
        try:
            side.ask(Asked("GET", "/-/me", {}, b""))
        except (OSError, http.client.HTTPException) as error:
            side.close()
            if worker.poll() is not None or time.monotonic() > end:
                raise FoldlineError(f"a gate worker does not answer: {error}") from error
            time.sleep(0.05)
        else:
            return
