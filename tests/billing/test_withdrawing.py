"""Withdrawing from a contract, by people who are not signed in and by people who are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.billing.shop import nora, products, shop, text_of
from tests.readers.browser import Browser, mails

from foldline.site.billing.provider import InvoiceStatus, Status

if TYPE_CHECKING:
    from django.http import HttpResponse
    from tests.billing.shop import Shop

    from foldline.site.billing.models import Withdrawal

__all__ = ["shop"]

DAY = 86_400


def subscriber(shop: Shop) -> tuple[Browser, str]:
    """Somebody who has just paid, and the order number in their receipt."""
    browser = nora()
    browser.get(shop.pay(browser))
    found = re.search(r"order number: ([0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4})\.", mails()[-1].body)
    assert found is not None
    mails().clear()
    return browser, found[1]


def declare(number: str, email: str = "nora@example.test", name: str = "") -> HttpResponse:
    """Both steps, in a browser that is signed in nowhere."""
    stranger = Browser()
    stranger.get("/-/withdraw")
    fields = {"name": name, "email": email, "number": number}
    assert "Confirm withdrawal" in text_of(stranger.post("/-/withdraw", fields))
    return stranger.post("/-/withdraw", {**fields, "confirmed": "1"})


def settle(shop: Shop) -> None:
    from foldline.site.billing import withdrawals
    from foldline.site.readers import moment

    withdrawals.settle(shop.till.provider, moment.epoch())


def kept() -> list[Withdrawal]:
    from foldline.site.billing.models import Withdrawal

    return list(Withdrawal.objects.all())


def test_who_is_not_signed_in_withdraws_in_two_steps_and_has_it_by_mail_with_date_and_time(shop: Shop) -> None:
    _browser, number = subscriber(shop)
    assert "Your withdrawal has been received" in text_of(declare(number, name="Nora Q"))
    (told,) = mails()
    assert told.to == ["nora@example.test"]
    assert re.search(r"we received your withdrawal on .*\d{4}, \d{1,2}:\d\d [ap]\.m\. ", told.body)
    assert f"Name: Nora Q. E-mail: nora@example.test. Order number: {number}." in told.body
    (row,) = kept()
    assert (row.language, row.outcome, row.name) == ("en", "due", "Nora Q")
    assert row.declared in told.body


def test_a_withdrawal_ends_access_and_pays_back_at_the_provider_once(shop: Shop) -> None:
    browser, number = subscriber(shop)
    declare(number)
    assert products(browser) == {1}
    settle(shop)
    settle(shop)
    (one,) = shop.till.provider.subscriptions(0)
    assert (one.status, one.refunded) == (Status.CANCELED, True)
    assert [paid.status for paid in shop.till.provider.invoices(one.customer)] == [InvoiceStatus.REFUNDED]
    browser.get("/-/account")
    assert products(browser) == frozenset()
    (row,) = kept()
    assert (row.outcome, row.settled_at > 0) == ("done", True)


def test_declaring_alone_shows_and_keeps_nothing(shop: Shop) -> None:
    _browser, number = subscriber(shop)
    stranger = Browser()
    stranger.get(f"/-/withdraw?email=nora@example.test&number={number}&confirmed=1")
    stranger.post("/-/withdraw", {"email": "nora@example.test", "number": number})
    assert kept() == []
    assert mails() == []


def test_the_answer_is_the_same_whether_address_and_number_belong_to_anything_or_not(shop: Shop) -> None:
    _browser, number = subscriber(shop)
    pairs = [("nora@example.test", number), ("nora@example.test", "0000"), ("who@example.test", number)]
    answers = [declare(typed, email) for email, typed in pairs]
    texts = {
        text_of(answer).replace(email, "E").replace(typed, "N")
        for answer, (email, typed) in zip(answers, pairs, strict=True)
    }
    assert len(texts) == 1
    assert {answer.status_code for answer in answers} == {200}
    # A stranger's number withdraws nothing of hers, and nobody who has no account here gets a mail.
    assert sorted(row.outcome for row in kept()) == ["due", "unknown", "unknown"]
    assert [told.to for told in mails()] == [["nora@example.test"]] * 2


def test_somebody_elses_address_withdraws_nothing(shop: Shop) -> None:
    _browser, number = subscriber(shop)
    nora("other@example.test")
    declare(number, "other@example.test")
    settle(shop)
    (one,) = shop.till.provider.subscriptions(0)
    assert (one.status, one.refunded) == (Status.ACTIVE, False)


def test_the_same_declaration_twice_is_one_with_one_mail(shop: Shop) -> None:
    _browser, number = subscriber(shop)
    declare(number)
    declare(number)
    assert (len(kept()), len(mails())) == (1, 1)


def test_a_silent_provider_is_asked_again_and_loses_no_declaration(shop: Shop) -> None:
    import pytest

    from foldline.site.billing import withdrawals
    from foldline.site.billing.provider import ProviderUnavailable
    from foldline.site.billing.till.client import Till
    from foldline.site.readers import moment

    _browser, number = subscriber(shop)
    with shop.out_of_order():
        assert "Your withdrawal has been received" in text_of(declare(number))
    with pytest.raises(ProviderUnavailable):
        withdrawals.settle(Till("http://127.0.0.1:9", "key", "-"), moment.epoch())
    assert [row.outcome for row in kept()] == ["due"]
    settle(shop)
    assert [row.outcome for row in kept()] == ["done"]


def test_after_fourteen_days_people_decide(shop: Shop) -> None:
    from foldline.site.billing import withdrawals
    from foldline.site.billing.models import Subscription
    from foldline.site.readers import moment

    _browser, number = subscriber(shop)
    Subscription.objects.update(created=moment.epoch() - 16 * DAY)
    declare(number)
    assert "More than 14 days have passed" in mails()[-1].body
    settle(shop)
    (one,) = shop.till.provider.subscriptions(0)
    assert (one.status, one.refunded) == (Status.ACTIVE, False)
    assert [row.outcome for row in withdrawals.for_people()] == ["late"]


def test_too_many_declarations_from_one_network_are_refused_kindly(shop: Shop) -> None:
    answers = [declare("1234", f"who-{count}@example.test") for count in range(21)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert len(kept()) == 20


def test_nobody_fills_a_mailbox_with_made_up_declarations(shop: Shop) -> None:
    subscriber(shop)
    answers = [declare(f"number {count}") for count in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert len(mails()) == 5


def test_who_is_signed_in_finds_the_page_filled_in(shop: Shop) -> None:
    browser, number = subscriber(shop)
    assert 'href="/-/withdraw"' in browser.get("/-/account").content.decode()
    page = browser.get("/-/withdraw").content.decode()
    assert 'value="nora@example.test"' in page
    assert f'value="{number}"' in page


def test_the_account_and_the_plans_lead_to_it_and_each_mail_about_money(shop: Shop) -> None:
    browser = nora()
    assert "Withdraw from contract here" in text_of(browser.get("/-/subscribe"))
    browser.get(shop.pay(browser))
    assert "Withdraw from contract here: http://127.0.0.1:8080/-/withdraw" in mails()[-1].body
    assert "Withdraw from contract here" in text_of(browser.get("/-/account"))


def test_imprint_terms_and_privacy_stand_on_the_plans_in_the_mail_and_in_what_was_agreed(shop: Shop) -> None:
    from dataclasses import replace

    from django.conf import settings
    from django.test import override_settings

    from foldline.config import LegalPages
    from foldline.site.billing.models import Order

    legal = LegalPages("https://valley-post.example/imprint", "/terms", "")
    with override_settings(FOLDLINE=replace(settings.FOLDLINE, legal=legal)):
        browser = nora()
        page = browser.get("/-/subscribe").content.decode()
        assert '<a href="https://valley-post.example/imprint">Imprint</a>' in page
        browser.get(shop.pay(browser))
        told = mails()[-1].body
    assert "Terms: http://127.0.0.1:8080/terms\n" in told
    assert "Privacy" not in told
    (order,) = Order.objects.all()
    assert order.terms.endswith(
        "until I cancel it. Imprint: https://valley-post.example/imprint. Terms: http://127.0.0.1:8080/terms."
    )


def test_my_data_has_the_words_that_stood_beside_the_box_and_what_was_declared(shop: Shop) -> None:
    browser = nora()
    page = text_of(browser.get("/-/subscribe"))
    browser.get(shop.pay(browser))
    found = re.search(r"order number: (\S+)\.", mails()[-1].body)
    assert found is not None
    declare(found[1])
    browser.get("/-/account")
    data = browser.get("/-/account/data").json()
    (agreed,) = data["agreed_to"]
    assert agreed["language"] == "en"
    assert agreed["version"].startswith("t-")
    sentence = agreed["terms"].partition("Start my")[2]
    assert f"Start my{sentence}" in page
    (withdrawn,) = data["withdrawals"]
    assert withdrawn["declared"] == kept()[0].declared
