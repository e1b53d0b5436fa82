"""Programs that are not ours read what whoever may not read was sent, and what came whole: a panel of witnesses."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator

import feedparser
import pytest
import trafilatura

from foldline.proof.plan import refused, witness_of
from foldline.proof.surfaces import ARTICLES, FEEDS, LISTS, Surface
from foldline.testing.answers import Answer
from foldline.testing.readers import Readers, readers_of
from foldline.testing.worlds import World, rests

Extractor = Callable[[str], str]
#: Programs that weigh words take no nonsense for an article's text.
PROSE = """The keeper of the lower bridge has a third diary that was never meant for the council, and she showed it to
us on the condition that we did not say which of the floods it begins with.

In it the river is not a quantity but a neighbour who comes home late. It has the days on which the water was heard
before it was seen, and the names of those who stood on the steps with lamps and would not go to bed.

Nobody has asked for the diary since, and she thinks that this is how it should be with what people write at night."""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Readers]]:
    with World(tmp_path_factory.mktemp("extractors"), rests(PROSE)) as world:
        yield world, readers_of(world)


def by_trafilatura(page: str) -> str:
    return "\n".join(
        trafilatura.extract(page, favor_recall=recall, include_comments=True, output_format=form) or ""
        for recall in (False, True)
        for form in ("txt", "json", "xml")
    )


def by_w3m(page: str) -> str:
    if shutil.which("w3m") is None:
        pytest.skip("MISSING w3m: apt-get install w3m")
    command = ["w3m", "-dump", "-T", "text/html", "-I", "UTF-8", "-O", "UTF-8", "-cols", "400"]
    return subprocess.run(command, input=page, capture_output=True, text=True, timeout=20, check=True).stdout


def by_feedparser(feed: str) -> str:
    return str(feedparser.parse(feed))


PANEL: dict[str, Extractor] = {"trafilatura": by_trafilatura, "w3m": by_w3m}
SEALED = [surface for surface in ARTICLES if surface.story is not None]


def reads(extractor: Extractor, answer: Answer) -> Answer:
    """What an extractor made of an answer, as an answer: the same witness looks at it."""
    return Answer(answer.status, (), extractor(answer.decoded.decode()).encode())


@pytest.mark.parametrize("name", PANEL)
@pytest.mark.parametrize("surface", [*SEALED, *LISTS[:3]], ids=lambda surface: surface.name)
def test_no_extractor_finds_the_rest_in_what_is_sent_to_who_may_not_read(
    read: tuple[World, Readers], surface: Surface, name: str
) -> None:
    world, readers = read
    witness = witness_of(world)
    states = {state.kind: state for state in refused(surface, readers.refused())}
    assert len(states) >= 7
    # One of each kind: what differs among their pages is a sentence at most, and twins show that it is no word more.
    bodies = {
        answer.body: answer
        for answer in (world.client.get(surface.base.path.decode(), state.headers) for state in states.values())
        if answer.status == 200
    }
    assert bodies
    for answer in bodies.values():
        found = reads(PANEL[name], answer)
        assert len(found.body) > 100
        assert witness.sees(found) == 0


@pytest.mark.parametrize("name", PANEL)
def test_the_panel_finds_the_rest_where_it_was_sent(read: tuple[World, Readers], name: str) -> None:
    world, readers = read
    answer = world.client.get(ARTICLES[2].base.path.decode(), readers.subscriber)
    assert witness_of(world).sees(reads(PANEL[name], answer)) > 0


@pytest.mark.parametrize(
    "surface", [feed for feed in FEEDS if not feed.base.path.endswith(b".json")], ids=lambda surface: surface.name
)
def test_no_feed_reader_finds_the_rest(read: tuple[World, Readers], surface: Surface) -> None:
    world, _ = read
    answer = world.client.get(surface.base.path.decode())
    found = reads(by_feedparser, answer)
    assert b"summary" in found.body
    assert witness_of(world).sees(found) == 0
