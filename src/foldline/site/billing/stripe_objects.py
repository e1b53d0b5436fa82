"""Stripe's objects in our words. Pure: plain dicts in (`StripeObject.to_dict()`), values of `provider.py` out.

Sources: the published objects of API `2026-10-28.endive` (stripe/openapi), and what older versions still have:
`current_period_end` on the subscription instead of its item, `plan` instead of `price`, `invoice.subscription`.
"""

from __future__ import annotations

import re
from typing import Any

from foldline.site.billing.provider import Checkout, Invoice, InvoiceStatus, Price, Snapshot, Status

Object = dict[str, Any]

READER, PLAN = "foldline_reader", "foldline_plan"
#: What a portal configuration of ours lets one go to: the id of a Price.
CHANGES_TO = "foldline_changes_to"
_LOOKUP_KEY = re.compile(r"foldline-(.+)-\d+-[a-z]{3}-(?:month|year)(?:-inclusive|-exclusive)?")
_UNPAID = (Status.PAST_DUE, Status.UNPAID, Status.INCOMPLETE, Status.INCOMPLETE_EXPIRED)
#: A dispute that ended well, or took no money (yet).
_NO_DISPUTE = {"won", "warning_needs_response", "warning_under_review", "warning_closed", "prevented"}
_INVOICES = {
    "paid": InvoiceStatus.PAID,
    "void": InvoiceStatus.VOID,
    "uncollectible": InvoiceStatus.FAILED,
    "open": InvoiceStatus.OPEN,
}


def is_price(found: Object, lookup_key: str, price: Price) -> bool:
    """Whether a Price costs what `price` says, as often."""
    recurring = found.get("recurring") or {}
    return (
        found.get("lookup_key") == lookup_key
        and (found.get("unit_amount"), found.get("currency")) == (price.amount, price.currency)
        and (recurring.get("interval"), recurring.get("interval_count", 1)) == (price.interval, 1)
        and (price.tax == "none" or found.get("tax_behavior") == price.tax)
    )


def is_coupon(found: Object, off: int, currency: str, months: int) -> bool:
    """Whether a Coupon takes so much off, for so many months, and still does."""
    takes = (found.get("amount_off"), found.get("currency"), found.get("duration"), found.get("duration_in_months"))
    return takes == (off, currency, "repeating", months) and found.get("valid") is not False


def checkout(session: Object) -> Checkout:
    """A Checkout Session. It is paid where it is complete and nothing is due any more, so also with a trial."""
    paid = session.get("status") == "complete" and session.get("payment_status") in ("paid", "no_payment_required")
    return Checkout(
        id=session["id"],
        url=(session.get("url") or "") if session.get("status") == "open" else "",
        reader=session.get("client_reference_id") or _said(session, READER),
        plan=_said(session, PLAN),
        paid=paid,
        subscription=identifier(session.get("subscription")) or None,
    )


def snapshot(subscription: Object, charges: list[Object], disputes: list[Object], asked_at: int) -> Snapshot:
    """A Subscription with its latest invoice expanded, its customer's charges, newest first, and their disputes.
    `asked_at` is its version."""
    item = (_listed(subscription.get("items")) or [{}])[0]
    price = item.get("price") or item.get("plan") or subscription.get("plan") or {}
    amount = price.get("unit_amount") if "unit_amount" in price else price.get("amount")
    paid = [one for one in charges if one.get("status") == "succeeded"]
    off, off_until = _discount(subscription, amount or 0)
    return Snapshot(
        subscription=subscription["id"],
        customer=identifier(subscription.get("customer")),
        reader=_said(subscription, READER),
        plan=_plan_of(price) or _said(subscription, PLAN),
        status=Status(subscription["status"]),
        period_end=_paid_until(subscription, item),
        cancel_at_period_end=bool(subscription.get("cancel_at_period_end")),
        trial_end=subscription.get("trial_end"),
        paused=bool(subscription.get("pause_collection")) or subscription["status"] == Status.PAUSED,
        refunded=bool(paid) and bool(paid[0].get("refunded")),
        disputed=any(one.get("status") not in _NO_DISPUTE for one in disputes),
        amount=(amount or 0) * (item.get("quantity") or 1),
        currency=price.get("currency") or subscription.get("currency") or "",
        created=subscription["created"],
        updated=asked_at,
        off=off,
        off_until=off_until,
    )


def item_of(subscription: Object) -> str:
    """The id of a Subscription's one item."""
    return identifier((_listed(subscription.get("items")) or [{}])[0])


def _plan_of(price: Object) -> str:
    """The plan that a Price of ours is of, "" for any other. It comes before what the Subscription says of itself: that
    was written at checkout, and stays when somebody goes to another Price, in the portal or in the dashboard."""
    found = _LOOKUP_KEY.fullmatch(price.get("lookup_key") or "")
    return found[1] if found else ""


def _discount(subscription: Object, amount: int) -> tuple[int, int | None]:
    """What the discounts of a Subscription take from each charge, and until when at the most; what was not expanded is
    not known, and takes nothing. One that counts once is gone with the charge that it was for."""
    given = subscription.get("discounts") or [subscription.get("discount")]
    found = [one for one in given if isinstance(one, dict)]
    off, ends = 0, []
    for one in found:
        source = one.get("source") or {}
        coupon = one.get("coupon") or source.get("coupon")
        if not isinstance(coupon, dict):
            continue
        percent = coupon.get("percent_off")
        off += round(amount * percent / 100) if percent else coupon.get("amount_off") or 0
        ends.append(one.get("end"))
    running = [end for end in ends if end is not None]
    return off, min(running) if running else None


def _paid_until(subscription: Object, item: Object) -> int:
    """Stripe moves the period on before it is paid: where it is not, what is paid ends where the period begins."""
    start, end = (
        item.get(name) or subscription.get(name) or 0 for name in ("current_period_start", "current_period_end")
    )
    status = subscription["status"]
    if status == Status.PAUSED:
        return int(subscription.get("trial_end") or start)
    if status in _UNPAID or _was_let_off(subscription):
        return int(start)
    ended = subscription.get("ended_at")
    return int(min(end, ended) if status == Status.CANCELED and ended else end)


def _was_let_off(subscription: Object) -> bool:
    """While collection is paused the periods go on, active, and nobody pays them."""
    latest = subscription.get("latest_invoice")
    asked = latest.get("status") if isinstance(latest, dict) else None
    paused = bool(subscription.get("pause_collection"))
    return asked in ("void", "uncollectible") or (paused and asked in ("draft", "open"))


def invoice(found: Object) -> Invoice | None:
    """An Invoice, None for a draft: nobody was asked for it yet."""
    status = _INVOICES.get(found.get("status") or "")
    if status is None:
        return None
    if status is InvoiceStatus.OPEN and found.get("attempt_count"):
        status = InvoiceStatus.FAILED
    back = found.get("post_payment_credit_notes_amount") or 0
    if status is InvoiceStatus.PAID and back and back >= found["total"]:
        status = InvoiceStatus.REFUNDED
    return Invoice(
        id=found["id"],
        number=found.get("number") or "",
        subscription=subscription_of_invoice(found),
        amount=found["total"],
        currency=found["currency"],
        status=status,
        created=found["created"],
        url=found.get("hosted_invoice_url") or "",
    )


def subscription_of_invoice(found: Object) -> str:
    parent = (found.get("parent") or {}).get("subscription_details") or {}
    return identifier(parent.get("subscription")) or identifier(found.get("subscription"))


def subscription_of_event(thing: Object) -> str:
    """The subscription that an event's object says it is about, "" where it says none."""
    match thing.get("object"):
        case "subscription":
            return str(thing.get("id") or "")
        case "invoice":
            return subscription_of_invoice(thing)
        case "checkout.session":
            return identifier(thing.get("subscription"))
        case _:
            return ""


def identifier(value: object) -> str:
    """The id of what is an id, an object, or nothing."""
    return str(value.get("id") or "") if isinstance(value, dict) else str(value or "")


def _said(thing: Object, name: str) -> str:
    return str((thing.get("metadata") or {}).get(name) or "")


def _listed(value: object) -> list[Object]:
    return list(value["data"]) if isinstance(value, dict) else []
