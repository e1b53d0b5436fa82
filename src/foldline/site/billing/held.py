"""The subscriptions that a reader has or had, as the ledger wrote them. Asking changes nothing."""

from __future__ import annotations

from django.db.models import Q

from foldline.plans import Plan
from foldline.site.billing.lifecycle import State
from foldline.site.billing.models import Subscription
from foldline.site.billing.provider import Status
from foldline.site.readers.models import Reader

#: A subscription that will be charged again, or could be.
RENEWS = frozenset((State.TRIALING, State.ACTIVE, State.PAST_DUE, State.PAUSED))
#: One that is on sale only once: a second of the same plan would be charged twice.
STANDS = RENEWS | {State.CANCELLED}
#: One that can go to another plan: no payment is awaited, and it is not to end.
CHANGES = frozenset((State.TRIALING, State.ACTIVE))


def of(reader: Reader) -> list[Subscription]:
    """A reader's subscriptions, those that stand first, then the newest."""
    found = Subscription.objects.filter(reader=reader).order_by("-pk")
    return sorted(found, key=lambda one: State(one.state) not in STANDS)


def one_of(reader: Reader, number: int) -> Subscription | None:
    """A reader's own subscription by its number; None for one of somebody else."""
    return Subscription.objects.filter(reader=reader, pk=number).first()


def runs(reader: Reader, plan: Plan) -> bool:
    """Whether a reader has this plan already, also where it was cancelled and is paid until an end."""
    return Subscription.objects.filter(reader=reader, plan=plan.key, state__in=list(STANDS)).exists()


def beside(reader: Reader, plan: Plan) -> list[Subscription]:
    """The other subscriptions that stand of a reader who asks for a plan, the newest first."""
    return list(
        Subscription.objects.filter(reader=reader, state__in=list(STANDS)).exclude(plan=plan.key).order_by("-pk")
    )


def in_place_of(reader: Reader, plan: Plan) -> Subscription | None:
    """The subscription that a plan would take the place of: one that opens something which the plan opens too. Both
    beside each other would be charged twice for that."""
    return next((one for one in beside(reader, plan) if set(one.opens) & set(plan.products)), None)


def goes_to(subscription: Subscription, plan: Plan, sold: Plan | None) -> bool:
    """Whether a subscription can go to a plan in the middle of what is paid: the plan opens all that it does, in its
    currency, and costs no less, or is paid by the year. Then nothing of what was paid is left over. `sold` is the
    subscription's own plan as it is sold today, None where it is sold no more."""
    interval = plan.interval if sold is None else sold.interval
    dearer = plan.amount >= subscription.amount if plan.interval == interval else plan.interval == "year"
    return set(subscription.opens) <= set(plan.products) and subscription.currency == plan.currency and dearer


def renews(reader: Reader) -> bool:
    """Whether any subscription of a reader would be charged again."""
    return Subscription.objects.filter(reader=reader, state__in=list(RENEWS)).exists()


def had_any(reader: Reader) -> bool:
    """Whether a reader ever had a subscription."""
    return Subscription.objects.filter(reader=reader).exists()


def awaits_payment(reader: Reader) -> bool:
    """Whether a subscription of a reader awaits a payment that did not go through. Once the provider has ended it,
    nothing can be paid there any more."""
    awaiting = Q(state=State.PAST_DUE) | Q(state=State.LAPSED, status=Status.UNPAID)
    return Subscription.objects.filter(awaiting, reader=reader).exists()
