"""What the site process does by itself, beside answering: each job in the table at its own pace, in one thread.

Importing this needs Django to be set up.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from django.conf import settings
from django.db import close_old_connections, connections

from foldline.site.newsroom import due as newsroom
from foldline.site.readers import moment, prune
from foldline.stores.meter import SqliteMeter

log = logging.getLogger(__name__)

SECOND, HOUR = 1.0, 3600.0
#: A job that failed is tried again after its own pace, or after so many seconds where that is sooner.
RETRY = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """`run` is called at the start, and again `every` so many seconds after it has ended. It may raise anything."""

    name: str
    every: float
    run: Callable[[], object]


def jobs() -> tuple[Job, ...]:
    """Everything that is done without being asked for."""
    return (
        Job("publish and settle", SECOND, newsroom.Due().look),
        Job("prune unverified", HOUR, lambda: prune.prune_unverified(moment.now())),
        Job("prune sign-ins", HOUR, lambda: prune.prune_sign_ins(moment.now())),
        Job("prune meter", HOUR, _prune_meter),
    )


def _prune_meter() -> None:
    with closing(SqliteMeter(settings.FOLDLINE.home)) as store:
        store.prune(moment.epoch())


class Loop:
    """The loop. An exception ends one run of one job, is logged and counted in `failures` by the job's name."""

    def __init__(self, table: tuple[Job, ...]) -> None:
        self.failures: Counter[str] = Counter()
        self._table = table
        self._next = dict.fromkeys((job.name for job in table), -math.inf)

    def run_forever(self, stop: threading.Event) -> None:
        """Look until `stop` is set. What is to be done stands in tables, so it may stop at any time."""
        try:
            while not stop.is_set():
                self.look()
                stop.wait(max(0.0, min(self._next.values()) - time.monotonic()))
        finally:
            connections.close_all()

    def look(self) -> None:
        """Run every job whose time has come. Raises nothing."""
        for job in self._table:
            if self._next[job.name] <= time.monotonic():
                pause = job.every if self._runs(job) else min(job.every, RETRY)
                self._next[job.name] = time.monotonic() + pause

    def _runs(self, job: Job) -> bool:
        try:
            job.run()
        except Exception:
            self.failures[job.name] += 1
            log.exception("the job “%s” failed (%s so far)", job.name, self.failures[job.name])
            return False
        finally:
            close_old_connections()
        return True


def run_forever(stop: threading.Event) -> None:
    """Run by the site process in a thread of its own."""
    Loop(jobs()).run_forever(stop)
