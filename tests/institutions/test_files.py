"""Institutions as a file: in, out, and the same after a round trip."""

from __future__ import annotations

from click.testing import CliRunner, Result

from foldline.stores.institutions import InstitutionStore

from .conftest import Room

FILE = """\
kind,name,ranges,domains,product,starts,last_day
library,Alder Valley Library,8.8.8.0/24 2a00:1450::/48,alder.example,1,2026-01-01,2036-12-31
company,'=Weir & Sons,9.9.9.9-9.9.9.20,,1,2026-01-01,2036-12-31
"""


def run(room: Room, verb: list[str], text: str | None = None, *options: str) -> Result:
    from foldline.cli.main import verbs

    given = []
    if text is not None:
        file = room.home.path / "institutions.csv"
        file.write_text(text, encoding="utf-8")
        given = [str(file)]
    return CliRunner().invoke(verbs, [*verb, *given, "--home", str(room.home.path), *options])


def take(room: Room, text: str, *options: str) -> Result:
    return run(room, ["import", "institutions"], text, *options)


def names(room: Room) -> list[str]:
    with InstitutionStore(room.home, read_only=True) as store:
        return [one.name for one in store.every()]


def test_a_file_is_taken_and_printed_as_it_was(room: Room) -> None:
    from foldline.site.desk.models import AuditEntry

    before = AuditEntry.objects.count()
    taken = take(room, FILE)
    assert taken.exit_code == 0, taken.output
    assert names(room) == ["=Weir & Sons", "Alder Valley Library"]
    assert AuditEntry.objects.count() == before + 2
    printed = run(room, ["report", "contracts"]).output
    assert sorted(printed.splitlines()) == sorted(FILE.splitlines())
    again = take(room, printed)
    assert [line.split()[1] for line in again.output.splitlines()] == ["same", "same"]
    assert AuditEntry.objects.count() == before + 2


def test_a_dry_run_says_the_same_and_writes_nothing(room: Room) -> None:
    dry = take(room, FILE, "--dry-run")
    assert names(room) == []
    assert dry.output.splitlines()[:2] == take(room, FILE).output.splitlines()
    changed = FILE.replace("8.8.8.0/24", "8.8.4.0/24")
    assert "institutions.csv:2 changed Alder Valley Library" in take(room, changed, "--dry-run").output
    with InstitutionStore(room.home, read_only=True) as store:
        assert store.every()[1].ranges[0] == "8.8.8.0/24"


def test_a_row_that_is_wrong_or_dangerous_is_refused_by_name_and_keeps_no_other_back(room: Room) -> None:
    text = (
        "name,ranges,starts,last_day\n"
        "Everybody,0.0.0.0/0,2026-01-01,2026-12-31\n"
        "Broad,8.8.0.0/15,2026-01-01,2026-12-31\n"
        "No day,9.9.9.9,soon,2026-12-31\n"
        "Short row,9.9.9.9\n"
        "Fine,9.9.9.9,2026-01-01,2026-12-31\n"
        "Beside it,9.9.9.0/24,2026-01-01,2026-12-31\n"
    )
    told = take(room, text)
    assert told.exit_code == 1
    assert names(room) == ["Fine"]
    for said in (
        ":2 refused Everybody: 0.0.0.0/0: is the whole internet of IPv4",
        ":3 refused Broad: 8.8.0.0/15: is broader than /16: 131,072 addresses (--anyway confirms it)",
        ":4 refused No day: starts and last_day are days",
        ":5 refused",
        ":6 new Fine",
        ":7 refused Beside it: 9.9.9.0/24: overlaps with 9.9.9.9 of Fine",
    ):
        assert said in told.output
    assert "--anyway" not in told.output.splitlines()[0]
    assert [line.split()[1] for line in take(room, text, "--dry-run").output.splitlines()[:2]] == ["refused"] * 2
    assert take(room, text, "--anyway").exit_code == 1
    assert names(room) == ["Beside it", "Broad", "Fine"]


def test_a_file_without_its_columns_is_refused_whole(room: Room) -> None:
    told = take(room, "library,ranges\nTown,9.9.9.9\n")
    assert told.exit_code == 1
    assert "no column is called name" in str(told.exception)


def test_the_report_of_a_month_has_a_row_for_each_even_without_any_use(room: Room) -> None:
    take(room, FILE)
    told = run(room, ["report", "institutions"], None, "--month", "2026-11")
    assert told.exit_code == 0, told.output
    assert [line.split(",")[0] for line in told.output.splitlines()[1:]] == ["'=Weir & Sons", "Alder Valley Library"]
    assert run(room, ["report", "institutions"], None, "--month", "soon").exit_code == 2
    assert run(room, ["report", "institutions"]).exit_code == 0
