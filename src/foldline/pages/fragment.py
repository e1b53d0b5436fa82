"""Ready bytes, plain and deflated, joined into a page without compressing anything per request.

Each fragment is one raw deflate run that ends in a full flush, so that any sequence of them, closed by an empty last
block, is one valid deflate stream (RFC 1951, 3.2.3; RFC 1952 for the frame around it). Browsers accept a wrong CRC, so
tests check every presentation with `gzip -t`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
LAST_BLOCK = b"\x03\x00"


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a page: its bytes, and the same deflated up to a full flush."""

    plain: bytes
    deflated: bytes

    @classmethod
    def of(cls, text: str | bytes) -> Fragment:
        plain = text.encode() if isinstance(text, str) else text
        if not plain:
            return EMPTY
        deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
        return cls(plain, deflater.compress(plain) + deflater.flush(zlib.Z_FULL_FLUSH))


EMPTY = Fragment(b"", b"")


def trailer(fragments: Iterable[Fragment]) -> bytes:
    """CRC-32 and length of the joined plain bytes, as RFC 1952 wants them behind the last block."""
    crc = length = 0
    for fragment in fragments:
        crc = zlib.crc32(fragment.plain, crc)
        length += len(fragment.plain)
    return struct.pack("<II", crc, length & 0xFFFFFFFF)


def join_plain(fragments: Iterable[Fragment]) -> bytes:
    """The page as it is."""
    return b"".join([fragment.plain for fragment in fragments])


def join_gzip(fragments: Iterable[Fragment], end: bytes) -> bytes:
    """The page as one gzip member; `end` is what `trailer` gave for the same fragments in the same order."""
    return b"".join([GZIP_HEADER, *[fragment.deflated for fragment in fragments], LAST_BLOCK, end])
