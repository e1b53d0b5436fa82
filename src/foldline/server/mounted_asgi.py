"""The gate around an ASGI application: readers' articles are answered by the gate, the rest by the application."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from foldline.config import Settings
from foldline.gate.asgi import Receive, Scope, Send
from foldline.gate.errors import bare
from foldline.gate.request import Request
from foldline.server.mounted_gate import MountedGate
from foldline.server.mounted_link import FORWARD, MountedLink, place_of, require_mounted
from foldline.sources.mounted.asgi_site import Application, AsgiSite
from foldline.sources.mounted.identity import MARK
from foldline.sources.origin.answers import Verdict
from foldline.sources.origin.forward import ABOUT_A_PART, judged
from foldline.sources.origin.headers import own_answer_fields, passed_fields
from foldline.sources.origin.surfaces import METHODS, Kind, Surface
from foldline.spelling import spelt

log = logging.getLogger(__name__)


class MountedAsgi:
    """`mount` is the path that a server, or an application around, has this one under."""

    def __init__(self, application: Application, settings: Settings, mount: str = "") -> None:
        self._settings = require_mounted(settings)
        self._application = application
        self._mount = mount
        self._hosts = frozenset((settings.host.lower().encode(),))
        self._site = AsgiSite(application, place_of(settings, mount))
        self._gate: MountedGate | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
        else:
            raise ValueError(f"the gate knows no {scope['type']}")

    def _running(self) -> MountedGate:
        gate = self._gate
        if gate is None or gate.loop is not asyncio.get_running_loop():
            gate = self._gate = MountedGate(self._settings, lambda: MountedLink(self._settings, self._site))
        return gate

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        forwarded: list[Surface] = []
        gate = self._running()
        path = raw_path(scope)

        async def hear(message: Scope) -> None:
            if message["type"] == FORWARD:
                forwarded.append(message["surface"])
            else:
                await send(message)

        # A GateApp writes the path into its scope: it is given one of its own.
        await gate.app({**scope, "raw_path": path, "client": scope.get("client")}, receive, hear)
        if not forwarded:
            return
        if scope.get("root_path", "") != self._mount:
            log.error("asked under %r and mounted at %r", scope.get("root_path", ""), self._mount)
            await self._bare(404, gate, send)
            return
        await self._pass(forwarded[0], scope, receive, _Judge(forwarded[0], self._hosts, gate, send))

    async def _pass(self, surface: Surface, scope: Scope, receive: Receive, judge: _Judge) -> None:
        overrides = surface.allow >= frozenset(METHODS)
        headers = passed_fields(scope["headers"], overrides=overrides)
        if surface.unmapped:
            headers = [pair for pair in headers if pair[0].lower() not in ABOUT_A_PART]
        path, _, query = surface.target.partition(b"?")
        told = {key: value for key, value in scope.items() if key != MARK}
        told |= {"raw_path": path, "query_string": query, "headers": headers}
        if surface.kind is not Kind.PASSED:
            # With these a server would send something that nobody looked at.
            told["extensions"] = {}
        try:
            await self._application(told, receive, judge.send)
        except Exception:
            if not judge.closed:
                raise
            log.debug("the application was let go in the middle of a closed answer", exc_info=True)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passed where a plain question would be; anything else is closed before it is open."""
        headers = list(scope["headers"])
        request = Request("GET", raw_path(scope), scope["query_string"], headers)
        surface = self._settings.origin.surfaces.surface_of("GET", request.path, request.query)  # type: ignore[union-attr]
        ours = request.path.startswith(self._settings.publication.prefix.encode())
        host = request.header(b"host").lower()
        wrong = request.ambiguous or ours or host not in self._hosts or scope.get("root_path", "") != self._mount
        if wrong or surface.kind is not Kind.PASSED:
            await send({"type": "websocket.close", "code": 1008})
            return
        path, _, query = surface.target.partition(b"?")
        told = {key: value for key, value in scope.items() if key != MARK}
        told |= {"raw_path": path, "query_string": query, "headers": passed_fields(headers)}
        await self._application(told, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The application's own, with an end of ours before it."""
        self._site.state = scope.get("state")

        async def hear() -> Any:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._end()
            return message

        await self._application(scope, hear, send)

    async def _end(self) -> None:
        gate, self._gate = self._gate, None
        if gate is not None and gate.loop is asyncio.get_running_loop():
            await gate.close()

    async def _bare(self, status: int, gate: MountedGate, send: Send) -> None:
        answer = bare(status, gate.app.state)
        await send({"type": "http.response.start", "status": status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})


class _Judge:
    """Hears what the application answers, and sends of it what may be sent."""

    def __init__(self, surface: Surface, hosts: frozenset[bytes], gate: MountedGate, send: Send) -> None:
        self._surface = surface
        self._hosts = hosts
        self._gate = gate
        self._send = send
        #: That our own answer stands in the place of the application's.
        self.closed = False

    async def send(self, message: Scope) -> None:
        if self.closed:
            raise OSError("nobody reads this answer any more")
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body" or self._surface.kind is Kind.PASSED:
            await self._send(message)

    async def _start(self, message: Scope) -> None:
        headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
        if self._surface.kind is Kind.PASSED:
            await self._send({**message, "headers": own_answer_fields(headers)})
            return
        lowered = [(name.lower(), value) for name, value in headers]
        verdict, status, fields = judged(self._surface, message["status"], lowered, self._hosts)
        if verdict is Verdict.SENT:
            await self._send({**message, "headers": fields, "trailers": False})
            return
        self.closed = True
        body = b""
        if verdict is Verdict.CLOSED:
            answer = bare(status, self._gate.app.state)
            fields, body = answer.headers, answer.body
        await self._send({"type": "http.response.start", "status": status, "headers": fields})
        await self._send({"type": "http.response.body", "body": body})


def raw_path(scope: Scope) -> bytes:
    """The path that is decided on. An application routes on `path`; the raw one counts where it says the same."""
    decoded = str(scope["path"]).encode("utf-8", "surrogatepass")
    return spelt(scope.get("raw_path"), decoded or b"/")
