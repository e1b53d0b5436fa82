"""What the account's page says of a reader's subscriptions. It asks no provider, so that it is there when
none answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpRequest
from django.template.context_processors import csrf
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from foldline.pages.dates import short_dateline
from foldline.pages.prices import price_line, spoken
from foldline.plans import Plan
from foldline.site.billing import held, lifecycle, orders, plans
from foldline.site.billing.lifecycle import State
from foldline.site.billing.models import Subscription
from foldline.site.billing.terms import title_of
from foldline.site.readers import moment, rendering
from foldline.site.readers.models import Reader
from foldline.site.readers.wording import words

#: The part of the account's page to look at.
PART = "plans"

#: What was just done here, in the words `account.done-<name>`.
DONE = frozenset(("cancelled", "resumed"))


@dataclass(frozen=True, slots=True)
class Line:
    """One subscription: what is paid, and what comes next. `fails` is the sentence about a payment that failed."""

    number: int
    name: str
    price: str
    next: str
    fails: str
    order: str
    stands: bool
    renews: bool
    returns: bool
    changes: bool


def account_part(request: HttpRequest, reader: Reader) -> SafeString:
    """The part's HTML, "" for who never had a subscription."""
    subscriptions = held.of(reader)
    if not subscriptions:
        return SafeString()
    lines = [_line(one) for one in subscriptions]
    values = {"w": rendering.Texts(), "lines": lines, "again": not any(line.stands for line in lines), **csrf(request)}
    return render_to_string("billing/account_part.html", values)


def _next_charge(one: Subscription, plan: Plan | None) -> str:
    """What is charged next, less what a discount still takes off; tax that comes to it where the plan says so."""
    price = spoken(one.snapshot.next_amount, one.currency, words().language)
    exclusive = plan is not None and plan.tax == "exclusive"
    return words().format("subscribe.tax-exclusive", price=price) if exclusive else price


def day_of(epoch: int) -> str:
    """The day of a moment in the publication's zone."""
    publication = rendering.publication()
    return short_dateline(datetime.fromtimestamp(epoch, UTC), publication.zone, publication.language)


def _line(one: Subscription) -> Line:
    state = State(one.state)
    paid_until = day_of(lifecycle.paid_until(one.snapshot))
    plan = plans.named(one.plan)
    price = price_line(one.amount, one.currency, plan.interval, words()) if plan is not None else ""
    fails = ""
    if state is State.PAST_DUE:
        until = lifecycle.entitled_until(one.snapshot, one.grace_days)
        fails = words().format("billing.fails", date=day_of(until or 0))
    return Line(
        number=one.pk,
        name=title_of(one),
        price=price,
        next=words().format(f"billing.is-{state}", price=_next_charge(one, plan), date=paid_until),
        fails=fails,
        order=words().format("billing.order-number", number=orders.number_of(one)),
        stands=state in held.STANDS,
        renews=state in held.RENEWS,
        returns=state is State.CANCELLED and lifecycle.paid_until(one.snapshot) > moment.epoch(),
        changes=state in held.CHANGES
        and any(held.goes_to(one, other, plan) for other in plans.plans() if other.key != one.plan),
    )
