"""The same machinery, reversed: who may read is sent the rest, and what is open says nothing of what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from foldline.proof.asks import Ask
from foldline.proof.pairs import SENTENCE
from foldline.proof.plan import plan, tag_of
from foldline.proof.surfaces import ARTICLES, LISTS, READS, reading
from foldline.proof.twins import compare
from foldline.testing.builders import GATED, METERED, OTHER, OTHER_TITLE, REGISTERED, SUBSCRIBERS, UNKNOWN, Story
from foldline.testing.passes import cookie
from foldline.testing.worlds import World, rests

from .room import RICH, Pair, assert_equal, twin_worlds

OURS = "Ours alone stands here."
THEIRS = "Theirs, and nobody else's, is this."
SUBSCRIBED = (METERED, REGISTERED, SUBSCRIBERS, OTHER)


@pytest.fixture(scope="module")
def differing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("entitled")
    pair = twin_worlds(folder, rests(f"{SENTENCE}\n\n{OURS}"), rests(f"{RICH}\n\n{THEIRS}"), words=False)
    yield pair
    pair.one.close()
    pair.other.close()


@pytest.mark.parametrize("story", SUBSCRIBED, ids=lambda story: story.access + story.path)
@pytest.mark.parametrize("coding", [(), ((b"accept-encoding", b"gzip"),)], ids=["plain", "gzip"])
def test_a_subscriber_reads_the_whole_of_each_world(
    differing: Pair, story: Story, coding: tuple[tuple[bytes, bytes], ...]
) -> None:
    ask = Ask(story.path.encode(), headers=(*differing.readers.subscriber, *coding))
    one, other = differing.twins.ask(ask)
    assert OURS in one.text
    assert THEIRS in other.text
    assert THEIRS not in one.text
    assert OURS not in other.text
    assert compare(one, other)
    assert one.header(b"cache-control") == b"private, no-store"
    assert not one.header(b"etag")


@pytest.mark.parametrize("story", [OTHER_TITLE, UNKNOWN], ids=lambda story: story.path)
def test_a_subscriber_of_one_product_reads_no_article_of_another_or_of_unknown_access(
    differing: Pair, story: Story
) -> None:
    one, other = differing.twins.ask(Ask(story.path.encode(), headers=differing.readers.subscriber))
    assert compare(one, other) == ""
    assert OURS not in one.text


@pytest.mark.parametrize("state", ["signed in without a product", "subscription lapsed"])
def test_whoever_is_signed_in_reads_what_is_for_the_registered(differing: Pair, state: str) -> None:
    reader = next(reader for reader in differing.readers.refused() if reader.name == state)
    one, other = differing.twins.ask(Ask(REGISTERED.path.encode(), headers=reader.headers))
    assert OURS in one.text
    assert THEIRS in other.text


def test_a_meter_with_room_opens_the_article_that_it_counts_and_no_other(differing: Pair) -> None:
    for world, words in ((differing.one, OURS), (differing.other, THEIRS)):
        counted = world.client.read(METERED.id)
        assert words in counted.text
        carried = tuple((b"cookie", f"{name}={value}".encode()) for name, value in counted.cookies.items())
        joined = ((b"cookie", b"; ".join(value for _, value in carried)),)
        assert words in world.client.get(METERED.path, joined).text
        for story in GATED:
            if story is not METERED:
                assert words not in world.client.get(story.path, joined).text


def test_without_a_script_the_form_leads_back_to_an_open_article(differing: Pair) -> None:
    answer = differing.one.client.read(METERED.id, fragment=False)
    assert answer.status == 303
    assert answer.header(b"location") == b"/the-tide#continue"
    assert answer.body == b""
    pairs = "; ".join(f"{name}={value}" for name, value in answer.cookies.items())
    assert OURS in differing.one.client.get(METERED.path, ((b"cookie", pairs.encode()),)).text


def test_with_access_to_one_article_the_others_are_still_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("scope")
    same = "The map is the same in both."
    made = twin_worlds(folder, rests(SENTENCE, map=same), rests(RICH, map=same), words=False)
    carry = made.readers.carry
    held = cookie(meter=carry.meter(OTHER.id, 102, 103), opening=carry.opening(OTHER.id))
    with made.one as p, made.other:
        assert same in p.client.get(OTHER.path, held).text
        for surface in (*ARTICLES, *LISTS, *READS):
            asks = plan(surface, made.readers, tag_of(surface, p), 0, 64)
            held_by = [
                replace(ask, headers=(*(pair for pair in ask.headers if pair[0] != b"cookie"), *held))
                for ask in asks
                if "reader" not in ask.label
            ]
            opened = replace(reading(OTHER, fragment=True), headers=(*reading(OTHER, fragment=True).headers, *held))
            assert_equal(made.twins.run([*held_by, replace(held_by[0], before=(opened,))]))


def test_a_worker_that_served_a_subscriber_serves_everybody_else_the_same_bytes_as_a_fresh_one(
    differing: Pair,
) -> None:
    with World(differing.one.home.path, {}, like=differing.one) as fresh:
        for story in GATED:
            for coding in ((), ((b"accept-encoding", b"gzip"),)):
                differing.one.client.get(story.path, (*differing.readers.subscriber, *coding))
                warm = differing.one.client.get(story.path, coding)
                assert compare(warm, fresh.client.get(story.path, coding)) == ""
