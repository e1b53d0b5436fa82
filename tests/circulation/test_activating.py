"""Activating a print subscription: one reader's each, and nobody learns why another one failed."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tests.readers.browser import Browser

from .conftest import Room, day, held

NORA, OMAR = "nora@example.test", "omar@example.test"
FILE = f"""number,postcode,email,starts,ends
A1001,1234 AB,,,{day(100)}
A1002,90210,omar@example.test,,{day(100)}
A1003,90210,,,{day(-2)}
A1004,90210,,{day(5)},{day(100)}
A1005,90210,,,{day(100)}
"""


def sign_in(email: str) -> Browser:
    from django.core.cache import cache

    cache.clear()
    browser = Browser()
    browser.sign_in(email)
    cache.clear()
    return browser


def submit(browser: Browser, number: str, postcode: str) -> tuple[int, str]:
    """(status, page), without the token that is drawn for each."""
    browser.get("/-/print")
    answer = browser.post("/-/print", {"number": number, "postcode": postcode})
    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode())
    return answer.status_code, page


def test_number_and_postcode_in_any_usual_spelling_open_everything(room: Room) -> None:
    room.take(FILE)
    browser = sign_in(NORA)
    assert "Print subscription" not in browser.get("/-/account").content.decode()
    browser.get("/-/print")
    answer = browser.post("/-/print", {"number": " a-10 01", "postcode": "1234ab"})
    assert (answer.status_code, answer["Location"]) == (303, "/-/account?done=print#print")
    assert held(NORA) == [("print", True)]
    page = browser.get("/-/account?done=print").content.decode()
    assert "Your print subscription opens everything here." in page
    assert "Print subscription A1001, until" in page
    assert submit(browser, "A1001", "1234AB")[0] == 303
    assert held(NORA) == [("print", True)]


def test_a_stranger_signs_in_first_and_comes_back(room: Room) -> None:
    answer = Browser().get("/-/print")
    assert (answer.status_code, answer["Location"]) == (303, "/-/sign-in?next=/-/print")


def test_every_failure_is_the_same_answer_after_the_same_work(room: Room) -> None:
    from django.core.cache import cache
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    room.take(FILE)
    assert submit(sign_in(OMAR), "A1005", "90210")[0] == 303
    browser = sign_in(NORA)
    failures = {
        "no such number": ("A9999", "90210"),
        "another postcode": ("A1001", "90210"),
        "another number of this postcode": ("A1002", "1234AB"),
        "ended": ("A1003", "90210"),
        "not begun": ("A1004", "90210"),
        "somebody else’s": ("A1005", "90210"),
    }
    answers, asked = {}, {}
    for why, (number, postcode) in failures.items():
        cache.clear()
        browser.get("/-/print")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answers[why] = submit(browser, number, postcode)
        asked[why] = len(queries)
    assert {status for status, _ in answers.values()} == {400}
    assert len(set(answers.values())) == 1, sorted(answers)
    assert len(set(asked.values())) == 1, asked
    assert held(NORA) == []
    (_, page) = answers["ended"]
    assert not any(said in page for said in ("A1003", "90210"))


def test_only_one_account_activates_a_number_and_the_desk_can_release_it(room: Room) -> None:
    from foldline.site.circulation.activating import release
    from foldline.site.circulation.models import PrintActivation
    from foldline.site.readers.models import Reader

    room.take(FILE)
    assert submit(sign_in(NORA), "A1001", "1234AB")[0] == 303
    omar = sign_in(OMAR)
    before = held(OMAR)
    assert submit(omar, "A1001", "1234AB")[0] == 400
    assert held(OMAR) == before
    one = PrintActivation.objects.get(subscription__number="A1001")
    release(one, Reader.objects.join("staff@example.test"))
    assert held(NORA) == [("print", False)]
    assert submit(omar, "A1001", "1234AB")[0] == 303


def test_the_address_in_the_file_activates_at_signing_in(room: Room) -> None:
    room.take(FILE)
    sign_in(OMAR)
    assert held(OMAR) == [("print", True)]
    sign_in(OMAR)
    assert held(OMAR) == [("print", True)]
    assert submit(sign_in(NORA), "A1002", "90210")[0] == 400


@pytest.mark.parametrize(
    ("tries", "who"),
    [(10, "one reader"), (20, "one number"), (60, "one network")],
)
def test_tries_are_counted_for_a_reader_a_number_and_a_network(room: Room, tries: int, who: str) -> None:
    from allauth.core import ratelimit
    from django.http import HttpRequest

    from foldline.site.circulation import hashes
    from foldline.site.readers.models import Reader

    room.take(FILE)
    browser = sign_in(NORA)
    action, key = {
        "one reader": ("print_reader", Reader.objects.get(email=NORA).key),
        "one number": ("print_number", hashes.of_number("A1001")),
        "one network": ("print_network", "4:c00002"),
    }[who]
    for _ in range(tries - 1):
        assert ratelimit.consume(HttpRequest(), action=action, key=key)
    assert submit(browser, "A1001", "0000")[0] == 400
    status, page = submit(browser, "A1001", "1234AB")
    assert (status, "That was tried often enough" in page) == (429, True)
    assert held(NORA) == []


def test_two_who_activate_at_once_are_one(room: Room) -> None:
    """What the second finds is that the row is taken: their entitlement went with the transaction."""
    from foldline.site.circulation import activating
    from foldline.site.circulation.models import PrintSubscription
    from foldline.site.readers import moment
    from foldline.site.readers.models import Reader

    room.take(FILE)
    subscription = PrintSubscription.objects.get(number="A1001")
    nora, omar = Reader.objects.join(NORA), Reader.objects.join(OMAR)
    assert activating._give(nora, subscription, moment.now()) is not None
    assert activating._give(omar, subscription, moment.now()) is None
    assert (held(NORA), held(OMAR)) == ([("print", True)], [])


def test_the_file_of_ones_data_names_it_and_erasing_lets_it_go(room: Room) -> None:
    from foldline.site.circulation.models import PrintActivation, PrintSubscription
    from foldline.site.readers.erasing import erase
    from foldline.site.readers.models import Reader
    from foldline.site.readers.my_data import told

    room.take(FILE)
    assert submit(sign_in(NORA), "A1001", "1234AB")[0] == 303
    nora = Reader.objects.get(email=NORA)
    (one,) = told(nora)["print_subscriptions"]
    assert one["number"] == "A1001"
    erase(nora)
    assert not PrintActivation.objects.exists()
    assert PrintSubscription.objects.count() == 5
    assert submit(sign_in(OMAR), "A1001", "1234AB")[0] == 303


def test_a_publication_without_print_says_nothing_of_it(room: Room, later: Callable[[float], None]) -> None:
    assert "printed newspaper" not in sign_in(NORA).get("/-/account").content.decode()
