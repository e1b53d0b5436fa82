"""The one thread of a process in which a mounted gate decides: everything that it holds is used by that thread alone,
as in a worker, however many threads a WSGI server has."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from foldline.config import Settings
from foldline.errors import StoreUnavailable
from foldline.server.mounted_gate import MountedGate
from foldline.server.mounted_link import MountedLink

log = logging.getLogger(__name__)

Result = TypeVar("Result")

#: Seconds that a request waits for the gate. Every wait inside has an end of its own that comes earlier.
DEADLINE = 60.0
#: Seconds that a process waits at its end for what is still to be written.
LAST_WORDS = 3.0


class GateThread:
    """Belongs to the process that made it. A process that was forked off makes its own."""

    def __init__(self, settings: Settings, link: Callable[[], MountedLink]) -> None:
        self.process = os.getpid()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="foldline gate", daemon=True)
        self._thread.start()
        try:
            self.gate: MountedGate = self.call(_begun(settings, link))
        except BaseException:
            self._stop()
            raise
        atexit.register(self.close)

    def call(self, question: Coroutine[Any, Any, Result], deadline: float = DEADLINE) -> Result:
        """Have something done in the thread, and wait for it.

        Raises:
            StoreUnavailable: it takes too long, or the thread has ended.
        """
        try:
            asked = asyncio.run_coroutine_threadsafe(question, self._loop)
        except RuntimeError as error:
            question.close()
            raise StoreUnavailable("the gate's thread has ended") from error
        try:
            return asked.result(deadline)
        except concurrent.futures.TimeoutError as error:
            asked.cancel()
            raise StoreUnavailable("the gate's thread is too slow") from error

    def close(self) -> None:
        """Write what waits and end the thread. Nothing is raised: a process is ending."""
        if self.process != os.getpid() or self._loop.is_closed():
            return
        atexit.unregister(self.close)
        with contextlib.suppress(Exception):
            self.call(_quietly(self.gate.close), LAST_WORDS)
        self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LAST_WORDS)
        if not self._thread.is_alive():
            self._loop.close()


async def _begun(settings: Settings, link: Callable[[], MountedLink]) -> MountedGate:
    return MountedGate(settings, link)


async def _quietly(closing: Callable[[], Awaitable[None]]) -> None:
    try:
        await closing()
    except RuntimeError as error:
        # At the very end of a process no thread may be started any more: the moves of sessions wait for their next use.
        log.debug("%s", error)
