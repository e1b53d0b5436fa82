"""From the page of plans to the till and back: real pages, a real ledger, and the till over its socket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.billing.shop import EXTRA, WHOLE, nora, payment_page, products, shop, text_of
from tests.readers.browser import Browser, last_code, mails

if TYPE_CHECKING:
    from tests.billing.shop import Shop

__all__ = ["shop"]


def test_the_page_offers_the_plans_that_open_the_article_and_no_others(shop: Shop) -> None:
    page = text_of(Browser().get(f"/-/subscribe?next={WHOLE}"))
    assert "All of it €4 a month" in page
    assert "All and more €9 a month" in page
    page = text_of(Browser().get(f"/-/subscribe?next={EXTRA}"))
    assert "All of it" not in page
    assert "All and more €9 a month Nothing is charged for the first 14 days" in page


def test_who_is_not_signed_in_sees_the_prices_and_comes_back_to_them_after_a_code(shop: Shop) -> None:
    browser = Browser()
    page = browser.get(f"/-/subscribe?next={WHOLE}").content.decode()
    assert "€4 a month" in page
    assert 'name="plan"' not in page
    (sign_in,) = re.findall(r'class="button" href="([^"]+)"', page)
    browser.get(sign_in)
    back = "/-/subscribe?next=/the-whole"
    browser.post("/-/sign-in", {"email": "nora@example.test", "next": back})
    assert browser.type_code(last_code())["Location"] == back
    assert 'name="plan"' in browser.get(back).content.decode()


def test_paying_leads_to_the_article_with_a_pass_that_opens_it_and_no_notice_was_needed(shop: Shop) -> None:
    browser = nora()
    assert products(browser) == frozenset()
    back = shop.pay(browser, WHOLE)
    answer = browser.get(back)
    assert (answer.status_code, answer["Location"]) == (303, "/the-whole#continue")
    assert products(browser) == {1}
    assert shop.till.told == []
    # Opened again, from the history: the same, and nothing is paid twice.
    assert browser.get(back)["Location"] == "/the-whole#continue"
    assert shop.subscriptions() == 1


def test_what_was_agreed_to_is_kept_in_its_words_and_mailed_once(shop: Shop) -> None:
    from foldline.site.billing.models import Order

    browser = nora()
    back = shop.pay(browser)
    for _ in range(2):
        browser.get(back)
    order = Order.objects.get()
    assert "All of it, €4 a month." in order.terms
    assert "I agree that it renews at the price shown until I cancel it." in order.terms
    assert (order.language, order.plan) == ("en", "all")
    assert re.fullmatch("t-[0-9a-f]{10}", order.terms_version)
    (told,) = mails()
    assert told.to == ["nora@example.test"]
    assert order.terms in told.body
    assert "http://127.0.0.1:8080/-/account" in told.body


def test_a_form_sent_twice_is_one_visit_to_the_till(shop: Shop) -> None:
    browser = nora()
    form = shop.offer(browser)
    first = payment_page(browser.post("/-/subscribe", form))
    assert payment_page(browser.post("/-/subscribe", form)) == first
    shop.till.post(first, card="works")
    # The Back button after paying: not the payment page again.
    assert browser.post("/-/subscribe", form)["Location"].startswith("/-/subscribed?checkout=")
    assert shop.subscriptions() == 1


def test_two_windows_lead_to_one_payment_page_and_back_to_where_the_last_one_came_from(shop: Shop) -> None:
    browser = nora()
    first = shop.begin(browser, "/-/account")
    assert shop.begin(browser, "/") == first
    paid = shop.till.post(first, card="works")
    assert browser.get(paid.headers["location"].removeprefix("http://127.0.0.1:8080"))["Location"] == "/"
    # And with another plan it is another page.
    assert shop.subscriptions() == 1
    assert shop.begin(nora("otto@example.test"), "/") != first


def test_nobody_pays_twice_for_what_they_have(shop: Shop) -> None:
    browser = nora()
    browser.get(shop.pay(browser))
    assert "You have this already: All of it." in text_of(browser.get(f"/-/subscribe?next={WHOLE}"))
    form = {**shop.offer(browser, EXTRA), "next": WHOLE, "plan": "all"}
    answer = browser.post("/-/subscribe", {**form, "terms": shop_version(browser, WHOLE), "order": "0" * 32})
    assert answer.status_code == 409
    assert shop.subscriptions() == 1


def shop_version(browser: Browser, path: str) -> str:
    from foldline.site.billing.subscribing import _offer
    from foldline.site.readers.models import Reader

    return _offer(path, Reader.objects.get(email="nora@example.test")).version


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"plan": "free-for-me"}, 400, "choose a plan"),
        ({"order": "mine"}, 400, "choose a plan"),
        ({"agreed": None}, 400, "tick the box"),
        ({"terms": "t-0000000000"}, 409, "conditions have changed"),
    ],
)
def test_a_form_that_is_not_the_page_s_begins_nothing_and_says_why(
    shop: Shop, fields: dict[str, str | None], status: int, says: str
) -> None:
    browser = nora()
    given = {**shop.offer(browser), **fields}
    answer = browser.post("/-/subscribe", {name: value for name, value in given.items() if value is not None})
    assert answer.status_code == status
    assert says in text_of(answer)
    assert "Refresh" not in answer


def test_a_price_or_an_address_from_the_form_counts_for_nothing(shop: Shop) -> None:
    browser = nora()
    back = shop.pay(
        browser, amount="1", price="0.01", currency="usd", back_url="https://evil.example", trial_days="365"
    )
    assert back.startswith("/-/subscribed?checkout=")
    (one,) = shop.till.provider.subscriptions(0)
    assert (one.amount, one.currency, one.trial_end) == (400, "eur", None)


def test_a_plan_that_does_not_open_the_article_is_not_sold_for_it(shop: Shop) -> None:
    browser = nora()
    answer = browser.post("/-/subscribe", {**shop.offer(browser, EXTRA), "plan": "all"})
    assert answer.status_code == 400


@pytest.mark.parametrize("given", ["//evil.example", "https://evil.example/", "/a\\b", "javascript:alert(1)"])
def test_paying_never_leads_to_another_site(shop: Shop, given: str) -> None:
    browser = nora()
    form = {**shop.offer(browser, "/"), "next": given}
    paid = shop.till.post(payment_page(browser.post("/-/subscribe", form)), card="works")
    assert browser.get(paid.headers["location"].removeprefix("http://127.0.0.1:8080"))["Location"] == "/"


def test_a_declined_card_opens_nothing_and_the_way_back_leads_to_paying(shop: Shop) -> None:
    browser = nora()
    page = shop.begin(browser)
    refused = shop.till.post(page, card="declined")
    assert refused.status == 402
    from foldline.site.billing.models import Order

    answer = browser.get(f"/-/subscribed?checkout={Order.objects.get().checkout}")
    assert answer.status_code == 200
    assert "nothing was paid" in text_of(answer)
    assert f'href="{page}"' in answer.content.decode()
    assert products(browser) == frozenset()


def test_the_address_of_the_way_back_proves_nothing(shop: Shop) -> None:
    """Made up, of somebody else, or of a visit that was not paid: none of them opens anything."""
    browser, other = nora(), nora("otto@example.test")
    back = shop.pay(browser)
    for address in (
        back.replace("checkout=", "checkout=x"),
        "/-/subscribed?checkout=../../x",
        "/-/subscribed?checkout=",
        back,
    ):
        answer = other.get(address)
        assert answer.status_code == 404
    assert products(other) == frozenset()
    # Until whom it belongs to comes back.
    assert browser.get(back)["Location"] == "/the-whole#continue"


def test_back_without_paying_leads_to_the_plans_for_the_same_article(shop: Shop) -> None:
    browser = nora()
    shop.begin(browser, EXTRA, plan="more")
    assert browser.get("/-/subscribed")["Location"] == f"/-/subscribe?next={EXTRA}"
    assert Browser().get("/-/subscribed")["Location"] == "/-/subscribe?next=/"
    assert products(browser) == frozenset()


def test_a_browser_that_lost_its_session_while_paying_signs_in_and_is_back(shop: Shop) -> None:
    back = shop.pay(nora())
    browser = Browser()
    (sign_in,) = [browser.get(back)["Location"]]
    assert sign_in.startswith("/-/sign-in?next=/-/subscribed%3Fcheckout%3D")
    browser.get(sign_in)
    browser.post("/-/sign-in", {"email": "nora@example.test", "next": back})
    assert browser.type_code(last_code())["Location"] == back
    assert browser.get(back)["Location"] == "/the-whole#continue"


def test_when_the_till_is_silent_nothing_is_charged_and_the_page_says_so(shop: Shop) -> None:
    browser = nora()
    form = shop.offer(browser)
    with shop.out_of_order():
        answer = browser.post("/-/subscribe", form)
        assert answer.status_code == 503
        assert "Nothing was charged" in text_of(answer)
    assert shop.subscriptions() == 0
    # The same form once more, as the page gave it back.
    again = re.search(r'name="order" value="([0-9a-f]+)"', answer.content.decode())
    assert again is not None
    assert again[1] == form["order"]


def test_an_answer_that_is_lost_after_the_till_has_begun_begins_nothing_twice(shop: Shop) -> None:
    from foldline.site.billing.provider import ProviderUnavailable
    from foldline.site.billing.till.client import Till

    browser = nora()
    form = shop.offer(browser)
    honest = Till._ask

    def lost(self: Till, *asked: Any) -> Any:
        honest(self, *asked)
        raise ProviderUnavailable("till: lost")

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(Till, "_ask", lost)
        assert browser.post("/-/subscribe", form).status_code == 503
    page = payment_page(browser.post("/-/subscribe", form))
    assert [page.rpartition("/")[2]] == [one["id"] for one in shop.till.book.objects.all("checkout")]


def test_when_the_till_is_silent_after_paying_the_page_asks_again_and_then_opens(shop: Shop) -> None:
    browser = nora()
    back = shop.pay(browser)
    with shop.out_of_order():
        answer = browser.get(back)
        assert (answer.status_code, answer["Refresh"]) == (503, "5")
        assert "your payment is safe" in text_of(answer)
    assert products(browser) == frozenset()
    browser.get(back)
    assert products(browser) == {1}


def test_a_second_subscription_has_no_second_trial(shop: Shop) -> None:
    browser = nora()
    browser.get(shop.pay(browser, EXTRA, plan="more"))
    (first,) = shop.till.provider.subscriptions(0)
    assert first.trial_end is not None
    from foldline.site.billing.models import Subscription

    Subscription.objects.update(state="lapsed")
    assert "Nothing is charged for the first" not in text_of(browser.get(f"/-/subscribe?next={EXTRA}"))


def test_too_many_visits_to_the_till_are_refused_kindly(shop: Shop) -> None:
    browser = nora()
    for _ in range(10):
        shop.begin(browser)
    assert shop.subscriptions() == 0
    answer = browser.post("/-/subscribe", shop.offer(browser))
    assert answer.status_code == 429
    assert "wait ten minutes" in text_of(answer)


def test_without_a_provider_the_page_says_that_nothing_is_sold(selling: None) -> None:
    assert "cannot be bought here yet" in text_of(Browser().get("/-/subscribe"))
    assert Browser().get("/-/subscribed?checkout=x").status_code in (303, 404)
