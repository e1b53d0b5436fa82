"""Making two accounts one, over HTTP: both are shown first, then it is done once and written into the audit log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.readers.browser import Browser
from tests.readers.processes import DeskBrowser

from .conftest import Log
from .staff_room import enter
from .test_service import read

KEPT, OTHER = "nora@example.test", "n.nightingale@example.test"

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def two(site: None) -> tuple[Any, Any]:
    """Two accounts of one person; the other one has a month of everything."""
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Product, Reader

    for number, address in enumerate((KEPT, OTHER)):
        Browser(address=f"192.0.2.{number + 7}").sign_in(address)
    other = Reader.objects.get(email=OTHER)
    entitlements.give(other, Product.objects.get(), ends_at=moment.now() + timedelta(days=30), note="late paper")
    return Reader.objects.get(email=KEPT), other


def test_both_accounts_are_shown_and_nothing_is_done_before_it_is_confirmed(
    desk: DeskBrowser, two: tuple[Any, Any], log: Log
) -> None:
    from foldline.site.readers.models import Reader

    kept, _other = two
    enter(desk, "service")
    desk.get(f"/service/{kept.pk}")
    shown = desk.post(f"/service/{kept.pk}/merge", {"other": f" {OTHER.upper()} "})
    page = read(shown.text)
    assert shown.status == 200
    assert f"{KEPT} stays, {OTHER} goes." in page
    assert "Entitlements none All of the publication, complimentary, until" in page
    assert f"Signs in by {KEPT} {OTHER} {KEPT} {OTHER}" in page
    assert "signed out: 1 of the other account" in page
    assert "@" not in desk.get(f"/service/{kept.pk}").headers.get("location", "")
    assert Reader.objects.filter(email=OTHER).exists()
    assert log.changes() == []


def test_confirmed_twice_it_is_done_once_with_one_line_in_the_audit_log(
    desk: DeskBrowser, two: tuple[Any, Any], log: Log
) -> None:
    from foldline.site.readers.models import Entitlement, Reader

    kept, other = two
    who = enter(desk, "service")
    desk.get(f"/service/{kept.pk}")
    form = {"other": other.key, "confirmed": "1"}
    for _ in range(2):
        answer = desk.post(f"/service/{kept.pk}/merge", form)
        assert (answer.status, answer.headers["location"]) == (303, f"/service/{kept.pk}?done=merged")
    assert not Reader.objects.filter(pk=other.pk).exists()
    assert Entitlement.objects.get().reader == kept
    assert log.changes() == [f"{who}|merged|reader|readers {kept.pk} and {other.pk}|reader {kept.pk}"]
    page = read(desk.get(f"/service/{kept.pk}?done=merged").text)
    assert "The two accounts are one now" in page
    assert f"Also signs in by {OTHER}" in page
    assert f"the other one was reader {other.pk}, key {other.key}" in page
    assert desk.get(f"/service/{other.pk}").status == 404
    desk.get("/service/")
    for wanted in (OTHER, other.key):
        assert desk.post("/service/", {"wanted": wanted}).headers["location"] == f"/service/{kept.pk}", wanted


def test_the_page_offers_to_let_the_other_one_stay(desk: DeskBrowser, two: tuple[Any, Any]) -> None:
    kept, other = two
    enter(desk, "admin")
    desk.get(f"/service/{kept.pk}")
    page = desk.post(f"/service/{kept.pk}/merge", {"other": OTHER}).text
    assert f'action="/service/{other.pk}/merge"' in page
    assert f"{OTHER} stays, {KEPT} goes." in read(desk.post(f"/service/{other.pk}/merge", {"other": kept.key}).text)


def _same(kept: Any, other: Any) -> str:
    return str(kept.email)


def _staff(kept: Any, other: Any) -> str:
    type(other).objects.filter(pk=other.pk).update(is_staff=True)
    return OTHER


def _closed(kept: Any, other: Any) -> str:
    type(other).objects.filter(pk=other.pk).update(is_active=False)
    return OTHER


def _renewed(kept: Any, other: Any) -> str:
    from foldline.site.billing.models import Subscription

    for number, one in enumerate((kept, other)):
        Subscription.objects.create(
            provider="till", provider_id=f"sub_{number}", customer="c", reader=one, plan="all", products="1",
            grace_days=7, state="active", status="active", period_end=2_000_000_000, cancel_at_period_end=False,
            paused=False, refunded=False, disputed=False, amount=400, currency="eur", created=1, version=1, seen=1,
        )  # fmt: skip
    return OTHER


@pytest.mark.parametrize(
    ("change", "status", "why"),
    [
        (lambda kept, other: "nobody@example.test", 400, "No account has exactly this address or key."),
        (lambda kept, other: OTHER[:5], 400, "No account has exactly this address or key."),
        (lambda kept, other: "", 400, "No account has exactly this address or key."),
        (_same, 409, "This is one account already"),
        (_staff, 409, "An account at the desk stays by itself."),
        (_closed, 409, "One of the two is closed."),
        (_renewed, 409, "Cancel or refund one of them at the payment provider first"),
    ],
)
@pytest.mark.parametrize("confirmed", [False, True])
def test_what_can_not_be_made_one_is_said_with_the_next_step_and_changes_nothing(
    desk: DeskBrowser, two: tuple[Any, Any], log: Log, change: Any, status: int, why: str, confirmed: bool
) -> None:
    from foldline.site.billing.models import Subscription
    from foldline.site.readers.models import Reader

    kept, other = two
    wanted = change(kept, other)
    enter(desk, "service")
    desk.get(f"/service/{kept.pk}")
    answer = desk.post(f"/service/{kept.pk}/merge", {"other": wanted, **({"confirmed": "1"} if confirmed else {})})
    Subscription.objects.all().delete()
    assert answer.status == status
    assert why in read(answer.text)
    assert Reader.objects.filter(pk__in=[kept.pk, other.pk]).count() == 2
    assert log.changes() == []
