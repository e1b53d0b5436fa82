"""What a reader sees of their own account, and the page where nothing is sold yet."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from foldline import config
from foldline.pages.dates import short_dateline
from foldline.site.readers import moment, passes, rendering
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Reader
from foldline.site.readers.return_path import own_path
from foldline.site.readers.wording import words


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """The address, what it may read until when, and the way out."""
    reader = request.user
    if not isinstance(reader, Reader):
        query = urlencode({"next": reverse("account")}, safe="/")
        return SeeOther(f"{reverse('account_login')}?{query}")
    since = words().format("account.since", date=_date(reader.joined_at))
    context = {"reader": reader, "since": since, "subscriptions": _subscriptions(reader)}
    response = rendering.page(request, "account", words()["account.title"], context)
    session = passes.running(request)
    if session is not None:
        passes.give_pass(response, session)
    return response


@require_safe
def subscribe(request: HttpRequest) -> HttpResponse:
    """An honest page: nothing is sold here yet, and who can be asked."""
    foldline: config.Settings = settings.FOLDLINE
    offer = foldline.publication.offer
    context = {
        "offer": words().format("offer.line", product=offer.product, price=offer.price)
        if offer.product and offer.price
        else offer.product,
        "contact": foldline.mail.sender,
        "next": own_path(request.GET.get("next")),
    }
    title = words().format("subscribe.title", name=foldline.publication.name)
    return rendering.page(request, "subscribe", title, context)


def _subscriptions(reader: Reader) -> list[str]:
    lines = []
    for product, end in passes.products_running(reader):
        if not end:
            lines.append(words().format("account.runs-open", product=product))
            continue
        key = "account.runs" if end > moment.epoch() else "account.ended"
        date = _date(datetime.fromtimestamp(end, UTC))
        lines.append(words().format(key, product=product, date=date))
    return lines


def _date(at: datetime) -> str:
    foldline: config.Settings = settings.FOLDLINE
    return short_dateline(at, foldline.publication.zone, foldline.publication.language)
