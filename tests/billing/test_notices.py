"""The address that the provider tells: what is signed is asked for again, everything else changes nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.billing.shop import nora, products, shop
from tests.billing.till_room import SECRET
from tests.readers.browser import HOST, Browser, mails

from foldline.site.billing.signature import sign

if TYPE_CHECKING:
    from tests.billing.shop import Shop

__all__ = ["shop"]

TELL = "/-/billing/notice"


def tell(body: bytes, signature: str | None) -> int:
    """What a provider does: no cookie, no token of a form."""
    headers = {"Host": HOST} | ({"Till-Signature": signature} if signature is not None else {})
    answer = Browser().client.post(TELL, body, content_type="application/json", headers=headers)
    assert answer.content == b""
    return answer.status_code


def paid(shop: Shop) -> tuple[Any, bytes]:
    """A reader who paid and closed the window, and the till's notice about it."""
    from tests.billing.shop import notice_of

    browser = nora()
    shop.pay(browser)
    (one,) = shop.till.provider.subscriptions(0)
    return browser, notice_of(shop, one.subscription)


def test_a_signed_notice_opens_for_who_never_came_back_and_the_mail_goes_out_once(shop: Shop) -> None:
    browser, body = paid(shop)
    assert products(browser) == frozenset()
    for _ in range(2):
        assert tell(body, sign(body, SECRET, int(time.time()))) == 200
    browser.get("/-/account")
    assert products(browser) == {1}
    (told,) = mails()
    assert told.subject == "Your subscription to The Valley Post"


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "t=1,v1=00",
        lambda body: sign(body, "another secret", int(time.time())),
        lambda body: sign(body, SECRET, int(time.time()) - 301),
        lambda body: sign(body, SECRET, int(time.time()) + 320),
        lambda body: sign(body + b" ", SECRET, int(time.time())),
    ],
)
def test_what_nobody_signed_is_refused_and_changes_nothing(shop: Shop, signature: Any) -> None:
    browser, body = paid(shop)
    assert tell(body, signature(body) if callable(signature) else signature) == 400
    browser.get("/-/account")
    assert products(browser) == frozenset()


def test_a_notice_that_can_t_be_asked_about_is_to_come_again_and_then_counts(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.site.billing.provider import ProviderUnavailable
    from foldline.site.billing.till.client import Till

    browser, body = paid(shop)
    with monkeypatch.context() as broken:

        def silent(self: Till, subscription: str) -> None:
            raise ProviderUnavailable("till: silent")

        broken.setattr(Till, "subscription", silent)
        assert tell(body, sign(body, SECRET, int(time.time()))) == 503
    assert tell(body, sign(body, SECRET, int(time.time()))) == 200
    browser.get("/-/account")
    assert products(browser) == {1}


def test_only_post_is_answered_and_nothing_that_is_larger_than_a_notice(shop: Shop) -> None:
    assert Browser().get(TELL).status_code == 405
    assert tell(b"x" * (256 * 1024 + 1), "t=1,v1=00") == 413
