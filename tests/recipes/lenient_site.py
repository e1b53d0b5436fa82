"""A site of two articles whose server takes a path for whatever any program would take it for."""

from __future__ import annotations

import contextlib
import http.server
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.sources.origin.spellings import LENIENT, strict

SECRET = "the gate is known to its origin by this"
LEVELS = {"/news/a-bridge/": "registered", "/news/the-crown/": "subscribers"}
BRIDGE, CROWN = LEVELS
#: One that says no level: the rules have it metered. It is in no other page.
METERED = "/news/a-ferry/"
#: What stands below the fold of each, and of no other.
TOKENS = {
    BRIDGE: b"the ferryman kept the seventh ledger",
    CROWN: b"nobody had counted the rubies since",
    METERED: b"no fare was ever taken",
}
#: Side doors that give the whole of both.
BOTH = frozenset(("/index.json", "/search/", "/feed/", "/news/feed/", "/articles.json"))
FRONT = b"<!doctype html><title>The paper</title><p>Two articles today"


def page(path: str) -> bytes:
    """An article as the site sends it to whoever asks with the secret."""
    return (
        f'<!doctype html>\n<html lang=en><head><meta charset="utf-8"><title>{path}</title>'
        f'<meta name="foldline:access" content="{LEVELS.get(path, "")}"></head><body><article><div class=entry>\n'
        "<p>Every river keeps two diaries, and for most of its length nobody reads either of them.</p>\n"
        "<p>The first is written in the banks, a line for each flood that came higher than the one before.</p>\n"
        f"<!-- fold -->\n<p>It came out at last that {TOKENS[path].decode()}, and why.</p>\n<p>It was.</p>\n"
        "</div></article></body></html>\n"
    ).encode()


@dataclass
class Site:
    """`asked` are (method, target, header fields) of what came with the secret."""

    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def answer(self, target: str) -> tuple[int, str, bytes]:
        raw, _, query = target.partition("?")
        read = {reader(raw.encode("latin-1")) for reader in (strict, *LENIENT.values())} - {None}
        read |= {path + "/" for path in read if path}
        everything = read & BOTH or "format=json" in query or "s=" in query
        meant = [path for path in LEVELS if everything or path in read or path.upper() in read]
        if raw == METERED:
            return 200, "text/html; charset=utf-8", page(METERED)
        if meant:
            return 200, "text/html; charset=utf-8", b"".join(page(path) for path in meant)
        if "/" in read or any(path.startswith(("/tags/", "/shop/", "/robots.txt")) for path in read):
            return 200, "text/html; charset=utf-8", FRONT
        return 404, "text/html; charset=utf-8", b"<h1>Not here</h1>"


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody hung up; the gate does so with an answer that it does not want."""


@contextlib.contextmanager
def lenient_site() -> Iterator[Site]:
    """The site on a port of its own."""
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length)
            target = self.requestline.split(" ")[1]
            status, kind, body = 403, "text/plain", b"no"
            if self.headers.get("X-Foldline-Secret") == SECRET:
                site.asked.append((self.command, target, {name.lower(): value for name, value in self.headers.items()}))
                status, kind, body = site.answer(target)
                body += b"<!-- took %d bytes -->" % len(sent) if sent else b""
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("ETag", '"whole"')
            self.send_header("Set-Cookie", "visits=1; Path=/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    for method in ("HEAD", "POST", "PUT"):
        setattr(Handler, f"do_{method}", Handler.do_GET)
    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    site.port = server.server_address[1]
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
