"""From one plan to another: what is led to, what is charged, and what nobody can do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.billing.shop import EXTRA, Shop, nora, payment_page, products, shop, text_of
from tests.readers.browser import Browser, mails

__all__ = ["shop"]


def subscriber(shop: Shop) -> Browser:
    """Who has the plan that opens less, and has no mail about it any more."""
    from foldline.site.readers.mail import POSTMAN

    browser = nora()
    browser.get(shop.pay(browser))
    POSTMAN.wait(10)
    mails().clear()
    return browser


def order_more(shop: Shop, browser: Browser) -> str:
    """Ask for the plan that opens more, for an article that the other does not open; the address of the till's page."""
    return shop.begin(browser, EXTRA, plan="more")


def back(answer: object) -> str:
    assert answer.status == 303, answer.text  # type: ignore[attr-defined]
    return str(answer.headers["location"]).removeprefix("http://127.0.0.1:8080")  # type: ignore[attr-defined]


def test_who_has_a_plan_is_told_that_another_takes_its_place_and_what_counts(shop: Shop) -> None:
    browser = subscriber(shop)
    page = text_of(browser.get(f"/-/subscribe?next={EXTRA}"))
    assert "Takes the place of All of it, which you have." in page
    assert "what is due today is shown before you confirm" in page
    account = browser.get("/-/account").content.decode()
    assert "Change plan: All of it" in account
    every = text_of(browser.get("/-/subscribe"))
    assert "You have this already: All of it." in every
    assert "All and more" in every


def test_a_change_charges_the_difference_once_and_keeps_the_subscription(shop: Shop) -> None:
    from foldline.site.billing.models import OwnedEntitlement, Subscription

    browser = subscriber(shop)
    (before,) = shop.till.provider.subscriptions(0)
    kept = set(OwnedEntitlement.objects.values_list("pk", flat=True))
    page = order_more(shop, browser)
    assert "/change/" in page
    assert "5.00 €" in shop.till.get(page).text
    assert shop.till.provider.subscription(before.subscription) == before
    for _twice in range(2):
        way = back(shop.till.post(page))
    answer = browser.get(way)
    assert (answer.status_code, answer["Location"]) == (303, f"{EXTRA}#continue")
    assert products(browser) == {1, 2}
    (now,) = shop.till.provider.subscriptions(0)
    assert (now.subscription, now.plan, now.amount) == (before.subscription, "more", 900)
    assert now.period_end == before.period_end
    charged = [one.amount for one in shop.till.provider.invoices(now.customer)]
    assert charged == [500, 400]
    assert Subscription.objects.get().plan == "more"
    assert kept < set(OwnedEntitlement.objects.values_list("pk", flat=True))


def test_what_was_agreed_to_is_kept_and_mailed_once_whoever_hears_of_it_first(shop: Shop) -> None:
    from foldline.site.billing import ledger, orders
    from foldline.site.billing.models import Order
    from foldline.site.readers import moment
    from foldline.site.readers.mail import POSTMAN

    browser = subscriber(shop)
    order_more(shop, browser)
    page = order_more(shop, browser)
    way = back(shop.till.post(page))
    (snapshot,) = shop.till.provider.subscriptions(0)
    ledger.apply("till", snapshot, moment.epoch())
    for _night in range(2):
        orders.confirm_unheard("till")
    browser.get(way)
    POSTMAN.wait(10)
    (mail,) = mails()
    assert mail.subject.startswith("Your new plan at ")
    order = Order.objects.exclude(subscription=None).first()
    assert order is not None
    assert "Takes the place of All of it" in order.terms
    assert order.terms in str(mail.body).replace("\n", " ")
    assert order.number in str(mail.body)
    assert Order.objects.exclude(subscription=None).count() == 2, "an order that came to nothing is no contract"
    assert order.number in text_of(browser.get("/-/account"))


def test_an_order_of_a_change_that_nobody_confirmed_changes_nothing_and_is_not_what_the_account_names(
    shop: Shop,
) -> None:
    browser = subscriber(shop)
    named = text_of(browser.get("/-/account"))
    page = order_more(shop, browser)
    assert text_of(browser.get("/-/account")) == named
    link = shop.till.get(page).text.partition('<p class="till-back"><a href="')[2].partition('"')[0]
    answer = browser.get(link.removeprefix("http://127.0.0.1:8080"))
    assert "your plan is as it was" in text_of(answer)
    assert products(browser) == {1}
    assert mails() == []


def test_a_card_that_does_not_pay_leaves_the_old_plan_as_it_was(shop: Shop) -> None:
    browser = nora()
    browser.get(shop.pay(browser, card="expires"))
    before = list(shop.till.provider.subscriptions(0))
    refused = shop.till.post(order_more(shop, browser))
    assert refused.status == 402
    assert "Nothing was charged" in refused.text or "Nothing was changed" in refused.text
    assert list(shop.till.provider.subscriptions(0)) == before


def test_the_way_back_of_a_change_proves_nothing_and_is_its_reader_s(shop: Shop) -> None:
    browser = subscriber(shop)
    page = order_more(shop, browser)
    way = back(shop.till.post(page))
    other = nora("mallory@example.test")
    assert other.get(way).status_code == 404
    assert products(other) == frozenset()
    for made_up in ("0" * 32, "x", ""):
        assert browser.get(f"/-/subscribed?change={made_up}").status_code == 404
    stranger = Browser()
    answer = stranger.get(way)
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (303, "/-/sign-in")


@pytest.mark.parametrize("state", ["past_due", "paused", "cancelled"])
def test_a_plan_that_awaits_a_payment_or_ends_is_mended_first(shop: Shop, state: str) -> None:
    from foldline.site.billing import ledger
    from foldline.site.billing.provider import Status
    from foldline.site.readers import moment

    browser = subscriber(shop)
    (found,) = shop.till.provider.subscriptions(0)
    worse = {
        "past_due": {"status": Status.PAST_DUE},
        "paused": {"paused": True},
        "cancelled": {"cancel_at_period_end": True},
    }[state]
    ledger.apply("till", replace(found, updated=found.updated + 1, **worse), moment.epoch())  # type: ignore[arg-type]
    page = browser.get(f"/-/subscribe?next={EXTRA}")
    assert "It can be changed once no payment of it is awaited" in text_of(page)
    assert "disabled" in page.content.decode()
    answer = browser.post("/-/subscribe", {**shop.offer(browser, EXTRA), "plan": "more"})
    assert answer.status_code == 409
    assert "cannot take the place of yours" in text_of(answer)


def test_a_plan_that_opens_less_does_not_take_the_place_of_one_that_opens_more(shop: Shop) -> None:
    browser = nora()
    browser.get(shop.pay(browser, EXTRA, plan="more"))
    page = text_of(browser.get("/-/subscribe"))
    assert "cancel yours on the page of your account, and subscribe to this one when yours has ended" in page
    answer = browser.post("/-/subscribe", {**shop.offer(browser, "/"), "plan": "all"})
    assert answer.status_code == 409
    assert shop.subscriptions() == 1
    assert "Change plan" not in text_of(browser.get("/-/account"))


def test_a_plan_of_another_product_runs_beside_and_the_page_says_so(shop: Shop) -> None:
    from django.conf import settings
    from django.test import override_settings

    from foldline.plans import Plan

    other = Plan("other", "The other title", (3,), 300, "eur", "month", 0, 7)
    sold = (*settings.FOLDLINE.plans, other)
    with override_settings(FOLDLINE=replace(settings.FOLDLINE, plans=sold)):
        browser = subscriber(shop)
        page = text_of(browser.get("/-/subscribe"))
        assert "Your subscription to All of it goes on beside it, and is charged as before." in page
        payment_page(browser.post("/-/subscribe", {**shop.offer(browser, "/"), "plan": "other"}))
        browser.get(shop.pay(browser, "/", plan="other"))
        assert shop.subscriptions() == 2
        assert products(browser) == {1, 3}


def test_while_the_till_is_silent_nothing_is_changed_and_the_page_says_so(shop: Shop) -> None:
    browser = subscriber(shop)
    fields = {**shop.offer(browser, EXTRA), "plan": "more"}
    way = back(shop.till.post(order_more(shop, browser)))
    with shop.out_of_order():
        assert browser.post("/-/subscribe", fields).status_code == 503
        assert browser.get(way).status_code == 503
    assert browser.get(way).status_code == 303


def test_an_order_that_was_restored_without_its_confirmation_is_no_change_of_plan(shop: Shop) -> None:
    """Files of before the confirmation was told have none."""
    from foldline.site.billing import orders
    from foldline.site.billing.models import Order
    from foldline.site.readers.mail import POSTMAN

    browser = subscriber(shop)
    named = text_of(browser.get("/-/account"))
    assert Order.objects.exclude(subscription=None).update(confirmed_at=0) == 1
    orders.confirm_unheard("till")
    POSTMAN.wait(10)
    assert mails() == []
    assert text_of(browser.get("/-/account")) == named
