"""The process that tells metrics, on a listener of its own. It counts nothing itself, and nothing else needs it."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
import uvloop
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest

from foldline.config import home_from, load
from foldline.server import logs
from foldline.server.metrics import registry_of
from foldline.server.parent import end_with_parent
from foldline.server.uvicorn_config import uvicorn_config

Message = MutableMapping[str, Any]
Fields = tuple[tuple[bytes, bytes], ...]

PATH = b"/metrics"
_PLAIN: Fields = ((b"content-type", b"text/plain; charset=utf-8"),)


def is_inner(host: str) -> bool:
    """Whether a name in `Host` is an address, `localhost`, or one word, as neighbours call a container. A page in
    somebody's browser can make its own name lead here, and could then read along (DNS rebinding): never these."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return name != "" and "." not in name.rstrip(".")
    return True


class MetricsApp:
    """Answers GET of one path."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        status, headers, body = self._answer(scope)
        told: Fields = (*headers, (b"cache-control", b"no-store"), (b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, scope: Message) -> tuple[int, Fields, bytes]:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not is_inner(hosts[0]):
            return 421, _PLAIN, b"Ask for this by an address, or by a name of one word.\n"
        if scope["raw_path"] != PATH:
            return 404, _PLAIN, b"Only /metrics is here.\n"
        if scope["method"] not in ("GET", "HEAD"):
            return 405, (*_PLAIN, (b"allow", b"GET, HEAD")), b"Method not allowed.\n"
        return 200, ((b"content-type", CONTENT_TYPE_PLAIN_1_0_0.encode()),), generate_latest(self._registry)


def main() -> None:
    """Serve on the socket that the supervisor gave, until told to stop."""
    end_with_parent()
    settings = load(home_from(os.environ), os.environ)
    logs.begin(settings.log_format, "metrics")
    config = uvicorn_config(
        MetricsApp(registry_of(settings.home.counts)), limit_concurrency=16, timeout_graceful_shutdown=2
    )
    listening = socket.socket(fileno=int(os.environ["FOLDLINE_LISTEN_FD"]))
    uvloop.run(uvicorn.Server(config).serve(sockets=[listening]))


if __name__ == "__main__":
    main()
