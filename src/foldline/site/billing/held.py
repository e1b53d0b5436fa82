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
