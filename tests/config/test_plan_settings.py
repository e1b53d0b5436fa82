"""`[plan.<name>]`: what is sold is meant to the letter, and every mistake is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.config import load
from foldline.errors import ConfigurationError, Problem
from foldline.plans import CURRENCIES, Plan, minor_units
from foldline.stores.home import Home

ENVIRON = {"FOLDLINE_SECRET": "x" * 64}
PUBLICATION = '[publication]\nname = "The Valley Post"\nurl = "https://valley-post.example"\n'
GOOD = {"name": '"All"', "amount": '"4.00"', "currency": '"eur"'}


def _load(folder: Path, text: str) -> tuple[Plan, ...]:
    home = Home(folder)
    # What is no table stands before the first one.
    text = text + PUBLICATION if text.startswith("plan") else PUBLICATION + text
    home.settings_file.write_text(text, encoding="utf-8")
    return load(home, ENVIRON).plans


def _table(key: str = "monthly", **values: str) -> str:
    lines = {name.replace("_", "-"): value for name, value in (GOOD | values).items() if value}
    return "\n".join([f"[plan.{key}]", *(f"{name} = {value}" for name, value in lines.items()), ""])


def _problems(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(ConfigurationError) as refused:
        _load(folder, text)
    return list(refused.value.problems)


def test_plans_are_read_in_their_order_with_defaults_and_amounts_in_minor_units(tmp_path: Path) -> None:
    year = _table("yearly", amount='"39.90"', interval='"year"', trial_days="14", grace_days="10", products="[1, 2]")
    assert _load(tmp_path, _table() + year + _table("yen", amount='"400"', currency='"jpy"')) == (
        Plan("monthly", "All", (1,), 400, "eur", "month", 0, 7),
        Plan("yearly", "All", (1, 2), 3990, "eur", "year", 14, 10),
        Plan("yen", "All", (1,), 400, "jpy", "month", 0, 7),
    )


def test_a_plan_may_have_an_introductory_price_or_promotion_codes_and_tax(tmp_path: Path) -> None:
    first = _table(first_amount='"1.00"', first_intervals="3", tax='"exclusive"')
    codes = _table("codes", promotion_codes="true", tax='"inclusive"', trial_days="14")
    assert _load(tmp_path, first + codes) == (
        Plan("monthly", "All", (1,), 400, "eur", "month", 0, 7, 100, 3, False, "exclusive"),
        Plan("codes", "All", (1,), 400, "eur", "month", 14, 7, 0, 0, True, "inclusive"),
    )


def test_a_publication_without_plans_sells_nothing(tmp_path: Path) -> None:
    assert _load(tmp_path, "") == ()


@pytest.mark.parametrize(
    ("text", "identity", "says"),
    [
        (_table().replace("monthly", "Monthly"), "FL260", "[plan.Monthly]"),
        (_table(name=""), "FL260", "missing: name"),
        (_table(amount="4.0"), "FL260", "of the wrong type: amount"),
        (_table(price='"4.00"'), "FL260", "unknown: price"),
        (_table(trial_days="true"), "FL260", "of the wrong type: trial-days"),
        ("[plan]\nmonthly = 4\n", "FL260", "[plan.monthly]"),
        ("plan = 4\n", "FL260", "[plan] is no table of plans"),
        (_table(amount='"4,00"'), "FL261", "'4,00' is no amount of eur"),
        (_table(amount='"0.00"'), "FL261", "'0.00' is no amount of eur"),
        (_table(currency='"EUR"'), "FL262", "unknown currency 'EUR'"),
        (_table(interval='"week"'), "FL263", "unknown interval 'week'"),
        (_table(trial_days="366"), "FL264", "trial-days is not between 0 and 365"),
        (_table(grace_days="0"), "FL264", "grace-days is not between 1 and 60"),
        (_table(first_amount='"1.00"'), "FL266", "introductory price is incomplete"),
        (_table(first_intervals="3"), "FL266", "introductory price is incomplete"),
        (_table(first_amount='"4.00"', first_intervals="3"), "FL266", "introductory price is incomplete"),
        (_table(first_amount='"1"', first_intervals="3"), "FL266", "introductory price is incomplete"),
        (_table(first_amount='"1.00"', first_intervals="25"), "FL266", "1 to 24"),
        (_table(first_amount='"1.00"', first_intervals="3", trial_days="7"), "FL267", "beside a trial"),
        (_table(first_amount='"1.00"', first_intervals="3", promotion_codes="true"), "FL267", "promotion codes"),
        (_table(tax='"vat"'), "FL268", "unknown tax 'vat'"),
        (_table(products="[]"), "FL265", "products are no numbers of products"),
        (_table(products="[1, 1]"), "FL265", "products are no numbers of products"),
        (_table(products="[true]"), "FL265", "products are no numbers of products"),
        (_table(products='["1"]'), "FL265", "products are no numbers of products"),
    ],
)
def test_a_plan_that_nobody_could_have_meant_is_refused_by_id_with_its_place(
    tmp_path: Path, text: str, identity: str, says: str
) -> None:
    found = _problems(tmp_path, text)
    assert [problem.id for problem in found] == [identity]
    assert says in str(found[0])


def test_every_mistake_of_every_plan_is_told_at_once(tmp_path: Path) -> None:
    text = _table(amount='"x"', interval='"week"', grace_days="0", products="[0]") + _table("other", currency='"xxx"')
    assert [one.id for one in _problems(tmp_path, text)] == ["FL261", "FL263", "FL264", "FL265", "FL262"]


@given(st.integers(1, 9_999_999), st.sampled_from(sorted(CURRENCIES)))
def test_an_amount_that_is_written_with_its_digits_is_read_to_the_unit(amount: int, currency: str) -> None:
    digits = CURRENCIES[currency]
    text = f"{amount // 10**digits}.{amount % 10**digits:0{digits}d}" if digits else str(amount)
    assert minor_units(text, currency) == amount
