"""The one page of the account: what is on it, and how few clicks everything else is away."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any

from tests.billing.shop import nora, shop, text_of
from tests.readers.browser import Browser

if TYPE_CHECKING:
    from tests.billing.shop import Shop

__all__ = ["shop"]

ACCOUNT = "/-/account"
#: How many clicks anything may be away (the publisher's promise), and how few those of a page are.
MOST = 2


@dataclass(frozen=True)
class Click:
    """A link (`fields` is None) or a button of a form: what it says, and where it leads."""

    said: str
    address: str
    fields: tuple[tuple[str, str], ...] | None = None


def clicks_on(answer: Any) -> list[Click]:
    """Everything that can be pressed on a page."""
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    found = []
    for form, inside in re.findall(r"<form([^>]*)>(.*?)</form>", main, re.DOTALL):
        action = re.search(r'action="([^"]*)"', form)
        hidden = tuple(re.findall(r'<input type="hidden" name="(?!csrf)([^"]+)" value="([^"]*)"', inside))
        for button, said in re.findall(r"<button([^>]*)>(.*?)</button>", inside, re.DOTALL):
            own = tuple(re.findall(r'name="([^"]+)" value="([^"]*)"', button))
            label = re.search(r'aria-label="([^"]*)"', button)
            told = unescape(label[1] if label else re.sub(r"<[^>]*>", "", said)).strip()
            found.append(Click(told, unescape(action[1]) if action else "", (*hidden, *own)))
    for link, said in re.findall(r"<a ([^>]*)>(.*?)</a>", main, re.DOTALL):
        address = re.search(r'href="([^"]*)"', link)
        label = re.search(r'aria-label="([^"]*)"', link)
        if address is not None:
            found.append(Click(unescape(label[1] if label else re.sub(r"<[^>]*>", "", said)), unescape(address[1])))
    return found


def press(browser: Browser, here: str, click: Click) -> tuple[str, Any]:
    """Press one, and follow where it leads: the address one is at then, and what is there."""
    address = click.address or here
    answer = browser.get(address) if click.fields is None else browser.post(address, dict(click.fields))
    while answer.status_code in (302, 303):
        address = answer["Location"].partition("#")[0]
        answer = browser.get(address)
    return address, answer


def reach(browser: Browser, there: Callable[[Any], object], *said: str) -> int:
    """How many clicks of these words, in their order, lead from the account to where `there` is true."""
    here, answer = ACCOUNT, browser.get(ACCOUNT)
    for number, words in enumerate(said, 1):
        named = [one for one in clicks_on(answer) if one.said.startswith(words)]
        (click,) = [one for one in named if one.said == words] or named
        here, answer = press(browser, here, click)
        if there(answer):
            return number
    raise AssertionError(f"{said} leads to {here}: {text_of(answer)[:200]}")


def test_plan_price_next_charge_order_devices_and_products_stand_on_one_page(shop: Shop) -> None:
    from foldline.site.billing import account_part, held, orders
    from foldline.site.readers.models import Reader

    browser = nora()
    browser.get(shop.pay(browser))
    (one,) = held.of(Reader.objects.get())
    page = text_of(browser.get(ACCOUNT))
    charged = account_part.day_of(one.period_end)
    for fact in ("nora@example.test", "All of it, €4 a month", charged, orders.number_of(one), "This device"):
        assert fact in page, fact
    assert re.search(rf"€4[^.]*{charged}|{charged}[^.]*€4", page), "the next charge and its date are one sentence"


def test_everything_about_an_account_is_two_clicks_away_at_most(shop: Shop) -> None:
    from foldline.site.billing.models import Subscription

    browser = nora()
    browser.get(shop.pay(browser))

    def on(words: str) -> Callable[[Any], bool]:
        return lambda answer: words in text_of(answer)

    ways: dict[str, tuple[Callable[[Any], object], tuple[str, ...]]] = {
        "invoices": (lambda answer: "€4" in text_of(answer) and "TILL-0001" in text_of(answer), ("Payments and",)),
        "means of payment": (
            lambda answer: answer.get("Refresh", "").startswith(f"0; url={shop.till.address}"),
            ("Payments and", "Change the means"),
        ),
        "address": (lambda answer: "address" in text_of(answer), ("Change the e-mail",)),
        "my data": (lambda answer: "attachment" in answer.get("Content-Disposition", ""), ("Download my data",)),
        "withdrawing": (on("order number"), ("Withdraw from contract",)),
        "erasing": (lambda answer: answer.status_code == 409, ("Erase my account",)),
        "cancelling": (
            lambda answer: Subscription.objects.get().cancel_at_period_end,
            ("Cancel: All of it", "Cancel my subscription"),
        ),
        "keeping": (
            lambda answer: not Subscription.objects.get().cancel_at_period_end,
            ("Keep it after all: All of it",),
        ),
        "signing out": (lambda answer: browser.cookie("__Host-foldline-pass") == "", ("Sign out",)),
    }
    away = {what: reach(browser, there, *said) for what, (there, said) in ways.items()}
    assert {what: clicks for what, clicks in away.items() if clicks > MOST} == {}
    assert (away["cancelling"], away["my data"], away["invoices"]) == (2, 1, 1)


def test_cancelling_asks_for_nothing_and_offers_nothing_else(shop: Shop) -> None:
    browser = nora()
    browser.get(shop.pay(browser))
    (cancel,) = [one for one in clicks_on(browser.get(ACCOUNT)) if one.said.startswith("Cancel:")]
    page = browser.get(cancel.address)
    fields = re.findall(r"<(?:select|textarea)|<input(?! type=\"hidden\")", page.content.decode().partition("<main")[2])
    assert fields == []
    assert [one.said for one in clicks_on(page)] == ["Cancel my subscription", "Keep my subscription"]
