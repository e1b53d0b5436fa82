"""The page about a site behind the gate says what the source does."""

from __future__ import annotations

import re

from foldline.fold.feed.model import LONGEST_NAME as LONGEST_TERM
from foldline.fold.feed.model import LONGEST_TITLE, MOST_ELEMENTS, MOST_ITEMS
from foldline.server.origin_link import READERS_PATIENCE
from foldline.server.rewriting import FRESH, MOST_TEXTS
from foldline.sources.origin.client import Limits
from foldline.sources.origin.fetch import MOST_PAGE, Patience
from foldline.sources.origin.freshness import Bounds
from foldline.sources.origin.patterns import NAMES
from foldline.sources.origin.surface_file import LONGEST_NAME, PROFILES, ROUTE_KEYS, problems_of
from foldline.sources.origin.surfaces import METHODS, Kind
from foldline.spelling import LONGEST_PATH, MOST_SEGMENTS
from foldline.stores.fetched import MOST_BYTES

from .pages import DOCS, fences, read, sections, tables

PAGE = read(DOCS / "origin.md")
FLOWING = " ".join(PAGE.split())


def test_the_map_that_is_shown_is_one() -> None:
    shown = [text for text in fences(PAGE, "toml") if "[[route]]" in text]
    assert len(shown) == 1
    assert problems_of(shown[0], "surfaces.toml") == ()


def test_every_kind_key_method_pattern_and_profile_is_on_the_page() -> None:
    rows = {row[0].strip("`") for row in tables(PAGE)}
    assert rows >= {kind.value for kind in Kind}
    assert rows >= set(ROUTE_KEYS)
    assert [word for word in (*METHODS, *(f"{{{name}}}" for name in NAMES)) if f"`{word}`" not in PAGE] == []
    assert [name for name in PROFILES if name not in sections(PAGE, 2)["Profiles"]] == []


def test_every_bound_is_the_one_that_is_written() -> None:
    limits, bounds, patience = Limits(), Bounds(), Patience()
    said = (
        f"{limits.connections} at most for a worker",
        f"does not connect within {limits.connect:.0f} s",
        f"says nothing for {limits.first_byte:.0f} s, stops for {limits.between:.0f} s",
        f"takes {limits.whole:.0f} s in all",
        f"up to {limits.most_upload >> 20} MB",
        f"over {MOST_PAGE >> 20} MB, packed or not",
        f"room for {MOST_BYTES >> 20} MB",
        f"at least {bounds.least} s and at most {bounds.most} s",
        f"they wait {patience.waits:.0f} s at most",
        f"left alone for {patience.holds:.0f} s",
        f"takes nothing for {READERS_PATIENCE:.0f} s",
        f"more than {LONGEST_PATH:,} bytes, and more than {MOST_SEGMENTS} segments",
        f"in up to {LONGEST_NAME} characters",
        f"The first {MOST_TEXTS} articles of an answer",
        f"used unasked for {FRESH} s",
        f"more than {MOST_ITEMS} items or {MOST_ELEMENTS:,} elements",
        f"longer than {LONGEST_TITLE} characters in no newspaper, a name or tag than {LONGEST_TERM}",
    )
    assert [sentence for sentence in said if sentence not in FLOWING] == []


def test_every_anchor_of_a_check_is_one_of_its_ids() -> None:
    linked = set(re.findall(r"checks\.md#(fl\d+)", PAGE))
    assert linked == {"fl201", "fl220", "fl335"}
