"""Seeded faults: a step that is broken on purpose must be found by the step after it, or by the witnesses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from foldline.fold.page import below, cutting, derived, place, read, structured, tree_cut
from foldline.fold.page.actions import Edit
from foldline.fold.page.parts import Part, Parts
from foldline.fold.page.place import Gap, Place
from foldline.fold.page.read import CutPage, read_page
from foldline.fold.page.spec import FoldSpec

from . import sites
from .malformed import Maker
from .test_malformed import leaks
from .test_sites import SITES, article_nodes
from .witness import views

_MALFORMED = [Maker(seed).page() for seed in range(150)]


def faults_of(made: CutPage, page: str) -> set[str]:
    """What the witnesses find wrong with a page of a publishing system."""
    preview = made.parts.preview().decode(made.codec)
    found = set()
    if made.parts.whole() != page.encode():
        found.add("whole")
    if any(text[10:60] in view for view in views(preview) for text in sites.CLOSED):
        found.add("leak")
    if "What the" in preview or sites.REST_PICTURE in preview or "5 min" in preview or "wordCount" in preview:
        found.add("derived")
    if not made.locked and not _is_one_closed_article(preview):
        found.add("structured")
    if made.locked or "cut-by-tree" in made.alarms:
        found.add("stricter")
    return found


def _is_one_closed_article(preview: str) -> bool:
    try:
        nodes = article_nodes(preview)
    except ValueError:
        return False
    return len(nodes) == 1 and nodes[0].get("isAccessibleForFree") is False


def on_sites() -> set[str]:
    found = set()
    for make, spec in SITES.values():
        page = make()
        found |= faults_of(read_page(page.encode(), "utf-8", spec, sites.ADDRESS), page)
    return found


def everywhere() -> set[str]:
    found = on_sites()
    for page in _MALFORMED:
        made = read_page(page.html.encode(), "utf-8", page.spec)
        if leaks(page, made):
            found.add("leak")
        if made.parts.whole() != page.html.encode():
            found.add("whole")
    return found


def test_without_a_fault_nothing_is_found() -> None:
    assert everywhere() == set()


def _nothing(*_: Any, **__: Any) -> list[Any]:
    return []


def _zero(*_: Any, **__: Any) -> int:
    return 0


def _half_a_gap(text: Callable[..., Place]) -> Callable[..., Place]:
    def made(*given: Any) -> Place:
        found = text(*given)
        found.gaps = [
            Gap(gap.start, gap.end - (gap.end - gap.start) // 2, gap.nodes, gap.within)
            if gap.start is not None and gap.end is not None
            else gap
            for gap in found.gaps
        ]
        return found

    return made


def _without_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cutting, "survivors", _zero)


def _half_without_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(read, "place_of", _half_a_gap(place.place_of))
    _without_proof(patch)


def _half_with_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(read, "place_of", _half_a_gap(place.place_of))


def _no_copies(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cutting, "copies", _nothing)


def _no_comments(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cutting, "comments", _nothing)
    patch.setattr(cutting, "_by_tree", lambda *_: None)


def _no_derived(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cutting, "derived", _nothing)


def _no_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(derived, "_counts", _nothing)


def _no_preloads(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(derived, "_links", _nothing)


def _descriptions_by_shingle_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(below.Below, "reaches", below.Below.holds)


def _no_structured_data(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cutting, "structured", lambda *_: ([], ""))


def _nodes_doubled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(structured, "_without", lambda data, _: data)


def _json_uncut(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(structured, "without_rest", lambda data, *_, **__: data)
    patch.setattr(derived, "without_rest", lambda data, *_, **__: data)
    _without_proof(patch)


def _whole_copies_are_allowed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(below, "QUOTED", 10**9)
    patch.setattr(cutting, "text_before", lambda containers, _: sites.WHOLE_TEXT)


def _first_container_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(place, "_later_bodies", _nothing)
    patch.setattr(cutting, "copies", _nothing)
    _without_proof(patch)


def _edits_lose_a_byte(patch: pytest.MonkeyPatch) -> None:
    merged = cutting.merged
    patch.setattr(
        cutting, "merged", lambda edits: [Edit(e.start, max(e.start, e.end - 1), e.text) for e in merged(edits)]
    )
    _without_proof(patch)


def _sealed_pieces_are_mixed_up(patch: pytest.MonkeyPatch) -> None:
    parted = cutting.parted

    def made(*given: Any) -> Parts:
        parts = parted(*given)
        return Parts(parts.public, tuple(reversed(parts.sealed)))

    patch.setattr(cutting, "parted", made)


def _everything_is_both(patch: pytest.MonkeyPatch) -> None:
    parted = cutting.parted

    def made(*given: Any) -> Parts:
        parts = parted(*given)
        pieces = iter(parts.sealed)
        public = (Part("both", next(pieces)) if part.kind == "sealed" else part for part in parts.public)
        return Parts(tuple(public), ())

    patch.setattr(cutting, "parted", made)


def _a_locked_page_shows_any_description(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(read, "place_of", lambda *_: Place("not-found"))
    patch.setattr(read, "standfirst_of", lambda _, facts: facts.standfirst)


def _a_tree_keeps_what_is_closed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cutting, "_by_text", lambda *_: None)
    patch.setattr(cutting, "tree_preview", lambda source, _, *more: tree_cut.tree_preview(source, [], *more))
    _without_proof(patch)


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (_half_without_proof, "leak"),
        (_half_with_proof, "stricter"),
        (_no_copies, "stricter"),
        (_no_comments, "stricter"),
        (_no_derived, "derived"),
        (_no_counts, "derived"),
        (_no_preloads, "derived"),
        (_descriptions_by_shingle_alone, "derived"),
        (_no_structured_data, "structured"),
        (_nodes_doubled, "structured"),
        (_json_uncut, "leak"),
        (_whole_copies_are_allowed, "leak"),
        (_first_container_only, "leak"),
        (_edits_lose_a_byte, "structured"),
        (_sealed_pieces_are_mixed_up, "whole"),
        (_everything_is_both, "leak"),
        (_a_locked_page_shows_any_description, "leak"),
        (_a_tree_keeps_what_is_closed, "leak"),
    ],
)
def test_a_seeded_fault_is_found(
    monkeypatch: pytest.MonkeyPatch, fault: Callable[[pytest.MonkeyPatch], None], found: str
) -> None:
    fault(monkeypatch)
    assert found in on_sites() or found in everywhere()


def test_a_locked_page_that_is_asked_for_a_description_shows_none_that_was_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(read, "place_of", lambda *_: Place("not-found"))
    for make, _ in SITES.values():
        made = read_page(make().encode(), "utf-8", FoldSpec(), sites.ADDRESS)
        assert made.locked
        assert not any(text[10:60] in view for view in views(made.parts.preview().decode()) for text in sites.CLOSED)
