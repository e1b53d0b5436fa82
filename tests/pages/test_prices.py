from __future__ import annotations

import pytest

from foldline.pages.prices import price_line, spoken, wall_offer
from foldline.pages.public import Offer
from foldline.pages.words import load_words
from foldline.plans import Plan


@pytest.mark.parametrize(
    ("amount", "currency", "english", "french"),
    [
        (400, "eur", "€4", "4 €"),
        (450, "eur", "€4.50", "4,50 €"),
        (405, "usd", "$4.05", "4,05 $"),
        (123_456_700, "gbp", "£1,234,567", "1 234 567 £"),
        (4000, "sek", "SEK 40", "40 SEK"),
        (400, "jpy", "JPY 400", "400 JPY"),
    ],
)
def test_an_amount_is_written_as_its_language_writes_it(amount: int, currency: str, english: str, french: str) -> None:
    assert spoken(amount, currency, "en").replace("\N{NO-BREAK SPACE}", " ") == english
    told = spoken(amount, currency, "fr")
    assert told.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ") == french
    assert " " not in told


def plan(key: str, amount: int, *products: int) -> Plan:
    return Plan(key, f"All by the {key}", products, amount, "eur", "month" if key == "month" else "year", 0, 7)


def test_a_wall_names_the_first_plan_where_all_open_the_same() -> None:
    words = load_words("en")
    offer = wall_offer((plan("month", 400, 1, 2), plan("year", 4000, 2, 1)), words, "/-/subscribe")
    assert offer == Offer("All by the month", "€4 a month", "/-/subscribe")
    assert price_line(4000, "eur", "year", words) == "€40 a year"


def test_a_wall_names_no_plan_that_may_not_open_its_article() -> None:
    offer = wall_offer((plan("month", 400, 1), plan("year", 4000, 1, 2)), load_words("en"), "/-/subscribe")
    assert offer == Offer(subscribe_path="/-/subscribe")
