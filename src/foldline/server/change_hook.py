"""`POST /-/changed`: an origin tells which of its pages are others now, or withdrawn. It never waits for a cache."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Sequence

from foldline.config import Settings
from foldline.errors import StoreUnavailable
from foldline.gate.asgi import Receive
from foldline.gate.errors import bare
from foldline.gate.request import Request
from foldline.gate.response import JSON, NO_STORE, Response
from foldline.gate.state import GateState
from foldline.server.telling import rows_of, tell
from foldline.sources.origin.notice import MOST_BODY, SIGNATURE, NoticeRefused, read_notice, verify
from foldline.stores.changes import Change

log = logging.getLogger(__name__)

NAME = b"changed"
#: A body that takes longer than this is not waited for, in seconds.
PATIENCE = 10.0


class ChangeHook:
    """One worker's. What was told holds for all of them: it is written before it is answered. `on_told` hears of it in
    this one."""

    def __init__(self, settings: Settings, state: GateState, on_told: Callable[[Sequence[Change]], None]) -> None:
        if settings.origin is None:
            raise ValueError("these settings name no origin")
        self._home = settings.home
        self._url = settings.publication.url
        self._surfaces = settings.origin.surfaces
        self._secret = settings.origin.secret
        self._state = state
        self._on_told = on_told

    def is_asked(self, request: Request) -> bool:
        """Whether a request is for this address. Where no secret is shared with the site nobody can sign a notice."""
        return bool(self._secret) and request.path == self._state.prefix + NAME

    async def answer(self, request: Request, receive: Receive) -> Response:
        """Take a notice as a whole, or refuse it as a whole. Whoever has not signed it is told no more than that."""
        if request.ambiguous:
            return bare(400, self._state)
        if request.method != "POST":
            return bare(405, self._state, (b"allow", b"POST"))
        try:
            body = await asyncio.wait_for(_body(receive), PATIENCE)
        except TimeoutError:
            return bare(408, self._state)
        if body is None:
            return self._said(413, {"error": f"the body is longer than {MOST_BODY} bytes"})
        try:
            # Two fields of this name are joined into a value that is no signature.
            verify(self._secret, request.header(SIGNATURE), body, self._state.now())
            notice = read_notice(body, self._surfaces, self._url)
        except NoticeRefused as error:
            more = ((b"www-authenticate", b"Foldline-Signature"),) if error.status == 401 else ()
            log.warning("a notice of changes was refused with %d", error.status)
            return self._said(error.status, {"error": str(error)}, *more)
        try:
            await asyncio.to_thread(tell, self._home, notice, self._state.clock.now())
        except StoreUnavailable as error:
            log.error("a notice of changes: %s", error)
            return self._said(503, {"error": "it could not be written: tell it again"}, (b"retry-after", b"5"))
        self._on_told(rows_of(notice))
        told = "all" if notice.everything else len(notice.changed)
        return self._said(200, {"changed": told, "withdrawn": len(notice.withdrawn)})

    def _said(self, status: int, told: dict[str, object], *more: tuple[bytes, bytes]) -> Response:
        body = json.dumps(told).encode() + b"\n"
        length = (b"content-length", b"%d" % len(body))
        return Response(status, (*JSON, *NO_STORE, *self._state.security, *more, length), body)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it is too long. What breaks off is signed by nobody."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > MOST_BODY:
            return None
        if not message.get("more_body"):
            return body
