"""A worker that another one has taken the place of answers what is on its way, and says that it closes."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from foldline.server.graceful import LEAVE
from foldline.testing.builders import HOST
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

ASK = b"GET /-/me HTTP/1.1\r\nHost: %s\r\n\r\n" % HOST.encode()
BEGUN, FINISHED = ASK[:20], ASK[20:]


@pytest.fixture
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateProcess]:
    with (
        World(tmp_path_factory.mktemp("graceful") / "home", rests("Rest.\n")) as world,
        GateProcess(world.home, HOST) as runs,
    ):
        yield runs


def taken(gate: GateProcess) -> socket.socket:
    """A connection that has had an answer, which did not say that it closes."""
    connection = socket.create_connection(gate.address, timeout=10)
    connection.sendall(ASK)
    answer = connection.recv(1 << 16).lower()
    assert answer.startswith(b"http/1.1 200 ")
    assert b"connection: close" not in answer
    return connection


def whole(connection: socket.socket) -> bytes:
    """Everything that comes until it is closed; b"" where that happens without a word."""
    found = b""
    try:
        while part := connection.recv(1 << 16):
            found += part
    except ConnectionError:
        pass
    return found.lower()


def test_who_leaves_answers_on_idle_connections_and_those_in_the_middle_of_a_request(gate: GateProcess) -> None:
    worker = gate.processes[0]
    with taken(gate) as idle, taken(gate) as half, taken(gate) as silent:
        half.sendall(BEGUN)
        worker.send_signal(LEAVE)
        time.sleep(0.6)
        idle.sendall(ASK)
        half.sendall(FINISHED)
        for connection in (idle, half):
            answer = whole(connection)
            assert answer.startswith(b"http/1.1 200 ")
            assert answer.count(b"connection: close") == 1
        # Nobody waits for who says nothing for longer than ever.
        assert whole(silent) == b""
        assert worker.wait(10) == 0


def test_who_is_told_to_stop_hangs_up_as_the_test_above_would_see(gate: GateProcess) -> None:
    worker = gate.processes[0]
    with taken(gate) as idle:
        worker.send_signal(signal.SIGTERM)
        assert whole(idle) == b""
        worker.wait(10)


def test_who_leaves_may_still_be_told_to_stop(gate: GateProcess) -> None:
    worker = gate.processes[0]
    with taken(gate) as idle:
        worker.send_signal(LEAVE)
        time.sleep(0.2)
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(0.3)
        worker.send_signal(signal.SIGTERM)
        assert whole(idle) == b""
        assert worker.wait(3) in (0, -signal.SIGTERM)
