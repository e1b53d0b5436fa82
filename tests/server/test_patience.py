"""Who says nothing or takes nothing keeps no connection for ever; who is slow and goes on keeps theirs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.gate.newspaper import Newspaper, open_newspaper
from tests.server.test_protocol import served

from foldline.server import patience
from foldline.server.protocol import GateProtocol

HEAD = b"GET /free HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
FORM = b"POST /-/read HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 9\r\n\r\n"
#: Seconds until a test takes it that the server never hangs up.
NEVER = 10.0
Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newspaper:
    for name, seconds in (("HEAD", 0.6), ("BODY", 0.6), ("SEND", 0.6), ("LOOK", 0.05)):
        monkeypatch.setattr(patience, f"{name}_SECONDS", seconds)
    return open_newspaper(tmp_path)


def ended(paper: Newspaper, client: Client) -> tuple[float, bytes]:
    """Seconds until the server closed, and what it had said; a client that is never closed fails after ten."""

    async def ask() -> tuple[float, bytes]:
        async with served(paper, GateProtocol, patience=30) as port:
            begun = time.monotonic()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await client(reader, writer)
                said = b""
                with contextlib.suppress(ConnectionResetError):
                    said = await asyncio.wait_for(reader.read(), NEVER)
                return time.monotonic() - begun, said
            finally:
                writer.close()

    return asyncio.run(ask())


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    pass


async def says_half_a_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in HEAD[:8]:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.01)


async def says_half_of_its_second_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(HEAD[:20])


async def announces_a_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(FORM)


async def stops_in_its_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(FORM + b"articl")


@pytest.mark.parametrize(
    "client",
    [says_nothing, says_half_a_head, says_half_of_its_second_head, announces_a_body, stops_in_its_body],
    ids=lambda client: client.__name__,
)
def test_a_client_that_stops_speaking_is_hung_up_on(paper: Newspaper, client: Client) -> None:
    took, _ = ended(paper, client)
    assert took >= 0.5


@pytest.mark.parametrize("client", [says_half_a_head, announces_a_body], ids=lambda client: client.__name__)
def test_without_an_end_to_waiting_its_test_goes_red(
    paper: Newspaper, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    monkeypatch.setattr(patience.PatientProtocol, "_says_nothing", lambda protocol, now: False)
    monkeypatch.setattr(sys.modules[__name__], "NEVER", 1.5)
    with pytest.raises(TimeoutError):
        ended(paper, client)


def test_a_head_that_comes_in_drops_is_not_waited_for_longer_than_one_that_does_not_come(paper: Newspaper) -> None:
    async def drips(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD[:-2] + b"X-Drops: ")
        while not writer.is_closing():
            writer.write(b"a")
            await asyncio.sleep(0.1)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dripping = asyncio.create_task(drips(writer))
        with contextlib.suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), NEVER) == b""
        dripping.cancel()

    took, _ = ended(paper, client)
    assert took >= 0.5


def test_a_body_that_comes_slowly_is_taken(paper: Newspaper) -> None:
    async def sends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(FORM)
        for byte in b"article=1":
            await asyncio.sleep(0.2)
            writer.write(bytes([byte]))
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 303")
        writer.close()

    took, _ = ended(paper, sends)
    assert took >= 1.8


def test_who_takes_nothing_of_an_answer_is_hung_up_on_and_its_bytes_are_let_go(
    paper: Newspaper, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask() -> bool:
        async with served(paper, GateProtocol, patience=30) as port:
            with socket.socket() as silent:
                silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                silent.connect(("127.0.0.1", port))
                silent.setblocking(False)
                loop = asyncio.get_running_loop()
                until = loop.time() + NEVER
                while loop.time() < until:
                    try:
                        silent.send(HEAD * 50)
                    except BlockingIOError:
                        pass
                    except (ConnectionResetError, BrokenPipeError):
                        return True
                    await asyncio.sleep(0.05)
                return False

    assert asyncio.run(ask())
    monkeypatch.setattr(patience.PatientProtocol, "_takes_nothing", lambda protocol, now: False)
    monkeypatch.setattr(sys.modules[__name__], "NEVER", 1.5)
    assert not asyncio.run(ask()), "the defence is taken away, and its test does not see it"
