"""A worker's line to the site behind the gate: which surface a request is, its articles, and everything forwarded."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, MutableMapping
from typing import Any, Protocol

from foldline.callers.address import client_address
from foldline.errors import OriginUnavailable, UploadRefused
from foldline.gate.asgi import Receive, Send
from foldline.gate.request import Request
from foldline.sources.origin.client import Address, Limits, OriginClient
from foldline.sources.origin.fetch import ArticleFetcher, Fetched, Store, ignore
from foldline.sources.origin.forward import Forwarded, Forwarder, upload_of
from foldline.sources.origin.freshness import Bounds
from foldline.sources.origin.headers import Asker
from foldline.sources.origin.lists import FetchedList, fetch_list
from foldline.sources.origin.surfaces import Surface, SurfaceMap

log = logging.getLogger(__name__)

#: A reader who takes nothing for so many seconds is let go: they hold a connection to the origin.
READERS_PATIENCE = 60.0
AGENT = b"Foldline (the gate of this site)"

Scope = MutableMapping[str, Any]


def uncounted(surface: Surface) -> None:
    """Where nobody counts what was closed."""


class Link(Protocol):
    """A line to the site behind the gate; `OriginLink` is one."""

    def surface_of(self, request: Request) -> Surface: ...

    @property
    def surfaces(self) -> SurfaceMap: ...

    async def fetch(self, surface: Surface) -> Fetched: ...

    async def fetch_list(self, surface: Surface) -> FetchedList: ...

    async def forward(self, surface: Surface, request: Request, receive: Receive, send: Send) -> int: ...

    def forget(self, page: bytes) -> None: ...

    def forget_all(self) -> None: ...

    async def close(self) -> None: ...


class OriginLink:
    """`host` and `scheme` are those of the publication's address, `hosts` all names that readers may type, `hops` the
    proxies of ours before the gate. `on_closed` hears of each surface that the origin was asked for and whose answer
    was closed: what is unmapped is counted so."""

    def __init__(
        self,
        surfaces: SurfaceMap,
        address: Address,
        store: Store,
        *,
        host: bytes,
        scheme: bytes,
        secret: bytes,
        hosts: frozenset[bytes],
        hops: int = 0,
        limits: Limits | None = None,
        bounds: Bounds | None = None,
        on_change: Callable[[bytes, str], None] = ignore,
        on_closed: Callable[[Surface], None] = uncounted,
        readers_patience: float = READERS_PATIENCE,
    ) -> None:
        self._asker = asker = Asker(host, scheme, "", secret)
        self.surfaces = surfaces
        self._client = OriginClient(address, limits)
        self._fetcher = ArticleFetcher(self._client, store, asker, AGENT, bounds=bounds, on_change=on_change)
        self._forwarder = Forwarder(self._client, asker, hosts)
        self._hops = hops
        self._patience = readers_patience
        self._on_closed = on_closed

    def surface_of(self, request: Request) -> Surface:
        """What a request is."""
        return self.surfaces.surface_of(request.method, request.path, request.query)

    async def fetch(self, surface: Surface) -> Fetched:
        """What the origin has at an article's surface.

        Raises:
            OriginUnavailable: it does not answer, and nothing is kept.
        """
        return await self._fetcher.fetch(surface.target, surface.page)

    async def fetch_list(self, surface: Surface) -> FetchedList:
        """What the origin has at a surface that is rewritten.

        Raises:
            OriginUnavailable: it does not answer.
        """
        return await fetch_list(self._client, surface.target, surface.form, self._asker, AGENT)

    def drop(self, page: bytes) -> None:
        """A page has changed, or was withdrawn: forget what was fetched of it.

        Raises:
            StoreUnavailable: it may still be kept.
        """
        self._fetcher.drop(page)

    def forget(self, page: bytes) -> None:
        """The store was told of a page: what this worker knows of it beside the store is good no more."""
        self._fetcher.forget(page)

    def forget_all(self) -> None:
        """The same for every page."""
        self._fetcher.forget_all()

    async def forward(self, surface: Surface, request: Request, receive: Receive, send: Send) -> int:
        """Answer a surface that is passed or files, in pieces. 0 where something was sent; else nothing was, and the
        gate answers with this status: 404 or 410 for what is closed, 400, 408 or 413 for a bad body, 502 or 504 for an
        origin that does not answer."""
        try:
            body = _Body(receive)
            upload = upload_of(request.method, tuple(request.headers), body.chunks())
            client = self._client_of(request)
            async with await self._forwarder.forward(
                surface, request.method, tuple(request.headers), client, upload
            ) as answer:
                if answer.closed:
                    self._on_closed(surface)
                    return answer.status
                await self._send(answer, receive if upload is None or body.ended else None, send)
                return 0
        except UploadRefused as error:
            return error.status
        except ValueError:
            return 400
        except OriginUnavailable as error:
            log.warning("%s", error)
            return 504 if error.why == "slow" else 502

    async def close(self) -> None:
        """End what is under way."""
        await self._fetcher.close()
        self._client.close()

    async def _send(self, answer: Forwarded, receive: Receive | None, send: Send) -> None:
        """Send an answer. Where it breaks off, it is left unfinished, which tells the server to cut the connection:
        half an answer must not look like a whole one."""
        await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
        left = asyncio.ensure_future(_until_left(receive)) if receive is not None else None
        try:
            async with asyncio.timeout(None) as patience, contextlib.aclosing(answer.chunks()) as chunks:
                async for chunk in chunks:
                    if left is not None and left.done():
                        return
                    patience.reschedule(asyncio.get_running_loop().time() + self._patience)
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    patience.reschedule(None)
                await send({"type": "http.response.body", "body": b""})
        except OriginUnavailable as error:
            log.warning("in the middle of an answer: %s", error)
        except TimeoutError:
            log.warning("a reader took nothing for %d seconds", self._patience)
        finally:
            if left is not None:
                left.cancel()

    def _client_of(self, request: Request) -> str:
        forwarded = tuple(request.header(b"x-forwarded-for").decode("latin-1").split(","))
        return str(client_address(request.client, forwarded, self._hops) or "")


class _Body:
    """A request's body as ASGI hands it over."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.ended = False

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        while not self.ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise UploadRefused(400)
            self.ended = not message.get("more_body", False)
            yield message.get("body", b"")


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
