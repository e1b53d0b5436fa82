"""Requests that no client library would send: bytes for a socket, and how many answers they may get."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes to write on one connection. `compared` is the first of the `answers` that has to be equal in both worlds
    (those before it may belong to somebody entitled)."""

    name: str
    sent: bytes
    answers: int = 1
    compared: int = 0
    head: bool = False


def malformed(path: bytes, host: bytes) -> Iterator[Raw]:
    """Requests for a page that break HTTP, or bend it, in the ways that servers are known to read differently."""
    named = b"Host: %s\r\n" % host
    get = b"GET %s HTTP/1.1\r\n" % path
    whole = {
        "absolute form": b"GET http://%s%s HTTP/1.1\r\n%s\r\n" % (host, path, named),
        "absolute form of another host": b"GET http://other.example%s HTTP/1.1\r\n%s\r\n" % (path, named),
        "absolute form with a user": b"GET http://twin@evil.example%s HTTP/1.1\r\n%s\r\n" % (path, named),
        "authority form": b"CONNECT %s:443 HTTP/1.1\r\n%s\r\n" % (host, named),
        "asterisk form": b"OPTIONS * HTTP/1.1\r\n%s\r\n" % named,
        "no host": get + b"\r\n",
        "two hosts": get + named + named + b"\r\n",
        "two hosts, one of them another": get + named + b"Host: other.example\r\n\r\n",
        "HTTP/1.0": b"GET %s HTTP/1.0\r\n%s\r\n" % (path, named),
        "HTTP/1.0 without a host": b"GET %s HTTP/1.0\r\n\r\n" % path,
        "HTTP/0.9": b"GET %s\r\n\r\n" % path,
        "HTTP/2.0 in the clear": b"GET %s HTTP/2.0\r\n%s\r\n" % (path, named),
        "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "lower-case method": b"get %s HTTP/1.1\r\n%s\r\n" % (path, named),
        "unknown method": b"JEFF %s HTTP/1.1\r\n%s\r\n" % (path, named),
        "no method": b"%s HTTP/1.1\r\n%s\r\n" % (path, named),
        "space in the target": b"GET %s x HTTP/1.1\r\n%s\r\n" % (path, named),
        "tab in the target": b"GET %s\tx HTTP/1.1\r\n%s\r\n" % (path, named),
        "NUL in the target": b"GET %s\x00 HTTP/1.1\r\n%s\r\n" % (path, named),
        "fragment in the target": b"GET %s#continue HTTP/1.1\r\n%s\r\n" % (path, named),
        "bytes above ASCII in the target": b"GET %s\xc3\xa9 HTTP/1.1\r\n%s\r\n" % (path, named),
        "line feeds alone": get.replace(b"\r\n", b"\n") + named.replace(b"\r\n", b"\n") + b"\n",
        "carriage returns alone": get.replace(b"\r\n", b"\r") + named.replace(b"\r\n", b"\r") + b"\r",
        "empty line first": b"\r\n" + get + named + b"\r\n",
        "folded header": get + named + b"X-Folded: a\r\n b\r\n\r\n",
        "space before the colon": get + named + b"X-Spaced : a\r\n\r\n",
        "header without a name": get + named + b": a\r\n\r\n",
        "header without a colon": get + named + b"nothing\r\n\r\n",
        "NUL in a header": get + named + b"X-Nul: a\x00b\r\n\r\n",
        "length and chunks": get + named + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "two lengths": get + named + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
        "lengths in a list": get + named + b"Content-Length: 0, 5\r\n\r\nhello",
        "negative length": get + named + b"Content-Length: -1\r\n\r\n",
        "length with a plus": get + named + b"Content-Length: +0\r\n\r\n",
        "chunks with a strange size": get + named + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "chunks with an extension": get + named + b"Transfer-Encoding: chunked\r\n\r\n0;a=b\r\n\r\n",
        "chunks twice": get + named + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "chunks under a strange name": get + named + b"Transfer-Encoding: xchunked\r\n\r\n",
        "body on GET": get + named + b"Content-Length: 5\r\n\r\nhello",
        "trailers": get + named + b"Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\nX: y\r\n\r\n",
        "Expect: 100-continue": get + named + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        "upgrade to a web socket": get + named + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "upgrade to h2c": get + named + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AA\r\n\r\n",
        "header of 64 KiB": get + named + b"X-Long: " + b"a" * 65_536 + b"\r\n\r\n",
        "three hundred headers": get + named + b"".join(b"X-%d: a\r\n" % n for n in range(300)) + b"\r\n",
        "target of 64 KiB": b"GET %s?%s HTTP/1.1\r\n%s\r\n" % (path, b"a" * 65_536, named),
        "TLS to a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        "junk": b"\xff\xfe\x00junk\r\n\r\n",
    }  # fmt: skip
    for name, sent in whole.items():
        yield Raw(name, sent)
    yield Raw("two requests in one write", 2 * (get + named + b"\r\n"), 2)
    yield Raw("two HEADs in one write", 2 * (get.replace(b"GET", b"HEAD") + named + b"\r\n"), 2, head=True)


def after_somebody_else(path: bytes, host: bytes, cookie: bytes) -> Iterator[Raw]:
    """On one connection first a request of an entitled reader, then one of nobody: the second is compared."""
    named = b"Host: %s\r\n" % host
    theirs = b"GET %s HTTP/1.1\r\n%sCookie: %s\r\n" % (path, named, cookie)
    for coding in (b"", b"Accept-Encoding: gzip\r\n"):
        nobody = b"GET %s HTTP/1.1\r\n%s%s\r\n" % (path, named, coding)
        label = " (gzip)" if coding else ""
        yield Raw(f"after a subscriber on the same connection{label}", theirs + coding + b"\r\n" + nobody, 2, 1)
        hidden = theirs + coding + b"Content-Length: %d\r\n\r\n" % len(nobody) + nobody + nobody
        yield Raw(f"after a subscriber whose body is a request{label}", hidden, 2, 1)
