"""An answer as it came over the wire, or would have."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

HeaderPairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` in the order they came, names in lower case; `body` as it was sent, still encoded. `closed` tells
    whether the server closed the connection behind it (None where there is no connection)."""

    status: int
    headers: HeaderPairs = ()
    body: bytes = b""
    closed: bool | None = None

    def header(self, name: bytes) -> bytes:
        """The values of a header, joined by commas; b"" where there is none."""
        return b", ".join(value for given, value in self.headers if given == name)

    @property
    def cookies(self) -> dict[str, str]:
        """What this answer sets, by name."""
        pairs = (value.split(b";", 1)[0].partition(b"=") for name, value in self.headers if name == b"set-cookie")
        return {name.decode(): value.decode() for name, _, value in pairs}

    @property
    def decoded(self) -> bytes:
        """The body without its content encoding.

        Raises:
            zlib.error: it says gzip and is none, or has something behind its one member.
        """
        if self.header(b"content-encoding") != b"gzip" or not self.body:
            return self.body
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        plain = inflater.decompress(self.body) + inflater.flush()
        if not inflater.eof or inflater.unused_data:
            raise zlib.error("not exactly one gzip member")
        return plain

    @property
    def text(self) -> str:
        return self.decoded.decode("utf-8", "replace")
