"""What the site process and the desk tell of themselves, as samples of the families in `server/metrics.py`.

Importing this needs Django to be set up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator

from django.db import Error, close_old_connections, connections

from foldline.config import Settings
from foldline.insight.counts import CountFile, Sample, counted
from foldline.site.desk.due_jobs import clock
from foldline.site.desk.models import DueJob
from foldline.site.newsroom.models import ArticleAlarm
from foldline.site.readers.mail import POSTMAN

log = logging.getLogger(__name__)

#: How often they are told, in seconds, and how long what a database said is told again.
PACE, ASKED_EVERY = 2.0, 10.0


def run_forever(settings: Settings, surface: str, stop: threading.Event) -> None:
    """Run by a process in a thread of its own; does nothing where metrics are told nowhere."""
    if settings.metrics is None:
        return
    file = CountFile(settings.home.counts, surface, time.time())
    asked = 0.0
    known: tuple[Sample, ...] = ()
    try:
        while True:
            now = time.time()
            if surface == "site" and now - asked >= ASKED_EVERY:
                asked, known = now, _from_the_database()
            file.write(now, (*_own(), *known))
            if stop.wait(PACE):
                return
    finally:
        file.close()
        connections.close_all()


def _own() -> Iterator[Sample]:
    yield Sample("mails_waiting", (), POSTMAN.waiting)
    for (family, ended), count in sorted(counted().items()):
        yield Sample(family, (ended,), count)


def _from_the_database() -> tuple[Sample, ...]:
    """Due jobs and alarms; nothing while the database does not say, which other numbers tell."""
    found: list[Sample] = []
    try:
        now = clock()
        for job in DueJob.objects.all():
            label = (job.name,)
            overdue = now - job.due if job.due and job.leased_until <= now else 0.0
            found += (
                Sample("job_runs", label, job.runs),
                Sample("job_failures", label, job.failures),
                Sample("job_failing", label, job.failing),
                Sample("job_overdue_seconds", label, max(0.0, round(overdue, 1))),
            )
        alarms = Counter(ArticleAlarm.objects.values_list("problem", flat=True))
    except Error as error:
        log.warning("counts: %s", type(error).__name__)
        return ()
    finally:
        # One that was cut would say nothing for ever.
        close_old_connections()
    found += [Sample("alarms", (problem,), count) for problem, count in sorted(alarms.items())]
    return tuple(found)
