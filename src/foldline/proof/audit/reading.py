"""What stands in an answer's bytes: without its coding, and the texts inside files that pack theirs."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from foldline.proof.asks import Pairs
from foldline.sources.origin import unpacking

_BEGIN, _END = b"stream", b"endstream"
#: A text in a PDF's drawing orders, and a hexadecimal one.
_SHOWN = re.compile(rb"\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f\s]{4,})>", re.DOTALL)
_ORDER = re.compile(rb"T[jJ]|'|\"|ET")
_MEMBERS, _MEMBER = 400, 2 << 20
_TEXTS = (".xhtml", ".html", ".htm", ".xml", ".txt", ".json", ".md", ".opf", ".ncx")


def unpacked(body: bytes, headers: Pairs, most: int) -> tuple[bytes, bool]:
    """At most so many bytes of a body without its coding, and whether that is all of it.

    gzip and deflate are read; br and zstd where `brotli` and `zstandard` are installed, else none of it is read.
    """
    coding = b",".join(value.lower().strip() for name, value in headers if name == b"content-encoding")
    if coding == b"deflate":
        return _inflated(body, most)
    if coding in (b"br", b"zstd"):
        return _foreign(coding.decode(), body, most)
    plain, whole = unpacking.unpacked(body, headers, most)
    if whole or plain or not body:
        return plain, whole
    return _as_far_as_it_goes(body, most), False


def texts(body: bytes) -> Iterator[bytes | str]:
    """The body, and every text inside it where it is a PDF, an archive (EPUB, DOCX, ZIP), or UTF-16."""
    yield body
    if body.startswith(b"%PDF"):
        yield _pdf(body)
    elif body.startswith(b"PK\x03\x04"):
        yield from _archive(body)
    elif body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield body.decode("utf-16", "replace")
    elif len(body) > 40 and body[:400:2].count(0) * 3 > len(body[:400:2]):
        yield body.decode("utf-16-be", "replace")
    elif len(body) > 40 and body[1:401:2].count(0) * 3 > len(body[1:401:2]):
        yield body.decode("utf-16-le", "replace")


def _inflated(body: bytes, most: int) -> tuple[bytes, bool]:
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            unpacker = zlib.decompressobj(window)
            return unpacker.decompress(body, most), unpacker.eof
        except zlib.error:
            continue
    return b"", False


def _as_far_as_it_goes(body: bytes, most: int) -> bytes:
    """What a lenient client makes of a broken gzip body: every block that can be read."""
    inflater, found = zlib.decompressobj(-zlib.MAX_WBITS), bytearray()
    with contextlib.suppress(zlib.error):
        for at in range(10, len(body), 256):
            found += inflater.decompress(body[at : at + 256])
    return bytes(found[:most])


def _foreign(coding: str, body: bytes, most: int) -> tuple[bytes, bool]:
    """With a library that is not one of ours: whoever wants these codings read has installed it."""
    try:
        if coding == "br":
            plain: bytes = importlib.import_module("brotli").decompress(body)
        else:
            plain = importlib.import_module("zstandard").ZstdDecompressor().decompress(body, max_output_size=most)
    except Exception:  # noqa: BLE001 - each library has errors of its own, and an absent one raises ImportError
        return b"", False
    return plain[:most], len(plain) <= most


def _pdf(body: bytes) -> str:
    """What a PDF's streams show, as far as its fonts spell letters as letters."""
    shown: list[str] = []
    for packed in _streams(body):
        stream, _ = _inflated(packed, _MEMBER)
        stream = stream or packed[:_MEMBER]
        if not _ORDER.search(stream):
            continue
        for literal, hexadecimal in _SHOWN.findall(stream):
            digits = "".join(hexadecimal.decode().split())
            raw = literal or bytes.fromhex(digits[: len(digits) & ~1])
            shown.append(re.sub(rb"\\([()\\])", rb"\1", raw).replace(b"\0", b"").decode("latin-1"))
        shown.append("\n")
    return "".join(shown)


def _streams(body: bytes) -> Iterator[bytes]:
    at = body.find(_BEGIN)
    while at >= 0:
        end = body.find(_END, at)
        if end < 0:
            return
        yield body[at + len(_BEGIN) : end].lstrip(b"\r\n")
        at = body.find(_BEGIN, end + len(_END))


def _archive(body: bytes) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in archive.namelist()[:_MEMBERS]:
                if name.lower().endswith(_TEXTS):
                    with archive.open(name) as member:
                        yield member.read(_MEMBER)
    except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, zlib.error, NotImplementedError):
        return
