"""The tests of reads can fail: each rule of what is a read is taken away, and its test goes red."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.gate import test_reading as marked
from tests.gate.newspaper import Newspaper, open_newspaper
from tests.insight import test_reads as counted

from foldline.gate import reading
from foldline.gate.marks import Marks
from foldline.gate.request import Request
from foldline.insight import events, reads
from foldline.policy.facts import NOBODY
from foldline.signed.reading import mark

Patch = pytest.MonkeyPatch
_honest_note = events.EventLines.note


def _crawled(paper: Newspaper) -> None:
    crawler = ("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)")
    marked.test_what_nobody_looks_at_marks_nobody(paper, marked.FREE, "GET", crawler)


def _prefetched(paper: Newspaper) -> None:
    early = ("sec-purpose", "prefetch;prerender")
    marked.test_what_nobody_looks_at_marks_nobody(paper, marked.SUBSCRIBERS, "GET", early)


def _naming_both(
    lines: events.EventLines, article: int, decision: Any, *, institution: str = "", who: str = ""
) -> None:
    _honest_note(lines, article, decision, who=who)


def _of_the_day_alone(marks: Marks, kind: bytes, key: bytes, article: int, now: int) -> str:
    marks._begin(now)
    return mark(marks._key, kind + key, 0)


IN_THE_GATE: dict[str, tuple[Any, str, Any, Callable[[Newspaper], None]]] = {
    "a crawler is counted": (reading, "claims_crawler", lambda agent: NOBODY is None, _crawled),
    "a prefetch is counted": (Request, "is_early", False, _prefetched),
    "a reader in a library has a mark": (
        events.EventLines,
        "note",
        _naming_both,
        marked.test_a_line_that_names_an_institution_marks_nobody,
    ),
    "the marks of a reader's articles are one": (
        Marks,
        "of",
        _of_the_day_alone,
        marked.test_a_reader_has_one_mark_for_an_article_and_a_day_and_another_for_all_else,
    ),
}
IN_THE_COUNT: dict[str, tuple[Any, str, Any, Callable[[counted.Counting], None]]] = {
    "staff are counted": (
        reads.RollUp,
        "_marks_of",
        lambda *told: lambda day, article: frozenset(),
        counted.test_staff_are_not_counted_under_any_secret,
    ),
    "it is forgotten how far a file was counted": (
        counted.ReadStore,
        "places",
        lambda store: {},
        counted.test_a_line_that_is_being_written_is_counted_when_it_is_there,
    ),
    "marks stay in the lines": (
        reads,
        "wipe",
        lambda path, place, old: (1, place.taken),
        counted.test_after_two_days_nobody_can_say_whose_reads_they_were,
    ),
}


@pytest.mark.parametrize("name", IN_THE_GATE)
def test_without_a_rule_of_what_is_a_read_its_test_goes_red(name: str, tmp_path: Path, monkeypatch: Patch) -> None:
    where, what, instead, goes_red = IN_THE_GATE[name]
    goes_red(open_newspaper(tmp_path / "honest"))
    monkeypatch.setattr(where, what, instead)
    with pytest.raises(AssertionError):
        goes_red(open_newspaper(tmp_path / "broken"))


@pytest.mark.parametrize("name", IN_THE_COUNT)
def test_without_a_rule_of_counting_its_test_goes_red(name: str, tmp_path: Path, monkeypatch: Patch) -> None:
    where, what, instead, goes_red = IN_THE_COUNT[name]
    for folder in ("honest", "broken"):
        made = counted.Counting(counted.open_home(tmp_path / folder))
        with closing(made.store):
            if folder == "honest":
                goes_red(made)
                continue
            monkeypatch.setattr(where, what, instead)
            with pytest.raises(AssertionError):
                goes_red(made)
