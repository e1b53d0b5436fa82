"""Sites that are not ours: a small WSGI application and a folder of files, each in a server of its own."""

from __future__ import annotations

import contextlib
import functools
import http.server
import socketserver
import threading
import wsgiref.simple_server
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

SECRET = "the-gate's-own"
ARTICLE = "<!doctype html><title>A bridge</title><p>The start</p><p class=paywall>GATED words of the rest</p>"

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Newspaper:
    """A newspaper in WSGI: pages, a shop with a form, pictures, and side doors that give whole texts away."""

    def __init__(self, *, locked: bool = True) -> None:
        self.locked = locked
        self.asked: list[tuple[str, str]] = []
        self.seen: list[dict[str, str]] = []

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.asked.append((environ["REQUEST_METHOD"], path))
        self.seen.append({name: value for name, value in environ.items() if name.startswith("HTTP_")})
        if self.locked and environ.get("HTTP_X_FOLDLINE_SECRET") != SECRET:
            start("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", "4")])
            return [b"no!\n"]
        status, headers, body = self.page(environ, path)
        start(status, [*headers, ("Content-Length", str(len(body)))])
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    def page(self, environ: dict[str, Any], path: str) -> tuple[str, list[tuple[str, str]], bytes]:
        html = ("Content-Type", "text/html; charset=utf-8")
        if path == "/shop/cart":
            return self._cart(environ, html)
        if path in ("/news/a-bridge/", "/old/a-bridge", "/news/a-bridge/x.css"):
            return "200 OK", [html, ("ETag", '"whole"')], ARTICLE.encode()
        if path == "/news/moved":
            return "301 Moved", [html, ("Location", "/news/a-bridge/"), ("X-Words", "812")], ARTICLE.encode()
        if path.endswith(".png"):
            return "200 OK", [("Content-Type", "image/png"), ("Cache-Control", "max-age=60")], b"\x89PNG\r\n\x1a\n"
        if path == "/static/app.js":
            return "200 OK", [("Content-Type", "text/javascript")], b"alert(1)"
        if path == "/api/articles/1":
            return "200 OK", [("Content-Type", "application/json")], b'{"body": "GATED words"}'
        if path == "/":
            return "200 OK", [html, ("Set-Cookie", "visits=1; Path=/"), ("Link", "</a>; rel=next")], b"<h1>Front</h1>"
        return "404 Not Found", [html], b"<h1>Not here</h1>"

    def _cart(self, environ: dict[str, Any], html: tuple[str, str]) -> tuple[str, list[tuple[str, str]], bytes]:
        if environ["REQUEST_METHOD"] != "POST":
            return "200 OK", [html, ("X-Query", environ["QUERY_STRING"])], b"<h1>Cart</h1>"
        length = int(environ.get("CONTENT_LENGTH") or 0)
        form = parse_qs(environ["wsgi.input"].read(length).decode())
        ours = ("Set-Cookie", "__Host-foldline-pass=forged; Path=/; Secure")
        return "303 See Other", [html, ours, ("Set-Cookie", "cart=1"), ("Location", "/shop/cart")], repr(form).encode()


class _Server(socketserver.ThreadingMixIn, wsgiref.simple_server.WSGIServer):
    daemon_threads = True


class _Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def _running(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.contextmanager
def newspaper_site(newspaper: Newspaper) -> Iterator[int]:
    """The port of a newspaper in WSGI, served as HTTP/1.0, as its server does."""
    with _running(wsgiref.simple_server.make_server("127.0.0.1", 0, newspaper, _Server, _Quiet)) as port:
        yield port


@contextlib.contextmanager
def static_site(folder: Path) -> Iterator[int]:
    """The port of a folder of files, served as HTTP/1.1 with connections that stay."""
    handler = functools.partial(_Files, directory=str(folder))
    with _running(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)) as port:
        yield port
