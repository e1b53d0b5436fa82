"""What `foldline check` says of institutions and of print subscribers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import connect

from .conftest import DAY, Room


def ids(room: Room) -> list[str]:
    from django.conf import settings

    from foldline.server.providing import institution_problems, print_problems

    found: Any = (*institution_problems(settings.FOLDLINE), *print_problems(settings.FOLDLINE))
    return [problem.id for problem in found]


def test_networks_that_no_rule_opens_anything_to_are_told(room: Room) -> None:
    assert ids(room) == []
    room.university()
    assert ids(room) == ["FL316"]
    try:
        with RuleSetStore(room.home) as sets:
            sets.publish('[[rule]]\nname = "Libraries"\nopens-for = "institution"\n', "ada", "", 1)
        assert ids(room) == []
    finally:
        connection = connect(room.home.site_db)
        connection.execute("DELETE FROM foldline_rule_sets")
        connection.close()


def test_a_network_that_is_never_taken_is_told_where_somebody_put_it_there_by_hand(room: Room) -> None:
    room.university()
    connection = connect(room.home.site_db)
    connection.execute("UPDATE foldline_institutions SET ranges = '0.0.0.0/0'")
    connection.close()
    assert "FL315" in ids(room)


def test_a_nightly_file_that_does_not_come_is_told(room: Room, later: Callable[[float], None]) -> None:
    from foldline.site.circulation.models import PrintSubscription
    from foldline.site.readers import moment

    now = moment.now()
    PrintSubscription.objects.create(number="A1", pair="p", starts_at=now, seen_at=now)
    try:
        assert ids(room) == []
        later(3 * DAY + 60)
        assert ids(room) == ["FL317"]
    finally:
        PrintSubscription.objects.all().delete()
