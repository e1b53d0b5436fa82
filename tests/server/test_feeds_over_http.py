"""A plain feed client (feedparser) against a worker’s socket: it fetches, parses, asks again with what it was told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import feedparser
import pytest

from foldline.proof.pairs import SENTENCE
from foldline.syndication.feeds.naming import FILES, Form, feed_path
from foldline.testing import private_feeds
from foldline.testing.builders import ADA, HOST, RIVERS, SCIENCE, STORIES
from foldline.testing.processes import GateProcess
from foldline.testing.readers import readers_of
from foldline.testing.worlds import World, rests

BASES = ("/", SCIENCE.path, RIVERS.path, ADA.path)
XML_FORMS: tuple[Form, ...] = ("rss", "atom")


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateProcess]:
    from foldline.clock import SystemClock

    folder = tmp_path_factory.mktemp("feeds")
    errors = folder / "errors"
    with World(folder / "home", rests(SENTENCE), SystemClock()) as world:
        readers_of(world)
        with GateProcess(world.home, HOST, errors=errors) as process:
            yield process
    assert not [line for line in errors.read_text().splitlines() if any(key in line for key in ("a" * 32, "b" * 32))]


def fetch(gate: GateProcess, path: str, **asked: Any) -> Any:
    host, port = gate.address
    return feedparser.parse(f"http://{host}:{port}{path}", request_headers={"Host": HOST}, **asked)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("form", XML_FORMS)
def test_a_feed_client_reads_every_public_feed_without_complaint(gate: GateProcess, base: str, form: Form) -> None:
    found = fetch(gate, feed_path(base, form))
    assert (found.status, found.bozo) == (200, 0)
    assert len(found.entries) >= len(STORIES) - 2
    assert SENTENCE.split()[0] not in str(found.entries)
    assert found.feed.links[-1 if form == "rss" else 0].href == f"https://{HOST}{feed_path(base, form)}"


@pytest.mark.parametrize("form", tuple(FILES))
def test_a_feed_client_that_asks_again_is_told_304(gate: GateProcess, form: Form) -> None:
    path = feed_path("/", form)
    first = gate.client.ask("GET", path.encode())
    for name, value in ((b"if-none-match", b"etag"), (b"if-modified-since", b"last-modified")):
        again = gate.client.ask("GET", path.encode(), ((name, first.header(value)),))
        assert (again.status, again.body) == (304, b"")
    old = ((b"if-modified-since", b"Wed, 01 Jan 2020 00:00:00 GMT"),)
    assert gate.client.ask("GET", path.encode(), old).body == first.body
    wrong = ((b"if-none-match", b'"another"'), (b"if-modified-since", first.header(b"last-modified")))
    assert gate.client.ask("GET", path.encode(), wrong).status == 200
    if form != "json":
        parsed = fetch(gate, path)
        assert fetch(gate, path, etag=parsed.etag).status == 304
        assert fetch(gate, path, modified=parsed.modified).status == 304


def test_a_plain_feed_client_reads_the_whole_by_its_key_and_a_lapsed_one_does_not(gate: GateProcess) -> None:
    subscriber = fetch(gate, private_feeds.address(private_feeds.SUBSCRIBER).decode())
    lapsed = fetch(gate, private_feeds.address(private_feeds.LAPSED).decode())
    for found in (subscriber, lapsed):
        assert (found.status, found.bozo) == (200, 0)
    assert SENTENCE.split()[0] in str(subscriber.entries)
    assert SENTENCE.split()[0] not in str(lapsed.entries)
    assert lapsed.entries[0].title == "Your subscription has ended"
    assert [one.id for one in lapsed.entries[1:]] == [one.id for one in subscriber.entries]
    again = fetch(gate, private_feeds.address(private_feeds.SUBSCRIBER).decode(), etag=subscriber.etag)
    assert again.status == 304
    assert fetch(gate, private_feeds.address(private_feeds.NOBODY).decode()).status == 404
