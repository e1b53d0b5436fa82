"""A request as the gate sees it: one spelling of the path, our cookies, and the few headers that matter."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from foldline.signed import cookies

Headers = Iterable[tuple[bytes, bytes]]

_OURS = b"__Host-foldline-"
_PASS, _METER, _OPENING = (name.encode() for name in (cookies.PASS, cookies.METER, cookies.OPENING))

#: Headers of which a second copy makes a request ambiguous.
_ONCE = frozenset((b"host", b"content-length", b"content-type", b"origin", b"sec-fetch-site"))


class Request:
    """One request. `path` is the raw target without its query, byte for byte as it was sent; `target` all of it, b""
    where nobody told."""

    __slots__ = (
        "_headers",
        "ambiguous",
        "body",
        "client",
        "headers",
        "meter",
        "method",
        "opening",
        "path",
        "query",
        "reader_pass",
        "target",
    )

    def __init__(
        self, method: str, path: bytes, query: bytes, headers: Headers, client: str = "", body: bytes = b""
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.client = client
        self.body = body
        self.headers = headers
        self.reader_pass = self.meter = self.opening = self.target = b""
        self.ambiguous = False
        kept: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in kept:
                if name in _ONCE:
                    self.ambiguous = True
                value = kept[name] + (b"; " if name == b"cookie" else b", ") + value
            kept[name] = value
        self._headers = kept
        cookie = kept.get(b"cookie")
        if cookie is not None and _OURS in cookie:
            self._read_cookies(cookie)

    def header(self, name: bytes) -> bytes:
        """A header by its lower-case name; several of one name are joined; b"" where there is none."""
        return self._headers.get(name, b"")

    @property
    def has_our_cookies(self) -> bool:
        """Whether a cookie of ours came by name. It grants nothing: it keeps an answer out of shared caches."""
        return _OURS in self._headers.get(b"cookie", b"")

    def _read_cookies(self, header: bytes) -> None:
        """Two cookies of one name of ours mean none (rfc6265bis: another host may have planted the second)."""
        values: dict[bytes, bytes | None] = {}
        for part in [part for part in header.split(b";") if _OURS in part]:
            name, _, value = part.strip(b" \t").partition(b"=")
            if name.startswith(_OURS):
                values[name] = None if name in values else value
        self.reader_pass = values.get(_PASS) or b""
        self.meter = values.get(_METER) or b""
        self.opening = values.get(_OPENING) or b""


def accepts_gzip(accept_encoding: bytes) -> bool:
    """Whether a client takes gzip (RFC 9110, 12.5.3). Nobody names more codings than fit into 256 bytes."""
    return _accepts_gzip(accept_encoding[:256])


@lru_cache(maxsize=512)
def _accepts_gzip(accept_encoding: bytes) -> bool:
    allowed: dict[str, float] = {}
    for part in accept_encoding.decode("latin-1").lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        allowed[coding] = quality
    return allowed.get("gzip", allowed.get("x-gzip", allowed.get("*", 0.0))) > 0
