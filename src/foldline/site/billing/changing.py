"""From one plan to another: the provider's page charges what is due, and the way back asks it what came of that."""

from __future__ import annotations

import logging
import re
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from foldline.site.billing import ledger, orders
from foldline.site.billing.going import plans_for, silent, to_sign_in
from foldline.site.billing.models import Order, Subscription
from foldline.site.billing.provider import NotAtProvider, Price, Provider, ProviderUnavailable, Snapshot
from foldline.site.readers import moment, passes, rendering
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Reader
from foldline.site.readers.return_path import continue_at
from foldline.site.readers.wording import words

log = logging.getLogger(__name__)

_TOKEN = re.compile(r"[0-9a-f]{32}")


def page_of(provider: Provider, order: Order, instead: Subscription, price: Price) -> str:
    """The address of the provider's page on which the reader confirms what they ordered in place of a subscription.

    Raises:
        Declined: the subscription has ended.
        ProviderUnavailable: the provider does not answer.
    """
    if instead.provider != provider.name:
        raise ProviderUnavailable("the subscription is at another provider")
    back = rendering.publication().url + _back_with(order.token)
    try:
        return provider.change_page(instead.provider_id, price, back)
    except NotAtProvider as error:
        raise ProviderUnavailable("the provider does not have the subscription") from error


def changed(request: HttpRequest, provider: Provider) -> HttpResponse:
    """Back from the page of a change. The address proves nothing: the provider is asked which plan it is now."""
    token = request.GET["change"]
    if not _TOKEN.fullmatch(token):
        raise Http404
    reader = request.user
    if not isinstance(reader, Reader):
        return SeeOther(to_sign_in(_back_with(token)))
    own = Order.objects.filter(provider=provider.name, token=token, reader=reader, subscription__reader=reader)
    order = own.select_related("subscription").first()
    if order is None or order.subscription is None:
        raise Http404
    try:
        snapshot = provider.subscription(order.subscription.provider_id)
    except NotAtProvider:
        raise Http404 from None
    except ProviderUnavailable as error:
        log.warning("%s", error)
        return silent(request)
    if snapshot.plan != order.plan:
        context = {"pay": "", "again": plans_for(order.return_path), "sentence": words()["subscribed.unchanged"]}
        return rendering.page(request, "billing/unpaid", words()["subscribed.unchanged-title"], context)
    return onward(request, provider, snapshot, order)


def onward(request: HttpRequest, provider: Provider, snapshot: Snapshot, order: Order) -> HttpResponse:
    """Write what the provider has, confirm it by mail, and lead back to the article with a pass that opens it."""
    outcome = ledger.apply(provider.name, snapshot, moment.epoch(), ledger.Heard.RETURN)
    orders.confirm(outcome.subscription)
    response = SeeOther(continue_at(order.return_path, rendering.publication().prefix))
    session = passes.running(request)
    if session is not None:
        passes.give_pass(response, session)
    return response


def _back_with(token: str) -> str:
    """Where the page of a change leads back to."""
    return f"{reverse('subscribed')}?{urlencode({'change': token})}"
