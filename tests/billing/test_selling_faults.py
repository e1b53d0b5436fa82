"""Each defence of selling, taken away: the test that stands for it goes red."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from tests.billing import (
    test_changing_plan,
    test_managing,
    test_notices,
    test_payment_failed,
    test_selling,
    test_withdrawing,
)
from tests.billing.shop import shop
from tests.billing.till_room import SECRET

from foldline.site.billing.lifecycle import State
from foldline.site.billing.provider import Checkout, Price, Snapshot
from foldline.site.billing.signature import sign
from foldline.site.billing.till.client import Till

if TYPE_CHECKING:
    from tests.billing.shop import Shop

__all__ = ["shop"]

Patch = pytest.MonkeyPatch


def _anybodys(reader: object, number: int) -> Any:
    from foldline.site.billing.models import Subscription

    return Subscription.objects.get(pk=number)


_START = Till.start_checkout


def _with_a_key_of_its_own(till: Till, reader: str, email: str, price: Price, back_url: str, key: str) -> Checkout:
    return _START(till, reader, email, price, back_url, f"{key}-{secrets.token_hex(8)}")


def _of_nobody_in_particular(reader: object, number: str) -> Any:
    from foldline.site.billing.models import Subscription

    return Subscription.objects.get()


def _of_five_minutes_ago(body: bytes) -> str:
    return sign(body, SECRET, int(time.time()) - 301)


class _AnybodysOrders:
    """Orders, of which a checkout's is found whoever asks."""

    @staticmethod
    def filter(**named: Any) -> Any:
        from foldline.site.billing.models import Order

        return Order.objects.filter(**{name: value for name, value in named.items() if not name.endswith("reader")})


class _AnybodysOrder:
    objects = _AnybodysOrders


_ASKED = Till.checkout


def _believed_paid(till: Till, checkout: str) -> Checkout:
    """The payment page was left, so it is taken as paid; somebody's subscription stands in for what it has none of."""
    return replace(_ASKED(till, checkout), paid=True, subscription="sub_made_up")


_CHANGED = Till.subscription


def _of_the_other_plan(till: Till, subscription: str) -> Snapshot:
    """Whoever comes back from the page of a change is taken to have confirmed it."""
    return replace(_CHANGED(till, subscription), plan="more", amount=900, updated=10**6)


def _all_plans(path: str) -> Any:
    from foldline.site.billing import plans

    return plans.plans()


#: What is taken away: where it stands, what stands in its place, and the test that must not pass then.
FAULTS: dict[str, tuple[str, object, Callable[[Any], None]]] = {
    "anybody with an account withdraws from anybody's contract": (
        "foldline.site.billing.withdrawals._meant",
        _of_nobody_in_particular,
        test_withdrawing.test_somebody_elses_address_withdraws_nothing,
    ),
    "one withdraws for ever": (
        "foldline.site.billing.withdrawals.last_day",
        lambda subscription: date.max,
        test_withdrawing.test_after_fourteen_days_people_decide,
    ),
    "nobody hears that a payment failed": (
        "foldline.site.billing.held.awaits_payment",
        lambda reader: False,
        test_payment_failed.test_after_the_days_of_grace_the_reason_is_that_a_payment_failed,
    ),
    "notices are believed unsigned": (
        "foldline.site.billing.till.client.verify",
        lambda body, header, secrets, now: now,
        lambda shop: test_notices.test_what_nobody_signed_is_refused_and_changes_nothing(shop, "t=1,v1=00"),
    ),
    "anybody cancels anybody's subscription": (
        "foldline.site.billing.held.one_of",
        _anybodys,
        lambda shop: test_managing.test_nobody_touches_the_subscription_of_somebody_else(shop, "cancel"),
    ),
    "every plan is sold for every article": (
        "foldline.site.billing.offered.opening",
        _all_plans,
        test_selling.test_a_plan_that_does_not_open_the_article_is_not_sold_for_it,
    ),
    "a plan is sold to who has it": (
        "foldline.site.billing.held.runs",
        lambda reader, plan: False,
        test_selling.test_nobody_pays_twice_for_what_they_have,
    ),
    "each window has a payment page of its own": (
        "foldline.site.billing.orders.begun_before",
        lambda order: None,
        test_selling.test_two_windows_lead_to_one_payment_page_and_back_to_where_the_last_one_came_from,
    ),
    "paying leads wherever the form says": (
        "foldline.site.billing.subscribing.own_path",
        lambda given: given or "/",
        lambda shop: test_selling.test_paying_never_leads_to_another_site(shop, "//evil.example"),
    ),
    "a mail goes out each time that somebody hears of a payment": (
        "foldline.site.billing.orders.is_first_to_confirm",
        lambda order: True,
        test_selling.test_what_was_agreed_to_is_kept_in_its_words_and_mailed_once,
    ),
    "a subscriber is erased who is still charged": (
        "foldline.site.billing.held.renews",
        lambda reader: False,
        test_managing.test_an_account_is_not_erased_while_its_subscription_would_be_charged,
    ),
    "each question has a key of its own": (
        "foldline.site.billing.till.client.Till.start_checkout",
        _with_a_key_of_its_own,
        test_selling.test_an_answer_that_is_lost_after_the_till_has_begun_begins_nothing_twice,
    ),
    "a notice counts however old it is": (
        "foldline.site.billing.signature.NOTICE_TOLERANCE",
        10**9,
        lambda shop: test_notices.test_what_nobody_signed_is_refused_and_changes_nothing(shop, _of_five_minutes_ago),
    ),
    "a way back is anybody's": (
        "foldline.site.billing.subscribing.Order",
        _AnybodysOrder,
        test_selling.test_the_address_of_the_way_back_proves_nothing,
    ),
    "a way back is believed to be paid": (
        "foldline.site.billing.till.client.Till.checkout",
        _believed_paid,
        test_selling.test_a_declined_card_opens_nothing_and_the_way_back_leads_to_paying,
    ),
    "a withdrawal ends nothing": (
        "foldline.site.billing.till.client.Till.withdraw",
        lambda till, subscription, key: till.subscription(subscription),
        test_withdrawing.test_a_withdrawal_ends_access_and_pays_back_at_the_provider_once,
    ),
    "two plans that open the same run beside each other": (
        "foldline.site.billing.held.in_place_of",
        lambda reader, plan: None,
        test_changing_plan.test_a_change_charges_the_difference_once_and_keeps_the_subscription,
    ),
    "a plan that opens less takes the place of one that opens more": (
        "foldline.site.billing.held.goes_to",
        lambda subscription, plan, sold: True,
        test_changing_plan.test_a_plan_that_opens_less_does_not_take_the_place_of_one_that_opens_more,
    ),
    "a change is made of what awaits a payment": (
        "foldline.site.billing.held.CHANGES",
        frozenset(State),
        lambda shop: test_changing_plan.test_a_plan_that_awaits_a_payment_or_ends_is_mended_first(shop, "past_due"),
    ),
    "the way back of a change is anybody's": (
        "foldline.site.billing.changing.Order",
        _AnybodysOrder,
        test_changing_plan.test_the_way_back_of_a_change_proves_nothing_and_is_its_reader_s,
    ),
    "the way back of a change is believed": (
        "foldline.site.billing.till.client.Till.subscription",
        _of_the_other_plan,
        test_changing_plan.test_an_order_of_a_change_that_nobody_confirmed_changes_nothing_and_is_not_what_the_account_names,
    ),
    "a change is confirmed as often as it is heard of": (
        "foldline.site.billing.orders.is_first_to_confirm",
        lambda order, subscription: True,
        test_changing_plan.test_what_was_agreed_to_is_kept_and_mailed_once_whoever_hears_of_it_first,
    ),
    "the trial begins anew each time": (
        "foldline.site.billing.held.had_any",
        lambda reader: False,
        test_selling.test_a_second_subscription_has_no_second_trial,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_without_the_defence_its_test_goes_red(shop: Shop, monkeypatch: Patch, name: str) -> None:
    place, instead, goes_red = FAULTS[name]
    monkeypatch.setattr(place, instead)
    with pytest.raises((AssertionError, KeyError, ValueError)):
        goes_red(shop)
