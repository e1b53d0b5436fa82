"""A real worker process on a loopback socket, as the supervisor starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from foldline.stores.home import Home
from foldline.testing.client import WireClient

#: Seconds until a worker must answer.
START = 20.0


class GateProcess:
    """Workers that serve a home folder on one socket. Use it in a `with` block; `host` is what readers type.

    `processes` are the workers themselves; `errors`, where given, is a file that takes what they say; `program` are the
    arguments of Python that start one, `environ` what they find beside the usual variables.
    """

    def __init__(
        self,
        home: Home,
        host: str,
        workers: int = 1,
        errors: Path | None = None,
        program: Sequence[str] = ("-m", "foldline.server.worker"),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._environ = dict(environ or {})
        self._home = home
        self._program = program
        self._errors = errors
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address: tuple[str, int] = self._listening.getsockname()
        self.client = WireClient(self.address, host.encode())
        self.processes = [self.start(number) for number in range(workers)]

    def start(self, number: int) -> subprocess.Popen[bytes]:
        """One more worker on the same socket."""
        keep = {name: value for name, value in os.environ.items() if not name.startswith("FOLDLINE_")}
        descriptor = self._listening.fileno()
        ours = {"FOLDLINE_HOME": str(self._home.path), "FOLDLINE_LISTEN_FD": str(descriptor)}
        if self._home.database is not None:
            ours["FOLDLINE_DATABASE"] = self._home.database.url
        with self._errors.open("ab") if self._errors else open(os.devnull, "ab") as said:
            return subprocess.Popen(  # noqa: S603 - what a test starts
                [sys.executable, *self._program],
                env={**keep, **self._environ, **ours, "FOLDLINE_WORKER": str(number)},
                pass_fds=(descriptor,),
                stderr=said,
            )

    def __enter__(self) -> GateProcess:
        end = time.monotonic() + START
        while True:
            try:
                if self.client.ask("GET", b"/-/me").status == 200:
                    return self
            except OSError:
                pass
            if any(process.poll() is not None for process in self.processes) or time.monotonic() > end:
                self.stop()
                raise TimeoutError("a worker does not answer")
            time.sleep(0.05)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def close_socket(self) -> None:
        """Nobody takes a connection any more, which is refused and not held."""
        self._listening.close()

    def stop(self) -> None:
        """Ask them to end, and make sure of it."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._listening.close()
