"""A list of readers from elsewhere: a verdict for each row, and nothing twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from foldline.stores.home import Home

from .test_round_trip import dump


def run(site: Home, text: str | bytes, *options: str) -> Result:
    from foldline.cli.main import verbs

    file = site.path / "members.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return CliRunner().invoke(verbs, ["import", "readers", str(file), "--home", str(site.path), *options])


def given(email: str) -> list[tuple[int, str, datetime | None]]:
    from foldline.site.readers.models import Entitlement

    found = Entitlement.objects.filter(reader__email=email).order_by("pk")
    return [(one.product_id, one.kind, one.ends_at) for one in found]


#: The first midnight after the last day, in America/New_York.
END = datetime(2099, 1, 1, 5, tzinfo=UTC)

MEMBERS = """Email,Name,Product,Kind,Until,Status
nora@example.test,Nora Ní,1,gift,2098-12-31,active
Omar@EXAMPLE.test,"Omar, the
second",,,2098-12-31,cancelled
plain@example.test,,,,,
paid@example.test,,,paid,2098-12-31,active
"""


def test_each_row_is_a_reader_with_what_it_says_and_who_cancelled_keeps_what_is_paid(site: Home) -> None:
    from foldline.site.readers.models import Reader

    result = run(site, MEMBERS)
    assert result.exit_code == 0, result.output
    assert "Not read: the columns Status." in result.output
    assert "members.csv: 4 new" in result.output
    assert given("nora@example.test") == [(1, "gift", END)]
    assert given("omar@example.test") == [(1, "complimentary", END)]
    assert given("plain@example.test") == []
    assert given("paid@example.test") == [(1, "complimentary", END)]
    assert "members.csv:6 new paid@example.test: given as complimentary" in result.output
    assert Reader.objects.get(email="omar@example.test").name == "Omar, the second"


def test_a_dry_run_writes_nothing_and_tells_every_row_as_the_run_then_does(site: Home) -> None:
    before = dump(site)
    dry = run(site, MEMBERS, "--dry-run")
    assert dump(site) == before
    rows = [line for line in dry.output.splitlines() if line.startswith("members.csv:") and " new " in line]
    assert [line.split()[0] for line in rows] == [f"members.csv:{line}" for line in (2, 3, 5, 6)]
    assert "nothing was written" in dry.output
    assert "members.csv: 4 new" in run(site, MEMBERS).output


def test_a_second_run_changes_nothing_also_where_staff_ended_something_since(site: Home) -> None:
    from foldline.site.readers import moment
    from foldline.site.readers.models import Entitlement

    run(site, MEMBERS)
    Entitlement.objects.filter(reader__email="nora@example.test").update(ended_at=moment.now())
    before = dump(site)
    again = run(site, MEMBERS)
    assert "Nothing changed." in again.output
    assert dump(site) == before


def test_what_rows_do_not_say_the_command_gives(site: Home) -> None:
    from foldline.site.readers.models import Product

    Product.objects.create(number=2, name="Weekend")
    text = "e-mail;product\nnora@example.test;\nomar@example.test;Weekend\n"
    result = run(site, text, "--grant", "print", "--product", "1", "--until", "2098-12-31")
    assert result.exit_code == 0, result.output
    assert given("nora@example.test") == [(1, "print", END)]
    assert given("omar@example.test") == [(2, "print", END)]


def test_every_wrong_row_is_named_with_its_line_and_the_others_are_imported(site: Home) -> None:
    text = (
        "email,name,product,kind,from,until\n"
        "nobody,,,,,\n"
        "a@example.test,,9,,,2098-12-31\n"
        "b@example.test,,,golden,,2098-12-31\n"
        "c@example.test,,,staff,,2098-12-31\n"
        "d@example.test,,,gift,,\n"
        "e@example.test,,,gift,,31.12.2098\n"
        "f@example.test,,,gift,2099-01-01,2098-12-01\n"
        "g@example.test,,\n"
        f"h@example.test,{'x' * 121},,,,\n"
        '"i@example.test","two\nlines",,,,\n'
        "j@example.test,,,,,2098-12-31\n"
        "J@example.test,,,,,2098-12-31\n"
    )
    result = run(site, text)
    assert result.exit_code == 1
    refused = [line for line in result.output.splitlines() if " refused" in line and ":" in line.split()[0]]
    assert [line.split()[0] for line in refused[:-1]] == [
        f"members.csv:{line}" for line in (2, 3, 4, 5, 6, 7, 8, 9, 10)
    ]
    for line, why in zip(
        refused,
        (
            "no address",
            "no product 9",
            "'golden'",
            "'staff'",
            "no end",
            "31.12.2098",
            "before it begins",
            "6 cells",
            "120",
        ),
        strict=False,
    ):
        assert why in line
    assert given("j@example.test") == [(1, "complimentary", END)]
    assert "2 new, 1 same, 9 refused" in result.output


def test_what_has_ended_is_recorded_where_its_begin_is_told_and_never_opens(site: Home) -> None:
    from foldline.site.readers import moment
    from foldline.site.readers.models import Entitlement

    result = run(site, "email,from,until\na@example.test,2020-01-01,2020-12-31\nb@example.test,,2020-12-31\n")
    assert "b@example.test: has ended" in result.output
    assert len(given("a@example.test")) == 1
    assert given("b@example.test") == []
    assert not any(one.runs(moment.now()) for one in Entitlement.objects.all())


def test_imported_readers_are_not_pruned_as_addresses_that_nobody_confirmed(site: Home) -> None:
    from foldline.site.readers import moment, prune

    run(site, "email\nplain@example.test\n")
    assert prune.prune_unverified(moment.now() + timedelta(days=9)) == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no column is called email"),
        ("name\nNora\n", "no column is called email"),
        ("email,mail\na@example.test,b@example.test\n", "two columns are email"),
        ("email\nÄ@example.test\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_file_that_is_no_list_is_refused_whole(site: Home, text: str | bytes, why: str) -> None:
    from foldline.site.readers.models import Reader

    result = run(site, text)
    assert result.exit_code == 1
    assert why in str(result.exception)
    assert not Reader.objects.exists()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--grant", "print"), "need --until"),
        (("--grant", "paid", "--until", "2098-12-31"), "one of complimentary"),
        (("--until", "soon"), "is no date"),
    ],
)
def test_an_option_that_gives_nothing_or_too_much_is_refused(site: Home, options: tuple[Any, ...], why: str) -> None:
    result = run(site, "email\na@example.test\n", *options)
    assert result.exit_code == 2
    assert why in result.output


def test_who_is_here_keeps_their_name_and_key_and_is_given_what_the_list_says(site: Home) -> None:
    from foldline.site.readers.models import Reader

    key = Reader.objects.create(email="nora@example.test", name="Nora").key
    run(site, "email,name,until\nNORA@example.test,Other,2098-12-31\n")
    assert (Reader.objects.get().name, Reader.objects.get().key) == ("Nora", key)
    assert len(given("nora@example.test")) == 1


def test_a_cell_cannot_write_lines_of_its_own_into_the_report(site: Home) -> None:
    result = run(site, 'email,name\n"x\x1b[2J\nfake",\n')
    assert "\x1b" not in result.output
    assert "fake" in result.output.splitlines()[0]


def test_the_file_of_members_is_found_by_its_path(tmp_path: Path) -> None:
    from foldline.cli.main import verbs

    result = CliRunner().invoke(verbs, ["import", "readers", str(tmp_path / "none.csv")])
    assert result.exit_code == 2
