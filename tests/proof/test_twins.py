"""No leak: whoever may not read is sent the same bytes whatever stands below the fold."""

from __future__ import annotations

import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from foldline.gate import errors, visit
from foldline.pages.record import Record
from foldline.proof.asks import Ask
from foldline.proof.pairs import PAIRS, SENTENCE
from foldline.proof.pairs import Pair as Rests
from foldline.proof.plan import MIXED, plan, tag_of
from foldline.proof.surfaces import ARTICLES, ERRORS, LISTS, READS, SURFACES, Surface, routes_of, uncovered
from foldline.proof.twins import Twins
from foldline.testing.answers import Answer
from foldline.testing.builders import FREE, METERED, REGISTERED, SUBSCRIBERS
from foldline.testing.worlds import WHOLE, World, rests

from .room import LONG, Pair, assert_equal, twin_worlds

MORE = 3_000 if LONG else MIXED
FLIPS = 1 if LONG else 8
AT_LEAST = 600


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_every_surface_answers_the_same_in_both_worlds(pair: Pair, surface: Surface) -> None:
    asks = list(plan(surface, pair.readers, tag_of(surface, pair.one), MORE, FLIPS))
    assert len(asks) >= AT_LEAST
    report = pair.twins.run(asks)
    assert_equal(report)
    assert report.asked == len(asks)
    assert_gzip_is_valid(report.gzip_bodies)


@pytest.mark.parametrize("rest", [pair for pair in PAIRS if LONG or not pair.long], ids=lambda pair: pair.name)
def test_whatever_stands_below_the_fold_the_public_file_and_the_answers_are_the_same(
    tmp_path: Path, rest: Rests
) -> None:
    made = twin_worlds(tmp_path, rests(rest.one), rests(rest.other), words=rest.words)
    with made.one as p, made.other as q:
        assert p.public_rows() == q.public_rows()
        assert [m.rest for m in p.made.values() if m.rest] != [m.rest for m in q.made.values() if m.rest]
        for surface in (*ARTICLES, *LISTS[:1], *ERRORS[:1], *READS) if LONG else (ARTICLES[0], READS[4]):
            assert_equal(made.twins.run(plan(surface, made.readers, tag_of(surface, p), 60, 32)))


def test_a_megabyte_below_the_fold_is_not_seen(tmp_path: Path) -> None:
    megabyte = "".join(f"Paragraph {n} of velkomar ostrin {n} dulapse quonta.\n\n" for n in range(21_000))
    assert len(megabyte) > 1_000_000
    made = twin_worlds(tmp_path, rests(SENTENCE), rests(SENTENCE, lamp=megabyte))
    with made.one as p, made.other as q:
        assert p.public_rows() == q.public_rows()
        for surface in (ARTICLES[2], READS[4]):
            assert_equal(made.twins.run(plan(surface, made.readers, tag_of(surface, p))))


def test_editing_only_what_stands_below_the_fold_changes_nothing_that_is_sent(tmp_path: Path) -> None:
    made = twin_worlds(tmp_path, rests(SENTENCE), rests(SENTENCE))
    with made.one, made.other as q:
        for version in (2, 3, 4):
            q.rewrite(SUBSCRIBERS, f"{SENTENCE} {version} times over.", version)
            assert_equal(made.twins.run(plan(ARTICLES[2], made.readers, tag_of(ARTICLES[2], q), 20, 64)))


def test_a_withdrawn_article_is_gone_in_both_worlds(tmp_path: Path) -> None:
    made = twin_worlds(tmp_path, rests(SENTENCE), rests(SENTENCE[::-1]))
    subscriber = made.readers.subscriber
    with made.one as p, made.other as q:
        for world in (p, q):
            assert world.client.get(METERED.path, subscriber).status == 200
            world.withdraw(METERED)
            assert world.client.get(METERED.path, subscriber).status == 410
        base = Ask(METERED.path.encode(), headers=subscriber)
        assert_equal(made.twins.run([base, base.with_header(b"accept-encoding", b"gzip")]))
        assert_equal(made.twins.run(plan(ARTICLES[0], made.readers, b"", 40, 64)))


def test_a_reader_whose_rest_can_not_be_read_is_told_the_same_in_both_worlds(tmp_path: Path) -> None:
    made = twin_worlds(tmp_path, rests(SENTENCE), rests(SENTENCE[::-1]))
    with made.one as p, made.other as q:
        p.sealed.down = q.sealed.down = True
        for surface in (*ARTICLES[:3], *READS):
            asks = [
                replace(surface.base, method=method, headers=(*surface.base.headers, *made.readers.subscriber, *coding))
                for method in (surface.base.method, "HEAD")
                for coding in ((), ((b"accept-encoding", b"gzip"),))
            ]
            assert_equal(made.twins.run(asks))
        assert p.client.get(SUBSCRIBERS.path, made.readers.subscriber).status == 503


def test_nobody_without_access_makes_the_gate_read_anything_sealed(tmp_path: Path) -> None:
    made = twin_worlds(tmp_path, rests(SENTENCE), rests(SENTENCE))
    with made.one as p, made.other:
        for surface in (*ARTICLES[:3], ARTICLES[5], *READS):
            asks = [ask for ask in plan(surface, made.readers, b"", 0, 64) if not ask.before]
            assert_equal(made.twins.run(asks))
        assert p.sealed.reads == 0
        assert len(p.notes) > AT_LEAST
        assert {decision.opening for _, decision in p.notes} == {None}


def test_what_is_written_down_about_visits_is_the_same_in_both_worlds(pair: Pair) -> None:
    for world in (pair.one, pair.other):
        world.notes.clear()
    for surface in (ARTICLES[0], READS[4]):
        assert_equal(pair.twins.run(plan(surface, pair.readers, b"", 0, 64)))
    assert len(pair.one.notes) > AT_LEAST
    assert pair.one.notes == pair.other.notes


def test_whose_reads_are_counted_is_the_same_in_both_worlds(pair: Pair) -> None:
    for world in (pair.one, pair.other):
        world.marks.clear()
        for headers in (pair.readers.subscriber, ()):
            for story in (METERED, REGISTERED, SUBSCRIBERS, FREE):
                world.client.get(story.path, headers)
                world.client.get(story.path, (*headers, (b"sec-purpose", b"prefetch")))
    assert pair.one.marks == pair.other.marks
    assert [article for article, _ in pair.one.marks] == [METERED.id, REGISTERED.id, SUBSCRIBERS.id, FREE.id]


def test_every_route_and_every_stored_page_has_a_surface(pair: Pair) -> None:
    paths = [str(row[0]) for row in pair.one.public_rows() if len(row) == 5]
    assert uncovered(routes_of(visit), paths) == []


def test_a_new_route_and_a_new_page_would_be_missed() -> None:
    assert uncovered([b"read", b"search"], ["/", "/the-news"]) == ["search", "/the-news"]


def test_the_dispatch_is_read_from_its_own_source() -> None:
    pages = {b"newsstand", b"newsstand/"}
    assert routes_of(visit) == pages | {
        b"read",
        b"decision",
        b"feed/",
        b"me",
        b"static/",
        b"media/",
        b"live",
        b"ready",
        b"*",
    }


def test_every_kind_of_record_is_stored_in_a_world(pair: Pair) -> None:
    kinds = Counter(str(row[1]) for row in pair.one.public_rows() if len(row) == 5)
    assert set(kinds) == {"article", "page", "redirect", "gone"}
    assert len(kinds) == len(Record.__args__)


def test_the_proof_sees_every_status_that_the_gate_can_give(pair: Pair) -> None:
    seen: set[int] = set()
    names = {"metered article", "not found", "withdrawn", "something failed", "nothing can be read", "old path"}
    for surface in SURFACES:
        if surface.name in names or surface is READS[4]:
            seen |= set(pair.twins.run(plan(surface, pair.readers, tag_of(surface, pair.one), 0, 64)).statuses)
    read = READS[0].base
    for ask in (replace(read, body=b"a" * 2000), replace(read, body=b"junk"), replace(read, headers=())):
        report = pair.twins.run([ask])
        assert_equal(report)
        seen |= set(report.statuses)
    # What only a site behind the gate can cause: a world has none.
    of_an_origin = {408, 504}
    assert (set(errors._BARE) - of_an_origin) | {200, 304, 308} <= seen


def test_two_worlds_with_the_same_rest_do_not_differ_even_for_those_who_may_read(tmp_path: Path) -> None:
    made = twin_worlds(tmp_path, rests(SENTENCE), rests(SENTENCE), words=False)
    with made.one, made.other:
        for surface in (*ARTICLES, *READS):
            asks = [replace(surface.base, headers=(*surface.base.headers, *made.readers.subscriber)), surface.base]
            assert_equal(made.twins.run(asks))


def test_a_finding_says_how_to_repeat_it() -> None:
    def one(*_: object) -> Answer:
        return Answer(200, ((b"etag", b'"a"'),), b"the same words")

    def other(*_: object) -> Answer:
        return Answer(200, ((b"etag", b'"b"'),), b"the same words")

    ask = Ask(b"/the tide", headers=((b"accept", b"\x01*/*"),), label="accept: strange")
    report = Twins(one, other).run([ask])
    assert "header 0: (b'etag', b'\"a\"') and (b'etag', b'\"b\"')" in str(report)
    assert "curl -sSi --path-as-is -X GET -H 'accept: \\x01*/*' 'https://HOST/the tide'" in str(report)
    assert "allowed to differ: date, age" in str(report)


def test_a_world_may_be_served_by_a_second_gate(pair: Pair) -> None:
    with World(Path("/nowhere"), {}, breaks=WHOLE, like=pair.one) as second:
        assert second.client.get(METERED.path) == pair.one.client.get(METERED.path)


def assert_gzip_is_valid(bodies: set[bytes]) -> None:
    """By gzip itself: browsers and Python's own reader forgive what it does not."""
    for body in bodies:
        tested = subprocess.run(["gzip", "-t"], input=body, capture_output=True, check=False)
        assert tested.returncode == 0, tested.stderr
