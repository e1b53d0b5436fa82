"""Articles are fetched by the gate itself: one question for all, last good while the origin fails, gone at once."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import shutil
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.sources.origin.raw_origin import QUICK, RawOrigin, Talk, ok, raw_origin

from foldline.errors import OriginUnavailable
from foldline.sources.origin.asking import Fetching
from foldline.sources.origin.client import Answer, OriginClient
from foldline.sources.origin.fetch import MOST_PAGE, ArticleFetcher, Fetched, Patience, What, leads_to, unpacked
from foldline.sources.origin.freshness import Bounds
from foldline.sources.origin.headers import Asker, Fields
from foldline.stores.fetched import FetchedPages
from foldline.stores.home import Home
from foldline.stores.schema import migrate
from foldline.testing.clock import FrozenClock

ASKER = Asker(b"paper.example", b"https", "", b"s3cret")
HTML = b"Content-Type: text/html; charset=utf-8\r\n"
FREE, GATED = b"<p>The whole text, free for all</p>", b"<p>The start</p><p class=paywall>GATED</p>"


def html(body: bytes, more: bytes = b"") -> bytes:
    return ok(body, HTML + more)


FREE_PAGE = html(FREE)


@dataclass
class Scene:
    """An origin whose answers can be changed, and the fetcher before it."""

    home: Home
    reply: bytes | Callable[[bytes], bytes]
    held: asyncio.Event | None = None
    clock: FrozenClock = field(default_factory=FrozenClock)
    changed: list[tuple[bytes, str]] = field(default_factory=list)
    origin: RawOrigin = field(init=False)
    client: OriginClient = field(init=False)
    fetcher: ArticleFetcher = field(init=False)

    async def speech(self, talk: Talk) -> None:
        while request := await talk.request():
            reply = self.reply(request) if callable(self.reply) else self.reply
            if self.held is not None:
                await self.held.wait()
            await talk.say(reply)
            if not reply or b"connection: close" in reply.lower():
                return

    async def until_asked(self, times: int) -> None:
        while self.asked < times:
            await asyncio.sleep(0.01)

    @property
    def asked(self) -> int:
        return len(self.origin.heard)

    def another(self, bounds: Bounds | None = None, client: Fetching | None = None) -> ArticleFetcher:
        return ArticleFetcher(
            client or self.client,
            FetchedPages(self.home),
            ASKER,
            b"Foldline/1",
            bounds=bounds,
            patience=Patience(waits=0.15, holds=5),
            clock=self.clock,
            on_change=lambda page, digest: self.changed.append((page, digest)),
        )


@contextlib.asynccontextmanager
async def scene(home: Home, reply: bytes | Callable[[bytes], bytes] = FREE_PAGE) -> AsyncIterator[Scene]:
    made = Scene(home, reply)
    async with raw_origin(made.speech) as origin:
        made.origin = origin
        made.client = OriginClient(origin.address, QUICK)
        made.fetcher = made.another()
        try:
            yield made
        finally:
            await made.fetcher.close()
            made.client.close()
            await asyncio.sleep(0)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Home(tmp_path_factory.mktemp("empty"))
    migrate(made)
    return made.path


@pytest.fixture
def home(empty: Path, tmp_path: Path) -> Home:
    return Home(shutil.copytree(empty, tmp_path / "home"))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 20))


async def why(fetcher: ArticleFetcher, page: bytes = b"/a") -> str:
    with pytest.raises(OriginUnavailable) as error:
        await fetcher.fetch(page)
    return error.value.why


def test_the_gate_asks_as_itself(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            got = await made.fetcher.fetch(b"/a?page=2")
            assert (got.what, got.page.body, got.page.status, got.last_good) == (What.PAGE, FREE, 200, False)
            assert made.origin.heard == [
                b"GET /a?page=2 HTTP/1.1\r\nhost: paper.example\r\nuser-agent: Foldline/1\r\n"
                b"accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.1\r\naccept-encoding: gzip\r\n"
                b"x-forwarded-host: paper.example\r\nx-forwarded-proto: https\r\nx-foldline-secret: s3cret\r\n\r\n"
            ]

    run(act())


def test_all_who_wait_for_a_page_wait_for_one_question(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            made.held = asyncio.Event()
            waiting = [asyncio.create_task(made.fetcher.fetch(b"/a")) for _ in range(50)]
            await made.until_asked(1)
            made.held.set()
            got = await asyncio.gather(*waiting)
            assert {one.page.body for one in got} == {FREE}
            assert made.asked == 1

    run(act())


def test_one_who_goes_away_does_not_end_it_for_the_others(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            made.held = asyncio.Event()
            first = asyncio.create_task(made.fetcher.fetch(b"/a"))
            second = asyncio.create_task(made.fetcher.fetch(b"/a"))
            await made.until_asked(1)
            first.cancel()
            made.held.set()
            assert (await second).page.body == FREE
            assert made.asked == 1

    run(act())


def test_a_fresh_page_is_not_asked_for_and_a_stale_one_is_asked_whether_it_holds(home: Home) -> None:
    def reply(request: bytes) -> bytes:
        if b'if-none-match: "v1"' in request:
            return b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nCache-Control: max-age=14\r\n\r\n'
        return html(FREE, b'ETag: "v1"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n')

    async def act() -> None:
        async with scene(home, reply) as made:
            await made.fetcher.fetch(b"/a")
            made.clock.move(9)
            await made.fetcher.fetch(b"/a")
            assert made.asked == 1
            made.clock.move(25)
            got = await made.fetcher.fetch(b"/a")
            assert (made.asked, got.page.body, got.last_good) == (2, FREE, False)
            assert b"if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT\r\n" in made.origin.heard[1]
            assert got.page.fresh_until == int(made.clock.now()) + 14
            made.clock.move(13)
            await made.another().fetch(b"/a")
            assert made.asked == 2
            assert len({digest for _, digest in made.changed}) == 1

    run(act())


@pytest.mark.parametrize("said", [b'HTTP/1.1 304 X\r\nETag: "other"\r\n\r\n', b"HTTP/1.1 304 X\r\n\r\n"])
def test_a_304_that_is_about_nothing_that_is_kept_is_no_answer(home: Home, said: bytes) -> None:
    async def act() -> None:
        async with scene(home, html(FREE, b'ETag: "v1"\r\n')) as made:
            if b"other" not in said:
                made.reply = said
                assert await why(made.fetcher) == "broken"
                return
            await made.fetcher.fetch(b"/a")
            made.clock.move(60)
            made.reply = lambda request: said if b"if-none-match" in request else html(GATED)
            assert (await made.fetcher.fetch(b"/a")).page.body == GATED

    run(act())


@pytest.mark.parametrize(
    "status", [b"404 Not Found", b"410 Gone", b"451 Unavailable", b"402 Pay", b"400 Bad", b"300 Choose"]
)
def test_what_is_gone_is_gone_at_once_and_nothing_of_it_is_kept(home: Home, status: bytes) -> None:
    async def act() -> None:
        async with scene(home) as made:
            before = await made.fetcher.fetch(b"/a")
            made.clock.move(60)
            made.reply = ok(b"<p>gone</p>", HTML, status)
            got = await made.fetcher.fetch(b"/a")
            assert (got.what, got.page.status, got.page.body) == (What.GONE, int(status[:3]), b"")
            assert FetchedPages(home).get(b"/a") is None
            assert made.changed == [(b"/a", before.page.digest), (b"/a", got.page.digest)]
            made.reply = b""
            made.clock.move(60)
            assert (await made.fetcher.fetch(b"/a")).what is What.GONE

    run(act())


FAILING = [
    b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 X\r\nContent-Length: 0\r\nRetry-After: 5\r\n\r\n",
    b"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 204 X\r\n\r\n",
    b"HTTP/1.1 206 X\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nab",
    b"",
    b"HTTP/1.1 200 OK\r\n" + HTML + b"Content-Length: 9\r\nConnection: close\r\n\r\nhalf",
    b"HTTP/1.1 200 OK\r\n" + HTML + b"Content-Length: 9\r\nContent-Length: 8\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + HTML + b"Content-Length: %d\r\n\r\n" % (4 << 30),
    html(b"not gzip", b"Content-Encoding: gzip\r\n"),
    html(gzip.compress(FREE)[:-9], b"Content-Encoding: gzip\r\n"),
    html(b"\x8b\x02\x80x\x03", b"Content-Encoding: br\r\n"),
    html(gzip.compress(b"x" * (MOST_PAGE + 1)), b"Content-Encoding: gzip\r\n"),
    b"HTTP/1.1 302 X\r\nLocation: javascript:alert(1)\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 X\r\nContent-Length: 0\r\n\r\n",
]


@pytest.mark.parametrize("reply", FAILING, ids=range(len(FAILING)))
def test_while_the_origin_fails_the_last_good_answer_stands_and_without_one_there_is_none(
    home: Home, reply: bytes
) -> None:
    async def act() -> None:
        async with scene(home) as made:
            await made.fetcher.fetch(b"/a")
            made.clock.move(600)
            made.reply = reply
            got = await made.fetcher.fetch(b"/a")
            assert (got.what, got.page.body, got.last_good) == (What.PAGE, FREE, True)
            assert got.why
            asked = made.asked
            assert (await made.fetcher.fetch(b"/a")).last_good
            assert made.asked == asked
            assert await why(made.fetcher, b"/b") == got.why
            made.clock.move(6)
            made.reply = html(GATED)
            got = await made.fetcher.fetch(b"/a")
            assert (got.page.body, got.last_good) == (GATED, False)

    run(act())


def test_a_slow_origin_is_waited_for_as_long_as_patience_lasts_and_then_still_heard(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            await made.fetcher.fetch(b"/a")
            made.clock.move(60)
            made.reply, made.held = html(GATED), asyncio.Event()
            got = await made.fetcher.fetch(b"/a")
            assert (got.last_good, got.why, got.page.body) == (True, "slow", FREE)
            made.held.set()
            while made.fetcher._flights:
                await asyncio.sleep(0.01)
            got = await made.fetcher.fetch(b"/a")
            assert (got.last_good, got.page.body) == (False, GATED)
            assert made.asked == 2

    run(act())


class Counting:
    """A client that counts what it is asked."""

    def __init__(self, client: OriginClient) -> None:
        self.client = client
        self.asks = 0

    async def ask(self, method: str, target: bytes, fields: Fields) -> Answer:
        self.asks += 1
        return await self.client.ask(method, target, fields)


def test_an_origin_that_is_away_is_left_alone_for_every_page_that_is_kept(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            for page in (b"/a", b"/b"):
                await made.fetcher.fetch(page)
            made.clock.move(60)
        counting = Counting(made.client)
        fetcher = made.another(client=counting)
        got = [(await fetcher.fetch(page)).why for page in (b"/a", b"/b", b"/a")]
        assert (got, counting.asks) == (["connect"] * 3, 1)
        assert await why(fetcher, b"/c") == "connect"
        assert counting.asks == 2

    run(act())


def test_the_last_good_answer_outlives_the_process(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            await made.fetcher.fetch(b"/a")
            made.clock.move(86_400)
            made.reply = b""
            got = await made.another().fetch(b"/a")
            assert (got.page.body, got.last_good) == (FREE, True)

    run(act())


def test_what_turns_from_free_to_gated_is_told_before_anybody_is_given_it(home: Home) -> None:
    public: dict[bytes, str] = {}

    async def act() -> None:
        async with scene(home) as made:

            def heard(page: bytes, digest: str) -> None:
                if public.get(page) not in (None, digest):
                    del public[page]

            made.fetcher._on_change = heard
            free = await made.fetcher.fetch(b"/a")
            public[b"/a"] = free.page.digest
            made.clock.move(60)
            made.reply = html(GATED)
            waiting = [asyncio.create_task(made.fetcher.fetch(b"/a")) for _ in range(5)]
            for task in waiting:
                task.add_done_callback(lambda _: seen.append(dict(public)))
            seen: list[dict[bytes, str]] = []
            got = await asyncio.gather(*waiting)
            await asyncio.sleep(0)
            assert {one.page.body for one in got} == {GATED}
            assert seen == [{}] * 5
            made.reply = b""
            made.clock.move(60)
            assert (await made.fetcher.fetch(b"/a")).page.body == GATED

    run(act())


def test_a_page_that_was_dropped_is_asked_for_anew_and_an_answer_from_before_counts_for_nobody(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            made.held = asyncio.Event()
            waiting = asyncio.create_task(made.fetcher.fetch(b"/a"))
            await made.until_asked(1)
            made.reply = html(GATED)
            made.fetcher.drop(b"/a")
            made.held.set()
            got = await waiting
            assert got.page.body == GATED
            kept = FetchedPages(home).get(b"/a")
            assert kept is not None
            assert kept.body == GATED

    run(act())


def test_an_answer_that_is_older_than_another_workers_is_given_to_nobody(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            made.held = asyncio.Event()
            waiting = asyncio.create_task(made.fetcher.fetch(b"/a"))
            await made.until_asked(1)
            made.clock.move(3)
            slow, made.held, made.reply = made.held, None, html(GATED)
            assert (await made.another().fetch(b"/a")).page.body == GATED
            slow.set()
            assert (await waiting).page.body == GATED
            assert len({digest for _, digest in made.changed}) == 1

    run(act())


def test_a_clock_that_is_set_back_keeps_nothing_old(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            await made.fetcher.fetch(b"/a")
            made.reply = html(GATED)
            made.clock.move(-86_400)
            assert (await made.fetcher.fetch(b"/a")).page.body == GATED
            assert (await made.another().fetch(b"/a")).page.body == GATED
            assert made.asked == 2
            made.reply = b""
            made.clock.move(60)
            assert (await made.fetcher.fetch(b"/a")).last_good
            made.clock.move(-3600)
            made.reply = html(FREE)
            got = await made.fetcher.fetch(b"/a")
            assert (got.page.body, got.last_good) == (FREE, False)

    run(act())


def test_after_a_drop_there_is_no_last_good_answer(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            await made.fetcher.fetch(b"/a")
            made.fetcher.drop(b"/a")
            made.reply = b""
            assert await why(made.fetcher) == "cut off"

    run(act())


def test_what_the_origin_wants_nobody_to_keep_is_for_those_who_wait_now(home: Home) -> None:
    async def act() -> None:
        async with scene(home, html(FREE, b"Cache-Control: no-store\r\n")) as made:
            got = await asyncio.gather(*(made.fetcher.fetch(b"/a") for _ in range(3)))
            assert ({one.page.body for one in got}, {one.kept for one in got}, made.asked) == ({FREE}, {False}, 1)
            await made.fetcher.fetch(b"/a")
            assert made.asked == 2
            assert FetchedPages(home).get(b"/a") is None
            fetcher = made.another(Bounds(keeps_all=True))
            await fetcher.fetch(b"/a")
            await fetcher.fetch(b"/a")
            assert made.asked == 3

    run(act())


@pytest.mark.parametrize(
    ("to", "location"),
    [
        (b"/b", "/b"),
        (b"b?x=1#y", "/b?x=1"),
        (b"https://paper.example/b", "/b"),
        (b"http://PAPER.example//evil.example/", "/evil.example/"),
        (b"https://evil.example/b", "https://evil.example/b"),
        (b"//evil.example/b", "https://evil.example/b"),
        (b"https://paper.example:8443/b", "https://paper.example:8443/b"),
        (b"https://paper.example.evil.example/", "https://paper.example.evil.example/"),
    ],
)
def test_a_redirect_is_told_and_never_followed(home: Home, to: bytes, location: str) -> None:
    async def act() -> None:
        async with scene(home, b"HTTP/1.1 301 X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % to) as made:
            got = await made.fetcher.fetch(b"/a")
            assert (got.what, got.page.status, got.page.location) == (What.MOVED, 301, location)
            await made.fetcher.fetch(b"/a")
            assert made.asked == 1

    run(act())


@pytest.mark.parametrize(
    "to",
    [
        b"javascript:x",
        b"data:text/html,x",
        b"https://u@evil.example/",
        b"http:\\\\evil.example",
        b"/a\xff",
        b"https://[",
    ],
)
def test_a_redirect_that_leads_nowhere_is_none(to: bytes) -> None:
    with pytest.raises(OriginUnavailable, match="nowhere"):
        leads_to([(b"location", to)], b"/a", ASKER)


@pytest.mark.parametrize("kind", [b"application/json", b"text/plain", b"application/pdf", b"text/html, text/plain"])
def test_what_is_no_page_is_another_thing_without_a_body(home: Home, kind: bytes) -> None:
    async def act() -> Fetched:
        async with scene(home, ok(b"GATED", b"Content-Type: %s\r\n" % kind)) as made:
            return await made.fetcher.fetch(b"/a")

    got = run(act())
    assert (got.what, got.page.body) == (What.OTHER, b"")


def test_packed_pages_are_unpacked_however_many_members_they_have() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    assert unpacked(packed, [(b"content-encoding", b"GZIP")], 100) == b"one two"
    assert unpacked(b"x", [(b"content-encoding", b"identity")], 100) == b"x"
    for wrong in (packed + b"junk", zlib.compress(b"x")):
        with pytest.raises(OriginUnavailable):
            unpacked(wrong, [(b"content-encoding", b"gzip")], 100)
    with pytest.raises(OriginUnavailable, match="too large"):
        unpacked(packed, [(b"content-encoding", b"gzip")], 6)


def test_a_page_carries_no_field_that_speaks_of_its_text(home: Home) -> None:
    more = (
        b'ETag: "x"\r\nLink: </below.css>; rel=preload\r\nSet-Cookie: a=1\r\nX-Words: 812\r\nContent-Language: en\r\n'
    )

    async def act() -> Fetched:
        async with scene(home, html(FREE, more)) as made:
            return await made.fetcher.fetch(b"/a")

    assert run(act()).page.headers == (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-language", b"en"),
    )


def test_two_spellings_of_one_page_are_one_page(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            await made.fetcher.fetch(b"/%d9", b"/%D9")
            await made.fetcher.fetch(b"/%D9", b"/%D9")
            assert [request.split()[1] for request in made.origin.heard] == [b"/%d9"]

    run(act())


def test_a_disk_that_fails_costs_questions_and_nothing_else(home: Home) -> None:
    async def act() -> None:
        async with scene(home) as made:
            home.fetched_db.unlink()
            made.fetcher._store = FetchedPages.__new__(FetchedPages)
            store = made.fetcher._store
            fine = FetchedPages.__init__
            migrate(home)
            fine(store, home)
            store._writing.execute("DROP TABLE fetched")
            for asked in (1, 2):
                assert (await made.fetcher.fetch(b"/a")).page.body == FREE
                assert made.asked == asked

    run(act())
