"""The till as a payment service: what is charged, how often, and what it tells."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.billing.till_room import FORM, MONTHLY, SITE, RunningTill, running_till, until

from foldline.errors import ConfigurationError
from foldline.site.billing.provider import Declined, InvoiceStatus, Price, Status
from foldline.site.billing.providers import provider_from
from foldline.site.billing.till.book import CHECKOUT_LASTS, PORTAL_LASTS, SLOW
from foldline.site.billing.till.client import Till
from foldline.site.billing.till.delivery import FIRST_PAUSE, LATE, MOST_TRIES, Delivery, next_try
from foldline.site.billing.till.periods import period_end
from foldline.site.billing.till.renewals import DAY, MOST_RETRIES, RETRY_AFTER
from foldline.site.billing.till.telling import Messenger

MONTH = 31 * DAY


@pytest.fixture
def till(tmp_path: Path) -> Iterator[RunningTill]:
    with running_till(tmp_path) as running:
        yield running


def start(till: RunningTill, price: Price = MONTHLY, key: str = "key-of-one-checkout") -> str:
    return till.provider.start_checkout("reader-1", "r@example.test", price, f"{SITE}/-/subscribed?a=1", key).url


def checkout_id(address: str) -> str:
    return address.rpartition("/")[2]


def test_paying_leads_back_with_the_checkout_in_the_address(till: RunningTill) -> None:
    address = start(till)
    paid = till.post(address, card="works")
    assert (paid.status, paid.headers["location"]) == (303, f"{SITE}/-/subscribed?a=1&checkout={checkout_id(address)}")


def test_the_page_says_price_interval_and_that_it_renews(till: RunningTill) -> None:
    page = till.get(start(till, Price("everything", 1234, "eur", "year", title="All <of> it")))
    assert "Subscribe and pay 12.34 €" in page.text
    assert "It renews each year for 12.34 €" in page.text
    assert "All &lt;of&gt; it" in page.text


def test_pressing_twice_charges_once(till: RunningTill) -> None:
    address = start(till)
    assert [till.post(address, card="works").status for _ in range(3)] == [303, 303, 303]
    (one,) = till.provider.subscriptions(0)
    assert len(till.provider.invoices(one.customer)) == 1


@pytest.mark.parametrize(
    ("card", "sentence"),
    [
        ("declined", "declined this card. Nothing was charged. Choose another card"),
        ("no-funds", "not enough money"),
        ("", "Choose one of the cards"),
        ("4242424242424242", "Choose one of the cards"),
    ],
)
def test_a_refused_card_says_what_to_do_and_charges_nothing(till: RunningTill, card: str, sentence: str) -> None:
    address = start(till)
    page = till.post(address, card=card)
    assert page.status == 402
    assert sentence in page.text
    assert not list(till.provider.subscriptions(0))
    assert not till.provider.checkout(checkout_id(address)).paid


def test_after_a_refused_card_another_one_pays(till: RunningTill) -> None:
    address = start(till)
    till.post(address, card="declined")
    assert till.post(address, card="works").status == 303
    assert till.provider.checkout(checkout_id(address)).paid


def test_a_card_that_asks_pays_only_once_the_bank_was_told_yes(till: RunningTill) -> None:
    address = start(till)
    bank = till.post(address, card="asks").headers["location"]
    assert bank == f"/bank/{checkout_id(address)}"
    assert not till.provider.checkout(checkout_id(address)).paid
    assert till.post(till.address + bank, answer="no").status == 402
    assert not till.provider.checkout(checkout_id(address)).paid
    assert till.post(till.address + bank, answer="yes").status == 402, "nobody was asked any more"
    till.post(address, card="asks")
    assert till.post(till.address + bank, answer="yes").status == 303
    assert till.provider.checkout(checkout_id(address)).paid


def test_a_slow_card_leads_back_before_it_has_paid(till: RunningTill) -> None:
    address = start(till)
    assert till.post(address, card="slow").status == 303
    assert not till.provider.checkout(checkout_id(address)).paid
    till.clock.ahead += SLOW + 1
    assert till.provider.checkout(checkout_id(address)).paid
    assert len(list(till.provider.subscriptions(0))) == 1


def test_a_trial_charges_nothing_until_it_ends(till: RunningTill) -> None:
    address = start(till, Price("everything", 400, "eur", "month", trial_days=14))
    assert "Start 14 free days" in till.get(address).text
    till.post(address, card="works")
    (one,) = till.provider.subscriptions(0)
    assert (one.status, one.period_end) == (Status.TRIALING, one.trial_end)
    assert not till.provider.invoices(one.customer)
    till.clock.ahead += 14 * DAY + 1
    later = till.provider.subscription(one.subscription)
    assert (later.status, later.period_end) == (Status.ACTIVE, period_end(one.period_end, "month", 1))
    assert len(till.provider.invoices(one.customer)) == 1


def test_an_old_payment_page_takes_no_payment(till: RunningTill) -> None:
    address = start(till)
    till.clock.ahead += CHECKOUT_LASTS + 1
    assert till.get(address).status == 410
    assert till.post(address, card="works").status == 410
    assert not list(till.provider.subscriptions(0))


def test_a_month_later_it_renews(till: RunningTill) -> None:
    name = till.subscribe()
    before = till.provider.subscription(name)
    till.clock.ahead += 2 * MONTH
    after = till.provider.subscription(name)
    assert after.status is Status.ACTIVE
    assert after.period_end > till.clock.now() >= before.period_end
    assert after.updated > before.updated
    assert len(till.provider.invoices(after.customer)) == 3


def test_a_declined_renewal_is_past_due_is_tried_again_and_ends(till: RunningTill) -> None:
    name = till.subscribe(card="expires")
    paid_until = till.provider.subscription(name).period_end
    till.clock.ahead += MONTH
    seen = [till.provider.subscription(name)]
    for _ in range(MOST_RETRIES):
        till.clock.ahead += RETRY_AFTER + 1
        seen.append(till.provider.subscription(name))
    assert [one.status for one in seen] == [Status.PAST_DUE] * MOST_RETRIES + [Status.CANCELED]
    assert {one.period_end for one in seen} == {paid_until}, "nothing more was paid"
    assert [one.status for one in till.provider.invoices(seen[0].customer)] == [
        InvoiceStatus.FAILED,
        InvoiceStatus.PAID,
    ]


def test_a_new_card_in_the_portal_pays_what_is_past_due_at_once(till: RunningTill) -> None:
    name = till.subscribe(card="expires")
    till.clock.ahead += MONTH
    found = till.provider.subscription(name)
    assert found.status is Status.PAST_DUE
    portal = till.provider.portal(found.customer, f"{SITE}/-/account")
    assert "The last payment failed" in till.get(portal).text
    assert till.post(portal, card="works").status == 303
    after = till.provider.subscription(name)
    assert (after.status, after.period_end > found.period_end) == (Status.ACTIVE, True)
    assert [one.status for one in till.provider.invoices(found.customer)] == [InvoiceStatus.PAID] * 2


def test_a_portal_page_is_short_lived(till: RunningTill) -> None:
    found = till.provider.subscription(till.subscribe())
    portal = till.provider.portal(found.customer, f"{SITE}/-/account")
    till.clock.ahead += PORTAL_LASTS
    assert till.get(portal).status == 404


def test_a_cancelled_subscription_ends_with_its_period_and_can_not_be_resumed_then(till: RunningTill) -> None:
    name = till.subscribe()
    paid_until = till.provider.cancel_at_period_end(name, "key-cancel").period_end
    till.clock.ahead += 2 * MONTH
    ended = till.provider.subscription(name)
    assert (ended.status, ended.period_end) == (Status.CANCELED, paid_until)
    with pytest.raises(Declined, match="ended"):
        till.provider.resume(name, "key-resume")
    assert len(till.provider.invoices(ended.customer)) == 1


def test_a_refund_a_dispute_and_a_pause_are_seen_in_the_snapshot(till: RunningTill) -> None:
    name = till.subscribe()
    for act, seen in (
        ("refund", {"refunded": True}),
        ("dispute", {"disputed": True}),
        ("settle", {"disputed": False}),
        ("pause", {"paused": True}),
        ("go-on", {"paused": False}),
    ):
        before = till.provider.subscription(name)
        assert till.post(f"{till.address}/subscriptions/{name}/{act}").status == 303
        after = till.provider.subscription(name)
        assert {field: getattr(after, field) for field in seen} == seen
        assert after.updated == before.updated + 1
    assert [one.status for one in till.provider.invoices(after.customer)] == [InvoiceStatus.REFUNDED]


def test_a_paused_subscription_is_not_charged(till: RunningTill) -> None:
    name = till.subscribe()
    till.book.renewals.pause(name, True)
    till.clock.ahead += 2 * MONTH
    found = till.provider.subscription(name)
    assert len(till.provider.invoices(found.customer)) == 1
    assert found.period_end < till.clock.now()


def test_the_books_survive_the_till(tmp_path: Path) -> None:
    with running_till(tmp_path) as till:
        before = till.provider.subscription(till.subscribe())
    with running_till(tmp_path) as till:
        assert till.provider.subscription(before.subscription) == before


# What it refuses


@pytest.mark.parametrize("key", ["", "short"])
def test_a_change_without_a_key_is_refused(till: RunningTill, key: str) -> None:
    with pytest.raises(Declined, match="idempotency"):
        start(till, key=key)


@pytest.mark.parametrize("amount", [0, -400, 10**8])
def test_a_price_that_is_none_is_refused(till: RunningTill, amount: int) -> None:
    with pytest.raises(Declined, match="amount"):
        start(till, Price("everything", amount, "eur", "month"))


@pytest.mark.parametrize("back", ["http://evil.example/", "http://127.0.0.1:9999/", "https://127.0.0.1:8080/", "/here"])
def test_a_way_back_to_elsewhere_is_refused(till: RunningTill, back: str) -> None:
    with pytest.raises(Declined):
        till.provider.start_checkout("reader-1", "r@example.test", MONTHLY, back, "key-of-one-checkout")


def test_the_interface_needs_its_key(till: RunningTill) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        assert till.get(f"{till.address}/v1/subscriptions", **headers).status == 401


def test_a_form_of_another_site_changes_nothing(till: RunningTill) -> None:
    name = till.subscribe()
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert till.post_with(f"{till.address}/subscriptions/{name}/refund", headers).status == 403
    assert not till.provider.subscription(name).refunded


def test_a_name_that_leads_here_from_elsewhere_is_not_answered(till: RunningTill) -> None:
    assert till.get(f"{till.address}/", Host="rebound.example").status == 421


def test_get_changes_nothing(till: RunningTill) -> None:
    name = till.subscribe()
    for path in (f"/subscriptions/{name}/refund", "/delivery", "/release"):
        assert till.get(till.address + path).status == 404
    assert not till.provider.subscription(name).refunded


def test_a_body_that_is_too_large_is_not_read(till: RunningTill) -> None:
    assert till.post_with(start(till), {**FORM, "Content-Length": "99999999"}, card="works").status == 413


@pytest.mark.parametrize(
    "address", ["http://192.0.2.1:1", "https://127.0.0.1:1", "http://till.example:1", "http://127.0.0.1.evil.example:1"]
)
def test_the_till_is_asked_on_loopback_only(till: RunningTill, address: str) -> None:
    for make in (
        lambda: Till(address, "key", "secret"),
        lambda: Messenger(till.book, f"{address}/-/billing/notice", "secret"),
        lambda: provider_from({"FOLDLINE_TILL": address}, "http://127.0.0.1:8080", b"secret"),
        lambda: provider_from({"FOLDLINE_TILL": "http://127.0.0.1:1"}, address, b"secret"),
    ):
        with pytest.raises(ConfigurationError, match="FL290"):
            make()


@pytest.mark.parametrize(
    ("name", "value"),
    [("STRIPE_SECRET_KEY", "anything"), ("OTHER", "sk_live_1"), ("OTHER", " sk_test_1"), ("OTHER", "whsec_1")],
)
def test_the_till_refuses_real_keys_and_does_not_repeat_them(name: str, value: str) -> None:
    environ = {"FOLDLINE_TILL": "http://127.0.0.1:1", name: value}
    with pytest.raises(ConfigurationError, match="FL050") as refused:
        provider_from(environ, "http://127.0.0.1:8080", b"secret")
    assert name in str(refused.value)
    assert value.strip() not in str(refused.value)


def test_without_a_till_nothing_is_sold() -> None:
    assert provider_from({}, "https://news.example", b"secret") is None


# What it tells


def told_ids(till: RunningTill) -> list[str]:
    return [json.loads(body)["id"] for body, _ in till.told]


def test_a_payment_is_told_with_a_signature_that_the_site_can_check(tmp_path: Path) -> None:
    with running_till(tmp_path, messenger=True) as till:
        name = till.subscribe()
        until(lambda: len(till.told) == 3)
        notices = [till.provider.read_notice(*told, int(time.time())) for told in till.told]
    assert [one.kind for one in notices] == ["subscription.created", "checkout.paid", "invoice.paid"]
    assert {one.subscription for one in notices} == {name}


def send_now(till: RunningTill, address: str) -> None:
    Messenger(till.book, address, "secret-of-its-notices-in-tests").tell_all()


@pytest.mark.parametrize(
    ("delivery", "at_once", "later"),
    [
        (Delivery.AT_ONCE, [0, 1, 2], []),
        (Delivery.TWICE, [0, 0, 1, 1, 2, 2], []),
        (Delivery.LATE, [], [0, 1, 2]),
        (Delivery.OUT_OF_ORDER, [], [2, 1, 0]),
        (Delivery.NEVER, [], []),
    ],
)
def test_notices_come_as_the_books_say(
    tmp_path: Path, delivery: Delivery, at_once: list[int], later: list[int]
) -> None:
    with running_till(tmp_path) as till:
        assert till.post(f"{till.address}/delivery", delivery=delivery.value).status == 303
        till.subscribe()
        made = [one["id"] for one in reversed(till.book.objects.last_notices())]
        order = list(dict.fromkeys(made))
        send_now(till, till.notices_to)
        assert told_ids(till) == [order[index] for index in at_once]
        till.told.clear()
        till.clock.ahead += LATE + 1
        send_now(till, till.notices_to)
        assert told_ids(till) == [order[index] for index in later]


def test_what_was_held_back_can_be_sent_after_all(tmp_path: Path) -> None:
    with running_till(tmp_path) as till:
        till.book.objects.delivery = Delivery.NEVER
        till.subscribe()
        till.post(f"{till.address}/release")
        send_now(till, till.notices_to)
        assert len(till.told) == 3


def test_a_site_that_does_not_take_notices_is_told_so_often_and_no_more(tmp_path: Path) -> None:
    with running_till(tmp_path) as till:
        till.site_answers = 500
        till.subscribe()
        for _ in range(3 * MOST_TRIES):
            send_now(till, till.notices_to)
            till.clock.ahead += FIRST_PAUSE * 2**MOST_TRIES
        assert len(till.told) == 3 * MOST_TRIES
        assert {one["state"] for one in till.book.objects.last_notices()} == {"given up"}


def test_tries_stop() -> None:
    pauses = [next_try(tries, 0) for tries in range(1, MOST_TRIES + 1)]
    assert pauses == [1, 2, 4, 8, 16, None]


# Periods


@given(
    st.integers(0, 4_000_000_000),
    st.sampled_from(["month", "year"]),
    st.integers(1, 40),
)
def test_a_period_is_as_long_as_its_calendar_says(anchor: int, interval: str, periods: int) -> None:
    days = (period_end(anchor, interval, periods) - anchor) / DAY
    longest, shortest = (31, 28) if interval == "month" else (366, 365)
    assert shortest * periods - 3 <= days <= longest * periods + 3
    assert period_end(anchor, interval, periods) < period_end(anchor, interval, periods + 1)


def test_the_31st_comes_back_after_february() -> None:
    january, february, march = (
        int(datetime(2027, *day, tzinfo=UTC).timestamp()) for day in ((1, 31), (2, 28), (3, 31))
    )
    assert [period_end(january, "month", periods) for periods in (1, 2)] == [february, march]
