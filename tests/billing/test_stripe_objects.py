"""Stripe's objects in our words, from the objects that Stripe publishes (the sample data's `stripe/fixtures3.json`)."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from tests.sample_data import sample_folder

from foldline.site.billing import stripe_objects as ours
from foldline.site.billing.provider import InvoiceStatus, Price, Status

START, END = 1_800_000_000, 1_802_592_000


@cache
def resources() -> dict[str, dict[str, Any]]:
    file = sample_folder() / "stripe" / "fixtures3.json"
    if not file.is_file():
        pytest.skip(f"FOLDLINE_SAMPLES: there are no objects of Stripe at {file}")
    found: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["resources"]
    return found


def published(kind: str, **changes: Any) -> dict[str, Any]:
    return copy.deepcopy(resources()[kind]) | changes


def subscription(**changes: Any) -> dict[str, Any]:
    """The published one with a period that makes sense; its item keeps the two ends."""
    found = published(
        "subscription",
        metadata={"foldline_reader": "reader-1", "foldline_plan": "everything"},
        pause_collection=None,
        cancel_at_period_end=False,
        ended_at=None,
        trial_end=None,
    )
    found["items"]["data"][0] |= {"current_period_start": START, "current_period_end": END}
    return found | changes


def test_a_subscription_is_read_from_its_item_and_its_metadata() -> None:
    found = ours.snapshot(subscription(), [], [], 7)
    assert (found.subscription, found.customer) == ("sub_1Pgc6rB7WZ01zgkWNy0Cn5nw", "cus_QXg1o8vcGmoR32")
    assert (found.reader, found.plan, found.updated) == ("reader-1", "everything", 7)
    assert (found.status, found.period_end, found.amount, found.currency) == (Status.ACTIVE, END, 2000, "usd")
    assert (found.paused, found.refunded, found.disputed, found.cancel_at_period_end) == (False,) * 4


def test_a_subscription_that_is_not_ours_names_no_reader() -> None:
    found = ours.snapshot(subscription(metadata={}), [], [], 7)
    assert (found.reader, found.plan) == ("", "")


@pytest.mark.parametrize("status", ["past_due", "unpaid", "incomplete", "incomplete_expired"])
def test_a_period_that_is_not_paid_does_not_count(status: str) -> None:
    assert ours.snapshot(subscription(status=status), [], [], 7).period_end == START


@pytest.mark.parametrize(
    ("invoice", "paused", "until"),
    [
        ("paid", False, END),
        ("paid", True, END),
        ("open", False, END),
        ("draft", False, END),
        ("draft", True, START),
        ("open", True, START),
        ("void", False, START),
        ("void", True, START),
        ("uncollectible", True, START),
    ],
)
def test_a_period_that_nobody_was_charged_for_does_not_count(invoice: str, paused: bool, until: int) -> None:
    pause = {"behavior": "void", "resumes_at": None} if paused else None
    found = subscription(latest_invoice=published("invoice", status=invoice), pause_collection=pause)
    assert ours.snapshot(found, [], [], 7).period_end == until


def test_a_trial_that_ended_without_a_card_is_paid_until_its_end() -> None:
    assert ours.snapshot(subscription(status="paused", trial_end=START - 5), [], [], 7).period_end == START - 5


@pytest.mark.parametrize(("ended_at", "until"), [(START + 5, START + 5), (END + 5, END)])
def test_what_was_ended_is_paid_no_longer_than_that(ended_at: int, until: int) -> None:
    assert ours.snapshot(subscription(status="canceled", ended_at=ended_at), [], [], 7).period_end == until


def test_a_pause_is_seen_in_either_form() -> None:
    paused = [subscription(pause_collection={"behavior": "void", "resumes_at": None}), subscription(status="paused")]
    assert [ours.snapshot(one, [], [], 7).paused for one in paused] == [True, True]


@pytest.mark.parametrize(
    ("newest", "older", "refunded"),
    [(True, False, True), (False, True, False), (False, False, False)],
)
def test_the_newest_payment_says_whether_it_was_refunded(newest: bool, older: bool, refunded: bool) -> None:
    charges = [
        published("charge", status="failed", refunded=False),
        *[published("charge", status="succeeded", refunded=value) for value in (newest, older)],
    ]
    assert ours.snapshot(subscription(), charges, [], 7).refunded is refunded


@pytest.mark.parametrize(
    ("status", "disputed"),
    [
        ("needs_response", True),
        ("under_review", True),
        ("lost", True),
        ("a_status_of_tomorrow", True),
        ("won", False),
        ("warning_needs_response", False),
        ("warning_closed", False),
    ],
)
def test_a_dispute_counts_until_it_is_won(status: str, disputed: bool) -> None:
    assert ours.snapshot(subscription(), [], [published("dispute", status=status)], 7).disputed is disputed


def test_an_unknown_status_is_an_error() -> None:
    with pytest.raises(ValueError, match="tomorrow"):
        ours.snapshot(subscription(status="tomorrow"), [], [], 7)


@pytest.mark.parametrize(
    ("status", "payment", "paid"),
    [
        ("open", "unpaid", False),
        ("complete", "unpaid", False),
        ("complete", "paid", True),
        ("complete", "no_payment_required", True),
        ("open", "paid", False),
        ("expired", "unpaid", False),
    ],
)
def test_a_checkout_is_paid_when_it_is_complete_and_nothing_is_due(status: str, payment: str, paid: bool) -> None:
    session = published("checkout.session", status=status, payment_status=payment, subscription="sub_1")
    found = ours.checkout(session)
    assert (found.paid, found.subscription) == (paid, "sub_1")
    assert bool(found.url) is (status == "open")


def test_a_checkout_knows_its_reader_and_plan() -> None:
    session = published("checkout.session", client_reference_id="reader-1", metadata={"foldline_plan": "everything"})
    found = ours.checkout(session)
    assert (found.reader, found.plan, found.subscription) == ("reader-1", "everything", None)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "open", "attempt_count": 0}, InvoiceStatus.OPEN),
        ({"status": "open", "attempt_count": 1}, InvoiceStatus.FAILED),
        ({"status": "paid"}, InvoiceStatus.PAID),
        ({"status": "paid", "post_payment_credit_notes_amount": 1000}, InvoiceStatus.REFUNDED),
        ({"status": "paid", "post_payment_credit_notes_amount": 999}, InvoiceStatus.PAID),
        ({"status": "uncollectible"}, InvoiceStatus.FAILED),
        ({"status": "void"}, InvoiceStatus.VOID),
    ],
)
def test_an_invoice_says_what_became_of_it(changes: dict[str, Any], status: InvoiceStatus) -> None:
    found = ours.invoice(published("invoice", **changes))
    assert found is not None
    assert (found.status, found.amount, found.currency, found.subscription) == (status, 1000, "usd", "subscription")


def test_a_draft_is_no_invoice_yet() -> None:
    assert ours.invoice(published("invoice", status="draft")) is None


@pytest.mark.parametrize(
    ("kind", "changes", "name"),
    [
        ("subscription", {}, "sub_1Pgc6rB7WZ01zgkWNy0Cn5nw"),
        ("invoice", {}, "subscription"),
        ("invoice", {"parent": None, "subscription": "sub_old"}, "sub_old"),
        ("checkout.session", {"subscription": "sub_1"}, "sub_1"),
        ("checkout.session", {"subscription": {"id": "sub_2"}}, "sub_2"),
        ("price", {}, ""),
    ],
)
def test_an_events_object_says_which_subscription_it_is_about(kind: str, changes: dict[str, Any], name: str) -> None:
    assert ours.subscription_of_event(published(kind, **changes)) == name


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"unit_amount": 1}, False),
        ({"currency": "eur"}, False),
        ({"recurring": {"interval": "year", "interval_count": 1}}, False),
        ({"recurring": {"interval": "month", "interval_count": 2}}, False),
        ({"lookup_key": "another"}, False),
    ],
)
def test_a_price_is_taken_only_where_it_costs_the_same(changes: dict[str, Any], same: bool) -> None:
    month = {"interval": "month", "interval_count": 1}
    found = published("price", lookup_key="ours", unit_amount=400, currency="usd", recurring=month) | changes
    assert ours.is_price(found, "ours", Price("everything", 400, "usd", "month")) is same


def discounted(**coupon: Any) -> dict[str, Any]:
    """A subscription with one discount, expanded as we ask for it."""
    kept = published("coupon", **{"amount_off": None, "percent_off": None} | coupon)
    return subscription(discounts=[published("discount", source={"coupon": kept, "type": "coupon"}, end=END + 1)])


@pytest.mark.parametrize(
    ("coupon", "off"),
    [({"amount_off": 300, "currency": "usd"}, 300), ({"percent_off": 25.5}, 510), ({"percent_off": 100}, 2000)],
)
def test_a_discount_tells_what_it_takes_and_until_when(coupon: dict[str, Any], off: int) -> None:
    found = ours.snapshot(discounted(**coupon), [], [], 7)
    assert (found.amount, found.off, found.off_until, found.next_amount) == (2000, off, END + 1, 2000 - off)


def test_a_discount_that_is_over_before_the_next_charge_takes_nothing_from_it() -> None:
    found = ours.snapshot(discounted(percent_off=50), [], [], 7)
    assert replace(found, off_until=found.period_end).next_amount == 2000
    assert replace(found, off_until=None).next_amount == 1000


def test_a_discount_that_was_not_expanded_is_not_guessed() -> None:
    found = ours.snapshot(subscription(discounts=["di_1Pgc6rB7WZ01zgkW7Al8Fal9"]), [], [], 7)
    assert (found.off, found.next_amount) == (0, 2000)
