"""No leak to a network: where institutions read, everybody whom their networks don't cover gets the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.gate.test_institutions import FORWARDING

from foldline.callers.institutions import Institution, Institutions
from foldline.callers.networks import read_range
from foldline.policy.rule import Articles, Grant, Rule
from foldline.policy.rules import first_form
from foldline.proof.asks import Ask
from foldline.proof.pairs import SENTENCE
from foldline.proof.plan import plan, tag_of
from foldline.proof.surfaces import ARTICLES, DECISIONS, READS, Surface
from foldline.testing.builders import METERED, SUBSCRIBERS, UNKNOWN
from foldline.testing.worlds import rests

from .room import LONG, RICH, Pair, assert_equal, twin_worlds

INSIDE, ENDED, OUTSIDE = b"8.8.8.8", b"9.9.9.9", b"203.0.113.5"
LIBRARIES = Rule("libraries read everything", Articles(), opens_for=(Grant.INSTITUTION,))
XFF = b"x-forwarded-for"
#: But those that a meter opens to whoever asks.
SURFACES = (*ARTICLES, *(one for one in READS if one.story is not METERED), *DECISIONS)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two worlds behind a proxy of their own: the network of a library, and that of one whose contract has ended."""
    made = twin_worlds(tmp_path_factory.mktemp("institutions"), rests(SENTENCE), rests(f"{SENTENCE}\n\n{RICH}"))
    with made.one as one, made.other as other:
        for world in (one, other):
            now = int(world.clock.now())
            runs = Institution(1, "Alder Valley Library", now - 10, now + 10**6)
            ended = Institution(2, "Old Mill Library", now - 10**6, now - 10)
            state = world.state
            state.institutions = Institutions([(runs, [read_range("8.8.8.0/24")]), (ended, [read_range("9.9.9.0/24")])])
            state.rules = first_form(3, extra=(LIBRARIES,))
            state.hops = 1
        yield made


def claims() -> list[tuple[bytes, bytes]]:
    """Headers that claim the library's network. Our own proxy writes the last address of X-Forwarded-For."""
    claimed = [(name.encode(), INSIDE) for name in FORWARDING if name not in ("x-forwarded-for", "forwarded")]
    return [(XFF, INSIDE), (b"forwarded", b"for=" + INSIDE), *claimed]


def asked(base: Ask) -> list[Ask]:
    """From outside and from the ended contract, with and without each claim, packed and plain."""
    found = []
    for coding in (b"gzip", b"identity"):
        plain = base.with_header(b"accept-encoding", coding)
        for seen in (OUTSIDE, ENDED, b"", b"unknown", b"8.8.8.8.8"):
            found.append(plain.with_header(XFF, seen))
            for name, value in claims():
                # A claim stands before what the proxy adds.
                found.append(plain.with_header(name, value).with_header(XFF, seen))
    return found


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_who_is_in_no_network_gets_the_same_in_both_worlds(pair: Pair, surface: Surface) -> None:
    asks = asked(surface.base)
    assert_equal(pair.twins.run(asks))
    more = plan(surface, pair.readers, tag_of(surface, pair.one), 100 if LONG else 20, 32)
    assert_equal(pair.twins.run(ask.with_header(XFF, OUTSIDE) for ask in list(more)[: 3000 if LONG else 60]))


@pytest.mark.parametrize("surface", [SURFACES[2], SURFACES[9], SURFACES[10]], ids=lambda surface: surface.name)
def test_the_network_itself_is_what_makes_the_difference(pair: Pair, surface: Surface) -> None:
    """Else the twins above would be equal because nothing opens for anybody."""
    report = pair.twins.run([surface.base.with_header(XFF, INSIDE)])
    assert {"twin", "shingle"} <= report.witnesses


def test_an_article_of_unknown_access_opens_to_no_network(pair: Pair) -> None:
    assert_equal(pair.twins.run([Ask(UNKNOWN.path.encode(), headers=((XFF, INSIDE),))]))


def test_the_neutral_preview_is_one_for_the_network_and_for_everybody(pair: Pair) -> None:
    """What a cache may keep was decided before anybody knew who asks."""
    world = pair.one
    outside = world.client.get(SUBSCRIBERS.path, ((XFF, OUTSIDE),))
    ended = world.client.get(SUBSCRIBERS.path, ((XFF, ENDED),))
    assert (outside.body, outside.headers) == (ended.body, ended.headers)
    assert b'data-kind="ask"' in outside.body
