"""What shows no word of the rest is found by two versions of it, and nothing that moves by itself is."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.audit.audits import Hand, audited, twin_wish
from tests.audit.leaky_wall import TWIN, Asked, Said, Wall, wall

#: Each leak alone, too: `make proof`.
LONG = os.environ.get("FOLDLINE_PROOF") == "long"


def both(site: Wall) -> tuple[Hand, set[str]]:
    hand = Hand(site)
    report = audited(site, twin_wish(site, hand))
    assert report.twin
    assert report.twin_compared > 400
    return hand, {finding.vector for finding in report.findings}


def test_two_versions_of_a_wall_that_keeps_are_answered_alike() -> None:
    with wall() as site:
        hand, found = both(site)
    assert found == set()
    assert hand.done == ["change", "restore"]


@pytest.mark.parametrize("names", [tuple(TWIN), *((name,) for name in TWIN)] if LONG else [tuple(TWIN)], ids=",".join)
def test_what_shows_no_word_is_found_by_two_versions_and_named(names: tuple[str, ...]) -> None:
    with wall(*names) as site:
        _, found = both(site)
        report = audited(site)
    assert found == {TWIN[name][0] for name in names}
    # Without the second version nobody sees it, and the report says so.
    assert report.findings == []
    assert any("--twin" in line for line in report.undriven)


def test_what_moves_by_itself_is_no_finding_and_what_moves_beside_it_is_one() -> None:
    counter = itertools.count(1_000)

    def noisy(site: Wall) -> None:
        def answer(asked: Asked) -> Said | None:
            said = site.answer(asked)
            if isinstance(said.body, str) and said.kind.startswith("text/html"):
                token = f'<input type="hidden" value="{next(counter) * 7919:x}">'
                return replace(
                    said, body=said.body + token, headers=[*said.headers, ("set-cookie", f"n={next(counter)}")]
                )
            return said

        site.before = answer

    with wall("word-count") as site:
        noisy(site)
        assert both(site)[1] == {"A12"}


def test_what_was_changed_is_changed_back_when_the_site_falls_silent() -> None:
    with wall() as site:
        hand = Hand(site)
        site.before = lambda asked: Said("", 429, headers=[("retry-after", "0")]) if hand.done == ["change"] else None
        report = audited(site, twin_wish(site, hand))
    assert hand.done == ["change", "restore"]
    assert "asked for no more questions" in report.stopped
    assert report.code == 2


def test_a_hook_that_changes_nothing_breaks_the_audit_off_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foldline.proof.audit.twin._PAUSE", 0)

    class Idle(Hand):
        async def change(self, paths: Sequence[str]) -> None:
            self.done.append("change")

    with wall() as site:
        hand = Idle(site)
        report = audited(site, twin_wish(site, hand))
    assert report.stopped.startswith("FL333")
    assert hand.done == ["change", "restore"]
    assert report.code == 2
