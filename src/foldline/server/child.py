"""One process of ours: started, looked after, started again where it ends, and asked to go."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

from foldline.server.graceful import LEAVE, READY_FD, nothing

log = logging.getLogger(__name__)

#: A child that ends is started again after so many seconds, longer each time up to the second figure.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
#: Whoever ran for so many seconds is well again: the next pause is the first one.
WELL = 60.0


@dataclass
class Child:
    """One process of ours. `descriptor` is a listening socket that it inherits; `take_place` is called each time that
    a process of it answers and is the one to ask."""

    name: str
    command: list[str]
    environ: dict[str, str]
    descriptor: int | None = None
    process: subprocess.Popen[bytes] | None = None
    pause: float = FIRST_PAUSE
    start_at: float = 0.0
    started_at: float = 0.0
    starts: int = field(default=0)
    kind: str = ""
    number: int = 0
    take_place: Callable[[], None] = nothing
    #: Whether the process that runs now has said that it answers, and whether it has taken its place.
    ready: bool = False
    placed: bool = False
    _said: int | None = None

    def start(self) -> None:
        """Start the process."""
        self._close()
        self.ready = self.placed = False
        self._said, says = os.pipe()
        os.set_blocking(self._said, False)
        keep = (says,) if self.descriptor is None else (self.descriptor, says)
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own modules
                self.command, env={**self.environ, READY_FD: str(says)}, pass_fds=keep
            )
        finally:
            os.close(says)
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
        self.hear()
        self.place()

    def hear(self) -> None:
        """Take in whether it answers."""
        if self._said is not None:
            with contextlib.suppress(BlockingIOError):
                self.ready = bool(os.read(self._said, 1))
                self._close()

    def place(self) -> None:
        """Make one that answers the one to ask."""
        if self.ready and not self.placed:
            self.placed = True
            self.take_place()

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def leave(self) -> None:
        """Ask it to answer what it has begun, and to go. One that does not answer yet is ended."""
        self.hear()
        if self.process is not None and self.runs:
            if self.ready:
                self.process.send_signal(LEAVE)
            else:
                self.process.terminate()
        self._close()

    def kill(self) -> None:
        """End it now."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self._close()

    def _close(self) -> None:
        if self._said is not None:
            os.close(self._said)
            self._said = None
