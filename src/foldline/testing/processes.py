"""Real worker processes on a loopback socket, as the supervisor starts them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from types import TracebackType

from foldline.stores.home import Home
from foldline.testing.client import WireClient

#: Seconds until a worker must answer.
START = 20.0


class GateProcess:
    """Workers that serve a home folder on one socket. Use it in a `with` block; `host` is what readers type, `program`
    the arguments of Python that start a worker."""

    def __init__(
        self, home: Home, host: str, workers: int = 1, program: Sequence[str] = ("-m", "foldline.server.worker")
    ) -> None:
        listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address: tuple[str, int] = listening.getsockname()
        keep = {name: value for name, value in os.environ.items() if not name.startswith("FOLDLINE_")}
        environ = {**keep, "FOLDLINE_HOME": str(home.path), "FOLDLINE_LISTEN_FD": str(listening.fileno())}
        self._processes = [
            subprocess.Popen(  # noqa: S603 - what a test starts
                [sys.executable, *program],
                env={**environ, "FOLDLINE_WORKER": str(number)},
                pass_fds=(listening.fileno(),),
                stderr=subprocess.DEVNULL,
            )
            for number in range(workers)
        ]
        listening.close()
        self.client = WireClient(self.address, host.encode())

    def __enter__(self) -> GateProcess:
        end = time.monotonic() + START
        while True:
            try:
                if self.client.ask("GET", b"/-/me").status == 200:
                    return self
            except OSError:
                pass
            if any(process.poll() is not None for process in self._processes) or time.monotonic() > end:
                self.stop()
                raise TimeoutError("the worker does not answer")
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask them to end, and make sure of it."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
