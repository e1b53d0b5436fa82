"""Starts the gate's workers, the site process and the desk, keeps them running, and stops them together."""

from __future__ import annotations

import fcntl
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TextIO

from foldline.config import Settings
from foldline.errors import ConfigurationError, Problem
from foldline.stores.home import Home

log = logging.getLogger(__name__)

#: A child that ends is started again after so many seconds, longer each time up to the second figure.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
#: Whoever ran for so many seconds is well again: the next pause is the first one.
WELL = 60.0
#: Seconds that children have to finish what they are doing.
GRACE = 6.0


@dataclass
class Child:
    """One process of ours. `descriptor` is a listening socket that it inherits."""

    name: str
    command: list[str]
    environ: dict[str, str]
    descriptor: int | None = None
    process: subprocess.Popen[bytes] | None = None
    pause: float = FIRST_PAUSE
    start_at: float = 0.0
    started_at: float = 0.0
    starts: int = field(default=0)

    def start(self) -> None:
        keep = () if self.descriptor is None else (self.descriptor,)
        self.process = subprocess.Popen(self.command, env=self.environ, pass_fds=keep)  # noqa: S603 - our own modules
        self.starts += 1

    def look(self, now: float) -> None:
        """Start it where it should run and does not."""
        if self.process is not None and self.process.poll() is not None:
            if now - self.started_at >= WELL:
                self.pause = FIRST_PAUSE
            log.error("%s ended with %s; it is started again in %.1f s", self.name, self.process.returncode, self.pause)
            self.process = None
            self.start_at = now + self.pause
            self.pause = min(2 * self.pause, LONGEST_PAUSE)
        if self.process is None and now >= self.start_at:
            self.start()
            self.started_at = now


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
        self._lock = _take(settings.home)
        self._gate, self._desk, self._till, self._metrics = gate, desk, till, metrics
        self._stopping = False
        common = {**environ, "FOLDLINE_HOME": str(settings.home.path), "PYTHONUNBUFFERED": "1"}
        module = [sys.executable, "-m"]
        site = {**common, "FOLDLINE_SOCKET": str(settings.home.site_socket)}
        self.children = [
            Child("site", [*module, "foldline.server.site_process", "site"], site),
            Child(
                "desk",
                [*module, "foldline.server.site_process", "desk"],
                {**common, "FOLDLINE_LISTEN_FD": str(desk.fileno())},
                desk.fileno(),
            ),
        ]
        if gate is not None:
            self.children += [
                Child(
                    f"worker {number}",
                    [*module, "foldline.server.worker"],
                    {**common, "FOLDLINE_LISTEN_FD": str(gate.fileno()), "FOLDLINE_WORKER": str(number)},
                    gate.fileno(),
                )
                for number in range(settings.workers)
            ]

        if till is not None:
            self.children.append(
                Child(
                    "till",
                    [*module, "foldline.server.demo.till_process"],
                    {**common, "FOLDLINE_LISTEN_FD": str(till.fileno())},
                    till.fileno(),
                )
            )
        if metrics is not None:
            for left in (*settings.home.counts.glob("worker-*.counts"), settings.home.counts / "site.counts"):
                left.unlink(missing_ok=True)
            self.children.append(
                Child(
                    "metrics",
                    [*module, "foldline.server.metrics_process"],
                    {**common, "FOLDLINE_LISTEN_FD": str(metrics.fileno())},
                    metrics.fileno(),
                )
            )

    def run(self, when_ready: Callable[[], None] = lambda: None) -> None:
        """Run until SIGINT or SIGTERM; `when_ready` is called once, when every part answers."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        told = False
        try:
            while not self._stopping:
                now = time.monotonic()
                for child in self.children:
                    child.look(now)
                if not told and self._answers():
                    told = True
                    when_ready()
                time.sleep(0.05 if not told else 0.25)
        finally:
            self.stop()

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
        running = [child.process for child in self.children if child.process is not None]
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
        self._settings.home.site_socket.unlink(missing_ok=True)
        self._lock.close()


def _take(home: Home) -> TextIO:
    """The lock of a home folder, until it is closed or this process ends.

    Raises:
        ConfigurationError: FL042, another process serves from it.
    """
    lock = (home.run / "lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        hint = "Stop it first, or name another home folder."
        what = "another process serves from this folder"
        raise ConfigurationError((Problem("FL042", what, str(home.path), hint),)) from error
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
