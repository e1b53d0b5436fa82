"""Every way in which a wall is known to leak is found and named by its own vector; one that keeps is left in peace."""

from __future__ import annotations

import os

import pytest
from tests.audit.audits import audited
from tests.audit.leaky_wall import LEAKS, MIXED, SESSION, Wall, wall

from foldline.proof.audit.finding import Report
from foldline.proof.audit.run import Wish
from foldline.proof.audit.vectors import VECTORS

#: Each leak alone: `make proof`.
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: Two names for one door: whoever has the first has the second.
IMPLIED = {"search-snippet": {"F04"}}
#: Alone in their run: what they do to the page hides what others do.
ALONE = ("body-behind-402", "script-removes", "crawler-and-address", "override", "host", "rest-excerpt")
GROUPS = {
    "in the page": [name for name, (vector, _) in LEAKS.items() if vector[0] == "A" and name not in ALONE],
    "in other forms": [name for name, (vector, _) in LEAKS.items() if vector[0] == "B" and name not in ALONE],
    "as somebody else": [name for name, (vector, _) in LEAKS.items() if vector[0] in "CGH" and name not in ALONE],
    "by HTTP": [name for name, (vector, _) in LEAKS.items() if vector[0] in "DEF" and name not in ALONE],
    "beside no crawler": ["crawler-and-address", "override", "host", "rest-excerpt"],
    **{name: [name] for name in ("body-behind-402", "script-removes")},
}


def named(report: Report) -> set[str]:
    return {finding.vector for finding in report.findings}


def wish_for(site: Wall) -> Wish:
    closed = "#body" if site.has("script-removes") else ""
    return Wish((site.stories[0].path,), SESSION, closed=closed)


def test_a_wall_that_keeps_is_found_to_keep() -> None:
    with wall() as site:
        report = audited(site, articles=3)
    assert report.findings == []
    assert report.code == 0
    assert [article.how for article in report.articles] == ["difference"] * 3
    assert report.asked > 600
    assert report.mixed > 30


@pytest.mark.parametrize("group", GROUPS)
def test_every_leak_of_a_wall_is_found_and_named(group: str) -> None:
    leaks = GROUPS[group]
    with wall(*leaks) as site:
        report = audited(site, wish_for(site))
    expected = {LEAKS[name][0] for name in leaks}
    assert expected - named(report) == set()
    assert named(report) - expected <= {implied for name in leaks for implied in IMPLIED.get(name, ())}
    assert report.code == 1


def test_what_takes_two_things_at_once_is_found_by_the_covering_array_and_told_by_what_it_takes() -> None:
    with wall("crawler-on-amp") as site:
        report = audited(site)
    (finding,) = report.findings
    assert finding.vector == MIXED["crawler-on-amp"][0]
    assert finding.state == "called Googlebot/2.1"
    assert "/amp" in finding.curl


@pytest.mark.parametrize("name", LEAKS if LONG else ("json-ld",))
def test_a_leak_alone_is_named_and_nothing_else_is(name: str) -> None:
    with wall(name) as site:
        report = audited(site, wish_for(site))
    assert LEAKS[name][0] in named(report)
    assert named(report) <= {LEAKS[name][0], *IMPLIED.get(name, ())}


def test_every_leak_that_is_seeded_has_a_vector_with_a_cure() -> None:
    for vector, _ in (LEAKS | MIXED).values():
        assert VECTORS[vector].cure
