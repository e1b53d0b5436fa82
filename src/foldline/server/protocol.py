"""uvicorn's HTTP protocol with a short way for a page that nothing must be waited for.

A plain GET whose answer lies in memory is written at once: no task, no scope, no messages, which cost twice as much as
the gate's own work. Everything else (a body, an upgrade, a pipelined or slow reader, a visit that must wait) goes
uvicorn's way, unchanged. It leans on uvicorn's attributes, so the version is locked and tests hold both ways equal.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from foldline.gate.asgi import TARGET, GateApp
from foldline.gate.request import Request
from foldline.gate.response import HeaderList, Response

_READS = (b"GET", b"HEAD")

#: What stands before a body, in bytes and in header lines. Browsers send a tenth of it.
MOST_HEAD = 64 << 10
MOST_LINES = 128


class GateProtocol(HttpToolsProtocol):
    """One connection to a gate worker. `config.app` is a GateApp."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        if not isinstance(config.app, GateApp):
            raise TypeError("this protocol serves the gate and nothing else")
        self._gate = config.app
        self._answered = False
        self._in_head = True
        self._head_bytes = self._lines = 0

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which has no bound of its own for what stands before a body."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        self._in_head = True
        self._head_bytes = self._lines = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines += 1
        if self._lines > MOST_LINES or len(name) + len(value) > MOST_HEAD:
            raise ValueError("too many header fields, or too long a one")
        super().on_header(name, value)

    def on_url(self, url: bytes) -> None:
        # A target that names an authority of its own could be decided for one host and routed by another (RFC 9112,
        # 3.2.2): it is refused before anything is asked.
        if not self.url and not url.startswith(b"/"):
            raise ValueError("the target is not a path")
        super().on_url(url)

    def on_headers_complete(self) -> None:
        self._in_head = False
        response = self._at_once() if self._is_plain() else None
        self._answered = response is not None
        if response is None:
            self.scope[TARGET] = self.url  # type: ignore[literal-required]
            super().on_headers_complete()
            return
        head = _head(response.status, response.headers, tuple(self.server_state.default_headers))
        if self.parser.get_method() == b"HEAD":
            self.transport.write(head)
        else:
            self.transport.writelines((head, response.body))
        self.on_response_complete()

    def on_body(self, body: bytes) -> None:
        if not self._answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._answered:
            super().on_message_complete()

    def _is_plain(self) -> bool:
        """Whether nothing about the connection needs care: order, flow, its end, a change of protocol."""
        parser = self.parser
        return (
            parser.get_method() in _READS
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self.expect_100_continue
            and not self.flow.write_paused
            and not self.pipeline
            and (self.cycle is None or self.cycle.response_complete)
        )

    def _at_once(self) -> Response | None:
        try:
            target = httptools.parse_url(self.url)
        except httptools.HttpParserInvalidURLError:
            return None
        method = "HEAD" if self.parser.get_method() == b"HEAD" else "GET"
        client = self.client[0] if self.client else ""
        request = Request(method, target.path or b"", target.query or b"", self.headers, client)
        if request.header(b"content-length") or request.header(b"transfer-encoding"):
            return None
        return self._gate.at_once(request)


@lru_cache(maxsize=64)  # the date changes each second: more would only be kept for nothing
def _head(status: int, headers: HeaderList, default: HeaderList) -> bytes:
    """Status line and header fields, checked as uvicorn checks them. A response without a length can't be framed."""
    for name, value in headers:
        if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
            raise ValueError("invalid header field")
    if status not in (204, 304) and not any(name == b"content-length" for name, _ in headers):
        raise ValueError("no length")
    lines = b"".join(b"%s: %s\r\n" % field for field in (*default, *headers))
    return b"%s%s\r\n" % (STATUS_LINE[status], lines)
