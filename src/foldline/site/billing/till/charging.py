"""What the till charges for one interval: an introductory price, a promotion code, and tax. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from foldline.site.billing.provider import Status
from foldline.site.billing.till.objects import Object
from foldline.site.billing.till.periods import period_end

#: The till's one tax, in percent: whoever tries things out sees it at once.
TAX_PERCENT = 20


@dataclass(frozen=True, slots=True)
class Code:
    """A promotion code of the till's: `percent` off each of the first `intervals` charges."""

    percent: int
    intervals: int
    says: str


CODES = {
    "HALF-OFF": Code(50, 2, "half off the first two payments"),
    "FREE-START": Code(100, 1, "the first payment free"),
}


@dataclass(frozen=True, slots=True)
class Charge:
    """One payment in minor units: `net` is the price after a discount, `tax` is within `total` or was added to it."""

    net: int
    tax: int
    total: int


def discount_of(checkout: Object) -> tuple[int, int]:
    """What is taken off each charge, and from how many."""
    code = CODES.get(checkout["code"])
    if code is not None:
        return checkout["amount"] * code.percent // 100, code.intervals
    if checkout["first_intervals"]:
        return checkout["amount"] - checkout["first_amount"], checkout["first_intervals"]
    return 0, 0


def charge(amount: int, tax: str) -> Charge:
    """A price and the tax on it, rounded to whole minor units."""
    if tax == "exclusive":
        added = (amount * TAX_PERCENT + 50) // 100
        return Charge(amount, added, amount + added)
    within = (amount * TAX_PERCENT + (100 + TAX_PERCENT) // 2) // (100 + TAX_PERCENT) if tax == "inclusive" else 0
    return Charge(amount, within, amount)


def next_charge(subscription: Object) -> Charge:
    """What the next interval costs."""
    off = subscription["off"] if subscription["off_left"] else 0
    return charge(subscription["amount"] - off, subscription["tax"])


def first_charge(checkout: Object) -> Charge:
    """What is due today: nothing where a trial comes first."""
    off, count = discount_of(checkout)
    return charge(0 if checkout["trial_days"] else checkout["amount"] - (off if count else 0), checkout["tax"])


def change_charge(subscription: Object, paid: int, change: Object, now: int) -> Charge:
    """What going to another plan costs today: the rest of the period at the new price, or a whole period where its
    length is another, less what was `paid` for the rest of this one (net). A trial costs nothing and goes on. What is
    taken off the price that was paid is taken off the new one too."""
    if subscription["status"] == Status.TRIALING:
        return charge(0, change["tax"])
    begin = period_end(subscription["anchor"], subscription["interval"], subscription["periods"] - 1)
    length, left = max(1, subscription["period_end"] - begin), max(0, subscription["period_end"] - now)
    price = max(0, change["amount"] - max(0, subscription["amount"] - paid))
    whole = change["interval"] != subscription["interval"]
    costs = price if whole else _share(price, left, length)
    return charge(max(0, costs - _share(paid, left, length)), change["tax"])


def _share(amount: int, left: int, length: int) -> int:
    """A part of an amount, to the nearest whole minor unit."""
    return (2 * amount * left + length) // (2 * length)


def off_until(subscription: Object) -> int | None:
    """From when on no discount is taken any more, epoch seconds; None where none runs."""
    left = subscription["off_left"]
    if not left:
        return None
    return period_end(subscription["anchor"], subscription["interval"], subscription["periods"] + left)
