"""Finding a reader: by the beginning of an address, the key that other systems know, or a subscription's number."""

from __future__ import annotations

import re

from django.db import connection
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from foldline.site.billing.models import Subscription
from foldline.site.desk.pages import may, page, staff_page
from foldline.site.desk.roles import Power
from foldline.site.desk.service.forms import FindForm
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Reader

FOUND = 20
_AFTER_ALL = "\U0010ffff"
_KEY = re.compile(r"[0-9a-f]{32}")


@staff_page(Power.SERVE_READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Find a reader. One who is found alone is shown at once."""
    form = FindForm(request.POST or None)
    found: list[Reader] = []
    ownerless: Subscription | None = None
    looked = form.is_valid()
    if looked:
        wanted = form.cleaned_data["wanted"].strip()
        found = _by_address_or_key(wanted.casefold())
        if not found and may(request, Power.SEE_PAYMENTS):
            # Numbers of providers are told apart by their letters' case.
            bought = list(
                Subscription.objects.filter(Q(provider_id=wanted) | Q(customer=wanted)).select_related("reader")
            )
            found = list({one.reader.pk: one.reader for one in bought if one.reader is not None}.values())
            ownerless = bought[0] if bought and not found else None
        if len(found) == 1:
            return SeeOther(reverse("reader", args=[found[0].pk]))
    context = {"form": form, "found": found, "looked": looked, "most": FOUND, "ownerless": ownerless}
    return page(request, "readers", "Readers", context)


def exactly(wanted: str) -> Reader | None:
    """The reader of a whole address or a key."""
    wanted = wanted.casefold()
    exact = Reader.objects.of_address(wanted)
    if exact is None and _KEY.fullmatch(wanted):
        exact = Reader.objects.of_key(wanted)
    return exact


def _by_address_or_key(wanted: str) -> list[Reader]:
    exact = exactly(wanted)
    return [exact] if exact is not None else list(Reader.objects.filter(_begins_with(wanted))[:FOUND])


def _begins_with(wanted: str) -> Q:
    """Addresses are stored in small letters, and `wanted` is. SQLite uses an index for a range and for no LIKE that has
    an escape; elsewhere the order of letters may not be that of their numbers, and LIKE has an index of its own."""
    if connection.vendor == "sqlite":
        return Q(email__gte=wanted, email__lt=wanted + _AFTER_ALL)
    return Q(email__startswith=wanted)
