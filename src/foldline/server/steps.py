"""Reading in steps: what is to be read is yielded, for one who reads it at once or one who has it read in a thread."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from typing import Any

from foldline.errors import StoreUnavailable

#: Yields what must be read, and takes what was read or why it could not be.
Steps = Generator[Callable[[], Any], Any, None]


def step_through(steps: Steps) -> None:
    """Take steps to their end."""
    answer: Any = None
    with contextlib.suppress(StopIteration):
        while True:
            read = steps.send(answer)
            try:
                answer = read()
            except StoreUnavailable as error:
                answer = error


async def step_through_beside(steps: Steps, thread: Executor) -> None:
    """The same, while the loop goes on: each read is done in `thread`."""
    loop = asyncio.get_running_loop()
    answer: Any = None
    with contextlib.suppress(StopIteration):
        while True:
            read = steps.send(answer)
            try:
                answer = await loop.run_in_executor(thread, read)
            except StoreUnavailable as error:
                answer = error
