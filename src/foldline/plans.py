"""Plans: what is sold, for how much and how often. They stand in the settings, `[plan.<name>]`, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, cast

from foldline.errors import Problem

PLAN = "plan"

#: Currencies that can be charged, and how many digits their minor unit has (ISO 4217).
CURRENCIES: Mapping[str, int] = MappingProxyType(
    dict.fromkeys(("aud", "cad", "chf", "czk", "dkk", "eur", "gbp", "huf", "nok", "nzd", "pln", "ron", "sek", "usd"), 2)
    | dict.fromkeys(("jpy", "krw"), 0)
)
INTERVALS = ("month", "year")
#: Whether the provider works out tax, and whether it is within the amount or comes to it.
TAXES = ("none", "inclusive", "exclusive")

#: Between these a number must be. A reader reads on for the days of grace while a renewal is late or its payment fails:
#: a provider takes hours to charge, and tries for up to three days to tell us, so that none at all locks payers out.
PRODUCTS, TRIAL_DAYS, GRACE_DAYS = (1, 65535), (0, 365), (1, 60)
FIRST_INTERVALS = (1, 24)

#: A pass carries so many products.
MOST_PRODUCTS = 16

#: Key, the type it must have, and what holds where it is absent; None where it must be there.
KEYS: Mapping[str, tuple[type, Any]] = MappingProxyType(
    {
        "name": (str, None),
        "products": (list, [1]),
        "amount": (str, None),
        "currency": (str, None),
        "interval": (str, "month"),
        "trial-days": (int, 0),
        "grace-days": (int, 7),
        "first-amount": (str, ""),
        "first-intervals": (int, 0),
        "promotion-codes": (bool, False),
        "tax": (str, "none"),
    }
)


@dataclass(frozen=True, slots=True)
class Plan:
    """`key` is what it is called in the settings and at the provider, `name` what readers are shown. `products` are
    the numbers that it opens, `amount` whole minor units for one interval. `grace_days` after the end of what is paid,
    a reader reads on while a renewal is awaited. `first_amount` is charged for each of the first `first_intervals`,
    both 0 where there is no introductory price. `promotion_codes`: the provider's page asks for one."""

    key: str
    name: str
    products: tuple[int, ...]
    amount: int
    currency: str
    interval: Literal["month", "year"]
    trial_days: int
    grace_days: int
    first_amount: int = 0
    first_intervals: int = 0
    promotion_codes: bool = False
    tax: Literal["none", "inclusive", "exclusive"] = "none"


def read_plans(tables: object, where: str, problems: list[Problem]) -> tuple[Plan, ...]:
    """The plans in what stands under `plan`, in the order of the file. What is wrong is added to `problems`."""
    if not isinstance(tables, dict):
        problems.append(Problem("FL260", "[plan] is no table of plans", where, "Write [plan.<name>] for each plan."))
        return ()
    found = [_plan(key, table, f"{where} [{PLAN}.{key}]", problems) for key, table in tables.items()]
    return tuple(plan for plan in found if plan is not None)


def minor_units(amount: str, currency: str) -> int | None:
    """`4.00` as 400; None for what is no amount above zero with just the digits that the currency has."""
    digits = CURRENCIES[currency]
    pattern = rf"[0-9]{{1,7}}\.[0-9]{{{digits}}}" if digits else r"[0-9]{1,9}"
    if not re.fullmatch(pattern, amount, re.ASCII):
        return None
    return int(Decimal(amount).scaleb(digits)) or None


def _plan(key: str, table: object, place: str, problems: list[Problem]) -> Plan | None:
    before = len(problems)
    values = _values(key, table, place, problems)
    if values is None:
        return None
    currency, amount = values["currency"], None
    if currency not in CURRENCIES:
        hint = f"Known: {', '.join(CURRENCIES)}."
        problems.append(Problem("FL262", f"unknown currency {currency!r}", place, hint))
    else:
        amount = minor_units(values["amount"], currency)
        if amount is None:
            hint = 'Write it above zero, with all digits, as in "4.00".'
            problems.append(Problem("FL261", f"{values['amount']!r} is no amount of {currency}", place, hint))
    if values["interval"] not in INTERVALS:
        hint = f"Known: {', '.join(INTERVALS)}."
        problems.append(Problem("FL263", f"unknown interval {values['interval']!r}", place, hint))
    for name, (least, most) in (("trial-days", TRIAL_DAYS), ("grace-days", GRACE_DAYS)):
        if not least <= values[name] <= most:
            what = f"{name} is not between {least} and {most}"
            problems.append(Problem("FL264", what, place, f"It is {values[name]}."))
    products = values["products"]
    if not _are_products(products):
        least, most = PRODUCTS
        hint = f"Write 1 to {MOST_PRODUCTS} different whole numbers from {least} to {most}, as in [1]."
        problems.append(Problem("FL265", "products are no numbers of products", place, hint))
    if values["tax"] not in TAXES:
        problems.append(Problem("FL268", f"unknown tax {values['tax']!r}", place, f"Known: {', '.join(TAXES)}."))
    first = _first(values, amount, place, problems)
    if len(problems) > before or amount is None:
        return None
    interval = cast("Literal['month', 'year']", values["interval"])
    tax = cast("Literal['none', 'inclusive', 'exclusive']", values["tax"])
    return Plan(
        key,
        values["name"],
        tuple(products),
        amount,
        currency,
        interval,
        values["trial-days"],
        values["grace-days"],
        *first,
        promotion_codes=values["promotion-codes"],
        tax=tax,
    )


def _first(values: Mapping[str, Any], amount: int | None, place: str, problems: list[Problem]) -> tuple[int, int]:
    """The introductory price and for how many intervals it holds; (0, 0) for none, or where `amount` is no good."""
    said, count = values["first-amount"], values["first-intervals"]
    if amount is None or (not said and not count):
        return 0, 0
    first, (least, most) = minor_units(said, values["currency"]), FIRST_INTERVALS
    if first is None or first >= amount or not least <= count <= most:
        hint = f"Write first-amount below the amount, and first-intervals from {least} to {most}; or neither."
        problems.append(Problem("FL266", "an introductory price is incomplete", place, hint))
        return 0, 0
    if values["trial-days"] or values["promotion-codes"]:
        hint = "A payment page takes one of the three: leave the others out, or sell another plan with them."
        what = "a plan has an introductory price beside a trial or promotion codes"
        problems.append(Problem("FL267", what, place, hint))
    return first, count


def _values(key: str, table: object, place: str, problems: list[Problem]) -> dict[str, Any] | None:
    """The values of a plan's table with defaults filled in; None, and a problem for each, where some are no good."""
    hint = f"Its table has {', '.join(KEYS)}, and nothing else."
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", key, re.ASCII) or not isinstance(table, dict):
        problems.append(Problem("FL260", "a plan needs a name in small letters, and a table", place, hint))
        return None
    wrong = [f"unknown: {name}" for name in table if name not in KEYS]
    values = {}
    for name, (kind, default) in KEYS.items():
        value = table.get(name, default)
        if value is None or (value == "" and default is None):
            wrong.append(f"missing: {name}")
        elif type(value) is not kind:
            wrong.append(f"of the wrong type: {name}")
        values[name] = value
    if wrong:
        problems.append(Problem("FL260", f"a plan is incomplete ({'; '.join(wrong)})", place, hint))
        return None
    return values


def _are_products(products: list[object]) -> bool:
    least, most = PRODUCTS
    numbers = [number for number in products if type(number) is int and least <= number <= most]
    return 0 < len(products) <= MOST_PRODUCTS and len(set(numbers)) == len(products)
