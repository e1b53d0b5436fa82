"""A body without its content coding, within a bound."""

from __future__ import annotations

import zlib

from foldline.sources.origin.headers import Fields


def unpacked(body: bytes, headers: Fields, most: int) -> tuple[bytes, bool]:
    """At most so many bytes of the body without its coding, and whether it is all there. A file that is packed itself
    is unpacked too."""
    coding = b",".join(value.lower().strip() for name, value in headers if name == b"content-encoding")
    if coding in (b"", b"identity") and not body.startswith(b"\x1f\x8b"):
        return body, True
    if coding not in (b"", b"identity", b"gzip", b"x-gzip"):
        return b"", False
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, most)
    except zlib.error:
        return b"", False
    return plain, unpacker.eof
