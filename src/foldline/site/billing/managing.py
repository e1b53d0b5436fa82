"""What a reader does with a subscription: cancel it, take that back, see what was paid, change how it is paid."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from foldline.pages.dates import dateline
from foldline.pages.prices import spoken
from foldline.site.billing import held, ledger, lifecycle, selling, terms
from foldline.site.billing.account_part import PART, day_of
from foldline.site.billing.going import to_the_provider
from foldline.site.billing.models import Subscription
from foldline.site.billing.provider import Declined, NotAtProvider, Provider, ProviderUnavailable, Snapshot
from foldline.site.billing.terms import title_of
from foldline.site.readers import mail, moment, rendering
from foldline.site.readers.account import done, signed_in
from foldline.site.readers.adapter import SeeOther
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Payment:
    """One line of the list of payments. `address` is the provider's page of it, "" for none."""

    day: str
    amount: str
    status: str
    number: str
    address: str


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def cancel(request: HttpRequest, reader: Reader, number: int) -> HttpResponse:
    """Say what cancelling means, and on POST cancel. The mail that says so is written once."""
    subscription = _own(reader, number)
    if subscription.state not in held.RENEWS:
        # From the history, or from a second window: there is nothing left to cancel.
        return SeeOther(f"{reverse('account')}#{PART}")
    if request.method != "POST":
        return _cancel_page(request, subscription)
    provider = _provider_of(subscription)
    snapshot = _changed(subscription, provider.cancel_at_period_end, "cancel")
    if snapshot is None:
        return _cancel_page(request, subscription, words()["billing.silent"], 503)
    publication = rendering.publication()
    mail.send_notice(
        reader.email,
        "cancelled",
        terms.foot(),
        plan=title_of(subscription),
        date=day_of(lifecycle.paid_until(snapshot)),
        at=dateline(moment.now(), publication.zone, publication.language),
    )
    return done("cancelled", PART)


@require_POST
@signed_in
def resume(request: HttpRequest, reader: Reader, number: int) -> HttpResponse:
    """Take a cancellation back while what is paid still runs."""
    subscription = _own(reader, number)
    provider = _provider_of(subscription)
    if subscription.cancel_at_period_end and _changed(subscription, provider.resume, "resume") is None:
        return rendering.page(
            request, "billing/refused", words()["billing.payments"], {"sentence": words()["billing.silent"]}, status=503
        )
    return done("resumed", PART)


@require_safe
@signed_in
def payments(request: HttpRequest, reader: Reader) -> HttpResponse:
    """What was charged, from the provider's own list."""
    provider = selling.provider()
    found: list[Payment] = []
    problem = ""
    subscriptions = held.of(reader)
    if provider is None or not subscriptions:
        raise Http404
    try:
        for customer in dict.fromkeys(one.customer for one in subscriptions if one.provider == provider.name):
            found += [
                Payment(
                    day_of(invoice.created),
                    spoken(invoice.amount, invoice.currency, words().language),
                    words()[f"billing.invoice-{invoice.status.value}"],
                    invoice.number,
                    invoice.url,
                )
                for invoice in provider.invoices(customer)
            ]
    except (ProviderUnavailable, NotAtProvider) as error:
        log.warning("%s", error)
        problem = words()["billing.silent"]
    context = {"payments": found, "problem": problem, "number": subscriptions[0].pk}
    status = 503 if problem else 200
    return rendering.page(request, "billing/payments", words()["billing.payments"], context, status=status)


@require_POST
@signed_in
def portal(request: HttpRequest, reader: Reader, number: int) -> HttpResponse:
    """To the provider's page for the means of payment. The address is made for this visit and kept nowhere."""
    subscription = _own(reader, number)
    provider = _provider_of(subscription)
    back = rendering.publication().url + reverse("account")
    try:
        return to_the_provider(request, provider.portal(subscription.customer, back))
    except (ProviderUnavailable, NotAtProvider, Declined) as error:
        log.warning("%s", error)
        context = {"sentence": words()["billing.silent"]}
        return rendering.page(request, "billing/refused", words()["billing.payments"], context, status=503)


def _changed(subscription: Subscription, change: Callable[[str, str], Snapshot], what: str) -> Snapshot | None:
    """Let the provider change a subscription, and write what it answers; None where it could not be asked or will not.

    The key names the version that was changed: a form sent twice changes nothing twice, and cancelling again after a
    change of mind is another question.
    """
    try:
        snapshot = change(subscription.provider_id, f"{what}-{subscription.provider_id}-{subscription.version}")
    except (ProviderUnavailable, NotAtProvider, Declined) as error:
        log.warning("%s", error)
        return None
    ledger.apply(subscription.provider, snapshot, moment.epoch(), ledger.Heard.ACCOUNT)
    return snapshot


def _own(reader: Reader, number: int) -> Subscription:
    subscription = held.one_of(reader, number)
    if subscription is None:
        raise Http404
    return subscription


def _provider_of(subscription: Subscription) -> Provider:
    provider = selling.provider()
    if provider is None or provider.name != subscription.provider:
        raise Http404
    return provider


def _cancel_page(
    request: HttpRequest, subscription: Subscription, problem: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "number": subscription.pk,
        "lead": words().format(
            "cancel.lead", plan=title_of(subscription), date=day_of(lifecycle.paid_until(subscription.snapshot))
        ),
        "problem": problem,
    }
    return rendering.page(request, "billing/cancel", words()["cancel.title"], context, status=status)
