"""Starts the gate's workers, the site process and the desk, keeps them running, and stops them together."""

from __future__ import annotations

import fcntl
import itertools
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Any, TextIO

from foldline.config import Settings
from foldline.errors import ConfigurationError, Problem
from foldline.server.child import Child
from foldline.server.outcome import Outcome, keep_outcome
from foldline.server.rolling import DESK, SITE, WORKER, Refused, Roll
from foldline.stores.home import Home

log = logging.getLogger(__name__)

#: Seconds that children have to finish what they are doing.
GRACE = 6.0
_MODULE = (sys.executable, "-m")


def listen(host: str, port: int, what: str) -> socket.socket:
    """A socket that listens.

    Raises:
        ConfigurationError: FL040, the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        hint = "Stop what listens there, or choose another port."
        raise ConfigurationError((Problem("FL040", f"{error.strerror}", f"{what} {host}:{port}", hint),)) from error
    listening.listen(1024)
    return listening


class Supervisor:
    """All processes of one publication. `gate`, `desk` and `till` are sockets that listen already; without the first
    there are no workers, because the gate is mounted in an application; the till is the demonstration's; without the
    last nobody is told metrics."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        gate: socket.socket | None,
        desk: socket.socket,
        till: socket.socket | None = None,
        metrics: socket.socket | None = None,
    ) -> None:
        self._settings = settings
        self._lock = take(settings.home)
        self._gate, self._desk, self._till, self._metrics = gate, desk, till, metrics
        self._stopping = False
        self._asked = self._begun = 0
        self._roll: Roll | None = None
        self._steps: Iterator[None] = iter(())
        self._environ = {**environ, "FOLDLINE_HOME": str(settings.home.path), "PYTHONUNBUFFERED": "1"}
        kinds = [SITE, DESK, *[WORKER] * (0 if gate is None else settings.workers)]
        self.children: list[Child] = []
        for kind in kinds:
            self.children.append(self.make(kind, settings))
        if till is not None:
            self.children.append(
                Child(
                    "till",
                    [*_MODULE, "foldline.server.demo.till_process"],
                    {**self._environ, "FOLDLINE_LISTEN_FD": str(till.fileno())},
                    till.fileno(),
                )
            )
        if metrics is not None:
            for left in (*settings.home.counts.glob("worker-*.counts"), settings.home.counts / "site.counts"):
                left.unlink(missing_ok=True)
            self.children.append(
                Child(
                    "metrics",
                    [*_MODULE, "foldline.server.metrics_process"],
                    {**self._environ, "FOLDLINE_LISTEN_FD": str(metrics.fileno())},
                    metrics.fileno(),
                )
            )

    def make(self, kind: str, settings: Settings) -> Child:
        """A process of a kind, with a number that no other of that kind has. It is not started."""
        known = [*self.children, *(self._roll.beside if self._roll is not None else ())]
        taken = {child.number for child in known if child.kind == kind}
        number = next(number for number in itertools.count() if number not in taken)
        if kind == SITE:
            # Each listens under a name of its own; the one to ask has the name that the workers know.
            own, known_as = settings.home.run / f"site-{number}.sock", settings.home.site_socket
            environ = {"FOLDLINE_SOCKET": str(own)}
            command = [*_MODULE, "foldline.server.site_process", SITE]
            child = Child(SITE, command, self._environ | environ, take_place=lambda: os.replace(own, known_as))
        else:
            listening = self._desk if kind == DESK or self._gate is None else self._gate
            descriptor = listening.fileno()
            environ = {"FOLDLINE_LISTEN_FD": str(descriptor)}
            command = [*_MODULE, "foldline.server.site_process", DESK]
            if kind == WORKER:
                environ["FOLDLINE_WORKER"] = str(number)
                command = [*_MODULE, "foldline.server.worker"]
            name = DESK if kind == DESK else f"worker {number}"
            child = Child(name, command, self._environ | environ, descriptor)
        child.kind, child.number = kind, number
        return child

    def run(self, when_ready: Callable[[], None] = lambda: None) -> None:
        """Run until SIGINT or SIGTERM; `when_ready` is called once, when every part answers. SIGHUP is a rolling
        restart (`rolling.py`); a terminal that was closed is still the end."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        self._had_terminal = os.isatty(0)
        signal.signal(signal.SIGHUP, self._ask_restart)
        told = False
        try:
            while not self._stopping:
                now = time.monotonic()
                for child in self.children:
                    child.look(now)
                if not told and self._answers():
                    told = True
                    when_ready()
                if told:
                    self._restart()
                time.sleep(0.05 if not told or self._roll is not None else 0.25)
        finally:
            self.stop()

    def _ask_restart(self, number: int, frame: FrameType | None) -> None:
        if self._had_terminal and not os.isatty(0):
            self._stopping = True
        self._asked += 1

    def _restart(self) -> None:
        """One step of the restart that runs, or the first of one that was asked for."""
        if self._roll is None:
            if self._begun == self._asked:
                return
            self._begun = self._asked
            self._roll = Roll(self._settings.home, self._environ, self.children, self.make)
            self._steps = self._roll.steps()
        try:
            next(self._steps)
        except StopIteration:
            self._ended(())
        except Refused as refused:
            log.error("the restart was refused, and what runs runs on: %s", refused)
            self._ended(refused.problems)

    def _ended(self, problems: tuple[str, ...]) -> None:
        """Say how a restart went, to whoever asked for it and to `foldline check`."""
        for child in self._roll.beside if self._roll is not None else ():
            child.kill()
        self._roll = None
        keep_outcome(self._settings.home, Outcome(os.getpid(), self._begun, int(time.time()), problems))

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _answers(self) -> bool:
        """Whether a worker, the site process, the desk and the till each answer a request."""
        gate, desk, till = self._gate, self._desk, self._till
        host = self._settings.host.encode()
        prefix = self._settings.publication.prefix.encode()
        return all(
            (
                gate is None
                or _asks(gate.family, gate.getsockname(), b"GET %sme HTTP/1.0\r\nHost: %s\r\n\r\n" % (prefix, host)),
                _asks(
                    socket.AF_UNIX,
                    str(self._settings.home.site_socket),
                    b"GET %ssign-in HTTP/1.0\r\nHost: %s\r\n\r\n" % (prefix, host),
                ),
                _asks(desk.family, desk.getsockname(), b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"),
                till is None or _asks(till.family, till.getsockname(), b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"),
            )
        )

    def stop(self) -> None:
        """Ask every child to end, and make sure of it."""
        beside = self._roll.beside if self._roll is not None else []
        running = [child.process for child in (*self.children, *beside) if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        end = time.monotonic() + GRACE
        for process in running:
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for listening in (self._gate, self._desk, self._till, self._metrics):
            if listening is not None:
                listening.close()
        self._steps = iter(())
        for left in (self._settings.home.site_socket, *self._settings.home.run.glob("site-*.sock")):
            left.unlink(missing_ok=True)
        self._lock.close()


def take(home: Home) -> TextIO:
    """The lock of a home folder, until it is closed or this process ends.

    Raises:
        ConfigurationError: FL042, another process serves from it.
    """
    lock = home.lock_file.open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        hint = "Stop it first, or name another home folder."
        what = "another process serves from this folder"
        raise ConfigurationError((Problem("FL042", what, str(home.path), hint),)) from error
    # Whom `foldline restart` asks.
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _asks(family: int, address: Any, request: bytes) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as asking:
            asking.settimeout(2)
            asking.connect(address)
            asking.sendall(request)
            return asking.recv(16).startswith(b"HTTP/1.")
    except OSError:
        return False
