"""What bears on whether an account can read at all, before any article is looked at."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from foldline.errors import StoreUnavailable
from foldline.policy.window import window_at
from foldline.signed.counting import reader_owner
from foldline.site.desk.pages import zone
from foldline.site.newsroom.press import rules_in_force
from foldline.site.readers import moment, passes
from foldline.site.readers.models import Entitlement, PassFacts, Reader
from foldline.stores.meter import SqliteMeter
from foldline.stores.passes import pack_products


@dataclass(frozen=True, slots=True)
class Known:
    """One thing that bears on whether a reader can read: whether it speaks for it, and what it is."""

    good: bool
    what: str


def known_of(one: Reader) -> list[Known]:
    """Everything about the account itself that lets a reader read, or keeps them from it."""
    known = [Known(one.is_active, "The account is open." if one.is_active else "The account is closed.")]
    sessions = [session for session, _day in passes.in_use(one)]
    count = len(sessions)
    signed_in = {0: "Signed in nowhere.", 1: "Signed in on one device."}
    known.append(Known(count > 0, signed_in.get(count, f"Signed in on {count} devices.")))
    now = moment.now()
    for product, end in passes.products_running(one):
        at = datetime.fromtimestamp(end, zone()) if end else None
        if at is None:
            known.append(Known(True, f"{product}: without end."))
        elif at > now:
            known.append(Known(True, f"{product}: until {at:%Y-%m-%d %H:%M}."))
        else:
            known.append(Known(False, f"{product}: ended on {at:%Y-%m-%d %H:%M}."))
    if not passes.product_ends(one):
        known.append(Known(False, "No entitlement, now or before."))
    for later in Entitlement.objects.filter(reader=one, starts_at__gt=now).select_related("product"):
        known.append(
            Known(False, f"{later.product}: starts only on {later.starts_at.astimezone(zone()):%Y-%m-%d %H:%M}.")
        )
    known += _meters(one)
    packed = pack_products(passes.product_ends(one))
    keys = [session.pass_session for session in sessions]
    if PassFacts.objects.filter(session__in=keys, ended_at=0).exclude(products=packed).exists():
        known.append(Known(False, "A device carries another right than the account has: sign it out."))
    return known


def _meters(one: Reader) -> list[Known]:
    """How much each allowance of the rules has left for this reader. Which articles were read is not looked up."""
    rules = rules_in_force()
    if rules is None:
        return [Known(False, "No rules can be read: previews only, for everybody.")]
    owner = reader_owner(passes.keyring(), bytes.fromhex(one.key))
    known = []
    try:
        with closing(SqliteMeter(settings.FOLDLINE.home)) as store:
            for allowance in rules.allowances.values():
                window = window_at(moment.epoch(), zone(), allowance.days)
                used = store.used(owner, allowance.name, window.number)
                limit = allowance.limit(signed_in=True)
                what = f"Meter “{allowance.name}”: {used} of {limit} articles read, until {window.resets:%Y-%m-%d}."
                known.append(Known(used < limit, what))
    except StoreUnavailable:
        known.append(Known(False, "The meter can’t be read just now: nothing metered opens."))
    return known
