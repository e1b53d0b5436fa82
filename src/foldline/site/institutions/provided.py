"""What a reader has by an address in the domain of a library or a company: an entitlement of its kind, for as long as
the contract runs, the address is theirs, and they have typed a code that was mailed there within half a year."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from foldline.callers.doubts import BELOW, covers
from foldline.errors import StoreUnavailable
from foldline.site.institutions.models import Provided
from foldline.site.readers import entitlements, moment
from foldline.site.readers.models import Entitlement, Product, Reader
from foldline.stores.institutions import InstitutionStore, Kind, StoredInstitution

log = logging.getLogger(__name__)

#: Who has left an institution has lost their mailbox there. So long after the last code nobody knows any more.
PROVEN_FOR = timedelta(days=180)

_KINDS = {Kind.LIBRARY: Entitlement.Kind.LIBRARY, Kind.COMPANY: Entitlement.Kind.COMPANY}


def known() -> list[StoredInstitution]:
    """All institutions.

    Raises:
        StoreUnavailable: they can't be read.
    """
    with InstitutionStore(settings.FOLDLINE.home, read_only=True) as store:
        return store.every()


def prove(reader: Reader) -> None:
    """A reader has just typed a code that was mailed to their address. Where institutions can't be read they sign in
    all the same: the due job settles it."""
    try:
        settle(reader, known(), proven_at=moment.now())
    except StoreUnavailable as error:
        log.warning("%s", error)


def settle_all() -> None:
    """Look at every reader who has something of an institution, or an address in the domain of one.

    Raises:
        StoreUnavailable: institutions can't be read. Nothing is taken away then.
    """
    every = known()
    concerned = Q(entitlements__provided__isnull=False)
    for domain in {domain for one in every for domain in one.domains}:
        concerned |= Q(email__endswith=f".{domain.removeprefix(BELOW)}" if domain.startswith(BELOW) else f"@{domain}")
    for reader in Reader.objects.filter(concerned, is_active=True).distinct().iterator():
        settle(reader, every)


@transaction.atomic
def settle(reader: Reader, every: Sequence[StoredInstitution], proven_at: datetime | None = None) -> None:
    """Give what institutions provide to a reader now, and end what they do not. Doing it again changes nothing."""
    now = moment.now()
    rows = Provided.objects.filter(entitlement__reader=reader).select_related("entitlement__product")
    held = [row for row in rows if row.entitlement.runs(now)]
    proven = proven_at or max((row.proven_at for row in held), default=None) or _proven_before(reader)
    if proven is None:
        return
    # What staff ended stays ended: they give something else by hand.
    ended_by_staff = {row.institution for row in rows if row.entitlement.ended_by_id is not None}
    providing = {one.id: one for one in every if one.id not in ended_by_staff and _provides(one, reader, now)}
    for row in held:
        one = providing.get(row.institution)
        if one is not None and _stands(row.entitlement, one, proven, now):
            Provided.objects.filter(pk=row.pk).update(proven_at=proven)
            del providing[one.id]
        else:
            entitlements.end(row.entitlement)
    for one in providing.values():
        if _ends(one, proven) > now:
            _give(reader, one, proven)


def _stands(entitlement: Entitlement, one: StoredInstitution, proven: datetime, now: datetime) -> bool:
    """Whether what was given is still right. It is given anew shortly before its end, not at every sign-in."""
    given, ends = entitlement.ends_at, _ends(one, proven)
    if given is None or given > ends or entitlement.product_id != one.product or entitlement.kind != _KINDS[one.kind]:
        return False
    return given == ends or given > now + PROVEN_FOR / 2


def _give(reader: Reader, one: StoredInstitution, proven: datetime) -> None:
    product = Product.objects.filter(number=one.product).first()
    if product is None:
        log.error("institution %s provides product %s, which there is none of", one.id, one.product)
        return
    given = entitlements.give(
        reader, product, kind=_KINDS[one.kind], ends_at=_ends(one, proven), note=f"provided by {one.name}"
    )
    Provided.objects.create(entitlement=given, institution=one.id, proven_at=proven)


def _provides(one: StoredInstitution, reader: Reader, now: datetime) -> bool:
    return one.runs(int(now.timestamp())) and any(covers(domain, reader.email) for domain in one.domains)


def _ends(one: StoredInstitution, proven: datetime) -> datetime:
    return min(datetime.fromtimestamp(one.ends, UTC), proven + PROVEN_FOR)


def _proven_before(reader: Reader) -> datetime | None:
    """Of somebody who had an account before their institution had a contract: when they last signed in, where the
    address was verified. Who never signed in has typed no code."""
    if not EmailAddress.objects.filter(user=reader, email=reader.email, verified=True).exists():
        return None
    return reader.last_login
