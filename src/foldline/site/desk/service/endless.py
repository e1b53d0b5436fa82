"""Entitlements without an end, which only staff have: somebody looks through them once a year, and says that they have.

What was said stands in the audit log, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from foldline.site.desk import audit
from foldline.site.desk.audited import staff_of
from foldline.site.desk.models import AuditEntry
from foldline.site.desk.pages import page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.readers import moment
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Entitlement

REVIEW_AFTER = timedelta(days=365)
_REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True)
class Standing:
    """One that runs, when somebody last said that it is still right (None for never), and whether that has to be asked
    again: a year after it was given or reviewed."""

    right: Entitlement
    reviewed: datetime | None
    due: bool


def standing(now: datetime) -> list[Standing]:
    """Every entitlement without an end, those first that were looked at longest ago."""
    rights = Entitlement.objects.filter(ends_at=None, ended_at=None).select_related("reader", "product", "given_by")
    reviews: dict[str, datetime] = {}
    for entry in AuditEntry.objects.filter(kind="entitlement", what=_REVIEWED).order_by("id"):
        reviews[entry.key] = entry.at
    found = [(right, reviews.get(str(right.pk))) for right in rights]
    found.sort(key=lambda one: one[1] or one[0].given_at)
    return [Standing(right, at, (at or right.given_at) <= now - REVIEW_AFTER) for right, at in found]


def due(now: datetime) -> int:
    """How many wait for somebody to look at them."""
    return sum(one.due for one in standing(now))


@staff_page(Power.SERVE_READERS)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """All of them."""
    return page(request, "endless", "Without an end", {"standing": standing(moment.now())})


@staff_page(Power.SERVE_READERS)
@require_POST
@transaction.atomic
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody says that one is still right."""
    right = get_object_or_404(Entitlement, pk=pk, ends_at=None, ended_at=None)
    audit.record(staff_of(request), _REVIEWED, audit.of_entitlement(right), "without end", "still right")
    return SeeOther(reverse("endless"))
