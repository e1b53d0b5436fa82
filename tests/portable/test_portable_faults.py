"""Each defence of exporting, importing and keeping, taken away: the test that stands for it goes red."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from foldline.stores.home import Home

from . import test_reader_list, test_retention, test_round_trip

Red = Callable[[Home, Path, pytest.MonkeyPatch], None]


def _opened(path: Path) -> Any:
    return path.open("w", encoding="utf-8", newline="")


def _paid_by_hand(site: Home, folder: Path, patch: pytest.MonkeyPatch) -> None:
    test_round_trip.test_a_row_that_is_wrong_is_named_with_its_line_and_the_others_are_imported(
        site, folder, "entitlements", {"kind": "paid"}, "only a subscription gives one of the kind paid"
    )


#: What is taken away: where it stands, what stands in its place, and the test that must not pass then.
FAULTS: dict[str, tuple[str, object, Red]] = {
    "a formula is written as it is": (
        "foldline.site.portable.cells.to_csv",
        lambda value: "" if value is None else str(value),
        lambda site, folder, _: test_round_trip.test_no_cell_of_a_spreadsheet_begins_as_a_formula(site, folder),
    ),
    "others on the machine read the files": (
        "foldline.site.portable.exporting._opened",
        _opened,
        lambda site, folder, _: test_round_trip.test_the_folder_is_for_its_owner_alone_whatever_the_umask_is(
            site, folder
        ),
    ),
    "half an export stays": (
        "foldline.site.portable.exporting.shutil.rmtree",
        lambda folder, ignore_errors: None,
        test_round_trip.test_an_export_that_fails_half_way_leaves_nothing,
    ),
    "a cut file is imported": (
        "foldline.site.portable.reading.digest_of",
        lambda path: __import__("json").loads((path.parent / "manifest.json").read_text())["files"][path.name][
            "sha256"
        ],
        lambda site, folder, _: (
            test_round_trip.test_a_file_that_was_cut_off_or_changed_is_refused_before_anything_is_written(site, folder)
        ),
    ),
    "a file gives what only a subscription gives": (
        "foldline.site.readers.models.Entitlement.OF_SUBSCRIPTIONS",
        frozenset[str](),
        _paid_by_hand,
    ),
    "what staff ended is given again": (
        "foldline.site.portable.reader_list.ReaderList._give",
        lambda self, reader, email, given: bool(reader and (setattr(given, "reader", reader), given.save())),
        lambda site, folder, _: (
            test_reader_list.test_a_second_run_changes_nothing_also_where_staff_ended_something_since(site)
        ),
    ),
    "a dry run writes": (
        "foldline.site.portable.reader_list.ReaderList._dry",
        property(lambda self: False, lambda self, dry: None),
        lambda site, folder, _: test_reader_list.test_a_dry_run_writes_nothing_and_tells_every_row_as_the_run_then_does(
            site
        ),
    ),
    "a table with readers is not listed": (
        "foldline.site.retention.TABLES",
        (),
        lambda site, folder, _: (
            test_retention.test_every_table_of_the_site_and_of_the_meter_is_known_as_about_readers_or_not(site)
        ),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_without_a_defence_its_test_goes_red(
    site: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    where, instead, red = FAULTS[fault]
    monkeypatch.setattr(where, instead, raising=fault != "a dry run writes")
    with pytest.raises((AssertionError, pytest.fail.Exception, StopIteration, IndexError)) as failed:
        red(site, tmp_path, monkeypatch)
    assert failed.value is not None
