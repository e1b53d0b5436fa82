"""A request as the gate sees it: one spelling of the path, our cookies, and the few headers that matter."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from foldline.signed import cookies

Headers = Collection[tuple[bytes, bytes]]

_OURS = b"__Host-foldline-"
_PASS, _METER, _OPENING = (name.encode() for name in (cookies.PASS, cookies.METER, cookies.OPENING))

#: Headers of which a second copy makes a request ambiguous.
_ONCE = frozenset((b"host", b"content-length", b"content-type", b"origin", b"sec-fetch-site"))


class Request:
    """One request. `path` is the raw target without its query, byte for byte as it was sent; `target` all of it, b""
    where nobody told. `has_our_cookies` tells whether a cookie of ours came by name: it grants nothing, it keeps an
    answer out of shared caches."""

    __slots__ = (
        "_headers",
        "ambiguous",
        "body",
        "client",
        "has_our_cookies",
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
        self.has_our_cookies = self.ambiguous = False
        kept = self._headers = dict(headers)
        if len(kept) != len(headers):
            self._join_headers()
        cookie = kept.get(b"cookie")
        if cookie is not None and _OURS in cookie:
            self.has_our_cookies = True
            self._read_cookies(cookie)

    def _join_headers(self) -> None:
        kept = self._headers
        kept.clear()
        for name, value in self.headers:
            if name in kept:
                if name in _ONCE:
                    self.ambiguous = True
                value = kept[name] + (b"; " if name == b"cookie" else b", ") + value
            kept[name] = value

    def header(self, name: bytes) -> bytes:
        """A header by its lower-case name; several of one name are joined; b"" where there is none."""
        return self._headers.get(name, b"")

    @property
    def has_body(self) -> bool:
        """Whether something stands behind the head, by what the head says (RFC 9112, 6)."""
        return b"content-length" in self._headers or b"transfer-encoding" in self._headers

    @property
    def is_early(self) -> bool:
        """Whether a browser says that nobody has asked for the page yet: Sec-Purpose (Fetch), and what came before."""
        kept = self._headers
        return b"sec-purpose" in kept or b"purpose" in kept or b"x-moz" in kept

    def _read_cookies(self, header: bytes) -> None:
        """Two cookies of one name of ours mean none (rfc6265bis: another host may have planted the second)."""
        values: dict[bytes, bytes | None] = {}
        place = header.find(_OURS)
        while place >= 0:
            end = header.find(b";", place)
            if end < 0:
                end = len(header)
            before = header[:place].rstrip(b" \t")
            if not before or before.endswith(b";"):
                name, _, value = header[place:end].rstrip(b" \t").partition(b"=")
                values[name] = None if name in values else value
            place = header.find(_OURS, end)
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
