"""Requests that are mixed up on purpose: two readers at once, and bytes that two programs frame in two ways."""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.recipes.lenient_site import BRIDGE, CROWN, TOKENS
from tests.recipes.running import HOST, Paper, body_of, proxy
from tests.recipes.test_path_confusion import SHAPES

from foldline.testing.client import WireClient

HIDDEN = f"GET {CROWN} HTTP/1.1\r\nHost: {HOST}\r\nX-Foldline-Secret: x\r\n\r\n"
FORM = f"POST /shop/cart HTTP/1.1\r\nHost: {HOST}\r\n"
#: What one program takes for one request and another for two (E12 of the catalogue of leaks).
FRAMINGS = {
    "two lengths": FORM + f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}\r\n\r\n" + HIDDEN,
    "length and chunks": FORM + "Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks, oddly spelt": FORM + "Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks with a space": FORM + "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks by a tab": FORM + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "bare line feeds": (FORM + "Content-Length: 0\r\n\r\n" + HIDDEN).replace("\r\n", "\n"),
    "a folded line": FORM + "X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a body on a GET": f"GET / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(HIDDEN)}\r\n\r\n" + HIDDEN,
    "an extension of a chunk": FORM + "Transfer-Encoding: chunked\r\n\r\n0;a=\n\r\n\r\n" + HIDDEN,
    "a length with a sign": FORM + "Content-Length: +0\r\n\r\n" + HIDDEN,
    "a NUL in a field": FORM + "X: a\0b\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "HTTP/1.0 that stays": f"GET {BRIDGE} HTTP/1.0\r\nHost: {HOST}\r\nConnection: keep-alive\r\n\r\n" + HIDDEN,
    "an upgrade": f"GET {CROWN} HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + HIDDEN,
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES, ids=" ".join)
def test_two_readers_at_once_are_never_given_each_others_page(paper: Paper, shape: tuple[str, ...]) -> None:
    readers = {(): False, paper.subscriber: True}
    with proxy(paper, *shape) as client:

        def ask(number: int) -> tuple[bool, bool]:
            carries = list(readers)[number % 2]
            return TOKENS[CROWN] in body_of(client.ask("GET", CROWN.encode(), carries)), readers[carries]

        with ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(ask, range(120)))
    assert [pair for pair in seen if pair[0] is not pair[1]] == []


# How a request is framed is the proxy's business in every shape; behind it stands the gate, or the site itself.
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if "--authz" not in shape], ids=" ".join)
def test_bytes_that_hide_a_request_in_another_bring_nobody_a_rest(paper: Paper, shape: tuple[str, ...]) -> None:
    with proxy(paper, *shape) as client:
        for name, raw in FRAMINGS.items():
            answer = said(client, raw.encode("latin-1"))
            assert [path for path, token in TOKENS.items() if token in answer] == [], name
            assert re.findall(rb"HTTP/1\.[01] (\d{3})", answer), name
            # Whatever it was, nobody behind it is answered for it.
            after = client.ask("GET", CROWN.encode(), paper.subscriber)
            assert (after.status, TOKENS[CROWN] in body_of(after)) == (200, True), name
            assert TOKENS[CROWN] not in body_of(client.ask("GET", CROWN.encode())), name


def said(client: WireClient, raw: bytes) -> bytes:
    """Everything that is answered until nothing more comes for a while."""
    with socket.create_connection(client._address, timeout=20) as wire:
        wire.sendall(raw)
        came = b""
        try:
            while part := wire.recv(1 << 16):
                came += part
                wire.settimeout(0.1)
        except (TimeoutError, ConnectionError):
            pass
        return came


@pytest.mark.parametrize("shape", SHAPES, ids=" ".join)
def test_a_form_without_a_length_comes_through_whole(paper: Paper, shape: tuple[str, ...]) -> None:
    with proxy(paper, *shape) as client:
        chunked = ((b"Transfer-Encoding", b"chunked"), (b"Content-Type", b"application/x-www-form-urlencoded"))
        answer = client.ask("POST", b"/shop/cart", chunked, b"7\r\na=1&b=2\r\n0\r\n\r\n")
        assert (answer.status, body_of(answer).endswith(b"<!-- took 7 bytes -->")) == (200, True)
