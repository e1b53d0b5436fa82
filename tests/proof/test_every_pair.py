"""One article on each of three sources: every pair of two ways to ask for it, by every reader who may not read it.

A newsroom's own, those of sites behind the gate, and those of applications that the gate is mounted in. Beside the
article each other surface is asked in ways that change one thing: those of a site behind the gate in every third of
them, so that all of them together are asked in every way. The short form takes every so many-th.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import combinations, islice
from pathlib import Path
from typing import Any

import pytest

from foldline.clock import SystemClock
from foldline.policy.window import window_at
from foldline.proof.asks import Ask, Client
from foldline.proof.plan import history, plan, refused, tag_of
from foldline.proof.surfaces import ARTICLES, SURFACES
from foldline.proof.twins import Report, echoes
from foldline.proof.variants import Axis, covering, page_axes, variants
from foldline.server.gate_state import keyring_of
from foldline.server.threaded_stores import ThreadedPasses
from foldline.sources.origin.surfaces import Kind, SurfaceMap
from foldline.stores.meter import SqliteMeter
from foldline.testing.builders import SUBSCRIBERS
from foldline.testing.clock import FrozenClock
from foldline.testing.passes import Carry, write_facts
from foldline.testing.readers import Readers, ReaderState

from .gated_sites import PATHS, Gated, ask_of, pair_of, sites_of
from .mounted_twins import EVERYWHERE, KINDS, REGISTERED, mounted_twins
from .mounted_twins import PATHS as MOUNTED
from .mounted_twins import SUBSCRIBERS as MOUNTED_ARTICLE
from .room import LONG, Pair, assert_equal
from .standing_worker import PATIENCE, STANDS_AT

#: What must be asked of one article on each source, in the long form and in the short one.
AT_LEAST = 3_000 if LONG else 150
EVERY = 1 if LONG else 40
ARTICLE = next(surface for surface in ARTICLES if surface.story is SUBSCRIBERS)
SITES = tuple(PATHS) if LONG else ("flask",)


#: Takes a name and what a run says at its end.
Told = Callable[[str, Any], None]


def short(asks: Iterable[Ask], start: int = 0) -> Iterator[Ask]:
    return islice(asks, start % EVERY, None, EVERY)


def every_pair(base: Ask, states: Iterable[ReaderState], readers: Readers, tag: bytes) -> Iterator[Ask]:
    """The article itself: each thing alone, and each pair of two."""
    axes = (*page_axes(states, tag), history(base, readers))
    yield from variants(base, axes, 0)
    yield from covering(base, axes)


def one_thing(paths: Iterable[str], states: tuple[ReaderState, ...]) -> Iterator[Ask]:
    """Every other surface: each thing alone."""
    for path in paths:
        base = ask_of(path)
        # A validator of one world is none in the other, where a site gives one: its own answers are tried elsewhere.
        for ask in variants(base, page_axes(states), 0):
            yield replace(ask, label=f"{path}: {ask.label}")


def known_to(readers: Readers) -> tuple[ReaderState, ...]:
    """Who may read nothing of a site with one product: neither who has another, nor who opened a number of ours."""
    states = (*readers.refused(), *readers.bit_flips(8))
    return tuple(state for state in states if not state.products and not state.opened)


def test_one_article_of_a_newsroom(pair: Pair, record_property: Told) -> None:
    states = refused(ARTICLE, (*pair.readers.refused(), *pair.readers.bit_flips(8)))
    asks = every_pair(ARTICLE.base, states, pair.readers, tag_of(ARTICLE, pair.one))
    report = pair.twins.run(short(asks))
    assert_equal(report)
    for at, surface in enumerate(SURFACES):
        more = pair.twins.run(short(plan(surface, pair.readers, tag_of(surface, pair.one), 0, 64), at))
        assert_equal(more)
        report.asked += more.asked
    tell(record_property, "a newsroom", report.asked, len(SURFACES), len(states))


@pytest.mark.parametrize("name", SITES)
def test_one_article_of_a_site_behind_the_gate(
    name: str, tmp_path: Path, wagtail_database: Path, record_property: Told
) -> None:
    program = ("-m", "tests.proof.standing_worker")
    with (
        sites_of(name, tmp_path, wagtail_database) as sites,
        pair_of(name, sites, tmp_path / "gates", program) as found,
    ):
        readers = at_the_gates(found.one, found.other)
        article, *others = PATHS[name]
        states = known_to(readers)
        tag = found.one.gate.client.ask("GET", article.encode()).header(b"etag")
        assert found.other.gate.client.ask("GET", article.encode()).header(b"etag") == tag
        subscriber = found.one.gate.client.ask("GET", article.encode(), readers.subscriber)
        assert subscriber.body != found.other.gate.client.ask("GET", article.encode(), readers.subscriber).body
        report = found.twins.run(short(every_pair(ask_of(article), states, readers, tag)))
        assert_equal(report)
        more = found.twins.run(islice(one_thing(others, states), None, None, 3 * EVERY))
        forgive_redirects(more, found.one.gate.client.ask)
    forgive_what_is_passed(more, found.map)
    assert_equal(more)
    tell(record_property, f"{name} behind the gate", report.asked + more.asked, len(PATHS[name]), len(states))


def at_the_gates(*gates: Gated) -> Readers:
    """Readers that both gates know, at the time at which their clocks stand."""
    for gated in gates:
        settings = gated.settings
        carry = Carry(keyring_of(settings), FrozenClock(STANDS_AT), window_at(STANDS_AT, settings.zone))
        readers = Readers(carry)
        write_facts(settings.home, *readers.known)
        with closing(SqliteMeter(settings.home)) as meter:
            for charge in readers.charges:
                meter.spend(charge)
    return readers


@pytest.mark.parametrize("kind", KINDS)
def test_one_article_of_an_application(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Told
) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda clock: float(STANDS_AT))
    monkeypatch.setattr(ThreadedPasses.__init__, "__defaults__", PATIENCE)
    article = MOUNTED[MOUNTED_ARTICLE]
    with mounted_twins(kind, tmp_path) as (twins, one):
        readers = Readers(one.carry)
        states = known_to(readers)
        tag = one.ask("GET", article.encode(), (), b"").header(b"etag")
        report = twins.run(short(every_pair(Ask(article.encode()), states, readers, tag)))
        forgive_redirects(report, one.ask)
        assert_equal(report)
        for path in [path for path in EVERYWHERE if path != article]:
            # One article is for whoever has signed in.
            out = tuple(state for state in states if not (state.signed_in and path == MOUNTED[REGISTERED]))
            more = twins.run(short(one_thing([path], out)))
            forgive_redirects(more, one.ask)
            assert_equal(more)
            report.asked += more.asked
    tell(record_property, f"an application by {kind.upper()}", report.asked, len(EVERYWHERE), len(states))


def tell(record: Told, source: str, asked: int, surfaces: int, states: int) -> None:
    assert asked >= AT_LEAST
    record("asked", f"one article of {source}: {asked:,} requests at {surfaces} surfaces by {states} readers")


def forgive_what_is_passed(report: Report, surfaces: SurfaceMap) -> None:
    """What a site answers by itself may repeat what was asked, and may say until when it is kept: two sites may look at
    their clocks in different seconds."""
    for found in list(report.found):
        kind = surfaces.surface_of(found.ask.method, found.ask.path, found.ask.query).kind
        own = found.witness == "echo" or re.fullmatch(r"header \d+: \(b'expires', .*", found.what)
        if kind in (Kind.PASSED, Kind.FILES) and own:
            report.found.remove(found)


def forgive_redirects(report: Report, client: Client) -> None:
    """Where an application leads away from what no route gates it may repeat what was asked: that is its own."""
    for found in [found for found in report.found if found.witness == "echo"]:
        ask = found.ask
        answer = client(ask.method, ask.target, ask.headers, ask.body)
        away = tuple(pair for pair in answer.headers if pair[0] != b"location")
        if answer.header(b"location") and not echoes(replace(answer, headers=away)):
            report.found.remove(found)


def test_the_cover_holds_every_pair_and_no_odd_line_hides_a_header() -> None:
    def axis(name: str, size: int) -> Axis:
        key = name.encode()
        return Axis(name, tuple((str(n), lambda ask, n=n: ask.with_header(key, b"%d" % n)) for n in range(size)))

    headers = [axis("accept", 3), axis("internal", 4), axis("reader", 5)]
    line = [axis("path", 4), axis("query", 3)]
    asked = [dict(ask.headers) for ask in covering(Ask(b"/"), (*line, *headers))]
    for one, other in (*combinations(headers, 2), *combinations((*line, headers[2]), 2)):
        pairs = {(found.get(one.name.encode()), found.get(other.name.encode())) for found in asked}
        assert len(pairs) == (len(one.values) + 1) * (len(other.values) + 1), (one.name, other.name)
    odd = [found for found in asked if b"path" in found or b"query" in found]
    assert odd
    assert not any(b"accept" in found or b"internal" in found for found in odd)
