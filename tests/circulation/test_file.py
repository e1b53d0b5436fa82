"""The nightly file: idempotent, judged row by row, and nothing ends because a row is missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from .conftest import Room, day, held

DAY = 86_400
NORA = "nora@example.test"


def outcomes(told: Result) -> str:
    return next(line for line in told.output.splitlines() if line.startswith("print.csv: "))


def rows() -> list[dict[str, Any]]:
    from foldline.site.circulation.models import PrintSubscription

    return list(PrintSubscription.objects.values("number", "pair", "address", "starts_at", "ends_at"))


def activated(number: str, postcode: str, email: str = NORA) -> None:
    from foldline.site.circulation.activating import activate
    from foldline.site.readers.models import Reader

    assert activate(Reader.objects.join(email), number, postcode) is not None


def file(*lines: str) -> str:
    return "\n".join(("Number;Name;Zip;E-mail;Start;End;Stop", *lines)) + "\n"


def test_a_file_is_taken_once_and_a_second_time_changes_nothing(room: Room) -> None:
    text = file(
        f"A-100 1;Nora Ní;1234 AB;nora@example.test;2020-01-01;{day(100)};", f"A1002;Omar;90210;;{day(-5)};;", ";;;;;;"
    )
    told = room.take(text)
    assert told.exit_code == 1
    assert "Not read: the columns Name." in told.output
    assert "print.csv:4 refused" in told.output
    assert outcomes(told) == "print.csv: 2 new, 1 refused"
    before = rows()
    assert [row["number"] for row in before] == ["A1001", "A1002"]
    assert outcomes(room.take(text)) == "print.csv: 2 same, 1 refused"
    assert rows() == before


def test_neither_postcodes_nor_names_nor_addresses_are_stored(room: Room) -> None:
    from django.db import connection

    room.take(file(f"A1001;Nora Ní;1234 AB;nora@example.test;;{day(100)};"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM circulation_printsubscription")
        stored = repr(cursor.fetchall()).casefold()
    assert "a1001" in stored
    assert not any(word in stored for word in ("1234", "nora", "example"))


def test_a_dry_run_says_the_same_and_writes_nothing(room: Room) -> None:
    room.take(file(f"A1001;;1234AB;;;{day(100)};", f"A1002;;90210;;;{day(100)};"))
    activated("A1001", "1234AB")
    before = rows()
    text = file(f"A1001;;1234AB;;;{day(100)};{day(-1)}", f"A1003;;90210;;;{day(100)};", f"A1002;;;;;{day(100)};")
    dry = room.take(text, "--dry-run")
    assert (rows(), held(NORA)) == (before, [("print", True)])
    assert "nothing was written" in dry.output
    assert "print.csv:2 changed A1001" in dry.output
    assert "print.csv:4 refused A1002: there is no postcode" in dry.output
    assert outcomes(dry) == outcomes(room.take(text))
    assert held(NORA) == [("print", False)]


def test_a_stop_ends_the_grant_at_its_date_and_not_before(room: Room, later: Callable[[float], None]) -> None:
    from foldline.site.readers.models import Entitlement

    room.take(file(f"A1001;;1234AB;;;{day(300)};"))
    activated("A1001", "1234AB")
    room.take(file(f"A1001;;1234AB;;;{day(300)};{day(10)}"))
    assert held(NORA) == [("print", False), ("print", True)]
    given = Entitlement.objects.order_by("pk").last()
    assert given is not None
    assert given.ends_at is not None
    # The day of the stop is the last one, in New York.
    assert given.ends_at.date().isoformat() == day(11)
    assert given.ends_at.hour in (4, 5)
    later(12 * DAY)
    assert held(NORA)[-1] == ("print", False)


def test_one_that_goes_on_is_prolonged_and_who_comes_back_reads_again(room: Room) -> None:
    room.take(file(f"A1001;;1234AB;;;{day(30)};"))
    activated("A1001", "1234AB")
    room.take(file(f"A1001;;1234AB;;;{day(395)};"))
    assert held(NORA) == [("print", False), ("print", True)]
    room.take(file(f"A1001;;1234AB;;;{day(-1)};"))
    assert [runs for _, runs in held(NORA)] == [False, False]
    room.take(file(f"A1001;;1234AB;;;{day(60)};"))
    assert [runs for _, runs in held(NORA)] == [False, False, True]


def test_what_the_file_lacks_runs_on_and_is_listed(room: Room) -> None:
    many = [f"N{number};;1000;;;{day(50)};" for number in range(10)]
    room.take(file(*many))
    activated("N9", "1000")
    told = room.take(file(*many[:-1]))
    assert told.exit_code == 0
    assert f"N9: it is not in the file, and runs until {day(50)} all the same" in told.output
    assert outcomes(told) == "print.csv: 9 same, 1 missing"
    assert held(NORA) == [("print", True)]


def test_a_file_that_shrank_by_more_than_a_fifth_is_refused_whole_unless_somebody_says_so(room: Room) -> None:
    many = [f"N{number};;1000;;;{day(50)};" for number in range(10)]
    room.take(file(*many))
    assert room.take(file(*many[:8])).exit_code == 0
    shrunk = room.take(file(*many[:7], f"X1;;1000;;;{day(50)};"))
    assert shrunk.exit_code == 1
    assert "3 of 10 subscriptions that run are not in this file" in str(shrunk.exception)
    assert len(rows()) == 10
    assert room.take(file(*many[:7], f"X1;;1000;;;{day(50)};"), "--anyway").exit_code == 0
    assert len(rows()) == 11
    assert room.take(file()).exit_code == 1


def test_a_row_that_is_refused_is_not_missing(room: Room) -> None:
    room.take(file(f"A1001;;1234AB;;;{day(50)};"))
    told = room.take(file("A1001;;1234AB;;;soon;"))
    assert outcomes(told) == "print.csv: 1 refused"
    assert "ends is 'soon', and has to be a date" in told.output


def test_one_without_an_end_runs_as_long_as_files_name_it(room: Room, later: Callable[[float], None]) -> None:
    room.take(file("A1001;;1234AB;;;;"))
    activated("A1001", "1234AB")
    for _ in range(4):
        later(15 * DAY)
        assert outcomes(room.take(file("A1001;;1234AB;;;;"))) == "print.csv: 1 same"
        assert held(NORA)[-1] == ("print", True)
    assert len(held(NORA)) == 3  # given anew each month, not with every file
    later(61 * DAY)
    assert held(NORA)[-1] == ("print", False)


def test_a_number_that_stands_in_the_file_twice_counts_once_and_is_told(room: Room) -> None:
    told = room.take(file(f"A1001;;1234AB;;;{day(9)};", f"a 1001;;9999ZZ;;;{day(99)};"))
    assert "print.csv:3 refused A1001: this number stands in the file twice" in told.output
    activated("A1001", "1234ab")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f";;1000;;;{day(9)};", "the number is empty"),
        (f"{'9' * 41};;1000;;;{day(9)};", "longer than 40 letters"),
        (f"A1;;1000;not an address;;{day(9)};", "the e-mail address is none"),
        (f"A1;;1000;;{day(10)};{day(9)};", "it ends before it starts"),
        ("A1;;1000;;;;31.12.2026", "stop is '31.12.2026'"),
        ("A1;1000", "the row has to have 7 cells"),
    ],
)
def test_a_row_that_is_wrong_is_refused_with_why(room: Room, line: str, why: str) -> None:
    told = room.take(file(line, f"A2;;1000;;;{day(9)};"))
    assert told.exit_code == 1
    assert why in told.output
    assert [row["number"] for row in rows()] == ["A2"]


def test_a_file_without_its_columns_or_in_another_encoding_is_refused_whole(room: Room) -> None:
    assert "no column is called postcode" in str(room.take("number;name\n1;x\n").exception)
    other = room.home.path / "print.csv"
    other.write_bytes("number;postcode\n1;Zürich\n".encode("latin-1"))
    from click.testing import CliRunner

    from foldline.cli.main import verbs

    told = CliRunner().invoke(verbs, ["import", "print", str(other), "--home", str(room.home.path)])
    assert "not UTF-8" in str(told.exception)


def test_what_staff_ended_stays_ended_whatever_the_file_says(room: Room) -> None:
    from foldline.site.readers import entitlements
    from foldline.site.readers.models import Entitlement, Reader

    room.take(file(f"A1001;;1234AB;;;{day(30)};"))
    activated("A1001", "1234AB")
    entitlements.end(Entitlement.objects.get(), by=Reader.objects.join("staff@example.test"))
    room.take(file(f"A1001;;1234AB;;;{day(90)};"))
    assert held(NORA) == [("print", False)]


def test_what_ended_long_ago_is_deleted(room: Room, later: Callable[[float], None]) -> None:
    from foldline.site.circulation.models import PrintActivation
    from foldline.site.circulation.prune import over, prune
    from foldline.site.readers import moment

    room.take(file(f"A1001;;1000;;;{day(5)};", "A1002;;1000;;;;", f"A1003;;1000;;;{day(500)};"))
    activated("A1001", "1000")
    later(90 * DAY)
    prune(moment.now())
    assert len(rows()) == 3
    later(10 * DAY)
    assert over(moment.now()).count() == 1
    later(60 * DAY)
    prune(moment.now())
    assert [row["number"] for row in rows()] == ["A1003"]
    assert not PrintActivation.objects.exists()
    assert held(NORA) == [("print", False)]


def test_another_secret_in_front_of_the_old_one_takes_nothing_from_anybody(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from django.conf import settings

    room.take(file(f"A1001;;1234AB;;;{day(30)};"))
    rotated = replace(settings.FOLDLINE, secrets=(b"n" * 32, *settings.FOLDLINE.secrets))
    monkeypatch.setattr(settings, "FOLDLINE", rotated)
    activated("A1001", "1234AB")
