"""The gate's parts in a process that is not ours: one set for each process, as a worker has it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import fcntl
import os
from collections.abc import Callable
from typing import TextIO

from foldline.config import Settings
from foldline.gate.asgi import GateApp
from foldline.server.mounted_link import MountedLink
from foldline.server.worker import Worker
from foldline.stores.home import Home

#: More processes than this mount one publication on no machine.
MOST_PROCESSES = 1024


class MountedGate:
    """Begins on the loop that runs, and belongs to it."""

    def __init__(self, settings: Settings, link: Callable[[], MountedLink]) -> None:
        self.process = os.getpid()
        self.loop = asyncio.get_running_loop()
        number, self._slot = _slot(settings.home)
        self._worker = Worker(settings, number, mounted=link())
        self.app: GateApp = self._worker.app
        self._worker.hear()
        # It outlives the request that it began with, and shall know nothing of it.
        self._beside = self.loop.create_task(self._live(), context=contextvars.Context())

    async def close(self) -> None:
        """Write what waits, and let go of everything."""
        self._beside.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._beside

    async def _live(self) -> None:
        try:
            await self._worker.beside()
        finally:
            self._slot.close()


def _slot(home: Home) -> tuple[int, TextIO]:
    """A number that no other process of this home has, for as long as the file is open: each writes its own event
    lines."""
    for number in range(MOST_PROCESSES):
        slot = (home.run / f"mounted-{number}.lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            slot.close()
            continue
        return number, slot
    raise RuntimeError(f"more than {MOST_PROCESSES} processes mount {home.path}")
