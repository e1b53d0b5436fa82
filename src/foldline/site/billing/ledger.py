"""The ledger: what a provider's object makes of a subscription here. Twice, late and out of order are safe."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from enum import StrEnum

from django.db import transaction

from foldline.plans import GRACE_DAYS, Plan
from foldline.site.billing import owned, plans
from foldline.site.billing.lifecycle import DAY, State, entitled_until, is_trial, state_of, steps_between
from foldline.site.billing.models import BillingEvent, Order, SeenNotice, Subscription
from foldline.site.billing.owned import Move
from foldline.site.billing.provider import NotAtProvider, Notice, Provider, Snapshot
from foldline.site.readers import passes
from foldline.site.readers.models import Entitlement, Reader

log = logging.getLogger(__name__)

#: How long events are remembered, in seconds. A provider repeats one for some days; after that a repetition does no
#: more than ask the provider once.
REMEMBER_NOTICES = 30 * DAY

Heard = BillingEvent.Heard


class Applied(StrEnum):
    """What became of a provider's object. The last four open nothing, and are for people to look at."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    OLDER = "older"
    UNKNOWN_READER = "unknown-reader"
    UNKNOWN_PLAN = "unknown-plan"
    OTHER_CURRENCY = "other-currency"
    OTHER_AMOUNT = "other-amount"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`subscription` is None where nothing was kept."""

    applied: Applied
    subscription: Subscription | None
    before: State
    after: State
    move: Move


@transaction.atomic
def apply(provider: str, snapshot: Snapshot, now: int, heard: str = Heard.NOTICE) -> Outcome:
    """Write what a provider's object says: the subscription, its entitlements, the passes of its reader and the changes
    that workers hear of, all in one transaction. An object older than the last one changes nothing.

    `provider` is `Provider.name`, `now` the time in epoch seconds.
    """
    row = _row(provider, snapshot.subscription)
    before = State.NONE if row is None else State(row.state)
    if row is not None and snapshot.updated < row.version:
        return Outcome(Applied.OLDER, row, before, before, Move(0, 0, moved=False))
    plan = plans.named(snapshot.plan)
    if row is None:
        if plan is not None and plan.currency != snapshot.currency:
            log.warning("billing: a subscription to %s is in another currency, and opens nothing", plan.key)
            return Outcome(Applied.OTHER_CURRENCY, None, before, before, Move(0, 0, moved=False))
        if plan is not None and not _is_agreed(provider, plan, snapshot):
            log.warning("billing: a subscription to %s is at another amount, and opens nothing", plan.key)
            return Outcome(Applied.OTHER_AMOUNT, None, before, before, Move(0, 0, moved=False))
        row = Subscription(provider=provider, provider_id=snapshot.subscription)
    known = row.seen_of(snapshot.reader) if row.pk else None
    _write(row, snapshot, plan, now, known)
    state, until = state_of(snapshot), entitled_until(snapshot, row.grace_days)
    kind = Entitlement.Kind.TRIAL if is_trial(snapshot) else Entitlement.Kind.PAID
    move = owned.follow(row, until, kind, now)
    if state is not before and not move.moved and row.reader is not None:
        # No end moved, but the reason may be another: whether a payment is awaited stands in the passes.
        passes.refresh(row.reader)
    if known is None or state is not before or move.moved:
        _log(row, before, state, move, heard, now)
    same = known is not None and replace(snapshot, updated=known.updated) == known
    applied = Applied.UNCHANGED if same and not move.moved else Applied.CHANGED
    if until is not None and until > now:
        applied = Applied.UNKNOWN_READER if row.reader_id is None else applied
        applied = Applied.UNKNOWN_PLAN if not row.products else applied
    return Outcome(applied, row, before, state, move)


def notice(provider: Provider, told: Notice, now: int) -> Outcome | None:
    """What is done when a provider tells something: its object is asked for again, and applied. None where the event
    was dealt with before, or is about nothing that the provider has.

    Raises:
        ProviderUnavailable: nothing was written. The provider tells again, and reconciling hears of it anyway.
    """
    if SeenNotice.objects.filter(provider=provider.name, event=told.id).exists():
        return None
    # Asked before the transaction: nothing of the site waits for somebody else's machine.
    snapshot = _asked(provider, told)
    with transaction.atomic():
        _seen, new = SeenNotice.objects.get_or_create(provider=provider.name, event=told.id, defaults={"at": now})
        return apply(provider.name, snapshot, now, Heard.NOTICE) if new and snapshot is not None else None


def kept(provider: Provider, told: Notice) -> Subscription | None:
    """What is kept of the subscription that a notice is about."""
    return Subscription.objects.filter(provider=provider.name, provider_id=told.subscription).first()


def forget_notices(now: int) -> None:
    """Delete the numbers of events that no provider repeats any more."""
    SeenNotice.objects.filter(at__lt=now - REMEMBER_NOTICES).delete()


def _asked(provider: Provider, told: Notice) -> Snapshot | None:
    if not told.subscription:
        return None
    try:
        return provider.subscription(told.subscription)
    except NotAtProvider:
        log.warning("billing: %s told of a subscription that it does not have", provider.name)
        return None


def _is_agreed(provider: str, plan: Plan, snapshot: Snapshot) -> bool:
    """Whether somebody is charged what the plan costs, or what it cost when this reader ordered it."""
    ordered = Order.objects.filter(provider=provider, plan=plan.key, reader__key=snapshot.reader)
    return snapshot.amount in (plan.amount, *ordered.values_list("amount", flat=True))


def _row(provider: str, subscription: str) -> Subscription | None:
    found = Subscription.objects.select_for_update().filter(provider=provider, provider_id=subscription)
    return found.first()


def _write(row: Subscription, snapshot: Snapshot, plan: Plan | None, now: int, known: Snapshot | None) -> None:
    """Everything but the reader is the provider's to say: a subscription never moves to somebody else. What is as it
    was is not written: comparing all each night is then reading all."""
    sold = (row.products, row.grace_days) if row.pk else None
    owner = row.reader_id
    if row.reader_id is None:
        row.reader = Reader.objects.of_key(snapshot.reader)
    if plan is not None:
        row.products, row.grace_days = ",".join(map(str, plan.products)), plan.grace_days
    elif not row.pk:
        row.products, row.grace_days = "", GRACE_DAYS[0]
        log.warning("billing: a subscription is to a plan that the settings do not know, and opens nothing")
    row.plan, row.customer, row.state = snapshot.plan, snapshot.customer, state_of(snapshot)
    row.status, row.period_end, row.trial_end = snapshot.status, snapshot.period_end, snapshot.trial_end
    row.cancel_at_period_end, row.paused = snapshot.cancel_at_period_end, snapshot.paused
    row.refunded, row.disputed = snapshot.refunded, snapshot.disputed
    row.amount, row.currency = snapshot.amount, snapshot.currency
    row.off, row.off_until = snapshot.off, snapshot.off_until
    row.created, row.version = snapshot.created, snapshot.updated
    if snapshot != known or (row.products, row.grace_days) != sold or row.reader_id != owner:
        row.seen = now
        row.save()


def _log(row: Subscription, before: State, after: State, move: Move, heard: str, now: int) -> None:
    steps = steps_between(before, after)
    if steps is None:
        log.warning("billing: %s went from %s to %s, which the table does not know", row, before, after)
        what = "unexplained"
    elif steps:
        what = " ".join(steps)
    else:
        what = "end moved" if move.moved else "seen"
    BillingEvent.objects.create(
        at=now,
        subscription=row,
        heard=heard,
        what=what,
        before=before,
        after=after,
        until=move.now,
        version=row.version,
    )
