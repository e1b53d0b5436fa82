"""Giving and ending entitlements: the only two ways in which one changes that no subscription owns."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from foldline.errors import FoldlineError
from foldline.site.readers import moment, passes
from foldline.site.readers.models import Entitlement, Product, Reader


class OwnedBySubscription(FoldlineError):
    """A subscription owns this entitlement: ended here, it would be back with the next notice of the provider."""

    def __init__(self) -> None:
        super().__init__("A subscription owns this entitlement. Refund or end it at the payment provider.")


def give(
    reader: Reader,
    product: Product,
    *,
    kind: str = Entitlement.Kind.COMPLIMENTARY,
    ends_at: datetime | None = None,
    note: str = "",
    by: Reader | None = None,
) -> Entitlement:
    """Give a reader a product from now on. Their passes follow in the same transaction.

    Raises:
        ValidationError: for an end that has passed, none where the kind needs one, or a kind that only
            subscriptions have.
    """
    if kind in Entitlement.OF_SUBSCRIPTIONS:
        raise ValidationError({"kind": "Only a subscription gives an entitlement of this kind."})
    entitlement = Entitlement(
        reader=reader, product=product, kind=kind, starts_at=moment.now(), ends_at=ends_at, note=note, given_by=by
    )
    entitlement.full_clean()
    with transaction.atomic():
        entitlement.save()
        passes.refresh(reader)
    return entitlement


def end(entitlement: Entitlement, *, by: Reader | None = None) -> None:
    """End an entitlement now. One that has ended already stays as it is recorded.

    Raises:
        OwnedBySubscription: where staff would end what a subscription owns; with the account it ends all the same.
    """
    if by is not None and entitlement.kind in Entitlement.OF_SUBSCRIPTIONS:
        raise OwnedBySubscription
    with transaction.atomic():
        now = moment.now()
        ended = Entitlement.objects.filter(pk=entitlement.pk, ended_at=None).exclude(ends_at__lte=now)
        if ended.update(ended_at=now, ended_by=by):
            passes.refresh(entitlement.reader)
    entitlement.refresh_from_db()
