"""Reconciling: each subscription of a provider beside what we have of it. What differs is listed and repaired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from foldline.site.billing import ledger, orders, owned
from foldline.site.billing.ledger import Applied, Outcome
from foldline.site.billing.models import Subscription
from foldline.site.billing.provider import NotAtProvider, Provider


class Kind(StrEnum):
    """What can differ. Only `REPAIRED` ones are gone at the next run."""

    REPAIRED = "repaired"
    UNKNOWN_READER = "unknown-reader"
    UNKNOWN_PLAN = "unknown-plan"
    OTHER_CURRENCY = "other-currency"
    OTHER_AMOUNT = "other-amount"
    NOT_AT_PROVIDER = "not-at-provider"


@dataclass(frozen=True, slots=True)
class Difference:
    """One subscription that stood here as it does not stand at the provider. `before` and `after` are states with the
    epoch second until which they open (0: nothing). `ends_sooner`: one of its products, or all of them, did."""

    subscription: str
    kind: Kind
    before: tuple[str, int]
    after: tuple[str, int]
    ends_sooner: bool = False

    @property
    def repaired(self) -> bool:
        return self.kind is Kind.REPAIRED

    @property
    def takes_away(self) -> bool:
        return self.repaired and self.ends_sooner


_LISTED = {
    Applied.CHANGED: Kind.REPAIRED,
    Applied.UNKNOWN_READER: Kind.UNKNOWN_READER,
    Applied.UNKNOWN_PLAN: Kind.UNKNOWN_PLAN,
    Applied.OTHER_CURRENCY: Kind.OTHER_CURRENCY,
    Applied.OTHER_AMOUNT: Kind.OTHER_AMOUNT,
}


def reconcile(provider: Provider, now: int) -> list[Difference]:
    """Compare all, repair what can be, and mail the confirmations that nobody was there to send. A subscription that
    the provider does not have (any more) is listed alone: a provider that answers for another account would else end
    everybody's.

    Raises:
        ProviderUnavailable: in the middle of it. What was repaired stays, and the next run goes on.
    """
    found = []
    met = set()
    for snapshot in provider.subscriptions(0):
        met.add(snapshot.subscription)
        outcome = ledger.apply(provider.name, snapshot, now, ledger.Heard.RECONCILE)
        if outcome.applied in _LISTED:
            found.append(_difference(snapshot.subscription, outcome))
    for row in Subscription.objects.filter(provider=provider.name).iterator():
        if row.provider_id not in met:
            found += _not_listed(provider, row, now)
    orders.confirm_unheard(provider.name)
    return found


def summary(found: Sequence[Difference]) -> str:
    """A line for people: how many of each kind, and of how many access was taken away."""
    if not found:
        return "Nothing differed."
    kinds = Counter(one.kind for one in found)
    parts = [f"{count} {kind.value}" for kind, count in sorted(kinds.items())]
    taken = sum(one.takes_away for one in found)
    return f"{len(found)} differed: {', '.join(parts)}; access taken away from {taken}."


def _not_listed(provider: Provider, row: Subscription, now: int) -> list[Difference]:
    """One that the list left out: it is asked for by name before anything is said of it."""
    try:
        snapshot = provider.subscription(row.provider_id)
    except NotAtProvider:
        stands = (row.state, owned.open_until(row, now))
        gone = Difference(row.provider_id, Kind.NOT_AT_PROVIDER, stands, stands)
        return [gone] if stands[1] else []
    outcome = ledger.apply(provider.name, snapshot, now, ledger.Heard.RECONCILE)
    return [_difference(row.provider_id, outcome)] if outcome.applied in _LISTED else []


def _difference(subscription: str, outcome: Outcome) -> Difference:
    before, after = (outcome.before, outcome.move.before), (outcome.after, outcome.move.now)
    return Difference(subscription, _LISTED[outcome.applied], before, after, outcome.move.takes_away)
