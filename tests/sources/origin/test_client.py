"""The client of an origin: the target byte for byte, every wait with an end, and no answer that is another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from typing import Any

import psutil
import pytest
from tests.sources.origin.raw_origin import QUICK, RawOrigin, Speech, Talk, always, asking, ok, once

from foldline.errors import OriginUnavailable, UploadRefused
from foldline.sources.origin.client import Address, OriginClient, Upload

FIELDS = ((b"host", b"paper.example"),)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Nothing may hang: a test that does is a failure of its own kind."""
    return asyncio.run(asyncio.wait_for(work, 20))


async def read(client: OriginClient, target: bytes = b"/", method: str = "GET") -> tuple[int, bytes]:
    async with await client.ask(method, target, FIELDS) as answer:
        return answer.status, await answer.body(4 << 20)


def why(speech: Speech, *, method: str = "GET") -> str:
    """Why an answer is none."""

    async def ask() -> str:
        async with asking(speech) as (client, _):
            with pytest.raises(OriginUnavailable) as error:
                await read(client, method=method)
            return error.value.why

    found: str = run(ask())
    return found


async def pieces(*some: bytes) -> AsyncIterator[bytes]:
    for piece in some:
        yield piece


@pytest.mark.parametrize(
    "target", [b"/a%2Fb/../c?x=%2F&&y", b"/%61rticle", b"/a;b=1/%2e%2e/p", b"//x//?", b"/caf%c3%a9", b"/x?a=b?c#d"[:8]]
)
def test_the_target_is_sent_byte_for_byte(target: bytes) -> None:
    async def ask() -> RawOrigin:
        async with asking(always(ok(b"x"))) as (client, origin):
            await read(client, target)
            return origin

    assert run(ask()).heard[0].startswith(b"GET " + target + b" HTTP/1.1\r\nhost: paper.example\r\n")


def test_a_connection_is_asked_again_and_only_by_the_next() -> None:
    async def ask() -> list[int]:
        async with asking(always(ok(b"x"))) as (client, origin):
            for _ in range(3):
                assert await read(client) == (200, b"x")
            await asyncio.gather(read(client), read(client))
            return [len(talk.heard) for talk in origin.talks]

    assert run(ask()) == [4, 1]


def test_a_connection_that_the_origin_closed_while_it_rested_is_not_an_error() -> None:
    async def ask() -> None:
        async with asking(once(ok(b"x"))) as (client, origin):
            for _ in range(3):
                assert await read(client) == (200, b"x")
            assert len(origin.talks) == 3

    run(ask())


def test_a_question_that_nobody_answered_over_a_rested_connection_is_asked_anew() -> None:
    async def speech(talk: Talk) -> None:
        await talk.request()
        await talk.say(ok(b"x"))
        await talk.request()

    async def ask() -> None:
        async with asking(speech) as (client, origin):
            assert await read(client) == (200, b"x")
            assert await read(client) == (200, b"x")
            assert [len(talk.heard) for talk in origin.talks] == [2, 1]

    run(ask())


def test_a_form_is_never_sent_twice() -> None:
    async def speech(talk: Talk) -> None:
        request = await talk.request()
        if request.startswith(b"GET"):
            await talk.say(ok(b"x"))
            await talk.request()

    async def ask() -> None:
        async with asking(speech) as (client, origin):
            await read(client)
            with pytest.raises(OriginUnavailable, match="cut off"):
                await client.ask("POST", b"/", FIELDS, Upload(pieces(b"a=1"), 3))
            assert [request[:4] for request in origin.heard] == [b"GET ", b"POST"]

    run(ask())


def test_what_an_origin_says_unasked_answers_nobody() -> None:
    async def speech(talk: Talk) -> None:
        await talk.request()
        await talk.say(ok(b"mine"))
        await asyncio.sleep(0.05)
        await talk.say(ok(b"planted"))
        await asyncio.sleep(1)

    async def ask() -> None:
        async with asking(speech) as (client, origin):
            assert await read(client) == (200, b"mine")
            while client._idle[0].wire.fresh:
                await asyncio.sleep(0.01)
            assert await read(client) == (200, b"mine")
            assert len(origin.talks) == 2

    run(ask())


def test_what_stands_behind_an_answer_answers_nobody() -> None:
    async def ask() -> None:
        async with asking(once(ok(b"mine") + ok(b"planted"), wait=1)) as (client, origin):
            assert await read(client) == (200, b"mine")
            assert await read(client) == (200, b"mine")
            assert len(origin.talks) == 2

    run(ask())


def test_an_answer_that_was_not_read_to_its_end_leaves_no_rest_for_the_next() -> None:
    async def ask() -> None:
        async with asking(always(ok(b"x" * 300_000))) as (client, origin):
            for _ in range(2):
                async with await client.ask("GET", b"/", FIELDS) as answer:
                    assert answer.status == 200
            assert len(origin.talks) == 2

    run(ask())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello!", "broken"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "broken"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "broken",
        ),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "cut off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", "cut off"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "cut off"),
        (b"", "cut off"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "broken"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nX y: 1\r\n\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n", "broken"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", "broken"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 100, "broken"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, "broken"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400_000, "broken"),
    ],
)
def test_an_answer_that_is_not_http_is_none(said: bytes, expected: str) -> None:
    assert why(once(said)) == expected


def test_an_origin_that_says_nothing_is_slow_and_no_worker_hangs() -> None:
    assert why(once(wait=10)) == "slow"


def test_an_origin_that_stops_in_the_middle_is_slow() -> None:
    assert why(once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", wait=10)) == "slow"


def test_a_drip_that_never_ends_is_slow() -> None:
    async def speech(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while True:
            await talk.say(b"x")
            await asyncio.sleep(0.05)

    assert why(speech) == "slow"


def test_nobody_listens() -> None:
    async def ask() -> str:
        async with asking(always()) as (client, _):
            pass
        with pytest.raises(OriginUnavailable) as error:
            await read(client)
        return error.value.why

    assert run(ask()) == "connect"


def test_no_more_connections_are_opened_than_there_may_be() -> None:
    async def ask() -> list[str]:
        limits = replace(QUICK, connections=2, connect=0.5)
        async with asking(once(ok(b"x"), wait=5), limits) as (client, origin):
            held = [await client.ask("GET", b"/", FIELDS) for _ in range(2)]
            with pytest.raises(OriginUnavailable) as error:
                await client.ask("GET", b"/", FIELDS)
            for answer in held:
                answer.close()
            assert (await read(client))[0] == 200
            return [error.value.why, str(len(origin.talks))]

    assert run(ask()) == ["busy", "3"]


def test_answers_without_a_body_end_with_their_head() -> None:
    async def ask() -> list[tuple[int, bytes]]:
        replies = {
            b"HEAD": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n",
            b"GET ": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\nETag: x\r\n\r\n",
            b"OPTI": b"HTTP/1.1 204 No Content\r\n\r\n",
        }

        async def speech(talk: Talk) -> None:
            while request := await talk.request():
                await talk.say(replies[request[:4]])

        async with asking(speech) as (client, origin):
            got = [await read(client, method=method) for method in ("HEAD", "GET", "OPTIONS")]
            assert len(origin.talks) == 1
            return got

    assert run(ask()) == [(200, b""), (304, b""), (204, b"")]


def test_interim_answers_are_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </below.css>; rel=preload\r\n\r\n"

    async def ask() -> tuple[int, tuple[tuple[bytes, bytes], ...]]:
        async with (
            asking(always(early, early, ok(b"x"))) as (client, _),
            await client.ask("GET", b"/", FIELDS) as answer,
        ):
            return answer.status, answer.headers

    assert run(ask()) == (200, ((b"content-length", b"1"),))


def test_an_old_origin_ends_its_answer_by_closing() -> None:
    async def ask() -> None:
        async with asking(once(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nhello")) as (client, origin):
            assert await read(client) == (200, b"hello")
            assert await read(client) == (200, b"hello")
            assert len(origin.talks) == 2

    run(ask())


def test_what_is_larger_than_asked_for_is_refused_by_its_word_and_by_its_bytes() -> None:
    told = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (4 << 30)
    assert why(once(told, wait=10)) == "too large"
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    async def speech(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            await talk.say(chunk)

    assert why(speech) == "too large"


def test_a_large_answer_is_read_in_pieces_and_never_held() -> None:
    megabytes = 200

    async def speech(talk: Talk) -> None:
        await talk.request()
        await talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (megabytes << 20))
        piece = b"x" * (1 << 20)
        for _ in range(megabytes):
            await talk.say(piece)

    async def ask() -> tuple[int, int]:
        process = psutil.Process()
        async with asking(speech, replace(QUICK, between=5, whole=60)) as (client, _):
            before, most, came = process.memory_info().rss, 0, 0
            async with await client.ask("GET", b"/", FIELDS) as answer:
                async for chunk in answer.chunks():
                    if came >> 24 != (came + len(chunk)) >> 24:
                        # A reader who takes their time: what they don't take must wait with the origin.
                        await asyncio.sleep(0.02)
                        most = max(most, process.memory_info().rss)
                    came += len(chunk)
            return came, most - before

    came, grown = run(ask())
    assert came == megabytes << 20
    assert grown < 24 << 20


def test_a_slow_reader_is_not_a_slow_origin() -> None:
    async def ask() -> int:
        async with asking(always(ok(b"x" * 1_000_000))) as (client, _), await client.ask("GET", b"/", FIELDS) as answer:
            came = 0
            async for chunk in answer.chunks():
                came += len(chunk)
                await asyncio.sleep(0.5 if came < 600_000 else 0)
            return came

    assert run(ask()) == 1_000_000


def test_a_body_is_passed_on_with_the_framing_that_it_came_with() -> None:
    async def ask() -> list[bytes]:
        async with asking(always(ok(b"x"))) as (client, origin):
            for length in (5, None):
                async with await client.ask("POST", b"/", FIELDS, Upload(pieces(b"he", b"", b"llo"), length)) as answer:
                    assert answer.status == 200
            return [request.split(b"\r\n", 2)[2] for request in origin.heard]

    assert run(ask()) == [
        b"content-length: 5\r\n\r\nhello",
        b"transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    ]


@pytest.mark.parametrize(
    ("some", "length", "status"),
    [((b"x",), 2 << 20, 413), ((b"x" * 600_000,) * 2, None, 413), ((b"xx",), 1, 413), ((b"x",), 2, 400)],
)
def test_a_body_that_is_too_large_or_not_as_long_as_told_is_refused(
    some: tuple[bytes, ...], length: int | None, status: int
) -> None:
    async def ask() -> int:
        async with asking(always(ok(b"x"))) as (client, origin):
            with pytest.raises(UploadRefused) as error:
                await client.ask("POST", b"/", FIELDS, Upload(pieces(*some), length))
            assert all(not talk.heard for talk in origin.talks)
            return error.value.status

    assert run(ask()) == status


def test_a_sender_who_stops_is_told_so_and_the_origin_sees_half_a_request_only() -> None:
    async def stuck() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(10)

    async def ask() -> int:
        async with asking(always(ok(b"x"))) as (client, origin):
            with pytest.raises(UploadRefused) as error:
                await client.ask("POST", b"/", FIELDS, Upload(stuck(), 100))
            assert origin.heard == []
            return error.value.status

    assert run(ask()) == 408


def test_an_origin_may_refuse_a_body_before_it_is_sent() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1000
            await asyncio.sleep(0.01)

    async def speech(talk: Talk) -> None:
        await talk.reader.readuntil(b"\r\n\r\n")
        await talk.say(ok(b"too much", status=b"413 Too Large"))
        await asyncio.sleep(1)

    async def ask() -> tuple[int, bytes, int]:
        async with asking(speech) as (client, origin):
            async with await client.ask("POST", b"/", FIELDS, Upload(endless(), 900_000)) as answer:
                got = answer.status, await answer.body(100)
            return *got, len(origin.talks)

    assert run(ask()) == (413, b"too much", 1)


def test_a_reader_who_goes_away_takes_the_connection_along() -> None:
    async def ask() -> None:
        limits = replace(QUICK, connections=1)
        async with asking(once(ok(b"x")[:-1], wait=10), limits) as (client, origin):

            async def reader() -> None:
                await read(client)

            task = asyncio.create_task(reader())
            while not origin.heard:
                await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            async with await client.ask("GET", b"/", FIELDS) as answer:
                assert answer.status == 200
            assert len(origin.talks) == 2

    run(ask())


def test_an_address_is_that_of_a_site() -> None:
    assert Address.of("https://cms.example/x") == Address("cms.example", 443, True)
    assert Address.of("http://[::1]:8000") == Address("::1", 8000)
    for url in ("ftp://x", "cms.example", "http://", "http://x:99999"):
        with pytest.raises(ValueError, match=r"http or https|[Pp]ort"):
            Address.of(url)
