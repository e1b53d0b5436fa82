"""What the site process does by itself, beside answering: each job in the table at its own pace, in one thread.

Importing this needs Django to be set up.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from django.conf import settings
from django.db import Error, close_old_connections, connections

from foldline.site.billing import ledger, withdrawals
from foldline.site.billing.provider import Provider
from foldline.site.billing.reconcile import reconcile, summary
from foldline.site.circulation import prune as circulation
from foldline.site.desk import due_jobs
from foldline.site.feeds import keys as feed_keys
from foldline.site.gifts import giving
from foldline.site.institutions import provided
from foldline.site.newsroom import due as newsroom
from foldline.site.newsroom import lists, reads
from foldline.site.newsstand import refreshing
from foldline.site.readers import erasing, moment, prune
from foldline.sources.origin import open_lists
from foldline.stores.database import LOCK_SECONDS
from foldline.stores.meter import SqliteMeter
from foldline.syndication import sitemaps

log = logging.getLogger(__name__)

SECOND, MINUTE, HOUR, DAY = 1.0, 60.0, 3600.0, 86_400.0
#: How often event lines are counted, and how often cards are made with the new figures, in seconds.
COUNT_EVERY, SHOW_EVERY = 30.0, 900.0
#: A job that failed is tried again after its own pace, or after so many seconds where that is sooner.
RETRY = 60.0
#: How often it is looked for jobs whose rows are gone, and rows whose jobs are, in seconds.
ENROL_EVERY = MINUTE
#: How often a job of a quick pace is written down while it goes well, in seconds.
TELL_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Job:
    """`run` is called at the start, and again `every` so many seconds after it has ended. It may raise anything. Text
    that it gives is what it found, and stands at the desk until it next goes well."""

    name: str
    every: float
    run: Callable[[], object]


def jobs() -> tuple[Job, ...]:
    """Everything that is done without being asked for."""
    host = settings.FOLDLINE.home.host
    return (
        Job("publish and settle", SECOND, newsroom.Due().look),
        # Nobody publishes anything when two days are over.
        Job("refresh news sitemap", MINUTE, lambda: lists.due([sitemaps.NEWS_PATH])),
        Job("prune unverified", HOUR, lambda: prune.prune_unverified(moment.now())),
        Job("prune sign-ins", HOUR, lambda: prune.prune_sign_ins(moment.now())),
        Job("forget changes", HOUR, lambda: prune.prune_changes(moment.now())),
        Job("prune meter", HOUR, _prune_meter),
        Job(due_jobs.on_host("count reads", host), COUNT_EVERY, reads.count),
        Job("show reads", MINUTE if settings.FOLDLINE.demo else SHOW_EVERY, reads.show),
        Job(due_jobs.on_host("drop event lines", host), DAY, reads.drop_lines),
        Job("prune print", HOUR, lambda: circulation.prune(moment.now())),
        Job("prune feeds", HOUR, feed_keys.prune),
        Job("prune gifts", HOUR, lambda: giving.prune(moment.epoch())),
        Job("settle institutions", HOUR, provided.settle_all),
        Job("forget withdrawals", HOUR, lambda: withdrawals.forget(moment.epoch())),
        Job("overwrite what was deleted", HOUR, erasing.overwrite),
        Job("forget billing notices", HOUR, lambda: ledger.forget_notices(moment.epoch())),
    )


def waiting_jobs() -> tuple[Job, ...]:
    """What waits for somebody else's machine, and so has a thread of its own: nothing is published late for it."""
    return (*_crawler_jobs(), *_origin_jobs(), *_billing_jobs())


def _origin_jobs() -> tuple[Job, ...]:
    """What is asked of a site at an address; an application that the gate is mounted in has none."""
    origin = settings.FOLDLINE.origin
    if origin is None or origin.mounted:
        return ()
    from foldline.server import list_watch

    return (Job(open_lists.JOB, DAY, lambda: list_watch.look(settings.FOLDLINE)),)


def _crawler_jobs() -> tuple[Job, ...]:
    """Only a site that verifies crawlers pays for what asks about them."""
    if not settings.FOLDLINE.verified_crawlers:
        return ()
    from foldline.server import crawler_lists, crawler_names

    names = crawler_names.Dns()
    return (
        Job("look up crawlers", 2 * SECOND, lambda: crawler_names.look_up(settings.FOLDLINE, moment.epoch(), names)),
        Job("forget crawlers", HOUR, lambda: crawler_names.forget(settings.FOLDLINE, moment.epoch())),
        Job("fetch lists of crawlers", HOUR, lambda: crawler_lists.refresh(settings.FOLDLINE, moment.epoch())),
    )


def _billing_jobs() -> tuple[Job, ...]:
    provider: Provider | None = settings.FOLDLINE_PROVIDER
    found = (Job("refresh the newsstand", MINUTE, refreshing.refresh),)
    if provider is None:
        return found
    return (
        *found,
        Job("settle withdrawals", MINUTE, lambda: withdrawals.settle(provider, moment.epoch())),
        Job("reconcile billing", DAY, lambda: _reconcile(provider)),
    )


def _reconcile(provider: Provider) -> str:
    """Nothing is taken away silently: each difference is a line of the log, and how many of each kind stands at the
    desk."""
    differences = reconcile(provider, moment.epoch())
    for found in differences:
        before, after = found.before, found.after
        log.warning("billing: %s %s: %s until %s, now %s until %s", found.subscription, found.kind, *before, *after)
    return summary(differences)


def _prune_meter() -> None:
    # Nobody waits for it, as a reader does for a spend: millions of rows may be of windows that have ended.
    with closing(SqliteMeter(settings.FOLDLINE.home, LOCK_SECONDS)) as store:
        store.prune(moment.epoch())


@dataclass(slots=True)
class _Held:
    """Until when a lease is surely ours, and what has been written of the job: when, and what was wrong then. `runs`
    were made since."""

    until: float = 0.0
    written: float = 0.0
    runs: int = 0
    problem: str = ""


class Loop:
    """The loop. A job runs only while the table of due jobs says that it is this loop's (`site.desk.due_jobs`), so that
    two processes never do one thing twice. An exception ends one run of one job, is logged, written into the table and
    counted in `failures` by the job's name. Jobs `beside` are another loop's, and stand in the same table."""

    def __init__(self, table: tuple[Job, ...], beside: tuple[Job, ...] = ()) -> None:
        self.failures: Counter[str] = Counter()
        self.owner = secrets.token_hex(8)
        self._table = table
        self._enrolling = (*table, *beside)
        self._next = dict.fromkeys((job.name for job in table), -math.inf)
        self._held = {job.name: _Held() for job in table}
        self._enrolled = -math.inf

    def run_forever(self, stop: threading.Event) -> None:
        """Look until `stop` is set. What is to be done stands in tables, so it may stop at any time."""
        renewing = threading.Thread(target=self._renew, args=(stop,), name="leases", daemon=True)
        renewing.start()
        try:
            while not stop.is_set():
                self.look()
                stop.wait(min(SECOND, max(0.0, min(self._next.values()) - moment.exact())))
            due_jobs.give_back(self.owner)
        except Error as error:
            log.warning("leases: %s", error)
        finally:
            connections.close_all()
            renewing.join(2 * SECOND)

    def look(self) -> None:
        """Run every job whose time has come and that nobody else runs. Raises nothing."""
        for job in self._table:
            now = moment.exact()
            # A clock that was set back puts nothing off for longer than its own pace.
            if not now < self._next[job.name] <= now + max(job.every, RETRY):
                self._look_at(job, now)

    def _look_at(self, job: Job, now: float) -> None:
        held = self._held[job.name]
        try:
            self._enrol(now)
            sure = now + due_jobs.LEASE / 2 < held.until <= now + due_jobs.LEASE
            mine = sure or due_jobs.take(job.name, self.owner)
        except Error as error:
            self.failures[job.name] += 1
            log.error("the job “%s” can’t be taken: %s", job.name, error)
            self._next[job.name] = now + SECOND
            # One that was cut would fail for ever.
            close_old_connections()
            return
        if not mine:
            self._next[job.name] = now + min(job.every, due_jobs.LEASE)
            return
        problem, result = self._runs(job)
        ended = moment.exact()
        self._next[job.name] = ended + (min(job.every, RETRY) if problem else job.every)
        held.runs += 1
        self._write(job, held, ended, problem, result)

    def _write(self, job: Job, held: _Held, now: float, problem: str, result: str) -> None:
        """A job of a quick pace is kept between its runs and told of every few seconds: a write each second would be
        all that the database does at night."""
        keeping = job.every < due_jobs.LEASE / 2
        if keeping and not problem and not held.problem and held.written <= now < held.written + TELL_EVERY:
            return
        try:
            mine = due_jobs.done(
                job.name,
                self.owner,
                self._next[job.name] - now,
                runs=held.runs,
                problem=problem,
                result=result,
                keeping=keeping,
            )
        except Error as error:
            log.warning("the job “%s” ended and can’t be written down: %s", job.name, error)
            close_old_connections()
            return
        if not mine:
            log.warning("the job “%s” ended, and was another’s by then, who may have run it too", job.name)
        self._held[job.name] = _Held(now + due_jobs.LEASE if mine and keeping else 0.0, now, 0, problem)

    def _enrol(self, now: float) -> None:
        if not now - ENROL_EVERY < self._enrolled <= now:
            due_jobs.enrol((job.name, job.every) for job in self._enrolling)
            self._enrolled = now

    def _runs(self, job: Job) -> tuple[str, str]:
        """(what went wrong, what it found), each in a line; "" for nothing."""
        try:
            found = job.run()
        except Exception as error:
            self.failures[job.name] += 1
            log.exception("the job “%s” failed (%s so far)", job.name, self.failures[job.name])
            return f"{type(error).__name__}: {getattr(error, 'strerror', None) or 'see the log'}", ""
        finally:
            close_old_connections()
        return "", found if isinstance(found, str) else ""

    def _renew(self, stop: threading.Event) -> None:
        """A run that takes long keeps its lease. In a thread of its own, because the other one is busy then."""
        try:
            while not stop.wait(due_jobs.LEASE / 3):
                try:
                    ours = due_jobs.keep(self.owner)
                    for name in self._held.keys() - ours:
                        self._held[name].until = 0.0
                except Error as error:
                    log.warning("leases: %s", error)
                finally:
                    close_old_connections()
        finally:
            connections.close_all()


def run_forever(stop: threading.Event) -> None:
    """Run by the site process in a thread of its own."""
    quick, waiting = jobs(), waiting_jobs()
    if waiting:
        # A daemon: at the end nobody waits for somebody else's machine. Whatever it writes, it writes whole.
        slow = Loop(waiting, beside=quick)
        threading.Thread(target=slow.run_forever, args=(stop,), name="waiting jobs", daemon=True).start()
    Loop(quick, beside=waiting).run_forever(stop)
