"""The gate around a WSGI application: readers' articles are answered by the gate, the rest by the application."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from foldline.config import Settings
from foldline.errors import StoreUnavailable
from foldline.gate.asgi import GateApp, Scope
from foldline.gate.errors import bare
from foldline.gate.response import Response
from foldline.gate.wsgi import (
    Application,
    Asked,
    Environ,
    StartResponse,
    body_of,
    field_name,
    scope_of,
    status_line,
)
from foldline.server.gate_thread import GateThread
from foldline.server.mounted_link import FORWARD, MountedLink, place_of, require_mounted
from foldline.sources.mounted.identity import MARK
from foldline.sources.mounted.wsgi_site import WsgiSite
from foldline.sources.origin.answers import Verdict
from foldline.sources.origin.forward import ABOUT_A_PART, judged
from foldline.sources.origin.headers import own_answer_fields, passed_fields
from foldline.sources.origin.surfaces import METHODS, Kind, Surface

log = logging.getLogger(__name__)


class MountedWsgi:
    """`mount` is the path that a server, or an application around, has this one under."""

    def __init__(self, application: Application, settings: Settings, mount: str = "") -> None:
        self._settings = require_mounted(settings)
        self._application = application
        self._mount = mount
        self._prefix = settings.publication.prefix.encode()
        self._hosts = frozenset((settings.host.lower().encode(),))
        self._thread: GateThread | None = None
        self._beginning = threading.Lock()
        #: Gates of a process that this one was forked off: what they hold must not be closed here.
        self._left: list[GateThread] = []

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        thread = self._running()
        asked = Asked()
        scope = scope_of(environ)
        if scope["raw_path"].startswith(self._prefix) and scope["method"] not in ("GET", "HEAD"):
            asked.body = body_of(environ)
        try:
            thread.call(_answered(thread.gate.app, scope, asked))
        except StoreUnavailable as error:
            log.error("%s", error)
            return _say(bare(503, thread.gate.app.state), environ, start_response)
        if asked.other is None or asked.other["type"] != FORWARD:
            start_response(status_line(asked.status), asked.headers)
            return asked.parts
        if environ.get("SCRIPT_NAME", "") != self._mount:
            log.error("asked under %r and mounted at %r", environ.get("SCRIPT_NAME", ""), self._mount)
            return _say(bare(404, thread.gate.app.state), environ, start_response)
        return self._pass(asked.other["surface"], environ, start_response, thread.gate.app)

    def close(self) -> None:
        """End this process's gate. The next request begins another."""
        with self._beginning:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()

    def _running(self) -> GateThread:
        thread = self._thread
        if thread is not None and thread.process == os.getpid():
            return thread
        with self._beginning:
            if self._thread is not None and self._thread.process != os.getpid():
                self._left.append(self._thread)
                self._thread = None
            if self._thread is None:
                self._thread = GateThread(self._settings, self._link)
            return self._thread

    def _link(self) -> MountedLink:
        site = WsgiSite(self._application, place_of(self._settings, self._mount))
        return MountedLink(self._settings, site)

    def _pass(self, surface: Surface, environ: Environ, start_response: StartResponse, app: GateApp) -> Iterable[bytes]:
        """Call the application in this thread, which is the reader's own."""
        told = told_of(surface, environ)
        if surface.kind is Kind.PASSED:

            def passed(status: str, headers: list[tuple[str, str]], *failed: Any) -> Callable[[bytes], object]:
                return start_response(status, _text(own_answer_fields(_bytes(headers))), *failed)

            # What it returns is returned as it is: a server may know a file by it.
            return self._application(told, passed)
        # With this a server would send a file that nobody looked at.
        told.pop("wsgi.file_wrapper", None)
        return _Judged(self._application, told, start_response, surface, self._hosts, app).answer()


async def _answered(app: GateApp, scope: Scope, asked: Asked) -> None:
    await app(scope, asked.receive, asked.send)


def told_of(surface: Surface, environ: Environ) -> Environ:
    """What the application is told of a request that goes on to it."""
    overrides = surface.allow >= frozenset(METHODS)
    told = {key: value for key, value in environ.items() if not key.startswith("HTTP_") and key != MARK}
    fields = [(field_name(key), str(value).encode("latin-1")) for key, value in environ.items() if key[:5] == "HTTP_"]
    for name, value in passed_fields(fields, overrides=overrides):
        if not (surface.unmapped and name in ABOUT_A_PART):
            told[f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"] = value.decode("latin-1")
    path, _, query = surface.target.partition(b"?")
    told["QUERY_STRING"] = query.decode("latin-1")
    for key in ("REQUEST_URI", "RAW_URI"):
        if key in told:
            told[key] = (path + (b"?" + query if query else b"")).decode("latin-1")
    return told


class _Judged:
    """An answer of which nothing is sent before its head was looked at."""

    def __init__(
        self,
        application: Application,
        told: Environ,
        start_response: StartResponse,
        surface: Surface,
        hosts: frozenset[bytes],
        app: GateApp,
    ) -> None:
        self._application = application
        self._told = told
        self._start_response = start_response
        self._surface = surface
        self._hosts = hosts
        self._app = app
        self._ours: Response | None = None
        self._started = False

    def answer(self) -> Iterable[bytes]:
        """The application's answer, or ours in its place."""
        came = self._application(self._told, self._start)
        chunks = iter(came)
        first = []
        while not self._started:
            # An application may begin its answer as late as with the first piece of it.
            chunk = next(chunks, None)
            if chunk is None:
                break
            first.append(chunk)
        if self._ours is None and self._started:
            return _Rest(first, chunks, came)
        _close(came)
        return _say(self._ours or bare(502, self._app.state), self._told, self._start_response)

    def _start(self, status: str, headers: list[tuple[str, str]], *failed: Any) -> Callable[[bytes], object]:
        self._started = True
        lowered = [(name.lower(), value) for name, value in _bytes(headers)]
        verdict, code, fields = judged(self._surface, int(status.split(" ")[0]), lowered, self._hosts)
        if verdict is Verdict.SENT:
            self._ours = None
            return self._start_response(status, _text(fields), *failed)
        self._ours = bare(code, self._app.state) if verdict is Verdict.CLOSED else Response(code, fields)
        return _nowhere


class _Rest:
    """An answer whose first pieces were taken out already. It is closed as the application's own would be."""

    def __init__(self, first: list[bytes], chunks: Iterator[bytes], came: Iterable[bytes]) -> None:
        self._first = first
        self._chunks = chunks
        self._came = came

    def __iter__(self) -> Iterator[bytes]:
        yield from self._first
        yield from self._chunks

    def close(self) -> None:
        _close(self._came)


def _nowhere(data: bytes) -> None:
    """Where a text goes that nobody may have."""


def _close(came: Iterable[bytes]) -> None:
    close = getattr(came, "close", None)
    if close is not None:
        close()


def _say(answer: Response, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    start_response(status_line(answer.status), _text(answer.headers))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


def _bytes(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _text(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
