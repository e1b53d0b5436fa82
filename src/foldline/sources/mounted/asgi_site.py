"""Asks an ASGI application for an article, in a task of its own: the same call that its server makes."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from foldline.errors import OriginUnavailable
from foldline.sources.mounted.identity import MARK, Place, own_fields, split_target
from foldline.sources.mounted.whole_answer import WholeAnswer, is_read
from foldline.sources.origin.fetch import MOST_PAGE
from foldline.sources.origin.headers import Fields, is_unsendable

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

#: Seconds that an application has for a page.
DEADLINE = 15.0


class AsgiSite:
    """`state` is what the application's lifespan left for its requests."""

    def __init__(self, application: Application, place: Place, *, deadline: float = DEADLINE) -> None:
        self._application = application
        self._place = place
        self._deadline = deadline
        self.state: MutableMapping[str, Any] | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def ask(self, method: str, target: bytes, fields: Fields) -> WholeAnswer:
        """What the application answers. It knows of nobody but the gate: no task, no context of any reader.

        Raises:
            OriginUnavailable: it fails or is too slow.
        """
        heard = _Heard()
        called = self._called(self._scope(method, target, fields), heard)
        task = asyncio.get_running_loop().create_task(called, context=contextvars.Context())
        # What an application does behind its answer (background tasks) goes on; the loop keeps no task alive itself.
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            async with asyncio.timeout(self._deadline):
                await heard.ended.wait()
        except BaseException as error:
            task.cancel()
            if isinstance(error, TimeoutError):
                raise OriginUnavailable("slow") from error
            raise
        return heard.answer()

    def close(self) -> None:
        """End what is under way."""
        for task in tuple(self._running):
            task.cancel()

    async def _called(self, scope: Message, heard: _Heard) -> None:
        try:
            await self._application(scope, heard.receive, heard.send)
        except Exception:
            if not heard.left:
                heard.failed = True
                log.exception("the application failed at an article")
        finally:
            heard.ended.set()

    def _scope(self, method: str, target: bytes, fields: Fields) -> Message:
        raw, path, query = split_target(target)
        self._place.under_mount(path)
        scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": self._place.scheme,
            "path": path.decode("utf-8"),
            "raw_path": raw,
            "query_string": query,
            "root_path": self._place.mount,
            "headers": own_fields(fields),
            "client": None,
            "server": self._place.server,
            "extensions": {},
            MARK: True,
        }
        if self.state is not None:
            scope["state"] = dict(self.state)
        return scope


class _Heard:
    """The server's side of one call."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.failed = self.left = self._whole = self._too_large = self._asked = False
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    async def receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if self.left:
            raise OSError("nobody reads this answer any more")
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            self._whole = not message.get("more_body", False)
            self._too_large = len(self._body) > MOST_PAGE
            if self._whole or self._too_large or not is_read(self._status, self._headers):
                self.left = True
                self.ended.set()

    def answer(self) -> WholeAnswer:
        if not self._status:
            what = "the application raised an exception" if self.failed else "the application began no answer"
            raise OriginUnavailable("failing" if self.failed else "broken", what)
        if is_unsendable(self._headers):
            raise OriginUnavailable("broken", "control bytes in a field")
        cut_off = not self._whole and not self._too_large
        return WholeAnswer(self._status, self._headers, bytes(self._body), cut_off=cut_off, too_large=self._too_large)
