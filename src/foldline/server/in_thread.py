"""Asking something that may be slow without holding up the event loop, and never waiting for it too long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from foldline.errors import StoreUnavailable

Result = TypeVar("Result")


class InThread:
    """A thread of its own for one kind of question, whose answer nobody waits for longer than `deadline` seconds.

    After a question that took too long it is left alone for `breather` seconds: one slow visit, not all of them. With
    `after_failures` so it is after one that failed.
    """

    def __init__(self, name: str, deadline: float, breather: float, *, after_failures: bool = False) -> None:
        self._name = name
        self._deadline = deadline
        self._breather = breather
        self._after_failures = after_failures
        self._thread = ThreadPoolExecutor(1, name)
        self._down_until = 0.0

    async def __call__(self, ask: Callable[[], Result], /) -> Result:
        """The answer. A question that is given up is answered all the same, later, and its answer lost.

        Raises:
            StoreUnavailable: no answer within the deadline, or none a moment ago.
        """
        loop = asyncio.get_running_loop()
        if loop.time() < self._down_until:
            raise StoreUnavailable(f"{self._name}: left alone after a failure")
        try:
            return await asyncio.wait_for(loop.run_in_executor(self._thread, ask), self._deadline)
        except TimeoutError as error:
            self._down_until = loop.time() + self._breather
            raise StoreUnavailable(f"{self._name}: too slow") from error
        except StoreUnavailable:
            if self._after_failures:
                self._down_until = loop.time() + self._breather
            raise

    def close(self) -> None:
        """Let the thread end with what it does now."""
        self._thread.shutdown(wait=False, cancel_futures=True)
