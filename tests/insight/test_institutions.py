"""The monthly report: its totals are the lines', by institution, in the publication's zone."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.insight.decisions import parsed
from foldline.insight.institutions import Month, as_csv, lines_between, used

ZONE = ZoneInfo("America/New_York")
NOVEMBER = Month(2026, 11, ZONE)
BEGINS, ENDS = NOVEMBER.bounds


def line(at: int, outcome: str = "opens", institution: str = "1", article: int = 7, more: str = "") -> str:
    return f"{at}\t{article}\t{outcome}\tin-institution\tr-abc\t+in-institution\tLibraries\t{institution}{more}\n"


def test_a_month_is_the_publications_own_and_ends_where_the_next_begins() -> None:
    assert (Month.of("2026-12", ZONE).bounds[0], str(NOVEMBER)) == (ENDS, "2026-11")
    assert ENDS - BEGINS == 30 * 86_400 + 3600  # the clocks went back on the first
    assert Month(2026, 12, ZONE).bounds[1] == Month(2027, 1, ZONE).bounds[0]


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-11-01", "November"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Month.of(text, ZONE)


def test_lines_of_every_form_are_read_and_the_column_behind_is_left_to_others() -> None:
    old = parsed("1\t2\topens\twhy\tr-abc\t+why\trule")
    new = parsed("1\t2\topens\twhy\tr-abc\t+why\trule\t12")
    newer = parsed("1\t2\topens\twhy\tr-abc\t+why\trule\t12\tsomebody")
    odd = parsed("1\t2\topens\twhy\tr-abc\t+why\trule\tTown Library")
    assert [one.institution for one in (old, new, newer, odd) if one is not None] == ["", "12", "12", ""]


def test_the_lines_of_all_workers_and_of_this_month_alone_are_counted(tmp_path: Path) -> None:
    (tmp_path / "worker-0-000000.tsv").write_text(line(BEGINS - 1) + line(BEGINS) + line(ENDS - 1) + line(ENDS))
    (tmp_path / "worker-1-000000.tsv").write_text(line(BEGINS, "refuses") + line(BEGINS, institution=""))
    (tmp_path / "worker-2-000000.tsv").write_text(line(BEGINS) + "a line that is being wri")
    old = tmp_path / "worker-3-000000.tsv"
    old.write_text("what nobody has to read\n")
    os.utime(old, (BEGINS - 9, BEGINS - 9))
    uses = used(lines_between(tmp_path, BEGINS, ENDS), {"1": (BEGINS, ENDS)})
    assert (uses["1"].requests.total(), len(uses["1"].requests), uses["1"].refused, uses["1"].ended) == (3, 1, 1, 0)
    assert set(uses) == {"1"}


def test_a_refusal_after_the_contract_is_told_apart() -> None:
    lines = [parsed(line(at, "refuses").rstrip("\n")) for at in (BEGINS, BEGINS + 10, BEGINS + 11)]
    use = used([one for one in lines if one is not None], {"1": (BEGINS, BEGINS + 10)})["1"]
    assert (use.refused, use.ended) == (3, 2)


def test_every_institution_has_a_row_and_no_name_is_a_formula() -> None:
    text = as_csv(NOVEMBER, {"2": "=cmd|' /C calc'!A0", "1": 'The "Town" Library, east'}, {})
    rows = list(csv.reader(text.splitlines()))
    assert rows[1] == ["'=cmd|' /C calc'!A0", "2", "2026-11", "0", "0", "0", "0"]
    assert rows[2][:2] == ['The "Town" Library, east', "1"]


OUTCOMES = st.sampled_from(("opens", "refuses", "opens-if"))
LINES = st.lists(
    st.tuples(st.integers(BEGINS - 5, ENDS + 5), OUTCOMES, st.sampled_from(("", "1", "2", "30")), st.integers(1, 4)),
    max_size=40,
)


@given(LINES)
def test_the_totals_of_the_file_are_those_of_the_lines(made: list[tuple[int, str, str, int]]) -> None:
    read = [parsed(line(*one).rstrip("\n")) for one in made]
    uses = used([one for one in read if one is not None and BEGINS <= one.at < ENDS], {})
    rows = list(csv.DictReader(as_csv(NOVEMBER, {"1": "Town"}, uses).splitlines()))
    inside = [one for one in made if BEGINS <= one[0] < ENDS and one[2]]
    assert sum(int(row["Total_Item_Requests"]) for row in rows) == sum(one[1] == "opens" for one in inside)
    assert sum(int(row["No_License"]) for row in rows) == sum(one[1] == "refuses" for one in inside)
    for row in rows:
        mine = {one[3] for one in inside if one[2] == row["Number"] and one[1] == "opens"}
        assert int(row["Different_Items_Requested"]) == len(mine)
