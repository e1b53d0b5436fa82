"""The gate's line to the site process: HTTP/1.1 over a unix socket, one connection a request, spoken by h11."""

from __future__ import annotations

import asyncio
from pathlib import Path

import h11

from foldline.callers.address import client_address
from foldline.errors import StoreUnavailable
from foldline.gate.request import Request
from foldline.gate.response import Response

#: Seconds until an answer must be there, and the most bytes of it.
DEADLINE = 20.0
MOST_ANSWER = 8 << 20

#: Only these reach the site process; who asks is told by the gate and by nobody else.
_PASSED = frozenset(
    (
        b"accept",
        b"accept-language",
        b"content-type",
        b"cookie",
        b"origin",
        b"referer",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"stripe-signature",
        b"till-signature",
        b"user-agent",
        b"x-csrftoken",
        b"x-requested-with",
    )
)
_DROPPED = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server", b"content-length"))

#: These pages are one reader's own and set cookies. A cache that was told to ignore `Cache-Control` heeds these.
_KEPT_BY_NOBODY = (
    (b"x-accel-expires", b"0"),
    (b"cdn-cache-control", b"no-store"),
    (b"surrogate-control", b"no-store"),
)


class SiteLink:
    """Forwards what lies under the prefix. `scheme` is that of the publication's address."""

    def __init__(self, socket: Path, scheme: str, hops: int, deadline: float = DEADLINE) -> None:
        self._socket = str(socket)
        self._scheme = scheme.encode()
        self._hops = hops
        self._deadline = deadline

    async def forward(self, request: Request) -> Response:
        """The site's answer, whole.

        Raises:
            StoreUnavailable: it does not run, is too slow, or its answer is none.
        """
        try:
            return await asyncio.wait_for(self._exchange(request), self._deadline)
        except (OSError, TimeoutError, h11.ProtocolError, asyncio.IncompleteReadError) as error:
            raise StoreUnavailable(f"site process: {error or 'too slow'}") from error

    async def _exchange(self, request: Request) -> Response:
        reader, writer = await asyncio.open_unix_connection(self._socket)
        try:
            connection = h11.Connection(h11.CLIENT)
            target = request.path + (b"?" + request.query if request.query else b"")
            head = h11.Request(method=request.method, target=target, headers=self._headers(request))
            for event in (head, h11.Data(data=request.body), h11.EndOfMessage()):
                writer.write(connection.send(event) or b"")
            await writer.drain()
            return await _receive(connection, reader, request.method)
        finally:
            writer.close()

    def _headers(self, request: Request) -> list[tuple[bytes, bytes]]:
        forwarded = tuple(request.header(b"x-forwarded-for").decode("latin-1").split(","))
        address = client_address(request.client, forwarded, self._hops)
        return [
            (b"host", request.header(b"host")),
            *((name, value) for name, value in request.headers if name in _PASSED),
            (b"x-forwarded-for", str(address or "0.0.0.0").encode()),  # noqa: S104 - an unknown address, not a bind
            (b"x-forwarded-proto", self._scheme),
            (b"connection", b"close"),
            *([(b"content-length", b"%d" % len(request.body))] if request.body or request.method == "POST" else []),
        ]


async def _receive(connection: h11.Connection, reader: asyncio.StreamReader, method: str) -> Response:
    head: h11.Response | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65_536))
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MOST_ANSWER:
                raise h11.RemoteProtocolError("the answer is too large")
        elif isinstance(event, h11.EndOfMessage):
            break
        elif not isinstance(event, h11.InformationalResponse):
            raise h11.RemoteProtocolError("the answer was cut off")
    if head is None:
        raise h11.RemoteProtocolError("there was no answer")
    fields = [(bytes(name), bytes(value)) for name, value in head.headers]
    length = b"%d" % len(body)
    if method == "HEAD":
        length = next((value for name, value in fields if name == b"content-length"), length)
    kept = tuple(field for field in fields if field[0] not in _DROPPED)
    return Response(head.status_code, (*kept, *_KEPT_BY_NOBODY, (b"content-length", length)), bytes(body))
