"""The table of due jobs at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from foldline.site.desk.due_jobs import LEASE, clock
from foldline.site.desk.models import DueJob
from foldline.site.desk.pages import page, staff_page
from foldline.site.desk.roles import Power

#: A job that is late by so much is not run by anybody, in seconds; its own pace comes on top.
LATE = 2 * LEASE + 30.0


@dataclass(frozen=True, slots=True)
class ShownJob:
    """A job as the desk shows it; `trouble` is "" while it goes well."""

    job: DueJob
    ended: datetime | None
    due: datetime | None
    running: bool
    trouble: str


@staff_page(Power.SEE_JOBS)
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """What the site does by itself, and how it went."""
    return page(request, "jobs", "Jobs", {"jobs": shown_jobs(clock())})


def shown_jobs(now: float) -> list[ShownJob]:
    """Every job, with what is wrong with it at `now`, by the table's clock."""
    return [
        ShownJob(
            job,
            datetime.fromtimestamp(job.ended, UTC) if job.ended else None,
            datetime.fromtimestamp(job.due, UTC) if job.due else None,
            job.leased_until > now and job.began > job.ended,
            _trouble(job, now),
        )
        for job in DueJob.objects.all()
    ]


def _trouble(job: DueJob, now: float) -> str:
    if job.failing:
        times = "once" if job.failing == 1 else f"{job.failing} times"
        return f"The job has failed {times} in a row: {job.problem}"
    if job.leased_until <= now and job.due + job.every + LATE < now:
        return "The job is late: nobody runs it. Does the site’s process run?"
    return ""
