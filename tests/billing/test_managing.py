"""What a reader sees of a subscription, and does with it: cancel, keep, pay by other means."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.billing.shop import WHOLE, nora, payment_page, products, shop, text_of
from tests.readers.browser import Browser, mails

if TYPE_CHECKING:
    from django.http import HttpResponse
    from tests.billing.shop import Shop

__all__ = ["shop"]


def subscriber(shop: Shop, address: str = "nora@example.test") -> Browser:
    browser = nora(address)
    browser.get(shop.pay(browser))
    mails().clear()
    return browser


def number_of(browser: Browser) -> int:
    page = browser.get("/-/account").content.decode()
    found = re.search(r"/-/account/subscriptions/(\d+)/(?:cancel|resume)", page)
    assert found is not None
    return int(found[1])


def cancel(browser: Browser) -> HttpResponse:
    address = f"/-/account/subscriptions/{number_of(browser)}/cancel"
    browser.get(address)
    return browser.post(address)


def day(moment: int) -> str:
    from zoneinfo import ZoneInfo

    from foldline.pages.dates import short_dateline

    return short_dateline(datetime.fromtimestamp(moment, UTC), str(ZoneInfo("America/New_York")))


def test_the_account_says_plan_price_and_the_next_charge(shop: Shop) -> None:
    browser = subscriber(shop)
    (one,) = shop.till.provider.subscriptions(0)
    page = text_of(browser.get("/-/account"))
    assert "All of it, €4 a month" in page
    assert f"Next charge: €4 on {day(one.period_end)}." in page
    assert "You have no subscription." not in page


def test_the_account_needs_no_provider(shop: Shop) -> None:
    browser = subscriber(shop)
    with shop.out_of_order():
        assert "Next charge" in text_of(browser.get("/-/account"))


def test_cancelling_takes_two_steps_keeps_what_is_paid_and_sends_one_mail(shop: Shop) -> None:
    browser = subscriber(shop)
    (one,) = shop.till.provider.subscriptions(0)
    page = browser.get("/-/account").content.decode()
    (step,) = re.findall(r'href="(/-/account/subscriptions/\d+/cancel)"', page)
    asked = browser.get(step)
    assert f"You read on until {day(one.period_end)}" in text_of(asked)
    assert shop.till.provider.subscription(one.subscription).cancel_at_period_end is False
    assert browser.post(step)["Location"] == "/-/account?done=cancelled#plans"
    # The form once more, from a second window: no second mail.
    assert browser.post(step)["Location"] == "/-/account#plans"
    assert browser.get(step)["Location"] == "/-/account#plans"
    assert shop.till.provider.subscription(one.subscription).cancel_at_period_end is True
    (told,) = mails()
    assert told.subject == "You have cancelled your subscription to The Valley Post"
    assert f"You read on until {day(one.period_end)}, and nothing more is charged." in told.body
    page = text_of(browser.get("/-/account?done=cancelled"))
    assert "Your subscription is cancelled. A mail that says so is on its way." in page
    assert f"Cancelled. You read on until {day(one.period_end)}" in page
    assert products(browser) == {1}


def test_cancelling_takes_no_more_clicks_than_subscribing(shop: Shop) -> None:
    """Both counted from a page that one stands on, signed in: links followed and forms sent."""
    browser = nora()
    form = shop.offer(browser)  # 1: the wall's action
    address = browser.post("/-/subscribe", form)["Refresh"].partition("url=")[2]  # 2: go on to pay
    back = shop.till.post(address, card="works").headers["location"]  # 3: pay
    browser.get(back.removeprefix("http://127.0.0.1:8080"))
    # 1: your account, 2: cancel, 3: cancel my subscription.
    cancel(browser)
    (one,) = shop.till.provider.subscriptions(0)
    assert one.cancel_at_period_end is True


def test_a_cancellation_is_taken_back_while_what_is_paid_runs(shop: Shop) -> None:
    browser = subscriber(shop)
    cancel(browser)
    answer = browser.post(f"/-/account/subscriptions/{number_of(browser)}/resume")
    assert answer["Location"] == "/-/account?done=resumed#plans"
    (one,) = shop.till.provider.subscriptions(0)
    assert one.cancel_at_period_end is False
    # And cancelled once more: another key, so that it is another cancellation.
    cancel(browser)
    assert shop.till.provider.subscription(one.subscription).cancel_at_period_end is True
    assert len(mails()) == 2


@pytest.mark.parametrize("act", ["cancel", "resume", "pay"])
def test_nobody_touches_the_subscription_of_somebody_else(shop: Shop, act: str) -> None:
    number = number_of(subscriber(shop))
    other = subscriber(shop, "otto@example.test")
    other.get("/-/account")
    assert other.post(f"/-/account/subscriptions/{number}/{act}").status_code == 404
    assert not any(one.cancel_at_period_end for one in shop.till.provider.subscriptions(0))


@pytest.mark.parametrize("act", ["cancel", "resume", "pay"])
def test_without_the_form_s_token_nothing_happens(shop: Shop, act: str) -> None:
    browser = subscriber(shop)
    number = number_of(browser)
    browser.token = "x" * 64
    assert browser.post(f"/-/account/subscriptions/{number}/{act}").status_code == 403
    assert not any(one.cancel_at_period_end for one in shop.till.provider.subscriptions(0))


def test_a_silent_till_cancels_nothing_and_no_mail_says_that_it_did(shop: Shop) -> None:
    browser = subscriber(shop)
    with shop.out_of_order():
        answer = cancel(browser)
        assert answer.status_code == 503
        assert "Nothing was changed" in text_of(answer)
    assert mails() == []
    assert "Next charge" in text_of(browser.get("/-/account"))


def test_a_payment_that_failed_is_told_with_its_last_day_and_one_way_to_mend_it(shop: Shop) -> None:
    from foldline.site.billing.models import Subscription

    browser = subscriber(shop)
    one = Subscription.objects.get()
    Subscription.objects.update(state="past-due", status="past_due")
    page = browser.get("/-/account")
    said = f"Your last payment did not go through. You read on until {day(one.period_end + 7 * 86_400)}."
    assert said in text_of(page)
    answer = browser.post(f"/-/account/subscriptions/{one.pk}/pay")
    assert answer["Refresh"].startswith(f"0; url={shop.till.address}/portal/")


def test_payments_are_the_till_s_own_list(shop: Shop) -> None:
    browser = subscriber(shop)
    page = browser.get("/-/account/payments")
    assert "€4" in text_of(page)
    assert "paid" in text_of(page)
    (invoice,) = shop.till.provider.invoices(next(iter(shop.till.provider.subscriptions(0))).customer)
    assert f'href="{invoice.url}"' in page.content.decode()
    with shop.out_of_order():
        assert browser.get("/-/account/payments").status_code == 503
    assert nora("otto@example.test").get("/-/account/payments").status_code == 404


def test_an_account_is_not_erased_while_its_subscription_would_be_charged(shop: Shop) -> None:
    """Else a provider would go on charging somebody whom nobody here knows any more."""
    from foldline.site.readers.models import Reader

    browser = subscriber(shop)
    browser.get("/-/account")
    answer = browser.post("/-/account/erase")
    assert answer.status_code == 409
    assert "Cancel it first" in text_of(answer)
    assert Reader.objects.filter(email="nora@example.test").exists()
    cancel(browser)
    browser.get("/-/account/erase")
    assert "Your account is erased" in text_of(browser.post("/-/account/erase"))
    assert not Reader.objects.filter(email="nora@example.test").exists()


def test_what_was_agreed_to_stays_when_the_account_is_erased_and_leads_to_nobody(shop: Shop) -> None:
    from foldline.site.billing.models import Order

    browser = subscriber(shop)
    cancel(browser)
    browser.get("/-/account/erase")
    browser.post("/-/account/erase")
    order = Order.objects.get()
    assert "I agree that it renews" in order.terms
    assert order.reader is None or (order.reader.email.endswith("@erased.invalid") and not order.reader.name)


def test_my_data_hold_the_plan_and_what_was_agreed_to(shop: Shop) -> None:
    import json

    told = json.loads(subscriber(shop).get("/-/account/data").content)
    assert [(plan["plan"], plan["state"], plan["amount"]) for plan in told["plans"]] == [("all", "active", 400)]
    (agreed,) = told["agreed_to"]
    assert "All of it, €4 a month." in agreed["terms"]
    assert agreed["language"] == "en"


@pytest.mark.parametrize("field", ["next", "back_url", "return_url"])
def test_the_way_back_from_the_portal_and_from_paying_is_ours_whatever_is_asked(shop: Shop, field: str) -> None:
    browser = nora()
    back = shop.pay(browser)
    assert browser.get(f"{back}&{field}=https://evil.example/")["Location"] == f"{WHOLE}#continue"
    address = f"/-/account/subscriptions/{number_of(browser)}/pay?{field}=https://evil.example/"
    browser.get("/-/account")
    page = payment_page(browser.post(address, {field: "https://evil.example/"}))
    assert "evil.example" not in page
    text = shop.till.get(page).text
    assert 'href="http://127.0.0.1:8080/-/account"' in text
    assert "evil.example" not in text
