"""Whose read an opened article is: a mark that is the same for one reader, article and day, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from foldline.signed import cookies
from foldline.signed.reading import LENGTH

from .newspaper import START, Newspaper, open_newspaper

DAY = 86_400
METERED_NUMBER = 12
FREE, METERED, SUBSCRIBERS = "/free", "/metered", "/subscribers"
PRODUCT = {1: START + 10**7}


def marks(paper: Newspaper) -> list[tuple[str, str]]:
    """(reason, mark) of every line that was written since the last time."""
    paper.worker.events.flush()
    found = []
    for path in sorted(paper.home.events.glob("*.tsv")):
        lines = [line.split("\t") for line in path.read_text().splitlines()]
        assert {len(line) for line in lines} <= {9}
        found += [(line[3], line[8]) for line in lines]
        path.unlink()
    return found


@pytest.fixture
def paper(tmp_path: Path) -> Newspaper:
    return open_newspaper(tmp_path)


def test_a_reader_has_one_mark_for_an_article_and_a_day_and_another_for_all_else(paper: Newspaper) -> None:
    paper.sign_in(PRODUCT)
    for path in (SUBSCRIBERS, SUBSCRIBERS, METERED, FREE):
        paper.get(path)
    paper.clock.time += DAY
    paper.sign_in(PRODUCT)
    paper.get(SUBSCRIBERS)
    told = marks(paper)
    assert [reason for reason, _ in told][:2] == ["subscription-covers", "subscription-covers"]
    first, again, *others = (mark for _, mark in told)
    assert first == again
    assert len({first, *others}) == 4
    assert {len(mark) for _, mark in told} == {LENGTH}


def test_the_post_that_opened_an_article_and_the_page_afterwards_are_one_read(paper: Newspaper) -> None:
    assert paper.read(METERED_NUMBER).status == 200
    paper.get(f"/metered-{METERED_NUMBER}")
    (_, opened), (_, shown) = marks(paper)
    assert opened == shown != ""


def test_two_devices_are_two_and_a_device_without_its_cookies_is_another(paper: Newspaper) -> None:
    paper.read(METERED_NUMBER)
    paper.jar.clear()
    paper.read(METERED_NUMBER)
    assert len({mark for _, mark in marks(paper)}) == 2


def test_a_reader_is_one_on_two_devices_whatever_meters_these_carry(paper: Newspaper) -> None:
    paper.read(METERED_NUMBER)
    marks(paper)
    paper.sign_in(PRODUCT)
    paper.get(SUBSCRIBERS)
    del paper.jar[cookies.METER], paper.jar[cookies.OPENING]
    paper.get(SUBSCRIBERS)
    assert len({mark for _, mark in marks(paper)}) == 1


@pytest.mark.parametrize(
    ("method", "header"),
    [
        ("HEAD", None),
        ("GET", ("sec-purpose", "prefetch;prerender")),
        ("GET", ("purpose", "prefetch")),
        ("GET", ("x-moz", "prefetch")),
        ("GET", ("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)")),
    ],
    ids=["head", "prerender", "purpose", "moz", "crawler"],
)
@pytest.mark.parametrize("path", [SUBSCRIBERS, FREE])
def test_what_nobody_looks_at_marks_nobody(
    paper: Newspaper, path: str, method: str, header: tuple[str, str] | None
) -> None:
    paper.sign_in(PRODUCT)
    paper.get(path, *([header] if header else []), method=method)
    ((reason, mark),) = marks(paper)
    assert (reason, mark) == ("subscription-covers" if path == SUBSCRIBERS else "article-is-free", "")


@pytest.mark.parametrize("path", [FREE, METERED, SUBSCRIBERS])
def test_a_visit_that_carries_nothing_or_opens_nothing_marks_nobody(paper: Newspaper, path: str) -> None:
    paper.get(path)
    paper.sign_in({})
    if path == SUBSCRIBERS:
        paper.get(path)
    assert {mark for _, mark in marks(paper)} == {""}


def test_a_device_that_has_a_meter_is_counted_for_a_free_article_too(paper: Newspaper) -> None:
    paper.read(METERED_NUMBER)
    marks(paper)
    paper.get(FREE)
    del paper.jar[cookies.METER]
    paper.get(FREE)
    (_, by_meter), (_, by_opening) = marks(paper)
    assert by_meter == by_opening != ""


def test_a_forged_cookie_marks_nobody(paper: Newspaper) -> None:
    for name in (cookies.PASS, cookies.METER, cookies.OPENING):
        paper.jar = {name: "AQEBAAAA"}
        paper.get(FREE)
        paper.get(METERED)
    assert {mark for _, mark in marks(paper)} == {""}


def test_a_line_that_names_an_institution_marks_nobody(paper: Newspaper) -> None:
    from foldline.policy.decide import decide
    from foldline.policy.facts import Access, Article, Visit
    from foldline.policy.rules import first_form

    decision = decide(Visit(Article(7, Access.FREE), START), first_form(3))
    paper.worker.events.note(7, decision, institution="12", who="abcdefghijkl")
    assert marks(paper) == [("article-is-free", "")]


def test_marks_of_another_publication_or_secret_are_others(tmp_path: Path) -> None:
    from foldline.signed.keys import Keyring
    from foldline.signed.reading import READER, mark

    rings = [Keyring((secret * 40,), "a.example") for secret in (b"a", b"b")]
    owner = READER + bytes(16)
    assert len({mark(ring.reads_keys(day)[0], owner, 7) for ring in rings for day in (1, 2)}) == 4
