"""A site of many kinds of answers, served as HTTP/1.1 with connections that stay, and a plain client for it."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import http.server
import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.server.test_origin_newspaper import SECRET, page

Fields = tuple[tuple[str, str], ...]

FREE = ',"isAccessibleForFree":true'
MANY = "".join(
    f"<p>Paragraph {number} of a long rest, which nobody but a subscriber reads.</p>\n" for number in range(80)
)
ARTICLES = {
    "/two-diaries.html": page("<p>The seventh ledger lies under the floor.</p>\n"),
    "/the-long-one.html": page(MANY).replace(b"<title>", b'<meta name="foldline:access" content="subscribers"><title>'),
    "/the-free-one.html": page(MANY, FREE).replace(b"<!-- fold -->", b""),
    "/the-foldless-one.html": b"<!doctype html><title>No fold</title><p>Alone and without any way to its fold.</p>",
}
FEED = b"<?xml version='1.0'?><rss><channel><item>all of it: the seventh ledger</item></channel></rss>"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


def tag_of(text: bytes) -> str:
    """The validator of a page."""
    return f'"{hashlib.sha256(text).hexdigest()[:16]}"'


class Asked(NamedTuple):
    """One request. `body` is sent with its length, or `chunked`."""

    method: str
    target: str
    fields: Fields = ()
    body: bytes | None = None
    chunked: bool = False


class Said(NamedTuple):
    """One answer, less what is of one hop and the moment. The body is without its framing, still packed."""

    status: int
    fields: Fields
    body: bytes


#: What may differ: fields of one hop (RFC 9110, 7.6.1) and the moment.
NOT_COMPARED = frozenset(("connection", "keep-alive", "transfer-encoding", "date"))


class Caller:
    """Asks over one connection that stays, byte for byte what it is told."""

    def __init__(self, port: int, host: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._host = host

    def ask(self, asked: Asked) -> Said:
        try:
            return self._ask(asked)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The server may end a connection that rests; asked once more, over a new one.
            self._connection.close()
            return self._ask(asked)

    def _ask(self, asked: Asked) -> Said:
        connection = self._connection
        connection.putrequest(asked.method, asked.target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self._host)
        for name, value in asked.fields:
            connection.putheader(name, value)
        if asked.body is not None:
            framing = ("Transfer-Encoding", "chunked") if asked.chunked else ("Content-Length", str(len(asked.body)))
            connection.putheader(*framing)
        pieces: Any = [asked.body[:7], asked.body[7:]] if asked.chunked and asked.body else asked.body
        connection.endheaders(pieces, encode_chunked=asked.chunked)
        answer = connection.getresponse()
        body = answer.read()
        fields = tuple((name.lower(), value) for name, value in answer.getheaders() if name.lower() not in NOT_COMPARED)
        if answer.will_close:
            connection.close()
        return Said(answer.status, fields, body)

    def close(self) -> None:
        self._connection.close()


class _Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def handle_one_request(self) -> None:
        # A caller that goes away in the middle is no fault of this site.
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        body = self._taken()
        path = self.path.partition("?")[0]
        pages: dict[str, bytes] = self.server.pages  # type: ignore[attr-defined]
        html = (("Content-Type", "text/html"),)
        if self.server.locked and self.headers.get("X-Foldline-Secret") != SECRET:  # type: ignore[attr-defined]
            self._say(403, b"no", (("Content-Type", "text/plain"),))
        elif path in pages and self.command in ("GET", "HEAD"):
            self._page(pages[path])
        elif path.endswith(".png"):
            self._part(PICTURE, (("Content-Type", "image/png"),))
        elif path in ("/all.xml", "/wp-json/posts"):
            self._say(200, FEED, (("Content-Type", "application/rss+xml"), ("ETag", '"feed"')))
        elif path.startswith("/go/"):
            self._redirect(int(path.split("/")[2]))
        elif path == "/chunked.txt":
            self._chunked()
        elif path == "/until-the-end.txt":
            self._until_the_end()
        elif path == "/nothing":
            self._say(204, b"", (("X-Kept", "yes"),))
        elif path.startswith("/fault/"):
            self._say(int(path.split("/")[2]), b"<h1>Fault</h1>", html)
        elif path == "/missing.html":
            self._say(404, b"<h1>Not here</h1>", html)
        else:
            self._echo(body)

    def _taken(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            taken = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                taken += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return taken
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _say(self, status: int, body: bytes, fields: Fields) -> None:
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def _page(self, text: bytes) -> None:
        tag = tag_of(text)
        about = (("Content-Type", "text/html; charset=utf-8"), ("ETag", tag), ("Vary", "Accept-Encoding"))
        about = (*about, ("Last-Modified", "Mon, 02 Mar 2026 06:30:00 GMT"), ("Cache-Control", "max-age=600"))
        cookie = ("Set-Cookie", f"seen={len(self.headers.get('Cookie', ''))}; Path=/")
        if tag in self.headers.get("If-None-Match", ""):
            self._say(304, b"", about)
        elif "gzip" in self.headers.get("Accept-Encoding", ""):
            self._say(200, gzip.compress(text, mtime=0), (*about, ("Content-Encoding", "gzip")))
        elif "Range" in self.headers:
            self._part(text, about)
        else:
            self._say(200, text, (*about, cookie, ("Set-Cookie", "__Host-foldline-pass=forged; Path=/; Secure")))

    def _part(self, whole: bytes, about: Fields) -> None:
        asked = self.headers.get("Range", "")
        about = (*about, ("Accept-Ranges", "bytes"))
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first or 0), min(int(last or len(whole) - 1), len(whole) - 1)
        if not asked:
            self._say(200, whole, about)
        elif start > end:
            self._say(416, b"", (*about, ("Content-Range", f"bytes */{len(whole)}")))
        else:
            self._say(206, whole[start : end + 1], (*about, ("Content-Range", f"bytes {start}-{end}/{len(whole)}")))

    def _redirect(self, status: int) -> None:
        where = "https://elsewhere.example/a?b=%2F" if "abroad" in self.path else "/two-diaries.html?from=here"
        self._say(status, b"<p>moved, with all of it</p>", (("Location", where), ("Content-Type", "text/html")))

    def _chunked(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command != "HEAD":
            for piece in (b"one ", b"two " * 3000, b"three"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")

    def _until_the_end(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"as long as it lasts " * 50)

    def _echo(self, body: bytes) -> None:
        """Says what was asked: the target byte for byte, the fields that a site may act on, and the body."""
        told = [self.command, self.path, hashlib.sha256(body).hexdigest(), str(len(body))]
        names = ("Accept", "Accept-Language", "Content-Type", "Cookie", "Referer", "User-Agent", "Origin", "Range",
                 "If-Match", "Authorization", "X-Requested-With", "X-HTTP-Method-Override", "Host")  # fmt: skip
        told += [f"{name}: {value}" for name in names for value in self.headers.get_all(name, [])]
        kind = "application/json" if self.path.endswith("json") else "text/html; charset=utf-8"
        fields = (("Content-Type", kind), ("Set-Cookie", "cart=1; Path=/"), ("Set-Cookie", "foldline-site=x"))
        more = (("Link", "</a>; rel=next"), ("Link", "</b>; rel=prev"), ("Server-Timing", "db;dur=3"))
        self._say(200 if self.command != "POST" else 201, "\n".join(told).encode(), (*fields, *more))


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *, locked: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Site)
        self.pages = dict(ARTICLES)
        self.locked = locked


@contextlib.contextmanager
def site_of_many_kinds(*, locked: bool = True) -> Iterator[tuple[int, dict[str, bytes]]]:
    """(its port, its articles, which a test may change). A locked one answers only who knows the secret."""
    server = _Server(locked=locked)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1], server.pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
