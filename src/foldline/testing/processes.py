"""A real worker process on a loopback socket, as the supervisor starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from types import TracebackType

from foldline.stores.home import Home
from foldline.testing.client import WireClient

#: Seconds until a worker must answer.
START = 20.0


class GateProcess:
    """One worker that serves a home folder. Use it in a `with` block; `host` is what readers type."""

    def __init__(self, home: Home, host: str) -> None:
        listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address: tuple[str, int] = listening.getsockname()
        keep = {name: value for name, value in os.environ.items() if not name.startswith("FOLDLINE_")}
        environ = {**keep, "FOLDLINE_HOME": str(home.path), "FOLDLINE_LISTEN_FD": str(listening.fileno())}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "foldline.server.worker"],
            env=environ,
            pass_fds=(listening.fileno(),),
            stderr=subprocess.DEVNULL,
        )
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
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise TimeoutError("the worker does not answer")
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ask it to end, and make sure of it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
