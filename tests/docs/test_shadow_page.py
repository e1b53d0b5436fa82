"""The section about shadow says what the source does."""

from __future__ import annotations

from foldline.server.leaving_shadow import MAY_BE_KNOWN
from foldline.server.protocol import MOST_HEAD
from foldline.server.shadow import AT_ONCE, MOST_WAITING
from foldline.sources.origin.client import Limits
from foldline.sources.origin.freshness import Bounds

from .pages import DOCS, read, sections

SHADOW = " ".join(sections(read(DOCS / "origin.md"), 2)["Shadow"].split())


def test_every_bound_of_shadow_is_the_one_that_is_written() -> None:
    numbers = {4: "four"}
    said = (
        f"at most {numbers[AT_ONCE]} articles at a time",
        f"more than {MOST_WAITING} visits that wait",
        f"every {Bounds().least} s for each worker",
        f"uploads over {Limits().most_upload >> 20} MB",
        f"head is over {MOST_HEAD >> 10} KB",
    )
    assert [sentence for sentence in said if sentence not in SHADOW] == []


def test_the_only_thing_that_a_reason_gates_over_is_the_one_that_is_written() -> None:
    assert set(MAY_BE_KNOWN) == {"FL220"}
    assert "gates although the origin is open, and over nothing else" in SHADOW
