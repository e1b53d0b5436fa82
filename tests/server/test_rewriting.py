"""When a feed is made anew, from what, and what is sent meanwhile: on a real gate state, with an origin that obeys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.server import feed_texts

from foldline.errors import OriginUnavailable, StoreUnavailable
from foldline.gate.library import Library
from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.pages.fragment import EMPTY, Fragment
from foldline.pages.record import PublicPage, Record
from foldline.policy.facts import Access, Article
from foldline.server.gate_state import state_of
from foldline.server.rewriting import FRESH, MOST_TEXTS, MOST_UNDER_WAY, Rewriting
from foldline.sources.origin.lists import FetchedList
from foldline.sources.origin.surface_file import profile
from foldline.sources.origin.surfaces import Surface, SurfaceMap
from foldline.stores.fetched import FetchedPage
from foldline.testing.builders import HOST, home_at
from foldline.testing.clock import FrozenClock

SITE = f"https://{HOST}"
REST = "<p>The ferryman kept the seventh ledger under the floor of the boat house.</p>"


@dataclass
class Origin:
    """The link and the ingest of a worker, in one: what a test says is what is there."""

    surfaces: SurfaceMap = field(default_factory=lambda: profile("static"))
    answer: FetchedList | OriginUnavailable = field(default_factory=lambda: FetchedList(404))
    records: dict[str, PublicPage] = field(default_factory=dict)
    asked: int = 0
    articles_asked: list[str] = field(default_factory=list)
    held: asyncio.Event | None = None

    async def fetch_list(self, surface: Surface) -> FetchedList:
        self.asked += 1
        if self.held is not None:
            await self.held.wait()
        if isinstance(self.answer, OriginUnavailable):
            raise self.answer
        return self.answer

    async def article_at(self, surface: Surface) -> tuple[PublicPage, FetchedPage] | None:
        path = surface.page.decode()
        self.articles_asked.append(path)
        found = self.records.get(path)
        if found is None:
            raise OriginUnavailable("slow")
        return found, FetchedPage(surface.page, 200, (), f"<p>Above.</p>{REST}".encode(), found.digest, 0, 0, 0)

    def find(self, path: str) -> Record | None:
        return self.records.get(path)

    def path_of(self, article: int) -> str | None:
        raise StoreUnavailable("nobody asks by number here")

    def publish(self, path: str, digest: str, text: str = "Above the fold it says so.") -> None:
        before, after = Fragment.of(f"<div><p>{text}</p></div>"), Fragment.of("<footer>x</footer>")
        article = Article(1, Access.SUBSCRIBERS, "", frozenset(), frozenset(), 0, path)
        self.records[path] = PublicPage(path, article, 1, True, before, EMPTY, after, {}, digest=digest)


@dataclass
class Room:
    origin: Origin
    clock: FrozenClock
    library: Library
    rewriting: Rewriting

    def get(self, path: str = "/feed.xml", *, method: str = "GET") -> Response:
        return asyncio.run(self.answer(path, method))

    async def answer(self, path: str = "/feed.xml", method: str = "GET") -> Response:
        surface = self.origin.surfaces.surface_of(method, path.encode(), b"")
        return await self.rewriting.answer(surface, Request(method, path.encode(), b"", ()))

    def listing(self, *paths: str) -> None:
        told = [(f"{SITE}{path}", f"About {path}", f"<p>Above.</p>{REST}") for path in paths]
        self.origin.answer = FetchedList(200, "application/rss+xml", "", feed_texts.rss(SITE, told))


@pytest.fixture
def room(tmp_path: Path) -> Room:
    clock, origin = FrozenClock(1_775_000_000), Origin()
    state = state_of(home_at(tmp_path), clock)
    library = Library(origin, origin)  # type: ignore[arg-type]
    rewriting = Rewriting(state, library, origin, origin.article_at)  # type: ignore[arg-type]
    made = Room(origin, clock, library, rewriting)
    origin.publish("/one.html", "first")
    made.listing("/one.html")
    return made


def test_an_answer_is_made_once_while_it_is_fresh(room: Room) -> None:
    first = room.get()
    assert (first.status, b"Above the fold it says so." in first.body) == (200, True)
    room.clock.move(FRESH - 1)
    assert room.get() == first
    assert room.origin.asked == 1
    room.clock.move(1)
    assert room.get() == first
    assert room.origin.asked == 2


def test_an_article_that_is_another_now_makes_the_answer_anew_at_once(room: Room) -> None:
    room.get()
    room.origin.publish("/one.html", "second", "Another preview.")
    room.library.forget(b"/one.html")
    assert b"Another preview." in room.get().body
    assert room.origin.asked == 2


def test_while_the_origin_fails_the_last_good_answer_is_sent_unless_an_article_of_it_is_another(room: Room) -> None:
    first = room.get()
    room.clock.move(600)
    room.origin.answer = OriginUnavailable("connect")
    assert room.get() == first
    del room.origin.records["/one.html"]
    room.library.forget(b"/one.html")
    assert room.get().status == 502


def test_what_is_gone_or_leads_elsewhere_is_told_without_a_text(room: Room) -> None:
    for status, expected in ((404, 404), (410, 410), (418, 404)):
        room.origin.answer = FetchedList(status)
        room.rewriting.forget()
        assert room.get().status == expected
    room.origin.answer = FetchedList(301, location="/feeds/all.xml")
    room.rewriting.forget()
    moved = room.get()
    assert (moved.status, moved.body, dict(moved.headers)[b"location"]) == (301, b"", b"/feeds/all.xml")


def test_an_answer_that_is_too_large_is_closed_and_not_asked_for_again_at_once(room: Room) -> None:
    room.origin.answer = OriginUnavailable("too large")
    assert [room.get().status for _ in range(3)] == [404] * 3
    assert room.origin.asked == 1


def test_an_article_that_does_not_come_has_no_text_in_the_answer(room: Room) -> None:
    room.listing("/one.html", "/late.html")
    body = room.get().body.decode()
    assert (body.count("<item>"), body.count("<content:encoded>")) == (2, 1)
    assert "ferryman" not in body


def test_so_many_articles_have_their_text_and_no_more_are_fetched(room: Room) -> None:
    paths = [f"/a{chr(97 + number)}.html" for number in range(MOST_TEXTS + 5)]
    for path in paths:
        room.origin.publish(path, "x")
    room.listing(*paths)
    body = room.get().body.decode()
    assert room.origin.articles_asked == paths[:MOST_TEXTS]
    assert (body.count("<item>"), body.count("<content:encoded>")) == (MOST_TEXTS + 5, MOST_TEXTS)


def test_links_to_other_hosts_to_no_article_and_to_a_comment_fetch_nothing(room: Room) -> None:
    told = [
        (link, "About it", REST)
        for link in (
            "https://other.example/one.html",
            f"{SITE}/tags/x/",
            f"{SITE}/one.html#comment-5",
            f"{SITE}//one.html",
        )
    ]
    room.origin.answer = FetchedList(200, "application/rss+xml", "", feed_texts.rss(SITE, told))
    body = room.get().body.decode()
    assert (body.count("<item>"), room.origin.articles_asked, "ferryman" in body) == (4, [], False)


def together(room: Room, many: Callable[[], list[str]]) -> list[int]:
    async def run() -> list[int]:
        room.origin.held = asyncio.Event()
        waiting = [asyncio.create_task(room.answer(path)) for path in many()]
        for _ in range(5):
            await asyncio.sleep(0)
        room.origin.held.set()
        return [answer.status for answer in await asyncio.gather(*waiting)]

    return asyncio.run(run())


def test_all_who_ask_at_once_wait_for_one_answer(room: Room) -> None:
    assert together(room, lambda: ["/feed.xml"] * 20) == [200] * 20
    assert room.origin.asked == 1


def test_only_so_many_answers_are_under_way(room: Room) -> None:
    statuses = together(room, lambda: [f"/n{number}/feed.xml" for number in range(MOST_UNDER_WAY + 3)])
    assert statuses == [200] * MOST_UNDER_WAY + [502] * 3
