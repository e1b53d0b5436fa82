"""Prices in words. An amount is a whole number of a currency's minor units."""

from __future__ import annotations

from collections.abc import Sequence

from foldline.pages.numbers import grouped
from foldline.pages.public import Offer
from foldline.pages.words import Words
from foldline.plans import CURRENCIES, Plan

#: How a currency is written where it has a sign of its own.
_SIGNS = {"eur": "€", "gbp": "£", "usd": "$"}

_FIRM = "\N{NO-BREAK SPACE}"


def spoken(amount: int, currency: str, language: str) -> str:
    """“€4”, “€4.50” in English, “4 €”, “4,50 €” in French: decimals only where there are some."""
    name = currency.lower()
    digits = CURRENCIES.get(name, 2)
    whole, rest = divmod(amount, 10**digits)
    french = language.partition("-")[0] == "fr"
    number = grouped(whole, language)
    if rest:
        number += f"{',' if french else '.'}{rest:0{digits}}"
    sign = _SIGNS.get(name, name.upper())
    if french:
        return f"{number}{_FIRM}{sign}"
    return f"{sign}{number}" if name in _SIGNS else f"{sign}{_FIRM}{number}"


def price_line(amount: int, currency: str, interval: str, words: Words) -> str:
    """“€4 a month”."""
    return words.format(f"subscribe.price-{interval}", price=spoken(amount, currency, words.language))


def plan_price(plan: Plan, words: Words, *, introduced: bool = False) -> str:
    """What a plan costs: “€4 a month, plus tax”; `introduced` with its introductory price, “€1 a month for the first 3
    months, then €4 a month”."""
    line = price_line(plan.amount, plan.currency, plan.interval, words)
    if introduced and plan.first_intervals:
        many = "" if plan.first_intervals > 1 else "one-"
        first = spoken(plan.first_amount, plan.currency, words.language)
        line = words.format(
            f"subscribe.first-{many}{plan.interval}", first=first, count=plan.first_intervals, price=line
        )
    return line if plan.tax == "none" else words.format(f"subscribe.tax-{plan.tax}", price=line)


def wall_offer(plans: Sequence[Plan], words: Words, subscribe_path: str) -> Offer:
    """What every wall may say of what is sold: the first plan, where all plans open the same. Where they don't, a wall
    names none, because it does not know which of them opens its article; the page that it leads to does."""
    if not plans or len({frozenset(plan.products) for plan in plans}) > 1:
        return Offer(subscribe_path=subscribe_path)
    first = plans[0]
    return Offer(first.name, plan_price(first, words), subscribe_path)
