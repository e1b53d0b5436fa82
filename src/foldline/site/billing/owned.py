"""The entitlements that a subscription owns: one for each of its products, and no others are touched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from foldline.site.billing.models import OwnedEntitlement, Subscription
from foldline.site.readers import passes
from foldline.site.readers.models import Entitlement, Product


@dataclass(frozen=True, slots=True)
class Move:
    """How long a subscription opened, and opens now: epoch seconds, 0 for what opens nothing. Of several products the
    one that ends first counts. `moved` is false where nothing had to be written; `takes_away` is true where any product
    ends sooner than it did, be it only one of them."""

    before: int
    now: int
    moved: bool
    takes_away: bool = False


def follow(subscription: Subscription, until: int | None, kind: str, now: int) -> Move:
    """Let a subscription open its products until an epoch second, and nothing where that is None or past. Call it in a
    transaction: entitlements, passes and the changes that workers hear of belong together."""
    owner = subscription.reader_id
    if owner is None:
        return Move(0, 0, moved=False)
    standing = _standing(subscription)
    before, ended = _opening(standing, now), _ends(standing, now)
    moved = False
    for number, entitlement in list(standing.items()):
        if number not in subscription.opens:
            moved |= _end(entitlement, now)
            del standing[number]
    for number in subscription.opens:
        entitlement_now = standing.get(number)
        if until is None or until <= now:
            moved |= entitlement_now is not None and _end(entitlement_now, now)
            standing.pop(number, None)
        elif entitlement_now is None:
            standing[number] = _give(subscription, owner, number, until, kind, now)
            moved = True
        else:
            moved |= _move(entitlement_now, until, kind)
    if moved and subscription.reader is not None:
        passes.refresh(subscription.reader)
    ends = _ends(standing, now)
    takes_away = any(ends.get(number, 0) < end for number, end in ended.items())
    return Move(before, _opening(standing, now), moved, takes_away)


def open_until(subscription: Subscription, now: int) -> int:
    """Until when a subscription opens by what stands here, in epoch seconds; 0 for not at all."""
    return _opening(_standing(subscription), now)


def _standing(subscription: Subscription) -> dict[int, Entitlement]:
    """Its entitlements that were not ended early, by product."""
    owned = Entitlement.objects.filter(owner__subscription=subscription, ended_at=None).order_by()
    return {one.product_id: one for one in owned}


def _opening(standing: dict[int, Entitlement], now: int) -> int:
    return min(_ends(standing, now).values(), default=0)


def _ends(standing: dict[int, Entitlement], now: int) -> dict[int, int]:
    """Until when each product is open, those alone that are."""
    ends = {number: int(one.ends_at.timestamp()) for number, one in standing.items() if one.ends_at is not None}
    return {number: end for number, end in ends.items() if end > now}


def _give(subscription: Subscription, owner: int, number: int, until: int, kind: str, now: int) -> Entitlement:
    # A plan may open a product that nobody has named at the desk yet. Who paid for it reads all the same.
    product, _made = Product.objects.get_or_create(number=number, defaults={"name": f"Product {number}"})
    entitlement = Entitlement.objects.create(
        reader_id=owner,
        product=product,
        kind=kind,
        starts_at=_moment(now),
        ends_at=_moment(until),
        given_at=_moment(now),
    )
    OwnedEntitlement.objects.create(subscription=subscription, entitlement=entitlement)
    return entitlement


def _move(entitlement: Entitlement, until: int, kind: str) -> bool:
    if entitlement.ends_at == _moment(until) and entitlement.kind == kind:
        return False
    entitlement.ends_at, entitlement.kind = _moment(until), kind
    entitlement.save(update_fields=["ends_at", "kind"])
    return True


def _end(entitlement: Entitlement, now: int) -> bool:
    """End one that runs; one whose end has come stays as it is recorded."""
    if entitlement.ends_at is not None and entitlement.ends_at <= _moment(now):
        return False
    entitlement.ended_at = _moment(now)
    entitlement.save(update_fields=["ended_at"])
    return True


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
