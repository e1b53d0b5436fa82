"""A rolling restart: every process gives its place to a new one, and no request is lost or refused.

First one new process of each kind must answer, so that bad settings, secrets or code never take anybody's place. Then
the old ones leave one after another: each only when its successor answers.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest

from foldline.config import Settings, load
from foldline.errors import ConfigurationError
from foldline.server.child import Child
from foldline.stores.home import Home

log = logging.getLogger(__name__)

#: Seconds in which a new process must answer, and in which what comes before serving must be done.
READY, TRIAL = 60.0, 600.0
#: Seconds that an old one has to answer what it has begun; longer than it takes by itself (`graceful.py`).
GONE = 20.0

SITE, DESK, WORKER = "site", "desk", "worker"


class Refused(Exception):
    """The old processes run on. `problems` says why, a line each."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Roll:
    """One rolling restart of `children`, a list that changes as it goes on. `make` gives a child of a kind that was not
    started, by settings. Take a step every moment; the last one raises StopIteration, or Refused."""

    def __init__(
        self, home: Home, environ: Mapping[str, str], children: list[Child], make: Callable[[str, Settings], Child]
    ) -> None:
        self._home = home
        self._environ = environ
        self._children = children
        self._make = make
        #: Processes beside `children`: new ones that don't answer yet, and old ones until they are gone.
        self.beside: list[Child] = []

    def steps(self) -> Iterator[None]:
        """Do it.

        Raises:
            Refused: nothing was replaced; or, where a later one does not answer, not everything.
        """
        yield from self._try()
        try:
            settings = load(self._home, self._environ)
        except ConfigurationError as error:
            raise Refused(*map(str, error.problems)) from error
        kinds = list(dict.fromkeys(child.kind for child in self._children if child.kind))
        first = [self._make(kind, settings) for kind in kinds]
        yield from self._answer(first)
        wanted = {SITE: 1, DESK: 1, WORKER: settings.workers}
        old = {kind: [child for child in self._children if child.kind == kind] for kind in kinds}
        for child in first:
            yield from self._replace(old[child.kind].pop(0), child)
        for kind in kinds:
            for number, before in enumerate(zip_longest(old[kind], range(wanted[kind] - 1)), start=1):
                after = None
                if number < wanted[kind]:
                    after = self._make(kind, settings)
                    yield from self._answer([after])
                yield from self._replace(before[0], after)

    def _try(self) -> Iterator[None]:
        """What comes before serving, done by the code that is installed now."""
        command = [sys.executable, "-m", "foldline.cli.main", "serve", "--try", "--home", str(self._home.path)]
        with tempfile.TemporaryFile() as said:
            trial = subprocess.Popen(  # noqa: S603 - our own module
                command, env=dict(self._environ), stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            try:
                end = time.monotonic() + TRIAL
                while trial.poll() is None:
                    if time.monotonic() > end:
                        raise Refused(f"what comes before serving takes longer than {TRIAL:.0f} s")
                    yield
            finally:
                if trial.poll() is None:
                    trial.kill()
                trial.wait()
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
        if trial.returncode:
            raise Refused(*(lines[-10:] or [f"what comes before serving ended with {trial.returncode}"]))

    def _answer(self, fresh: list[Child]) -> Iterator[None]:
        """Start them and wait until all of them answer; where one does not, none of them stays."""
        self.beside += fresh
        for child in fresh:
            child.start()
            child.started_at = time.monotonic()
        end = time.monotonic() + READY
        while not all(child.ready for child in fresh):
            ended = next((child for child in fresh if not child.runs), None)
            if ended is not None or time.monotonic() > end:
                late = ended or next(child for child in fresh if not child.ready)
                how = "does not answer" if late.process is None or ended is None else f"ended: {_code(late)}"
                for child in fresh:
                    child.leave()
                raise Refused(f"the new {late.name} {how}; what it said is in the log")
            yield
            for child in fresh:
                child.hear()
        self.beside = [child for child in self.beside if child not in fresh]

    def _replace(self, before: Child | None, after: Child | None) -> Iterator[None]:
        """Give one's place to another, and wait until it is gone."""
        if after is not None:
            after.place()
            self._children.append(after)
        if before is None:
            return
        self._children.remove(before)
        self.beside.append(before)
        before.leave()
        end = time.monotonic() + GONE
        while before.runs and time.monotonic() < end:
            yield
        before.kill()
        self.beside.remove(before)


def _code(child: Child) -> str:
    return "" if child.process is None else str(child.process.returncode)
