"""Many at once, and some who mean no good: everybody else is answered, and with what is theirs."""

from __future__ import annotations

import random
import resource
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import psutil
import pytest

from foldline.clock import SystemClock
from foldline.proof.pairs import SENTENCE
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, METERED, SUBSCRIBERS
from foldline.testing.processes import GateProcess
from foldline.testing.readers import Readers, readers_of
from foldline.testing.worlds import World, rests

WORKERS = 2
REQUESTS = 1_000
SILENT = 400
SENTENCE_SEEN = "Velkomar"
#: Megabytes by which a worker may grow while some hundred clients hold on.
GROWTH = 24

Served = tuple[GateProcess, Readers]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Workers on one socket, as the supervisor starts them."""
    with ExitStack() as stack:
        world = stack.enter_context(World(tmp_path_factory.mktemp("crowd"), rests(SENTENCE), SystemClock()))
        readers = readers_of(world)
        yield stack.enter_context(GateProcess(world.home, HOST, WORKERS)), readers


def shows_the_whole(answer: Answer) -> bool:
    assert answer.status == 200
    return SENTENCE_SEEN in answer.text


def test_a_thousand_mixed_requests_over_all_workers_give_each_reader_their_own(served: Served) -> None:
    gate, readers = served
    coding = ((b"accept-encoding", b"gzip"),)
    kinds = [(whole, extra) for whole in (True, False) for extra in ((), coding)]
    drawn = random.Random(5)
    asked = [drawn.choice(kinds) for _ in range(REQUESTS)]
    path = SUBSCRIBERS.path.encode()

    def ask(kind: tuple[bool, tuple[tuple[bytes, bytes], ...]]) -> Answer:
        whole, extra = kind
        return gate.client.ask("GET", path, (*(readers.subscriber if whole else ()), *extra))

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, asked))
    told = Counter((whole, shows_the_whole(answer)) for (whole, _), answer in zip(asked, answers, strict=True))
    assert set(told) == {(True, True), (False, False)}
    assert min(told.values()) > REQUESTS / 3
    previews = {answer.decoded for (whole, _), answer in zip(asked, answers, strict=True) if not whole}
    assert len(previews) == 1
    assert all(process.poll() is None for process in gate.processes)


def test_one_connection_may_change_hands_between_two_readers(served: Served) -> None:
    """A proxy before the gate sends everybody's requests over a few connections, one behind another."""
    gate, readers = served
    path = SUBSCRIBERS.path.encode()
    turns = [random.Random(7).random() < 0.5 for _ in range(60)]
    raw = b"".join(
        gate.client.request_bytes("GET", path, readers.subscriber if whole else ((b"accept", b"*/*"),))
        for whole in turns
    )
    answers = gate.client.send(raw, answers=len(turns))
    assert [shows_the_whole(answer) for answer in answers] == turns


def test_while_hundreds_hold_half_a_request_everybody_else_is_answered(served: Served) -> None:
    gate, readers = served
    path = SUBSCRIBERS.path.encode()
    processes = [psutil.Process(process.pid) for process in gate.processes]
    before = [process.memory_info().rss for process in processes]
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft > SILENT + 200
    halves = (b"", b"GET", b"GET " + path + b" HTTP/1.1\r\nHost: ", gate.client.request_bytes("POST", b"/-/read")[:-2])
    with ExitStack() as stack:
        for number in range(SILENT):
            held = stack.enter_context(closing(socket.create_connection(gate.address, timeout=5)))
            held.sendall(halves[number % len(halves)])
        begun = time.monotonic()
        answers = [gate.client.ask("GET", path, readers.subscriber if whole else ()) for whole in (True, False) * 20]
        took = time.monotonic() - begun
        grown = [process.memory_info().rss - size for process, size in zip(processes, before, strict=True)]
    assert [shows_the_whole(answer) for answer in answers] == [True, False] * 20
    assert max(grown) < GROWTH << 20
    assert took < 10, "whoever holds half a request holds others up"


def test_a_flood_that_goes_away_leaves_nothing_behind(served: Served) -> None:
    """Clients that ask and are gone before an answer: nothing is held open for them."""
    gate, _ = served
    processes = [psutil.Process(process.pid) for process in gate.processes]
    descriptors = [process.num_fds() for process in processes]
    raw = gate.client.request_bytes("GET", METERED.path.encode()) * 3

    def flee(_number: int) -> None:
        with socket.create_connection(gate.address, timeout=5) as one:
            one.sendall(raw)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(flee, range(REQUESTS)))
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if all(process.num_fds() <= held + 2 for process, held in zip(processes, descriptors, strict=True)):
            break
        time.sleep(0.05)
    assert [process.num_fds() <= held + 2 for process, held in zip(processes, descriptors, strict=True)] == [
        True
    ] * WORKERS
    assert not shows_the_whole(gate.client.ask("GET", METERED.path.encode()))
    assert all(process.poll() is None for process in gate.processes)
