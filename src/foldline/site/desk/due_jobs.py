"""The table of due jobs: who runs what, until when, and how it went. Every process that runs jobs asks it first."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, Q

from foldline.site.desk.models import DueJob
from foldline.site.readers import moment

#: How long a lease holds without being renewed, in seconds: after a crash another process waits so long.
LEASE = 15.0
LONGEST = 300


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


def enrol(paces: Iterable[tuple[str, float]]) -> None:
    """Write down jobs with their paces in seconds, and forget those that there are none of any more."""
    names = []
    for name, every in paces:
        names.append(name)
        job, new = DueJob.objects.get_or_create(name=name, defaults={"every": every})
        if not new and job.every != every:
            DueJob.objects.filter(name=name).update(every=every, due=0.0)
    others = Q(name__contains=_ON) & (Q(due=0.0) | Q(due__gt=moment.exact() - HOST_GONE))
    DueJob.objects.exclude(others).exclude(name__in=names).delete()


def take(name: str, owner: str, now: float) -> bool:
    """Lease a job that is due, in one statement: of two processes that ask, one gets it.

    A clock that was set back does not put a job off for longer than its own pace.
    """
    due = Q(due__lte=now) | Q(due__gt=now + F("every"))
    free = Q(leased_by=owner) | Q(leased_until__lte=now) | Q(leased_until__gt=now + LEASE)
    wanted = DueJob.objects.filter(due & free, name=name)
    return bool(wanted.update(leased_by=owner, leased_until=now + LEASE, began=now))


def found_by(name: str) -> str:
    """What a job last found, in a line; "" where it found nothing or never ran."""
    return DueJob.objects.filter(name=name).values_list("result", flat=True).first() or ""


def keep(owner: str, now: float) -> None:
    """Renew the leases of whoever runs jobs now."""
    DueJob.objects.filter(leased_by=owner).update(leased_until=now + LEASE)


def done(
    name: str,
    owner: str,
    now: float,
    due: float,
    *,
    runs: int = 1,
    problem: str = "",
    result: str = "",
    keeping: bool = False,
) -> None:
    """Write how a job went that ended now and is due again. `problem` says in a line why it failed, "" that it went
    well; then `result` says what it found. One that failed keeps what it found before. With `keeping` its owner goes on
    holding it, otherwise anybody may take it when it is due."""
    row = DueJob.objects.filter(name=name, leased_by=owner)
    kept = {"ended": now, "due": due, "runs": F("runs") + runs, "leased_until": now + LEASE if keeping else 0.0}
    if not keeping:
        kept["leased_by"] = ""
    if problem:
        told = problem[:LONGEST]
        row.update(**kept, failures=F("failures") + 1, failing=F("failing") + 1, problem=told)
    else:
        row.update(**kept, failing=0, problem="", result=result[:LONGEST])


def give_back(owner: str) -> None:
    """Whoever stops leaves its jobs to others."""
    DueJob.objects.filter(leased_by=owner).update(leased_by="", leased_until=0.0)
