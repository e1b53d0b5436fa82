"""The table of due jobs: who runs what, until when, and how it went. Every process that runs jobs asks it first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Expression, F, FloatField, Func, Q, Value

from foldline.site.desk.models import DueJob
from foldline.site.readers import moment

#: How long a lease holds without being renewed, in seconds: after a crash another process waits so long.
LEASE = 15.0
LONGEST = 300

#: A lease, or a moment at which a job is due, that lies further ahead than it can by so much is of a clock that was set
#: back. Less is not: a process may have read the clock, and then have waited for the file until others had written.
SET_BACK = LEASE
#: A host's own clock, by which it asks, may run a little faster than the database's.
EARLY = 1.0
#: A job that no host has done for so many seconds after it was due is one that there is none of any more.
NOBODYS = 86_400.0
#: What stands between a job and the host that does it.
_ON = " on "
#: A job of a host that nobody has heard of for so many seconds is forgotten.
HOST_GONE = 30 * 86_400.0


def on_host(name: str, host: str) -> str:
    """The name of a job that each host does for itself; the job's own where there is one host."""
    return f"{name}{_ON}{host}" if host else name


def job_of(name: str) -> str:
    """The job behind a name, whichever host does it."""
    return name.partition(_ON)[0]


class _DatabaseClock(Func):
    """Not Django's `Now()`: that is when the transaction began, and locks may have been waited for since."""

    template = "extract(epoch FROM clock_timestamp())::float8"
    output_field = FloatField()


def _shared() -> bool:
    """Whether other hosts may ask this table, and each has a clock of its own."""
    return connection.vendor == "postgresql"


def _now() -> Expression:
    """The moment, by the one clock that all who ask the table go by."""
    return _DatabaseClock() if _shared() else Value(moment.exact(), FloatField())


def clock() -> float:
    """What the clock shows that the moments in the table are of: the database's where hosts share one."""
    if not _shared():
        return moment.exact()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_DatabaseClock.template}")
        return float(cursor.fetchone()[0])


def enrol(paces: Iterable[tuple[str, float]]) -> None:
    """Write down jobs with their paces in seconds, and forget those that there are none of any more: what other hosts
    do beside this one is not known here, and is theirs as long as it is done."""
    wanted, now = dict(paces), clock()
    known = dict(DueJob.objects.values_list("name", "every"))
    missing = [DueJob(name=name, every=every, due=now) for name, every in wanted.items() if name not in known]
    if missing:
        DueJob.objects.bulk_create(missing, ignore_conflicts=True)
    for name, every in wanted.items():
        if known.get(name, every) != every:
            DueJob.objects.filter(name=name).update(every=every)
    other_hosts = Q(name__contains=_ON) & (Q(due=0.0) | Q(due__gt=now - HOST_GONE))
    gone = DueJob.objects.exclude(other_hosts).exclude(name__in=wanted).filter(leased_until__lte=now)
    if _shared():
        gone = gone.filter(due__lte=now - NOBODYS)
    # To delete nothing would wait for the pen all the same.
    if gone.exists():
        gone.delete()


def take(name: str, owner: str) -> bool:
    """Lease a job that is due, in one statement: of two processes that ask, one gets it.

    A clock that was set back does not put a job off for longer than its own pace.
    """
    now = _now()
    due = Q(due__lte=now + EARLY) | Q(due__gt=now + F("every") + SET_BACK)
    free = Q(leased_by=owner) | Q(leased_until__lte=now) | Q(leased_until__gt=now + LEASE + SET_BACK)
    wanted = DueJob.objects.filter(due & free, name=name)
    return bool(wanted.update(leased_by=owner, leased_until=now + LEASE, began=now))


def found_by(name: str) -> str:
    """What a job last found, in a line; "" where it found nothing or never ran."""
    return DueJob.objects.filter(name=name).values_list("result", flat=True).first() or ""


def keep(owner: str) -> frozenset[str]:
    """Renew the leases of whoever runs jobs now; the names of those that are still theirs."""
    rows = DueJob.objects.filter(leased_by=owner)
    rows.update(leased_until=_now() + LEASE)
    return frozenset(rows.values_list("name", flat=True))


def done(
    name: str,
    owner: str,
    wait: float,
    *,
    runs: int = 1,
    problem: str = "",
    result: str = "",
    keeping: bool = False,
) -> bool:
    """Write how a job went that ended now and is due again in `wait` seconds. `problem` says in a line why it failed,
    "" that it went well; then `result` says what it found. One that failed keeps what it found before. With `keeping`
    its owner goes on holding it, otherwise anybody may take it when it is due. False where it was not the owner's any
    more, and nothing was written."""
    row, now = DueJob.objects.filter(name=name, leased_by=owner), _now()
    lease: dict[str, Any] = {"leased_until": now + LEASE} if keeping else {"leased_by": "", "leased_until": 0.0}
    kept = {"ended": now, "due": now + wait, "runs": F("runs") + runs, **lease}
    if problem:
        told = problem[:LONGEST]
        return bool(row.update(**kept, failures=F("failures") + 1, failing=F("failing") + 1, problem=told))
    return bool(row.update(**kept, failing=0, problem="", result=result[:LONGEST]))


def give_back(owner: str) -> None:
    """Whoever stops leaves its jobs to others."""
    DueJob.objects.filter(leased_by=owner).update(leased_by="", leased_until=0.0)
