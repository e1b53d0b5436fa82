"""A server that says when it takes connections, and that leaves without losing a request.

uvicorn, told to stop, closes what is idle at once: a request that is on its way then has no answer. Told to *leave*,
this one takes no new connection, answers on those that there are with `Connection: close`, and lets idle ones run out.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Mapping

import uvicorn

#: What the supervisor sends to a process that another one has taken the place of.
LEAVE = signal.SIGUSR1
#: The descriptor on which a process says that it answers.
READY_FD = "FOLDLINE_READY_FD"
#: For so many seconds connections that are open may bring one more request; uvicorn closes idle ones after five.
PATIENCE = 10.0
#: For so many seconds new connections are still taken: some were made when this process was still the one to ask.
LAST_CALL = 0.3
#: On every answer from then on. uvicorn closes the connection that it stands on.
CLOSING = (b"connection", b"close")


def nothing() -> None:
    """What runs before a process leaves that has nothing else to do."""


def tell_ready(environ: Mapping[str, str] = os.environ) -> None:
    """Say that this process answers, to whoever started it and wants to know."""
    if READY_FD in environ:
        descriptor = int(environ[READY_FD])
        os.write(descriptor, b"1")
        os.close(descriptor)


class GracefulServer(uvicorn.Server):
    """`on_leave` is called when it begins to leave: what must not be done twice ends there."""

    def __init__(self, config: uvicorn.Config, on_leave: Callable[[], None] = nothing) -> None:
        super().__init__(config)
        self._on_leave = on_leave
        self._leaves = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        asyncio.get_running_loop().add_signal_handler(LEAVE, self.leave)
        tell_ready()

    def leave(self) -> None:
        """Begin to leave."""
        if not self._leaves:
            self._on_leave()
        self._leaves = self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._leaves:
            await self._see_out(sockets or [])
        await super().shutdown(sockets)

    async def _see_out(self, sockets: list[socket.socket]) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        state = self.server_state
        open_still = True
        # A second SIGTERM ends it at once, as ever.
        while not self._captured_signals and loop.time() - begun < PATIENCE:
            # A list of its own every time: the date is of now, and uvicorn's is not touched.
            await self.on_tick(0)
            state.default_headers = [*state.default_headers, CLOSING]
            if open_still and loop.time() - begun >= LAST_CALL:
                open_still = False
                for server in self.servers:
                    server.close()
                for listening in sockets:
                    listening.close()
            if not open_still and not state.connections:
                return
            await asyncio.sleep(0.05)
