"""Print subscriptions at the desk: how the last file went, whose a number is, and letting it go."""

from __future__ import annotations

from datetime import timedelta

from tests.readers.processes import DeskBrowser

from .conftest import Log
from .staff_room import enter


def test_service_finds_a_number_and_releases_it(desk: DeskBrowser, log: Log) -> None:
    from foldline.site.circulation import hashes
    from foldline.site.circulation.activating import activate
    from foldline.site.circulation.models import PrintActivation, PrintSubscription
    from foldline.site.readers import moment
    from foldline.site.readers.models import Entitlement, Reader

    now = moment.now()
    PrintSubscription.objects.all().delete()
    email = enter(desk, "service")
    assert "No file has been taken yet." in desk.get("/print").text
    for number, seen in (("A1001", now), ("A1002", now - timedelta(days=2))):
        PrintSubscription.objects.create(
            number=number,
            pair=hashes.pairs(number, "1234AB")[0],
            starts_at=now - timedelta(days=9),
            ends_at=now + timedelta(days=9),
            seen_at=seen,
        )
    assert activate(Reader.objects.join("nora@example.test"), "A1001", "1234AB") is not None
    page = desk.get("/print").text
    assert "2 subscriptions known, 1 activated" in page
    assert "<code>A1002</code>, until" in page
    found = desk.post("/print", {"number": "a 1001"}).text
    for said in ("A1001", "nora@example.test", "Release"):
        assert said in found
    assert "Nobody has activated it." in desk.post("/print", {"number": "A1002"}).text
    assert "No subscription has the number X9." in desk.post("/print", {"number": "X9"}).text
    number = PrintSubscription.objects.get(number="A1001").pk
    assert desk.post(f"/print/{number}/release", {}).headers["location"] == "/print"
    assert not PrintActivation.objects.exists()
    given = Entitlement.objects.get()
    assert given.ended_by is not None
    assert desk.post(f"/print/{number}/release", {}).status == 404
    (entry,) = log.changes()
    assert entry.startswith(f"{email}|released|print subscription|activated by reader ")
    PrintSubscription.objects.all().delete()


def test_revenue_and_editors_see_no_print_subscribers(desk: DeskBrowser) -> None:
    for role in ("revenue", "editor"):
        enter(desk, role)
        assert desk.get("/print").status == 403
