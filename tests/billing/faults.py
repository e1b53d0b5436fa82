"""Faults to be found: each takes one defence of the ledger away, and the histories have to go red by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from foldline.site.billing.provider import Notice, Provider

PROMISE = "what is open is not what the provider's objects promise"
LOST, KEPT = "somebody lost what still runs", "somebody keeps what is over"

Break = Callable[[pytest.MonkeyPatch], None]

#: Each by its name: how it is put in, and what the histories then say, one or the other.
FAULTS: dict[str, tuple[Break, tuple[str, ...]]] = {}


def _fault(name: str, *says: str) -> Callable[[Break], Break]:
    def kept(fault: Break) -> Break:
        FAULTS[name] = (fault, says)
        return fault

    return kept


@_fault("an older object is believed", "a state is not the provider's")
def _older(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger

    honest = ledger._row

    def row(provider: str, subscription: str) -> object:
        found = honest(provider, subscription)
        if found is not None:
            found.version = -1
        return found

    patch.setattr(ledger, "_row", row)


@_fault("a renewal that is awaited has no grace", PROMISE, LOST, KEPT)
def _no_grace(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger, lifecycle

    patch.setattr(ledger, "entitled_until", lambda snapshot, _grace: lifecycle.entitled_until(snapshot, 0))


@_fault("who cancelled has the grace too", PROMISE, LOST, KEPT)
def _grace_for_all(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger, lifecycle

    def until(snapshot: object, grace: int) -> int | None:
        return lifecycle.entitled_until(replace(snapshot, cancel_at_period_end=False), grace)  # type: ignore[type-var]

    patch.setattr(ledger, "entitled_until", until)


@_fault("a refund is not looked at", KEPT, PROMISE)
def _no_refunds(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger, lifecycle

    def until(snapshot: object, grace: int) -> int | None:
        return lifecycle.entitled_until(replace(snapshot, refunded=False), grace)  # type: ignore[type-var]

    patch.setattr(ledger, "entitled_until", until)


@_fault("ending a subscription ends whatever its reader has", PROMISE, LOST, KEPT)
def _ends_all(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import owned
    from foldline.site.readers.models import Entitlement

    honest = owned._end

    def end(entitlement: Entitlement, now: int) -> bool:
        Entitlement.objects.filter(reader=entitlement.reader, ended_at=None).update(ended_at=owned._moment(now))
        return honest(entitlement, now)

    patch.setattr(owned, "_end", end)


@_fault("a subscription takes over what was given", PROMISE, LOST, KEPT)
def _takes_over(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import owned
    from foldline.site.readers.models import Entitlement

    def standing(subscription: object) -> dict[int, Entitlement]:
        found = Entitlement.objects.filter(reader=subscription.reader, ended_at=None)  # type: ignore[attr-defined]
        return {one.product_id: one for one in found}

    patch.setattr(owned, "_standing", standing)


@_fault("the passes are not told", "the pass lags behind")
def _no_refresh(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import owned

    class Silent:
        refresh = staticmethod(lambda _reader: None)

    patch.setattr(owned, "passes", Silent)


@_fault("an event is done with before the provider has answered", "an event was not taken")
def _seen_first(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger
    from foldline.site.billing.provider import ProviderUnavailable

    def asked(provider: object, told: object) -> object:
        try:
            return provider.subscription(told.subscription)  # type: ignore[attr-defined]
        except ProviderUnavailable:
            return None

    patch.setattr(ledger, "_asked", asked)


@_fault("reconciling lists and repairs nothing", "not the provider's")
def _no_repair(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import reconcile

    patch.setattr(reconcile, "reconcile", lambda _provider, _now: [])


@_fault("an event that comes again ends what it opened", LOST, PROMISE)
def _again(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger, owned
    from foldline.site.billing.models import Subscription

    honest = ledger.notice

    def notice(provider: Provider, told: Notice, now: int) -> ledger.Outcome | None:
        outcome = honest(provider, told, now)
        row = Subscription.objects.filter(provider_id=told.subscription).first()
        if outcome is None and row is not None:
            owned.follow(row, None, "paid", now)
        return outcome

    patch.setattr(ledger, "notice", notice)


@_fault("the grace never ends", PROMISE, LOST, KEPT)
def _endless_grace(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger, lifecycle

    patch.setattr(ledger, "entitled_until", lambda snapshot, _grace: lifecycle.entitled_until(snapshot, 10_000))


@_fault("a trial goes on for ever", PROMISE, LOST, KEPT)
def _endless_trial(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger, lifecycle
    from foldline.site.billing.provider import Snapshot

    def until(snapshot: Snapshot, grace: int) -> int | None:
        honest = lifecycle.entitled_until(snapshot, grace)
        return honest + 4_000 * lifecycle.DAY if honest and lifecycle.is_trial(snapshot) else honest

    patch.setattr(ledger, "entitled_until", until)


@_fault("a dispute is not looked at", KEPT, PROMISE)
def _no_disputes(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger, lifecycle

    def until(snapshot: object, grace: int) -> int | None:
        return lifecycle.entitled_until(replace(snapshot, disputed=False), grace)  # type: ignore[type-var]

    patch.setattr(ledger, "entitled_until", until)


@_fault("who pauses loses what is paid", PROMISE, LOST, KEPT)
def _pause_ends(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger, lifecycle
    from foldline.site.billing.provider import Snapshot

    def until(snapshot: Snapshot, grace: int) -> int | None:
        return None if snapshot.paused else lifecycle.entitled_until(snapshot, grace)

    patch.setattr(ledger, "entitled_until", until)


@_fault("every plan opens every product", KEPT, PROMISE)
def _all_products(patch: pytest.MonkeyPatch) -> None:
    from foldline.plans import Plan
    from foldline.site.billing import ledger, plans

    class Generous:
        @staticmethod
        def named(key: str) -> Plan | None:
            plan = plans.named(key)
            return plan and replace(plan, products=(1, 2))

    patch.setattr(ledger, "plans", Generous)


@_fault("another plan leaves open what the old one opened", PROMISE, LOST, KEPT)
def _keeps_the_old(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger
    from foldline.site.billing.models import Subscription

    honest = ledger._write

    def write(row: Subscription, *rest: object) -> None:
        before = set(row.opens) if row.pk else set()
        honest(row, *rest)  # type: ignore[arg-type]
        row.products = ",".join(map(str, sorted(before | set(row.opens))))
        row.save()

    patch.setattr(ledger, "_write", write)


@_fault("what a notice is called is believed", KEPT, PROMISE, "a state is not the provider's")
def _believed(patch: pytest.MonkeyPatch) -> None:
    from tests.billing.memory_provider import MemoryProvider

    from foldline.site.billing import ledger
    from foldline.site.billing.provider import Snapshot, Status

    def asked(provider: MemoryProvider, told: Notice) -> Snapshot:
        honest = provider.subscription(told.subscription)
        good = told.kind in ("created", "paid")
        return replace(honest, status=Status.ACTIVE, refunded=False, disputed=False) if good else honest

    patch.setattr(ledger, "_asked", asked)


@_fault("an event is not remembered", "an event was not taken, or taken twice")
def _replayed(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import ledger
    from foldline.site.billing.models import SeenNotice

    honest = ledger.notice

    def notice(provider: Provider, told: Notice, now: int) -> ledger.Outcome | None:
        SeenNotice.objects.all().delete()
        return honest(provider, told, now)

    patch.setattr(ledger, "notice", notice)


@_fault("reconciling takes away and does not say so", "taken away silently")
def _silently(patch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing import reconcile

    honest = reconcile.reconcile

    def told(provider: Provider, now: int) -> list[reconcile.Difference]:
        return [one for one in honest(provider, now) if not one.takes_away]

    patch.setattr(reconcile, "reconcile", told)
