"""One gate worker: the real parts behind the gate's needs. Django is never imported here (a test holds it so)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn
import uvloop

from foldline.clock import Clock, SystemClock
from foldline.config import Settings, home_from, load
from foldline.gate.asgi import GateApp
from foldline.gate.spending import Spender
from foldline.insight.counts import CountFile
from foldline.server import logs, worker_counts
from foldline.server.graceful import GracefulServer
from foldline.server.parent import end_with_parent
from foldline.server.pictures import pictures_of
from foldline.server.protocol import GateProtocol
from foldline.server.site_link import SiteLink
from foldline.server.steps import Steps, step_through, step_through_beside
from foldline.server.threaded_stores import ThreadedGifts, ThreadedMeter, ThreadedPasses
from foldline.server.uvicorn_config import uvicorn_config
from foldline.server.worker_hearing import WorkerHearing
from foldline.server.worker_parts import WorkerParts
from foldline.stores.changes import INTERVAL
from foldline.stores.mode import Mode

if TYPE_CHECKING:
    from foldline.server.origin_gate import OriginGate
    from foldline.server.origin_link import Link


class Worker:
    """The application of one worker and what it does beside answering: hear of changes, write event lines."""

    def __init__(
        self, settings: Settings, number: int, clock: Clock | None = None, mounted: Link | None = None
    ) -> None:
        """`number` is of no other worker of this home that runs. `mounted` leads to a site in this process."""
        clock = clock or SystemClock()
        home = settings.home
        name = f"{'worker' if mounted is None else 'mounted'}-{number}"
        parts = self.parts = WorkerParts(settings, name, clock)
        self.state, self.events, self.library = parts.state, parts.events, parts.library
        #: Where a machine is asked for what no visit waits for. Without one no thread is ever started here.
        self._beside = ThreadPoolExecutor(1, "beside")
        self.app = GateApp(
            parts.state,
            parts.library,
            Spender(ThreadedMeter(parts.meter), clock),
            ThreadedPasses(parts.passes, parts.roll),
            SiteLink(home.site_socket, urlsplit(settings.publication.url).scheme, settings.hops),
            pictures_of(home),
            gifts=ThreadedGifts(parts.gifts),
        )
        self._counts: CountFile | None = None
        if settings.metrics is not None:
            self._counts = CountFile(home.counts, name.replace("-", " "), clock.now())
        self._origin = self._origin_gate(settings, number, clock, mounted) if settings.origin is not None else None
        self._hearing = WorkerHearing(parts, self._origin)

    def _origin_gate(self, settings: Settings, number: int, clock: Clock, mounted: Link | None) -> OriginGate:
        # Only a site behind the gate pays for what reads it: memory of every other worker.
        from foldline.insight.shadow import ShadowLines
        from foldline.server.origin_gate import OriginGate

        lines = ShadowLines(settings.home.shadow_events, f"worker-{number}", clock)
        origin = self.app.origin = OriginGate(settings, self.state, self.library, lines, self.app.drive, mounted)
        return origin

    @property
    def in_shadow(self) -> bool:
        """Whether a site's own answers go out unchanged."""
        return self._origin is not None and self._origin.mode is Mode.SHADOW

    def hear(self) -> None:
        """Take in what changed since the last time. While changes can't be read, passes and their two clocks count."""
        step_through(self._hearing.changes())

    async def listen(self) -> None:
        """The same, beside the loop where all of it lies on another machine."""
        await self._settle(self._hearing.changes())

    def look_at_records(self) -> None:
        """Read past what is held in memory: whether this worker could still be asked for a page that it does not
        hold. And tell once that it became ready, or is not ready any more, and why."""
        step_through(self._hearing.readiness())

    async def _settle(self, steps: Steps) -> None:
        """Take steps; where what they read lies on another machine, each is read beside the loop."""
        if self.parts.distant:
            await step_through_beside(steps, self._beside)
        else:
            step_through(steps)

    async def beside(self) -> None:
        """Run until cancelled."""
        turn = 0
        try:
            while True:
                await self.listen()
                turn += 1
                if turn % 4 == 1:
                    await self._settle(self._hearing.readiness())
                if turn % 4 == 0:
                    self.events.flush()
                    await self._hand_over()
                    self._tell_counts()
                if turn % 40 == 0:
                    self.parts.roll.flush()
                    self.parts.watch.flush()
                await asyncio.sleep(INTERVAL)
        finally:
            # First, and once more: at the end of a host process no thread can be started, and what follows fails.
            self._flush()
            self.parts.roll.close()
            self.parts.crawlers.close()
            self.parts.watch.close()
            if self._origin is not None:
                await self._origin.close()
            self._flush()
            if self._counts is not None:
                self._counts.close()
                self._counts = None
            self._beside.shutdown(wait=False, cancel_futures=True)

    async def _hand_over(self) -> None:
        """Let claims wait to be looked up, and write the lines of a site in shadow."""
        claims = self.state.unproven.take()
        hand_over = partial(self.parts.crawlers.hand_over, claims, self.state.now())
        if self.parts.distant:
            left = await asyncio.get_running_loop().run_in_executor(self._beside, hand_over)
        else:
            left = hand_over()
        self.state.unproven.put_back(left)
        if self._origin is not None:
            self._origin.lines.flush()

    def _flush(self) -> None:
        self.events.flush()
        if not self.parts.distant:
            claims = self.state.unproven.take()
            self.state.unproven.put_back(self.parts.crawlers.hand_over(claims, self.state.now()))
        if self._origin is not None:
            self._origin.lines.flush()
        self._tell_counts()

    def _tell_counts(self) -> None:
        if self._counts is not None:
            self._counts.write(self.state.clock.now(), worker_counts.samples(self))


class _Server(GracefulServer):
    """Ends what runs beside it with the last answer. Afterwards it is too late: uvicorn raises the signal that stopped
    it once more, and the process is gone with what was not yet written down."""

    def __init__(self, config: uvicorn.Config, beside: asyncio.Task[None]) -> None:
        super().__init__(config)
        self._beside = beside

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        self._beside.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._beside


async def serve(settings: Settings, listening: socket.socket, number: int) -> None:
    """Serve on a socket that is listening already, until told to stop."""
    worker = Worker(settings, number)
    config = uvicorn_config(worker.app, http=GateProtocol)
    worker.hear()
    beside = asyncio.create_task(worker.beside())
    try:
        await _Server(config, beside).serve(sockets=[listening])
    finally:
        beside.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beside


def main(environ: Mapping[str, str] = os.environ) -> None:
    """Started by the supervisor: `FOLDLINE_LISTEN_FD` is the socket, `FOLDLINE_WORKER` this worker's number."""
    end_with_parent()
    number = int(environ.get("FOLDLINE_WORKER", "0"))
    settings = load(home_from(environ), environ)
    logs.begin(settings.log_format, f"worker {number}")
    listening = socket.socket(fileno=int(environ["FOLDLINE_LISTEN_FD"]))
    uvloop.run(serve(settings, listening, number))


if __name__ == "__main__":
    main()
