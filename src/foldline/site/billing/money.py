"""Amounts of money in words. An amount is a whole number of a currency's minor units."""

from __future__ import annotations

from foldline.plans import CURRENCIES

#: How a currency is written where it has a sign of its own.
_SIGNS = {"eur": "€", "gbp": "£", "usd": "$"}

_NARROW = "\N{NARROW NO-BREAK SPACE}"
_FIRM = "\N{NO-BREAK SPACE}"


def spoken(amount: int, currency: str, language: str) -> str:
    """“€4”, “€4.50” in English, “4 €”, “4,50 €” in French: decimals only where there are some."""
    name = currency.lower()
    digits = CURRENCIES.get(name, 2)
    whole, rest = divmod(amount, 10**digits)
    french = language.partition("-")[0] == "fr"
    number = f"{whole:,}".replace(",", _NARROW if french else ",")
    if rest:
        number += f"{',' if french else '.'}{rest:0{digits}}"
    sign = _SIGNS.get(name, name.upper())
    if french:
        return f"{number}{_FIRM}{sign}"
    return f"{sign}{number}" if name in _SIGNS else f"{sign}{_FIRM}{number}"
