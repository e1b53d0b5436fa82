"""Withdrawals at the desk: what people have to look at, until somebody says that they have."""

from __future__ import annotations

from tests.readers.processes import DeskBrowser

from .conftest import Log
from .staff_room import enter


def kept(outcome: str) -> int:
    from foldline.site.billing.models import Withdrawal
    from foldline.site.readers import moment

    made = Withdrawal.objects.create(
        at=moment.epoch(), email="who@example.test", number="1234", declared=f"I withdraw ({outcome}).", language="en",
        outcome=outcome,
    )  # fmt: skip
    return made.pk


def test_what_no_machine_settles_is_listed_until_somebody_has_dealt_with_it(desk: DeskBrowser, log: Log) -> None:
    email = enter(desk, "service")
    kept("due")
    number = kept("unknown")
    assert "Withdrawals wait for an answer" in desk.get("/").text
    page = desk.get("/withdrawals").text
    assert "I withdraw (unknown)." in page
    assert "I withdraw (due)." not in page
    assert desk.post(f"/withdrawals/{number}/dealt-with").status == 303
    assert "Nothing waits here" in desk.get("/withdrawals").text
    assert log.changes() == [f"{email}|dealt with|withdrawal||"]
    assert desk.post(f"/withdrawals/{number}/dealt-with").status == 404


def test_what_the_provider_still_settles_can_not_be_called_dealt_with(desk: DeskBrowser) -> None:
    enter(desk, "service")
    desk.get("/withdrawals")
    assert desk.post(f"/withdrawals/{kept('due')}/dealt-with").status == 404


def test_editors_see_no_withdrawals(desk: DeskBrowser) -> None:
    enter(desk, "editor")
    assert desk.get("/withdrawals").status in (403, 404)
