"""From a print subscription to an entitlement: by number and postcode, or by the address in the circulation file."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from foldline.site.circulation import hashes
from foldline.site.circulation.models import OPEN_ENDED, PrintActivation, PrintSubscription
from foldline.site.readers import entitlements, moment
from foldline.site.readers.models import WHOLE_PUBLICATION, Entitlement, Product, Reader

NOTE = "print subscription"
#: One without an end is given anew when so little is left: not with every nightly file.
RENEW_BEFORE = timedelta(days=30)


def activate(reader: Reader, number: str, postcode: str) -> PrintActivation | None:
    """Activate a subscription for a reader. None where there is none that belongs together, runs, and is nobody else's:
    which of these it was is told to nobody, and each takes the same look at the table."""
    found = PrintSubscription.objects.filter(pair__in=hashes.pairs(number, postcode)).select_related("activation")
    subscription = found.first()
    now = moment.now()
    if subscription is None or not subscription.runs(now):
        return None
    held: PrintActivation | None = getattr(subscription, "activation", None)
    if held is not None:
        return held if held.reader_id == reader.pk else None
    return _give(reader, subscription, now)


def restore(number: str, entitlement: Entitlement) -> None:
    """An activation as it stood in an export. Where no file has named the subscription yet, nobody can activate it by a
    postcode; the next file says all of it."""
    subscription, _made = PrintSubscription.objects.get_or_create(
        number=number,
        defaults={
            "pair": "",
            "starts_at": entitlement.starts_at,
            "ends_at": entitlement.ends_at,
            "seen_at": moment.now(),
        },
    )
    PrintActivation.objects.create(subscription=subscription, reader_id=entitlement.reader_id, entitlement=entitlement)


def match(reader: Reader) -> None:
    """A reader has just typed a code that was mailed to their address: what the file has under it is theirs."""
    now = moment.now()
    rows = PrintSubscription.objects.filter(address__in=hashes.addresses(reader.email), activation=None)
    for subscription in rows:
        if subscription.runs(now):
            _give(reader, subscription, now)


def follow(activation: PrintActivation) -> None:
    """Let the entitlement end when the file says, neither earlier nor later. What staff ended stays ended."""
    now, subscription, held = moment.now(), activation.subscription, activation.entitlement
    if held.ended_by_id is not None:
        return
    wanted = subscription.end
    if held.runs(now) and held.ends_at is not None:
        open_ended = subscription.ends_at is None
        if held.ends_at == wanted or (open_ended and now + RENEW_BEFORE < held.ends_at <= wanted):
            return
        entitlements.end(held)
    if wanted > now:
        activation.entitlement = _entitlement(activation.reader, wanted)
        activation.save(update_fields=["entitlement"])


def release(activation: PrintActivation, by: Reader) -> None:
    """Take a subscription from whoever activated it: then somebody else can."""
    with transaction.atomic():
        entitlements.end(activation.entitlement, by=by)
        activation.delete()


def _give(reader: Reader, subscription: PrintSubscription, now: datetime) -> PrintActivation | None:
    try:
        with transaction.atomic():
            given = _entitlement(reader, subscription.end)
            return PrintActivation.objects.create(subscription=subscription, reader=reader, entitlement=given, at=now)
    except IntegrityError:
        # Somebody else was faster: the entitlement went with the transaction.
        return None


def _entitlement(reader: Reader, ends_at: datetime) -> Entitlement:
    product = Product.objects.get(number=WHOLE_PUBLICATION)
    return entitlements.give(reader, product, kind=Entitlement.Kind.PRINT, ends_at=ends_at, note=NOTE)


__all__ = ["OPEN_ENDED", "activate", "follow", "match", "release"]
