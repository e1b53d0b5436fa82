"""Whatever an origin says, in whatever pieces, is an answer or is none; and TLS is checked."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sources.origin.raw_origin import QUICK, Talk, asking, ok, once

from foldline.errors import OriginUnavailable
from foldline.sources.origin.client import Address, OriginClient

FIELDS = ((b"host", b"paper.example"),)
BODY = b"The whole article, which is long enough to be cut anywhere."
_SECOND = b"\r\n%x;x=y\r\n" % (len(BODY) - 9)
FRAMED = (
    ok(BODY),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n%s%s%s\r\n0\r\nX-Trailer: 1\r\n\r\n"
    % (BODY[:9], _SECOND, BODY[9:]),
    b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY,
)
_PIECES = (
    b"HTTP/1.1 ",
    b"200 OK\r\n",
    b"304 X\r\n",
    b"\r\n",
    b"\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 6\r\n",
)
_MORE = (
    b"Transfer-Encoding: chunked\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"hello",
    b"\x00",
    b" ",
    b"X:",
    b"ffffffffff\r\n",
)


def answered(pieces: Sequence[bytes]) -> bytes:
    """What is read of an origin that says these pieces and closes."""

    async def ask() -> bytes:
        async with asking(once(*pieces)) as (client, _), await client.ask("GET", b"/", FIELDS) as answer:
            return await answer.body(1000)

    return asyncio.run(asyncio.wait_for(ask(), 10))


@settings(max_examples=60)
@given(st.sampled_from(FRAMED), st.lists(st.integers(1, 120), max_size=6))
def test_an_answer_is_the_same_however_it_is_cut_into_pieces(said: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in set(cuts) if cut < len(said)), len(said)]
    assert answered([said[start:end] for start, end in pairwise(places)]) == BODY


@settings(max_examples=150)
@given(st.lists(st.one_of(st.sampled_from((*_PIECES, *_MORE)), st.binary(max_size=5)), max_size=10))
def test_whatever_is_said_is_an_answer_or_is_none(pieces: list[bytes]) -> None:
    try:
        body = answered(pieces)
    except OriginUnavailable:
        return
    assert body in b"".join(pieces) or b"chunked" in b"".join(pieces)


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [("localhost", True, "200"), ("localhost", False, "connect"), ("other.example", True, "connect")],
)
def test_an_origin_over_tls_must_be_the_one_that_was_meant(
    tmp_path: Path, name: str, known: bool, expected: str
) -> None:
    chain, private = _certificate(tmp_path, name)

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = Talk(0, reader, writer)
        while await talk.request():
            await talk.say(ok(BODY))
        writer.close()

    async def ask() -> str:
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        theirs.load_cert_chain(chain, private)
        ours = ssl.create_default_context(cafile=str(chain) if known else None)
        server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=theirs)
        client = OriginClient(Address("localhost", server.sockets[0].getsockname()[1], True), QUICK, ours)
        try:
            for _ in range(2):
                async with await client.ask("GET", b"/", FIELDS) as answer:
                    assert await answer.body(1000) == BODY
            return "200"
        except OriginUnavailable as error:
            return error.why
        finally:
            client.close()
            server.close()
            await asyncio.sleep(0.05)
            await server.wait_closed()

    assert asyncio.run(asyncio.wait_for(ask(), 10)) == expected
