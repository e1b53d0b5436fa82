"""Reading from another machine without holding up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from foldline.errors import StoreUnavailable

Result = TypeVar("Result")

#: How long a visit waits for a record, in seconds: a preview that comes later is none.
RECORD_DEADLINE = 1.0
#: After a failure it is left alone for so long, in seconds: one slow visit, not all of them.
BREATHER = 0.5


class InThread:
    """A thread of its own for one kind of reading, which its user never waits for longer than `deadline` seconds."""

    def __init__(self, name: str, deadline: float = RECORD_DEADLINE) -> None:
        self._name = name
        self._deadline = deadline
        self._thread = ThreadPoolExecutor(1, name)
        self._down_until = 0.0

    async def __call__(self, read: Callable[[], Result], /) -> Result:
        """What was read.

        Raises:
            StoreUnavailable: no answer within the deadline, or none a moment ago.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._down_until:
            raise StoreUnavailable(f"{self._name}: left alone after a failure")
        try:
            return await asyncio.wait_for(loop.run_in_executor(self._thread, read), self._deadline)
        except TimeoutError as error:
            self._down_until = loop.time() + BREATHER
            raise StoreUnavailable(f"{self._name}: too slow") from error

    def close(self) -> None:
        """Let the thread end with what it does now."""
        self._thread.shutdown(wait=False, cancel_futures=True)
