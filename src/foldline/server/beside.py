"""Reading from another machine without holding up the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from foldline.errors import StoreUnavailable
from foldline.server.pictures import PICTURE_TYPES
from foldline.stores.home import Home
from foldline.stores.pictures import PictureStore

Result = TypeVar("Result")

log = logging.getLogger(__name__)

#: How long a visit waits for a record, in seconds: a preview that comes later is none.
RECORD_DEADLINE = 1.0
#: After a failure it is left alone for so long, in seconds: one slow visit, not all of them.
BREATHER = 0.5
#: How long a picture is waited for, in seconds: it may have 20 MB.
PICTURE_DEADLINE = 10.0


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


class DistantPictures:
    """The newsroom's pictures from the database that hosts share. Caches hold them for long: a name never means
    another picture."""

    def __init__(self, home: Home) -> None:
        self._store = PictureStore(home)
        self._beside = InThread("pictures", PICTURE_DEADLINE)

    async def picture(self, name: str) -> tuple[str, bytes] | None:
        """(content type, bytes) of a picture; None where there is none, or none that can be read."""
        kind = PICTURE_TYPES.get(name.rpartition(".")[2])
        try:
            data = await self._beside(partial(self._store.find, name)) if kind is not None else None
        except StoreUnavailable as error:
            log.warning("%s", error)
            return None
        return (kind, data) if kind is not None and data is not None else None
