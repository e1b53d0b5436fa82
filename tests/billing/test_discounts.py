"""What the page of plans says is what the till charges: introductory prices, promotion codes, tax."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.billing.conftest import ALL
from tests.billing.shop import nora, shop, text_of
from tests.billing.till_room import RunningTill
from tests.readers.browser import mails

from foldline.plans import Plan

if TYPE_CHECKING:
    from tests.billing.shop import Shop

__all__ = ["shop"]

FIRST = replace(ALL, first_amount=100, first_intervals=3)
FIRST_TAXED = replace(FIRST, first_intervals=1, tax="exclusive")
CODES = replace(ALL, promotion_codes=True)
CODES_TAXED = replace(CODES, tax="inclusive")


@pytest.fixture
def sells(selling: None) -> Iterator[Callable[[Plan], None]]:
    """Let the shop sell one plan, and no other."""
    from django.conf import settings
    from django.test import override_settings

    changed: list[override_settings] = []

    def sell(plan: Plan) -> None:
        changed.append(override_settings(FOLDLINE=replace(settings.FOLDLINE, plans=(plan,))))
        changed[-1].enable()

    yield sell
    for one in reversed(changed):
        one.disable()


def charged(till: RunningTill, periods: int) -> list[int]:
    """What the till charges for the only subscription, period for period, beginning with the one that is paid."""
    for _ in range(periods - 1):
        (one,) = till.provider.subscriptions(0)
        till.book.renewals.end_period(one.subscription)
    return [each.amount for each in till.provider.invoices(next(till.provider.subscriptions(0)).customer)][::-1]


@pytest.mark.parametrize(
    ("plan", "code", "says", "amounts"),
    [
        (ALL, "", "€4 a month", [400, 400, 400, 400]),
        (FIRST, "", "€1 a month for the first 3 months, then €4 a month", [100, 100, 100, 400]),
        (FIRST_TAXED, "", "€1 for the first month, then €4 a month, plus tax", [120, 480, 480, 480]),
        (CODES, "", "enter it where you pay", [400, 400, 400, 400]),
        (CODES, "HALF-OFF", "enter it where you pay", [200, 200, 400, 400]),
        (CODES_TAXED, "FREE-START", "€4 a month, tax included", [0, 400, 400, 400]),
    ],
)
def test_what_the_page_says_is_what_is_charged(
    shop: Shop, sells: Callable[[Plan], None], plan: Plan, code: str, says: str, amounts: list[int]
) -> None:
    sells(plan)
    browser = nora()
    assert says in text_of(browser.get("/-/subscribe"))
    address = shop.begin(browser)
    if code:
        assert shop.till.post(address.replace("/pay/", "/code/"), code=code.lower()).status == 303
    due = f"{amounts[0] / 100:.2f} €"
    assert f"Subscribe and pay {due}" in shop.till.get(address).text
    paid = shop.till.post(address, card="works")
    browser.get(paid.headers["location"].removeprefix("http://127.0.0.1:8080"))
    (receipt,) = mails()
    assert plan.promotion_codes or says in receipt.body
    assert charged(shop.till, 4) == amounts


def test_the_account_tells_the_next_charge_while_the_price_is_introductory_and_after(
    shop: Shop, sells: Callable[[Plan], None]
) -> None:
    from foldline.site.billing import ledger, selling
    from foldline.site.readers import moment

    sells(replace(FIRST_TAXED, first_intervals=2))
    browser = nora()
    browser.get(shop.pay(browser))
    assert "Next charge: €1, plus tax on" in text_of(browser.get("/-/account"))
    charged(shop.till, 2)
    provider = selling.provider()
    assert provider is not None
    (one,) = provider.subscriptions(0)
    ledger.apply(provider.name, one, moment.epoch())
    assert "Next charge: €4, plus tax on" in text_of(browser.get("/-/account"))


def test_who_had_a_subscription_gets_no_second_introduction(shop: Shop, sells: Callable[[Plan], None]) -> None:
    sells(FIRST)
    browser = nora()
    browser.get(shop.pay(browser))
    (one,) = shop.till.provider.subscriptions(0)
    shop.till.book.renewals.end(one.subscription)
    from foldline.site.billing import ledger
    from foldline.site.readers import moment

    ledger.apply("till", shop.till.provider.subscription(one.subscription), moment.epoch())
    page = text_of(browser.get("/-/subscribe"))
    assert "€4 a month" in page
    assert "first" not in page
    address = shop.begin(browser)
    assert "Subscribe and pay 4.00 €" in shop.till.get(address).text


def test_a_code_that_is_none_says_so_and_changes_nothing(shop: Shop, sells: Callable[[Plan], None]) -> None:
    sells(CODES)
    address = shop.begin(nora())
    answer = shop.till.post(address.replace("/pay/", "/code/"), code="GIVE-ME-ALL")
    assert (answer.status, "There is no such code." in answer.text) == (409, True)
    assert "Subscribe and pay 4.00 €" in shop.till.get(address).text


def test_codes_are_not_taken_where_the_plan_asks_for_none(shop: Shop) -> None:
    address = shop.begin(nora())
    assert "Promotion code" not in shop.till.get(address).text
    assert shop.till.post(address.replace("/pay/", "/code/"), code="HALF-OFF").status == 409
