"""Stripe's adapter keeps what every provider promises, as far as peers can show that are not ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from tests.billing.localstripe_peer import KEY, give_card, running_localstripe, subscribe
from tests.billing.provider_contract import ProviderContract, Room

from foldline.site.billing.provider import NoticeRefused, Status
from foldline.site.billing.signature import sign
from foldline.site.billing.stripe_provider import StripeProvider

SECRET = "whsec_of_the_tests"


def event(thing: dict[str, Any], kind: str = "customer.subscription.updated", **more: Any) -> bytes:
    """As Stripe sends one (stripe/openapi, `event`)."""
    return json.dumps(
        {
            "id": "evt_1",
            "object": "event",
            "type": kind,
            "created": 1000,
            "livemode": False,
            "data": {"object": thing},
            **more,
        }
    ).encode()


@pytest.fixture(scope="module")
def localstripe() -> Iterator[str]:
    with running_localstripe() as address:
        yield address


@pytest.fixture(scope="module")
def room(localstripe: str) -> Room:
    nothing = "localstripe has no Checkout"
    return Room(
        provider=StripeProvider(KEY, (SECRET,), localstripe),
        secret=SECRET,
        subscribes=lambda reader: subscribe(localstripe, reader),
        notice=lambda name: event({"object": "subscription", "id": name}),
        unreachable=StripeProvider(KEY, (SECRET,), "http://127.0.0.1:9", retries=0),
        cannot={
            "checkout": nothing,
            "paying": nothing,
            "idempotency": nothing,
            "portal": "localstripe has no Billing Portal",
            "change": "localstripe has no Billing Portal",
            "since": "localstripe lists no subscriptions by their age",
        },
    )


class TestStripe(ProviderContract):
    """The sentences, before `localstripe`."""


def test_a_refund_is_seen_in_the_snapshot(room: Room, localstripe: str) -> None:
    name = room.subscribes("reader-20")
    found = room.provider.subscription(name)
    api = stripe.StripeClient(KEY, base_addresses={"api": localstripe}).v1
    (charge,) = api.charges.list({"customer": found.customer}).data
    api.refunds.create({"charge": charge.id})
    assert (found.refunded, room.provider.subscription(name).refunded) == (False, True)


def test_a_cancelled_subscription_has_ended_and_says_until_when_it_was_paid(room: Room, localstripe: str) -> None:
    name = room.subscribes("reader-21")
    stripe.StripeClient(KEY, base_addresses={"api": localstripe}).v1.subscriptions.cancel(name)
    found = room.provider.subscription(name)
    assert found.status is Status.CANCELED


@pytest.mark.parametrize("card", ["4000000000000341", "4000002500003155"], ids=["declined", "needs authentication"])
def test_a_card_that_does_not_pay_leaves_nothing_running_and_another_that_pays_does(
    room: Room, localstripe: str, card: str
) -> None:
    name = subscribe(localstripe, "reader-23", card)
    first = room.provider.subscription(name)
    assert first.status is Status.INCOMPLETE
    api = stripe.StripeClient(KEY, base_addresses={"api": localstripe}).v1
    give_card(api, first.customer, "4242424242424242")
    (invoice,) = api.invoices.list({"customer": first.customer}).data
    assert api.invoices.pay(invoice.id).status == "paid"
    assert room.provider.subscription(name).status is Status.ACTIVE


def test_a_card_that_is_declined_outright_makes_no_subscription(room: Room, localstripe: str) -> None:
    with pytest.raises(stripe.CardError, match="declined"):
        subscribe(localstripe, "reader-24", "4000000000000002")
    assert not [each for each in room.provider.subscriptions(0) if each.reader == "reader-24"]


@pytest.mark.parametrize("more", [{"livemode": True}, {"account": "acct_other"}, {"object": "v2.core.event"}])
def test_a_notice_of_the_other_mode_or_account_is_refused(room: Room, more: dict[str, Any]) -> None:
    body = event({"object": "subscription", "id": "sub_1"}, **more)
    with pytest.raises(NoticeRefused):
        room.provider.read_notice(body, sign(body, SECRET, 1000), 1000)


@pytest.mark.parametrize(("key", "livemode"), [("rk_live_of_nobody", False), ("sk_live_of_nobody", False), (KEY, True)])
def test_test_mode_means_nothing_to_a_live_key_and_the_other_way_round(key: str, livemode: bool) -> None:
    provider = StripeProvider(key, (SECRET,), "http://127.0.0.1:9", retries=0)
    thing = {"object": "subscription", "id": "sub_1"}
    wrong, right = event(thing, livemode=livemode), event(thing, livemode=not livemode)
    with pytest.raises(NoticeRefused, match="live mode" if livemode else "test mode"):
        provider.read_notice(wrong, sign(wrong, SECRET, 1000), 1000)
    assert provider.read_notice(right, sign(right, SECRET, 1000), 1000).live is not livemode


def test_a_refund_is_told_with_its_subscription(room: Room, localstripe: str) -> None:
    name = room.subscribes("reader-22")
    customer = room.provider.subscription(name).customer
    body = event({"object": "charge", "id": "ch_1", "customer": customer}, "charge.refunded")
    assert room.provider.read_notice(body, sign(body, SECRET, 1000), 1000).subscription == name


def test_our_signatures_are_the_librarys(room: Room) -> None:
    body = room.notice("sub_1")
    at = 1_800_000_000
    assert stripe.WebhookSignature.verify_header(body.decode(), sign(body, SECRET, at), SECRET, tolerance=None)


@pytest.mark.parametrize(("key", "mode"), [("rk_test_1", "/test"), ("sk_live_1", "")])
def test_the_page_for_staff_is_the_dashboards_of_the_same_mode(key: str, mode: str) -> None:
    address = StripeProvider(key, (SECRET,)).page_for_staff("sub_1")
    assert address == f"https://dashboard.stripe.com{mode}/subscriptions/sub_1"
