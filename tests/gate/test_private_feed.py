"""A private feed: what it shows to whom, what it refuses, and what it never says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import feedparser
import pytest

from foldline.errors import StoreUnavailable
from foldline.policy.decide import decide
from foldline.policy.facts import Reader, Visit
from foldline.policy.reasons import Reason
from foldline.proof.pairs import SENTENCE
from foldline.signed import feed_key
from foldline.signed.reader_pass import Pass, PassFacts
from foldline.testing.answers import Answer
from foldline.testing.builders import FREE, METERED, OTHER_TITLE, REGISTERED, SCIENCE, STORIES, SUBSCRIBERS, UNKNOWN
from foldline.testing.worlds import World, rests

KEY = "a" * 31 + "b"
SECRET_WORDS = SENTENCE.split()[0]
DAY = 86_400


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path / "home", rests(SENTENCE)) as made:
        yield made


def subscribed(world: World, key: str = KEY, base: str = "", ends: int | None = 30 * DAY, **changed: Any) -> None:
    """Let the store know a key: of a subscriber, whose subscription ends in so many seconds (None: who had none)."""
    session = feed_key.session_of(key.encode(), base)
    assert session is not None
    now = int(world.clock.now())
    facts = PassFacts(b"r" * 16, session, {} if ends is None else {1: now + ends}, now + 100 * DAY)
    world.know(replace(facts, **changed))


def feed(world: World, name: str = f"{KEY}.xml", **headers: str) -> Answer:
    given = tuple((key.replace("_", "-").encode(), value.encode()) for key, value in headers.items())
    return world.client.get(f"/-/feed/{name}", given)


def texts(answer: Answer) -> dict[str, str]:
    """The text of each item by its id, as a feed reader understands it."""
    parsed = feedparser.parse(answer.decoded)
    assert (answer.status, parsed.bozo) == (200, 0)
    return {one.id: one.content[0].value for one in parsed.entries}


def wholes(answer: Answer) -> set[int]:
    """The numbers of the articles that stand in it as a whole."""
    return {int(id.rpartition("/")[2]) for id, text in texts(answer).items() if SECRET_WORDS in text}


@pytest.mark.parametrize("ending", ["xml", "atom"])
def test_a_subscriber_reads_the_whole_of_what_the_subscription_covers(world: World, ending: str) -> None:
    subscribed(world)
    answer = feed(world, f"{KEY}.{ending}")
    assert wholes(answer) == {METERED.id, REGISTERED.id, SUBSCRIBERS.id, 4}
    assert answer.header(b"cache-control") == b"private, no-store"
    assert answer.header(b"referrer-policy") == b"no-referrer"
    assert answer.header(b"x-robots-tag") == b"noindex, noarchive"
    assert not answer.header(b"set-cookie")


def test_the_items_are_those_of_the_public_feed_under_the_same_names(world: World) -> None:
    subscribed(world)
    public = feedparser.parse(world.client.get("/feed.xml").decoded)
    private = feedparser.parse(feed(world).decoded)
    named = [(one.id, one.title, one.link, one.published) for one in public.entries]
    assert [(one.id, one.title, one.link, one.published) for one in private.entries] == named
    assert len(named) == len(STORIES)


def test_a_registered_reader_reads_what_is_for_registered_readers_and_spends_no_meter(world: World) -> None:
    subscribed(world, ends=None)
    visit = Visit(world.made[1].public and article(world, METERED.path), int(world.clock.now()), Reader())
    assert decide(visit, world.state.rules).spend is not None
    for _ in range(5):
        assert wholes(feed(world)) == {REGISTERED.id}
    assert "feed/ended" not in feed(world).decoded.decode()


def article(world: World, path: str) -> Any:
    record = world.app.library.page(path.encode())
    return record.article  # type: ignore[union-attr]


def test_after_a_lapse_it_is_200_with_previews_and_one_item_that_says_so(world: World) -> None:
    subscribed(world)
    before = texts(feed(world))
    subscribed(world, ends=-DAY)
    answer = feed(world)
    assert wholes(answer) == {REGISTERED.id}
    ids = list(texts(answer))
    ended = f"tag:twin.example,2026:feed/ended/{int(world.clock.now()) - DAY}"
    assert ids == [ended, *before]
    first = feedparser.parse(answer.decoded).entries[0]
    assert (first.title, first.link) == ("Your subscription has ended", "https://twin.example/-/subscribe")
    visit = Visit(article(world, SUBSCRIBERS.path), int(world.clock.now()), Reader(ended_on=1))
    assert decide(visit, world.state.rules).reason is Reason.SUBSCRIPTION_ENDED


def test_nothing_in_it_carries_the_key(world: World) -> None:
    subscribed(world)
    for ending in ("xml", "atom", "json"):
        answer = feed(world, f"{KEY}.{ending}")
        assert KEY.encode() not in answer.decoded
        assert KEY.encode() not in b"".join(b"%s%s" % pair for pair in answer.headers)


@pytest.mark.parametrize(
    "name",
    [
        f"{'b' * 32}.xml",
        f"{KEY}.rss",
        f"{KEY.upper()}.xml",
        f"{KEY}",
        f"{KEY}.xml/",
        f"{KEY}x.xml",
        f"{KEY}/section/science.xml",
        f"{KEY}/section/nowhere.xml",
        f"{KEY}/tag/rivers.xml",
        ".xml",
        "",
    ],
)
def test_whatever_is_no_key_of_this_feed_is_answered_as_one_that_has_ended(world: World, name: str) -> None:
    subscribed(world)
    wrong = feed(world, name)
    subscribed(world, ended=True)
    assert feed(world).status == 404
    assert wrong == feed(world)


def test_a_session_that_ran_out_is_no_key(world: World) -> None:
    subscribed(world, session_until=int(world.clock.now()))
    assert feed(world).status == 404


def test_a_key_is_of_one_list(world: World) -> None:
    subscribed(world, base=SCIENCE.path)
    assert wholes(feed(world, f"{KEY}{SCIENCE.path}.xml")) == {1, 3, 4}
    assert feed(world).status == 404


def test_a_session_of_a_device_is_no_key_and_the_key_of_a_feed_is_no_pass(world: World) -> None:
    subscribed(world)
    session = feed_key.session_of(KEY.encode(), "")
    assert session is not None
    assert feed(world, f"{session.hex()}.xml").status == 404


def test_who_asks_again_with_the_validator_is_told_304_until_they_may_see_something_else(world: World) -> None:
    subscribed(world)
    for coding in ("identity", "gzip"):
        first = feed(world, accept_encoding=coding)
        tag = first.header(b"etag").decode()
        again = feed(world, accept_encoding=coding, if_none_match=tag)
        assert (again.status, again.body, again.header(b"etag")) == (304, b"", first.header(b"etag"))
    subscribed(world, ends=-DAY)
    assert feed(world, accept_encoding="gzip", if_none_match=tag).status == 200
    subscribed(world, ended=True)
    assert feed(world, accept_encoding="gzip", if_none_match=tag).status == 404


def test_while_the_store_does_not_answer_feed_readers_keep_what_they_have(world: World) -> None:
    subscribed(world)

    class Silent:
        async def renew(self, held: Pass) -> PassFacts | None:
            raise StoreUnavailable("silent")

    world.app._passes = Silent()
    answer = feed(world)
    assert (answer.status, answer.header(b"retry-after")) == (503, b"300")


def test_while_the_rests_can_not_be_read_no_preview_takes_the_place_of_a_whole(world: World) -> None:
    subscribed(world)
    world.sealed.down = True
    assert feed(world).status == 503


def test_an_article_that_was_published_again_meanwhile_is_shown_with_both_halves_of_one_version(world: World) -> None:
    subscribed(world)
    assert wholes(feed(world)) >= {SUBSCRIBERS.id}
    world.rewrite(SUBSCRIBERS, "Another rest altogether, of which the feed brings all.", 2)
    text = texts(feed(world))[f"tag:twin.example,2026:article/{SUBSCRIBERS.id}"]
    assert "Another rest altogether" in text
    assert SECRET_WORDS not in text


def test_asking_is_watched_by_network_and_writes_no_decision_of_a_reading(world: World) -> None:
    subscribed(world)
    seen: list[tuple[bytes, str, int]] = []
    world.state.watch = lambda session, network, now: seen.append((session, network, now))
    feed(world)
    feed(world, f"{'b' * 32}.xml")
    assert seen == [(feed_key.session_of(KEY.encode(), ""), "4:c00002", int(world.clock.now()))]
    assert world.notes == []


def test_nothing_but_reading_is_asked_of_it(world: World) -> None:
    subscribed(world)
    assert world.client.ask("POST", f"/-/feed/{KEY}.xml".encode()).status == 405
    assert FREE.id not in wholes(feed(world))
    assert not {UNKNOWN.id, OTHER_TITLE.id} & wholes(feed(world))
