"""Random malformed pages: no text that is closed survives, by two parsers, in any view; and no other byte is lost."""

from __future__ import annotations

import os

import pytest

from foldline.fold.page.read import CutPage, read_page

from .malformed import Maker, Malformed
from .witness import Verdict, by_lexbor, by_turbohtml, runs, views, words

LONG = os.environ.get("FOLDLINE_PROOF") == "long"
PAGES = 20_000 if LONG else 480
SHARDS = 4


def leaks(page: Malformed, made: CutPage) -> list[str]:
    """What of the closed text is in the preview: words that both parsers take for closed, and passages of either."""
    verdicts = _verdicts(page)
    certain = set.intersection(*(verdict.words() for verdict in verdicts))
    passages = set().union(*(verdict.runs() for verdict in verdicts))
    preview = made.parts.preview().decode(made.codec)
    found: list[str] = []
    for view in views(preview):
        listed = words(view)
        found += sorted(certain.intersection(listed))
        found += [" ".join(run) for run in runs(listed) if run in passages]
    return found


def _verdicts(page: Malformed) -> list[Verdict]:
    if page.selector:
        return [by_lexbor(page.html, page.selector), by_turbohtml(page.html, page.selector)]
    if page.spec.body:
        return [Verdict(())]
    return [by_lexbor(page.html, "")]


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_closed_text_of_a_malformed_page_survives_and_no_byte_of_the_whole_is_lost(shard: int) -> None:
    for seed in range(shard, PAGES, SHARDS):
        page = Maker(seed).page()
        raw = page.html.encode()
        made = read_page(raw, "utf-8", page.spec)
        assert made.parts.whole() == raw, seed
        assert leaks(page, made) == [], seed


def test_most_malformed_pages_are_cut_and_not_locked() -> None:
    """A proof over pages that are all locked would prove nothing."""
    made = [read_page(page.html.encode(), "utf-8", page.spec) for page in (Maker(seed).page() for seed in range(120))]
    assert sum(not one.locked for one in made) > 60
    assert sum("cut-by-tree" in one.alarms for one in made) > 0
    assert {one.how for one in made} >= {"selector", "page-selector", "marker", "paragraphs", "not-found"}
