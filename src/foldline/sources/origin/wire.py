"""One TCP or TLS connection with bounded memory: what comes while nobody listens spoils it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

#: More bytes than these wait in the kernel, not here.
MOST_WAITING = 128 << 10


class Wire(asyncio.Protocol):
    """The bytes of one connection. It is `fresh` while it may be asked again."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._came: deque[bytes] = deque()
        self._waiting = 0
        self._ended = False
        self._error: Exception | None = None
        self._wake: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._full = False
        self._resting = False
        self.received = 0

    @property
    def fresh(self) -> bool:
        """Whether the other side is there, and has said nothing that nobody asked for."""
        return not self._ended and self._transport is not None and not self._transport.is_closing() and not self._came

    def rest(self) -> None:
        """Nothing is asked any more. What comes now belongs to no question, and must never answer one."""
        self._resting = True

    def awake(self) -> None:
        """Something is asked again."""
        self._resting = False
        self.received = 0

    async def send(self, data: bytes) -> None:
        """Write, and wait while the other side takes nothing.

        Raises:
            OSError: the connection is gone.
        """
        if self._ended or self._transport is None or self._transport.is_closing():
            raise self._error or ConnectionResetError("the connection is gone")
        self._transport.write(data)
        if self._full:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    async def receive(self) -> bytes:
        """What came next; b"" at the end.

        Raises:
            OSError: the connection broke.
        """
        while not self._came:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return b""
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        data = self._came.popleft()
        over = self._waiting > MOST_WAITING
        self._waiting -= len(data)
        if over and self._waiting <= MOST_WAITING and self._transport is not None and not self._ended:
            self._transport.resume_reading()
        return data

    def drop(self) -> None:
        """Close at once. What waits to be written or read is lost."""
        self._came.clear()
        self._waiting = 0
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._resting:
            self._ended = True
            self.drop()
            return
        self.received += len(data)
        self._came.append(data)
        before, self._waiting = self._waiting, self._waiting + len(data)
        if before <= MOST_WAITING < self._waiting and self._transport is not None:
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> bool:
        self._ended = True
        self._tell()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._transport = None
        self._error = self._error or exc
        self._tell()
        if self._room is not None and not self._room.done():
            self._room.set_exception(exc or ConnectionResetError("the connection is gone"))
        self._room = None

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None

    def _tell(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
