"""Withdrawals that people have to look at, and how they say that they have."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from foldline.site.billing import withdrawals
from foldline.site.billing.models import Withdrawal
from foldline.site.desk import audit
from foldline.site.desk.audit import Subject
from foldline.site.desk.audited import staff_of
from foldline.site.desk.pages import page, staff_page, zone
from foldline.site.desk.roles import Power
from foldline.site.readers import moment
from foldline.site.readers.adapter import SeeOther

#: Why a declaration is here, and what one does about it.
WHY = {
    Withdrawal.Outcome.LATE: "More than 14 days after subscribing. Pay back at the provider, or say why not.",
    Withdrawal.Outcome.UNKNOWN: "No subscription has this address and number. Look for the reader, and write to them.",
    Withdrawal.Outcome.REFUSED: "The provider would not carry it out. End it and pay it back at the provider.",
}


@staff_page(Power.SERVE_READERS)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """What nobody has dealt with, newest first."""
    open_ones = [
        (one, WHY[Withdrawal.Outcome(one.outcome)], datetime.fromtimestamp(one.at, UTC).astimezone(zone()))
        for one in withdrawals.for_people()
    ]
    return page(request, "withdrawals", "Withdrawals", {"open": open_ones})


@staff_page(Power.SERVE_READERS)
@require_POST
def dealt_with(request: HttpRequest, number: int) -> HttpResponse:
    """Somebody has dealt with one. The declaration stays as it was made."""
    with transaction.atomic():
        found = Withdrawal.objects.filter(pk=number, settled_at=0).exclude(outcome=Withdrawal.Outcome.DUE)
        if not found.update(settled_at=moment.epoch()):
            raise Http404
        audit.record(staff_of(request), "dealt with", Subject("withdrawal", str(number)))
    return SeeOther(reverse("withdrawals"))
