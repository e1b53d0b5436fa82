"""Hosts of feeds on loopback: what they answer is set by path, and what they were asked is written down."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


@dataclass(frozen=True)
class Said:
    """One answer."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Answers = Callable[[str, Mapping[str, str]], Said]


class FeedHost:
    """One port, on every address of loopback. `asked` are (path, headers by small names)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers: dict[str, Said | Answers] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@contextlib.contextmanager
def feed_host() -> Iterator[FeedHost]:
    host: FeedHost

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "Feeds", ""
        extensions_map: ClassVar[dict[str, str]] = {}

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            host.asked.append((self.path, headers))
            answer = host.answers.get(self.path, Said(status=404))
            said = answer if isinstance(answer, Said) else answer(self.path, headers)
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            if said.status != 304:
                self.send_header("content-length", str(len(said.body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(said.body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("0.0.0.0", 0), Handler) as server:
        server.daemon_threads = True
        host = FeedHost(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()


def rss(*items: str, title: str = "The Delta Courier", more: str = "") -> bytes:
    space = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" {space}><channel><title>{title}</title>'
        f"<link>https://courier.example/</link>{more}{''.join(items)}</channel></rss>"
    ).encode()


def item(
    number: int = 1, title: str = "", link: str = "", about: str = "About it.", date: str = "", more: str = ""
) -> str:
    title = title or f"Headline {number}"
    link = link or f"https://courier.example/{number}"
    when = f"<pubDate>{date or 'Wed, 12 Feb 2025 13:44:00 GMT'}</pubDate>"
    return f"<item><title>{title}</title><link>{link}</link><description>{about}</description>{when}{more}</item>"
