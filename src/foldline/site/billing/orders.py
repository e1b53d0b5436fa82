"""That somebody set out to pay: what they agreed to, in the words that they saw, and where they came from."""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from foldline.site.billing.lifecycle import State
from foldline.site.billing.models import Order, Subscription
from foldline.site.billing.terms import foot
from foldline.site.readers import mail, moment

#: What a contract begins with.
BEGUN = frozenset((State.TRIALING, State.ACTIVE))

#: An order by which a subscription is to go to another plan, and of which no mail told yet: it has no visit.
UNTOLD_CHANGE = Q(checkout="", confirmed_at=0, subscription__isnull=False)

#: How long a visit to a payment page may be open, in seconds; a provider closes it after a day.
OPEN_SECONDS = 86_400


def version_of(shown: str) -> str:
    """What tells two wordings of an offer apart: "t-" and ten digits of a hash of the text."""
    return f"t-{hashlib.sha256(shown.encode()).hexdigest()[:10]}"


def begun_before(order: Order) -> Order | None:
    """The last other order of the same reader for the same plan on the same terms, whose visit may still be open."""
    same = Order.objects.filter(
        reader=order.reader, plan=order.plan, provider=order.provider, terms_version=order.terms_version
    )
    since = moment.epoch() - OPEN_SECONDS
    return same.filter(confirmed_at=0, agreed_at__gt=since).exclude(pk=order.pk).exclude(checkout="").first()


def take_over(begun: Order, order: Order) -> None:
    """The newer order has the visit from now on, and leads back to where its reader came from."""
    with transaction.atomic():
        checkout = begun.checkout
        Order.objects.filter(pk=begun.pk).update(checkout="")
        Order.objects.filter(pk=order.pk).update(checkout=checkout)


def confirm(subscription: Subscription | None) -> None:
    """Mail the reader what they agreed to, once, whoever is the first to hear that it is paid: a contract needs a
    confirmation that can be kept."""
    if subscription is None or subscription.reader is None or subscription.state not in BEGUN:
        return
    ordered = Order.objects.filter(subscription=subscription)
    change = ordered.filter(UNTOLD_CHANGE, plan=subscription.plan).first()
    if change is not None:
        # What was agreed to before and came to nothing is no contract, and is confirmed by nobody later.
        ordered.filter(UNTOLD_CHANGE).exclude(pk=change.pk).update(subscription=None)
        _mail(change, subscription, "plan-changed")
        return
    if ordered.exists():
        # It has its confirmation; an order that is open beside it is another one's.
        return
    asked = Order.objects.filter(reader=subscription.reader, plan=subscription.plan, provider=subscription.provider)
    order = asked.exclude(checkout="").first()
    if order is not None:
        _mail(order, subscription, "subscribed")


def confirm_unheard(provider: str) -> None:
    """Confirm what was paid while nobody could say so: no notice came, or the site ended before the mail went out."""
    waiting = Order.objects.filter(provider=provider, confirmed_at=0, reader=OuterRef("reader"), plan=OuterRef("plan"))
    begun = Subscription.objects.filter(provider=provider, state__in=BEGUN)
    changes = Order.objects.filter(UNTOLD_CHANGE, subscription=OuterRef("pk"), plan=OuterRef("plan"))
    heard_by_nobody = begun.filter(Exists(waiting.exclude(checkout="")) | Exists(changes))
    for subscription in heard_by_nobody.select_related("reader"):
        confirm(subscription)


def _mail(order: Order, subscription: Subscription, name: str) -> None:
    if subscription.reader is not None and is_first_to_confirm(order, subscription):
        mail.send_notice(subscription.reader.email, name, foot(), terms=order.terms, number=order.number)


def is_first_to_confirm(order: Order, subscription: Subscription) -> bool:
    """Whether nobody confirmed an order before, in this process or in another."""
    unconfirmed = Order.objects.filter(pk=order.pk, confirmed_at=0)
    return bool(unconfirmed.update(confirmed_at=moment.epoch(), subscription=subscription))


def number_of(subscription: Subscription) -> str:
    """By what a reader names a subscription: the number in its receipt, or the provider's own where it has none."""
    order = Order.objects.filter(subscription=subscription).exclude(UNTOLD_CHANGE).first()
    return order.number if order is not None else subscription.provider_id
