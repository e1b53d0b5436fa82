"""uvicorn's HTTP protocol with a short way for a page that nothing must be waited for.

A plain GET whose answer lies in memory is written at once: no task, no scope, no messages, which cost twice as much as
the gate's own work. Everything else (a body, an upgrade, a pipelined or slow reader, a visit that must wait) goes
uvicorn's way, unchanged. It leans on uvicorn's attributes, so the version is locked and tests hold both ways equal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE
from uvicorn.server import ServerState

from foldline.gate.asgi import TARGET, GateApp
from foldline.gate.request import Request
from foldline.gate.response import HeaderList, Response
from foldline.gate.tally import TICKS
from foldline.server.graceful import CLOSING
from foldline.server.patience import PatientProtocol

_READS = (b"GET", b"HEAD")

#: What stands before a body, in bytes and in header lines. Browsers send a tenth of it.
MOST_HEAD = 64 << 10
MOST_LINES = 128


class GateProtocol(PatientProtocol):
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
        self._answers, self._seconds = self._gate.tally.answers, self._gate.tally.seconds
        self._now = self.loop.time
        self._answered = False
        self._in_head = True
        self._head_bytes = self._lines = 0
        #: When the last answer was given, by the loop's clock; None while a request is under way.
        self._idle_since: float | None = None

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which has no bound of its own for what stands before a body."""
        self._idle_since = None
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._not_fed(error)
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")

    def _not_fed(self, error: Exception) -> None:
        if isinstance(error, httptools.HttpParserUpgrade):
            self._unsupported_upgrade_warning()
            return
        self.logger.warning("Invalid HTTP request received.")
        self.send_400_response("Invalid HTTP request received.")

    def on_message_begin(self) -> None:
        self._in_head = True
        self._waits_since = self._now()
        self._head_bytes = self._lines = 0
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines += 1
        if self._lines > MOST_LINES or len(name) + len(value) > MOST_HEAD:
            raise ValueError("too many header fields, or too long a one")
        name = name.lower()
        if name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue" or self.expect_100_continue
        self.headers.append((name, value))

    def on_url(self, url: bytes) -> None:
        # A target that names an authority of its own could be decided for one host and routed by another (RFC 9112,
        # 3.2.2): it is refused before anything is asked.
        if not self.url and not url.startswith(b"/"):
            raise ValueError("the target is not a path")
        self.url += url

    def on_headers_complete(self) -> None:
        self._in_head = False
        method = self.parser.get_method()
        response = self._at_once(method) if method in _READS and self._is_plain() else None
        self._answered = response is not None
        if response is None:
            self._go_the_long_way()
            return
        head = head_of(response, self.server_state.default_headers)
        if method == b"HEAD":
            self.transport.write(head)
        else:
            self.transport.writelines((head, response.body))
        began = self._waits_since
        now = self._rest()
        # `Tally.answered`, without a call: each answer pays for it.
        kind, took = response.kind, now - (now if began is None else began)
        self._answers[(kind << 10 | response.status) << 5 | int(took * TICKS).bit_length()] += 1
        self._seconds[kind] += took

    def _go_the_long_way(self) -> None:
        """Let uvicorn answer: what it makes when a message begins is made only now."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        self.scope[TARGET] = url  # type: ignore[literal-required]
        super().on_headers_complete()

    def _rest(self) -> float:
        """Wait for the next request, from now on by the loop's clock. One timer runs for as long as the connection
        does, and looks when it ends."""
        self.server_state.total_requests += 1
        if self.flow.read_paused:
            self.flow.resume_reading()
        now = self._idle_since = self._now()
        if self.timeout_keep_alive_task is None:
            self._wait(self.timeout_keep_alive)
        return now

    def _wait(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._idle_since = self._now()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that nobody has used for long enough."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self._now()
        if left > 0.01:
            self._wait(left)
        else:
            super().timeout_keep_alive_handler()

    def on_body(self, body: bytes) -> None:
        self._waits_since = self._now()
        if not self._answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._waits_since = None
        if not self._answered:
            super().on_message_complete()

    def _is_plain(self) -> bool:
        """Whether nothing about the connection needs care: order, flow, its end, a change of protocol."""
        parser = self.parser
        return (
            (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.flow.write_paused
            and not self.expect_100_continue
            and CLOSING not in self.server_state.default_headers
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
        )

    def _at_once(self, method: bytes) -> Response | None:
        path, _, query = self.url.partition(b"?")
        if b"#" in query or b"#" in path:
            return None
        request = Request(
            "HEAD" if method == b"HEAD" else "GET", path, query, self.headers, self.client[0] if self.client else ""
        )
        if request.has_body:
            return None
        return self._gate.at_once(request)


Fields = Sequence[tuple[bytes, bytes]]


def head_of(response: Response, default: Fields) -> bytes:
    """Status line and fields, those that stand on every answer first."""
    if response.lines is None:
        response.lines = _checked(response.status, response.headers)
    return b"%s%s%s\r\n" % (STATUS_LINE[response.status], _default_lines(tuple(default)), response.lines)


@lru_cache(maxsize=2)  # the date changes each second
def _default_lines(default: HeaderList) -> bytes:
    return _lines(default)


@lru_cache(maxsize=64)
def _checked(status: int, headers: HeaderList) -> bytes:
    """Header lines, checked as uvicorn checks them. A response without a length can't be framed."""
    for name, value in headers:
        if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
            raise ValueError("invalid header field")
    if status not in (204, 304) and not any(name == b"content-length" for name, _ in headers):
        raise ValueError("no length")
    return _lines(headers)


def _lines(headers: HeaderList) -> bytes:
    return b"".join(b"%s: %s\r\n" % field for field in headers)
