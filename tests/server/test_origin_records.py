"""A record of a site's article is shown unasked only while the page that it was made of holds, by the same rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foldline.gate.library import Library
from foldline.pages.record import PublicPage
from foldline.policy.facts import Access, Article
from foldline.policy.rules import first_form
from foldline.server.origin_records import OriginRecords
from foldline.stores.fetched import FetchedPage
from foldline.stores.records import ArticleRecord, PublicStore, RecordWriter, SealedStore
from foldline.testing.builders import home_at

PATH = "/a-page.html"
#: Fetched at 1,000, and good until 1,015.
PAGE = FetchedPage(PATH.encode(), 200, (), b"", "digest", 1_000, 1_000, 1_015)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[tuple[OriginRecords, Library, Any]]:
    home = home_at(tmp_path).home
    writer = RecordWriter(home)
    writer.put_article(
        ArticleRecord(PATH, Article(1, Access.METERED, path=PATH), 1, "b", "", "a", {"open": "", "ask": ""}, "rest")
    )
    writer.close()
    library = Library(PublicStore(home), SealedStore(home))
    state: Any = SimpleNamespace(rules=first_form(3), time=1_001)
    state.now = lambda: state.time
    records = OriginRecords(home, state, library, lambda number_of: SimpleNamespace())  # type: ignore[arg-type,return-value]
    yield records, library, state
    records.close()


def held(library: Library) -> PublicPage:
    record = library.page(PATH.encode())
    assert isinstance(record, PublicPage)
    return record


@pytest.mark.parametrize(("now", "holds"), [(999, False), (1_000, True), (1_014, True), (1_015, False)])
def test_a_record_holds_exactly_while_its_page_does(
    shelf: tuple[OriginRecords, Library, Any], now: int, holds: bool
) -> None:
    records, library, state = shelf
    assert not records.holds(held(library))
    records.keep_at_hand(PAGE, state.rules)
    state.time = now
    assert records.holds(held(library)) is holds


def test_it_holds_by_rules_that_are_the_same_and_by_no_others(shelf: tuple[OriginRecords, Library, Any]) -> None:
    records, library, state = shelf
    records.keep_at_hand(PAGE, state.rules)
    state.rules = first_form(3)
    assert records.holds(held(library))
    state.rules = first_form(4)
    assert not records.holds(held(library))
    state.rules = None
    assert not records.holds(held(library))


def test_what_was_forgotten_and_read_again_holds_no_more(shelf: tuple[OriginRecords, Library, Any]) -> None:
    records, library, state = shelf
    records.keep_at_hand(PAGE, state.rules)
    library.forget(PATH.encode())
    assert not records.holds(held(library))
