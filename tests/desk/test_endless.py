"""Entitlements without an end: listed, looked through once a year, and nobody but staff has one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.readers.processes import DeskBrowser

from .conftest import Log
from .staff_room import enter
from .test_service import read


@pytest.fixture
def edda(site: None) -> Any:
    """Somebody of the newsroom, who was given everything thirteen months ago."""
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Entitlement, Product, Reader

    one = Reader.objects.join("edda@example.test")
    right = entitlements.give(one, Product.objects.get(), kind="staff", note="science desk")
    Entitlement.objects.filter(pk=right.pk).update(given_at=moment.now() - timedelta(days=396))
    return right


def test_what_has_no_end_is_asked_about_after_a_year_and_what_was_said_is_in_the_audit_log(
    desk: DeskBrowser, edda: Any, log: Log
) -> None:
    who = enter(desk, "service")
    assert "Rights without an end wait to be looked through" in read(desk.get("/").text)
    page = read(desk.get("/service/without-end").text)
    assert "edda@example.test All of the publication given on" in page
    assert "not looked at since: more than a year ago science desk" in page
    assert desk.post(f"/service/without-end/{edda.pk}").headers["location"] == "/service/without-end"
    assert log.changes() == [f"{who}|reviewed|entitlement|without end|still right"]
    assert "more than a year ago" not in read(desk.get("/service/without-end").text)
    assert "Rights without an end" not in read(desk.get("/").text)


def test_a_review_is_good_for_a_year_and_one_that_was_ended_is_asked_about_no_more(site: None, edda: Any) -> None:
    from foldline.site.desk import audit
    from foldline.site.desk.service import endless
    from foldline.site.readers import entitlements, moment

    now = moment.now()
    assert endless.due(now) == 1
    audit.record(audit.COMMAND_LINE, "reviewed", audit.of_entitlement(edda))
    assert endless.due(now) == 0
    assert endless.due(now + timedelta(days=364)) == 0
    assert endless.due(now + timedelta(days=366)) == 1
    entitlements.end(edda)
    assert endless.standing(now + timedelta(days=366)) == []


def test_what_has_an_end_is_not_listed_and_not_reviewed(desk: DeskBrowser, site: None, log: Log) -> None:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Product, Reader

    nora = Reader.objects.join("nora@example.test")
    right = entitlements.give(nora, Product.objects.get(), ends_at=moment.now() + timedelta(days=9), note="x")
    enter(desk, "service")
    assert "nora@example.test" not in desk.get("/service/without-end").text
    assert desk.post(f"/service/without-end/{right.pk}").status == 404
    assert desk.get(f"/service/without-end/{right.pk}").status == 405
    assert log.changes() == []


@pytest.mark.parametrize("kind", ["complimentary", "gift", "print", "library", "paid", "trial"])
def test_nobody_but_staff_has_anything_without_an_end_not_even_past_the_forms(site: None, kind: str) -> None:
    from django.db import IntegrityError, transaction

    from foldline.site.readers.models import Entitlement, Product, Reader

    nora = Reader.objects.join("nora@example.test")
    with pytest.raises(IntegrityError, match="only_staff_without_end"), transaction.atomic():
        Entitlement.objects.create(reader=nora, product=Product.objects.get(), kind=kind)
