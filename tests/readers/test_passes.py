from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from foldline.signed import cookies, meter
from foldline.signed.meter import Count, DeviceMeters, meter_id
from foldline.signed.reader_pass import read

from .browser import Browser

pytestmark = pytest.mark.usefixtures("site")

DAY = timedelta(days=1)


def changes() -> list[tuple[str, str]]:
    from foldline.site.readers.models import Change

    return list(Change.objects.order_by("id").values_list("kind", "key"))


def facts() -> dict[str, object]:
    from foldline.site.readers.models import PassFacts

    return PassFacts.objects.values().get()


def signed_in(email: str = "nora@example.test") -> Browser:
    from django.core.cache import cache

    cache.clear()
    browser = Browser()
    browser.sign_in(email)
    return browser


def nora() -> Any:
    from foldline.site.readers.models import Reader

    return Reader.objects.get(email="nora@example.test")


def whole() -> Any:
    from foldline.site.readers.models import Product

    return Product.objects.get(number=1)


def test_signing_out_ends_the_pass_in_the_store_and_tells_the_gate() -> None:
    browser = signed_in()
    browser.get("/-/sign-out")
    answer = browser.post("/-/sign-out")
    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert facts()["ended_at"]
    assert changes() == [("session", facts()["session"])]


def test_signing_out_ends_the_cookies_of_the_reader_and_keeps_the_meter_of_the_device() -> None:
    browser = signed_in()
    browser.get("/-/sign-out")
    answer = browser.post("/-/sign-out")
    ended = {name for name, morsel in answer.cookies.items() if morsel["max-age"] == 0 or morsel["max-age"] == "0"}
    assert ended == {cookies.PASS, cookies.OPENING, "__Host-foldline-session"}
    assert cookies.METER not in answer.cookies
    assert answer["Clear-Site-Data"] == '"cache"'


def test_signing_out_keeps_how_much_the_device_has_read_and_forgets_what() -> None:
    from foldline.site.readers import passes

    browser = signed_in()
    held = DeviceMeters(b"d" * 16, (Count(meter_id("site"), 7, 1, (b"aaaaaaaa", b"bbbbbbbb")),))
    browser.client.cookies[cookies.METER] = meter.issue(passes.keyring(), held)
    browser.get("/-/sign-out")
    answer = browser.post("/-/sign-out")
    carried = meter.read(passes.keyring(), answer.cookies[cookies.METER].value.encode())
    assert carried == DeviceMeters(b"d" * 16, (Count(meter_id("site"), 7, 3),))


@pytest.mark.parametrize("value", ["junk", "x" * 5000])
def test_signing_out_with_a_meter_that_is_none_changes_nothing_about_it(value: str) -> None:
    browser = signed_in()
    browser.client.cookies[cookies.METER] = value
    browser.get("/-/sign-out")
    answer = browser.post("/-/sign-out")
    assert answer.status_code == 303
    assert cookies.METER not in answer.cookies


def test_a_session_that_was_signed_out_cannot_be_replayed() -> None:
    browser = signed_in()
    kept = browser.cookie("__Host-foldline-session")
    browser.get("/-/sign-out")
    browser.post("/-/sign-out")
    thief = Browser()
    thief.client.cookies["__Host-foldline-session"] = kept
    assert thief.get("/-/account").status_code == 303


def test_opening_the_sign_out_page_signs_nobody_out() -> None:
    browser = signed_in()
    assert browser.get("/-/sign-out").status_code == 200
    assert browser.head("/-/sign-out").status_code == 200
    assert browser.post("/-/sign-out", {"csrfmiddlewaretoken": "x" * 32}).status_code == 403
    assert facts()["ended_at"] == 0
    assert browser.get("/-/account").status_code == 200


def test_signing_out_here_leaves_the_other_device_signed_in() -> None:
    here, there = signed_in(), signed_in()
    here.get("/-/sign-out")
    here.post("/-/sign-out")
    assert there.get("/-/account").status_code == 200


def test_signing_out_everywhere_ends_every_session_of_the_reader_and_of_nobody_else() -> None:
    here, there, other = signed_in(), signed_in(), signed_in("omar@example.test")
    here.get("/-/sign-out")
    here.post("/-/sign-out", {"everywhere": "1"})
    gone = there.get("/-/account")
    assert gone.status_code == 303
    assert gone.cookies[cookies.PASS].value == ""
    assert other.get("/-/account").status_code == 200
    assert len(changes()) == 2


def test_a_new_entitlement_is_in_every_running_pass_session_at_once() -> None:
    from foldline.site.readers import entitlements, moment, passes
    from foldline.site.readers.models import PassFacts

    browser = signed_in()
    signed_in()
    ends = moment.now().replace(microsecond=0) + 30 * DAY
    entitlements.give(nora(), whole(), ends_at=ends)
    assert {row.products for row in PassFacts.objects.all()} == {f"1:{int(ends.timestamp())}"}
    assert sorted(changes()) == sorted(("session", row.session) for row in PassFacts.objects.all())
    browser.get("/-/account")
    assert read(passes.keyring(), browser.cookie(cookies.PASS).encode()).products == {1}


def test_ending_an_entitlement_early_is_a_record_and_takes_the_product_away_at_once() -> None:
    from foldline.site.readers import entitlements, moment, passes

    browser = signed_in()
    given = entitlements.give(nora(), whole(), ends_at=moment.now() + 30 * DAY)
    entitlements.end(given, by=nora())
    assert given.ended_at is not None
    assert given.ends_at > given.ended_at
    assert facts()["products"] == f"1:{int(given.ended_at.timestamp())}"
    assert len(changes()) == 2
    browser.get("/-/account")
    carried = read(passes.keyring(), browser.cookie(cookies.PASS).encode())
    assert carried.products == frozenset()
    assert carried.ended_on == int(given.ended_at.timestamp())


def test_ending_an_entitlement_twice_changes_nothing_more() -> None:
    from foldline.site.readers import entitlements, moment

    signed_in()
    given = entitlements.give(nora(), whole(), ends_at=moment.now() + DAY)
    entitlements.end(given)
    first, told = given.ended_at, changes()
    entitlements.end(given)
    assert given.ended_at == first
    assert changes() == told


def test_of_two_entitlements_to_one_product_the_longer_counts() -> None:
    from foldline.site.readers import entitlements, moment

    signed_in()
    far = moment.now() + 90 * DAY
    entitlements.give(nora(), whole(), ends_at=far)
    entitlements.give(nora(), whole(), ends_at=moment.now() + DAY)
    assert facts()["products"] == f"1:{int(far.timestamp())}"
    entitlements.give(nora(), whole(), kind="staff")
    assert facts()["products"] == "1:0"


def test_only_staff_may_have_an_entitlement_without_an_end() -> None:
    from django.core.exceptions import ValidationError

    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Reader

    reader = Reader.objects.join("nora@example.test")
    with pytest.raises(ValidationError):
        entitlements.give(reader, whole())
    with pytest.raises(ValidationError):
        entitlements.give(reader, whole(), ends_at=moment.now() - DAY)
    assert entitlements.give(reader, whole(), kind="staff").end is None


def test_an_entitlement_that_fails_leaves_no_trace_in_the_passes() -> None:
    from django.db import transaction

    from foldline.site.readers import entitlements, moment

    signed_in()
    with transaction.atomic():
        entitlements.give(nora(), whole(), ends_at=moment.now() + DAY)
        transaction.set_rollback(True)
    assert facts()["products"] == ""
    assert changes() == []


def test_the_session_rolls_on_with_each_visit(later: Callable[[float], None]) -> None:
    browser = signed_in()
    before = facts()["session_until"]
    later(3 * 86_400)
    assert browser.get("/-/account").status_code == 200
    assert isinstance(before, int)
    assert facts()["session_until"] == pytest.approx(before + 3 * 86_400, abs=5)
    assert changes() == []


def test_a_product_number_fits_into_a_pass() -> None:
    from django.core.exceptions import ValidationError

    from foldline.site.readers.models import Product

    for number in (0, 65_536):
        with pytest.raises(ValidationError):
            Product(number=number, name="x").full_clean()
