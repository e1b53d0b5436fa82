"""How long a client may keep a connection without saying or taking anything: each one holds a worker's socket.

uvicorn closes a connection that is idle between two requests, and no other. A few thousand that send half a request, or
take none of an answer, would use up what a worker may have open.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: A head must be here this many seconds after a connection was made, or after its first byte came.
HEAD_SECONDS = 20.0
#: So long may pass between two parts of a body. How long a body takes as a whole is for whoever it is sent to.
BODY_SECONDS = 60.0
#: So long may pass in which a client takes nothing of what waits for it.
SEND_SECONDS = 60.0
#: How often a connection is looked at.
LOOK_SECONDS = 5.0


class PatientProtocol(HttpToolsProtocol):
    """A connection with an end to waiting. One timer runs for as long as it does; a request sets no timer."""

    _in_head = True
    #: Since when there is nothing to do but wait for the client, by the loop's clock; None while there is.
    _waits_since: float | None = None
    _waiting_bytes = 0
    _stuck_since: float | None = None
    _looks: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waits_since = self.loop.time()
        self._looks = self.loop.call_later(LOOK_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._looks is not None:
            self._looks.cancel()
            self._looks = None
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """The client took something."""
        self._stuck_since = None
        super().resume_writing()

    def _look(self) -> None:
        now = self.loop.time()
        if self._takes_nothing(now):
            # Not `close`, which would wait until everything was taken.
            self.transport.abort()
        elif self._says_nothing(now) and not self.transport.is_closing():
            self.transport.close()
        self._looks = self.loop.call_later(LOOK_SECONDS, self._look)

    def _says_nothing(self, now: float) -> bool:
        if self._waits_since is None or self.flow.read_paused:
            return False
        return now - self._waits_since >= (HEAD_SECONDS if self._in_head else BODY_SECONDS)

    def _takes_nothing(self, now: float) -> bool:
        waiting = self.transport.get_write_buffer_size()
        if not waiting or waiting < self._waiting_bytes:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        self._waiting_bytes = waiting
        return self._stuck_since is not None and now - self._stuck_since >= SEND_SECONDS
