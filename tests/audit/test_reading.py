"""Whatever packs a text is unpacked: codings, files inside files, other widths of letters. What is not read is said."""

from __future__ import annotations

import base64
import gzip
import html
import json
import zlib
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.leaky_wall import epub, pdf

from foldline.fold.prove import Wanted
from foldline.proof.audit.asking import Reply
from foldline.proof.audit.discovery import named_in, paths_of
from foldline.proof.audit.places import is_found, places, sees
from foldline.proof.audit.reading import texts, unpacked

CLOSED = (
    "Nobody but subscribers may read what became of the captain, of the bell and of the painted signboard.\n"
    "A second paragraph of what is closed tells of the auction in the harbour and of who bought the anchor."
)
WANTED = Wanted(CLOSED)


def flate(text: str) -> bytes:
    return zlib.compress(text.encode())


def hexadecimal(text: str) -> bytes:
    shown = "".join(f"<{line.encode('latin-1').hex()}> Tj T*\n" for line in text.splitlines())
    return b"%PDF-1.7\n1 0 obj <<>> stream\nBT " + shown.encode() + b"ET\nendstream endobj"


@pytest.mark.parametrize(
    "packed",
    [
        lambda text: text.encode(),
        lambda text: text.upper().encode(),
        lambda text: html.escape(text).replace(" ", "&#32;").encode(),
        lambda text: "".join(f"&#x{ord(letter):x};" for letter in text).encode(),
        lambda text: json.dumps(json.dumps({"a": f"<p>{text}</p>"})).encode(),
        lambda text: quote(text).encode(),
        lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text).encode(),
        lambda text: b'{"x":"' + base64.b64encode(text.encode()) + b'"}',
        lambda text: b"<i data-x='" + base64.urlsafe_b64encode(gzip.compress(text.encode())) + b"'>",
        lambda text: b"data:text/html;base64," + base64.b64encode(quote(text).encode()),
        lambda text: text.replace(" ", "</span> <span>").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: gzip.compress(text.encode()),
        pdf,
        hexadecimal,
        lambda text: epub(f"<p>{text}</p>"),
    ],
)
def test_a_text_is_found_however_it_is_packed(packed: Callable[[str], bytes]) -> None:
    body, _ = unpacked(packed(CLOSED), (), 1 << 20)
    assert is_found(WANTED, sees(WANTED, Reply(200, (), body)))


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(CLOSED.encode())),
        ("x-gzip", gzip.compress(CLOSED.encode())),
        ("deflate", flate(CLOSED)),
        ("deflate", flate(CLOSED)[2:-4]),
        ("identity", CLOSED.encode()),
    ],
)
def test_codings_are_undone(coding: str, packed: bytes) -> None:
    assert unpacked(packed, ((b"content-encoding", coding.encode()),), 1 << 20) == (CLOSED.encode(), True)


def test_what_is_broken_is_read_as_far_as_it_goes_and_said_not_to_be_whole() -> None:
    packed = gzip.compress((CLOSED * 60).encode(), 1)
    plain, whole = unpacked(packed[:-30] + b"broken", ((b"content-encoding", b"gzip"),), 1 << 20)
    assert not whole
    assert CLOSED.encode() in plain
    assert unpacked(b"\x8b\x01", ((b"content-encoding", b"br"),), 100) == (b"", False)
    assert unpacked(flate("x" * 500), ((b"content-encoding", b"deflate"),), 100) == (b"x" * 100, False)


@given(
    st.binary(max_size=400),
    st.sampled_from((b"%PDF-1.4 stream\n", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff", b"\x1f\x8b", b"")),
)
def test_no_bytes_of_a_stranger_break_the_reading(body: bytes, begin: bytes) -> None:
    for coding in (b"", b"gzip", b"deflate", b"br", b"zstd"):
        plain, _ = unpacked(begin + body, ((b"content-encoding", coding),), 1000)
        assert len(plain) <= 1000 or coding == b""
    assert list(texts(begin + body + b" endstream"))


#: Texts that would take a careless reading hours: its time would grow with the square of their length.
LENGTH = 30_000
ENDLESS = {
    "comments without an end": "<!--" * LENGTH,
    "elements without an end": "<a" * LENGTH,
    "links without an end": "<link " * LENGTH,
    "addresses without an end": "'/a" * LENGTH,
    "one long address": "'" + "/a" * LENGTH,
    "rules without an end": "@media" * LENGTH,
    "one style of many heights": "a{" + "max-height: 1 " * LENGTH + "}",
    "streams without an end": "%PDF stream\n" * LENGTH,
    "parentheses": "%PDF stream\n" + "(" * LENGTH + " Tj endstream",
    "braces": '{"a":' * LENGTH,
    "source maps": "//# sourceMappingURL=" * LENGTH,
}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("kind", ["text/html", "application/xml"])
def test_no_text_takes_a_reading_without_end(name: str, kind: str) -> None:
    text = ENDLESS[name]
    reply = Reply(200, ((b"content-type", kind.encode()),), f"{CLOSED}{text}".encode())
    assert list(named_in(reply, "/", lambda address, base: None, None)) == []
    assert is_found(WANTED, sees(WANTED, reply))
    assert places(WANTED, reply, [text])
    assert paths_of(text) is not None
