"""A leaky wall before the demonstration: it passes everything on to the real gate, and gives one thing away.

It reads articles as a subscriber of the demonstration does, over HTTP. `other-text`,
a file in the demonstration's home,
has it show another rest below every fold while it is there: the second version that `foldline audit --twin` asks about.
"""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from selectolax.lexbor import LexborHTMLParser

from foldline import config
from foldline.errors import OriginUnavailable
from foldline.server.demo.leaks import LEAKS, Asked, Closed, Named, Said
from foldline.server.parent import end_with_parent
from foldline.sources.origin.client import Address, OriginClient, Upload
from foldline.sources.origin.unpacking import unpacked
from foldline.stores.home import Home
from foldline.stores.records import PublicStore

#: Which leak, and where the gate listens.
LEAK, GATE = "FOLDLINE_DEMO_LEAK", "FOLDLINE_DEMO_GATE"
_MOST = 8 << 20
_HOPS = frozenset(
    ("connection", "keep-alive", "transfer-encoding", "upgrade", "te", "content-length", "content-encoding")
)
_OTHER = (
    "<p>Quite another text stands below this fold, shorter, told by somebody who was not there and had not asked.</p>"
)


def other_text(home: Home) -> Path:
    """The file whose being there puts the second version in place."""
    return home.path / "other-text"


class LeakyWall:
    """The application. `host` is what readers type."""

    def __init__(self, gate: Address, host: str, named: Named, paths: tuple[str, ...], other: Path) -> None:
        self._client = OriginClient(gate)
        self._host = host
        self._named = named
        self._paths = paths
        self._other = other
        self._cookie = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        asked = Asked(scope["method"], scope["raw_path"].decode("latin-1"), query, headers)
        try:
            said = await self._answer(asked, body)
        except OriginUnavailable:
            said = Said(502, (), b"the demonstration's gate does not answer")
        fields = [(name.encode(), value.encode("latin-1")) for name, value in said.headers]
        if not any(name == b"content-length" for name, _ in fields):
            fields.append((b"content-length", b"%d" % len(said.body)))
        await send({"type": "http.response.start", "status": said.status, "headers": fields})
        await send({"type": "http.response.body", "body": b"" if asked.method == "HEAD" else said.body})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        self._client.close()
        # A connection is closed when the loop comes to it.
        await asyncio.sleep(0.01)
        await send({"type": f"{message['type']}.complete"})

    async def _answer(self, asked: Asked, body: bytes) -> Said:
        said = self._in_this_version(await self._passed(asked, body))
        path = next((path for path in self._paths if asked.path == path), "")
        if not path and self._named.anywhere:
            path = self._about(asked)
        if not path or "foldline-pass" in asked.headers.get("cookie", ""):
            return said
        return self._named.leak(asked, said, await self._closed(path)) or said

    def _about(self, asked: Asked) -> str:
        """The article that another address is about; the first, where it names none."""
        return next((path for path in self._paths if path in asked.path), self._paths[0])

    async def _closed(self, path: str) -> Closed:
        if not self._cookie:
            self._cookie = await self._signed_in()
        plain = Asked("GET", path, "", {"host": self._host, "cookie": self._cookie})
        whole = self._in_this_version(await self._passed(plain, b""))
        rest = LexborHTMLParser(whole.body.decode()).css_first(".rest")
        html, words = (rest.inner_html or "", rest.text(separator=" ")) if rest is not None else ("", "")
        kept = tuple(pair for pair in whole.headers if pair[0] != "set-cookie")
        return Closed(path, html, " ".join(words.split()), Said(whole.status, kept, whole.body))

    async def _signed_in(self) -> str:
        """The cookies of the invented subscriber."""
        headers = {"host": self._host, "sec-fetch-site": "same-origin"}
        said = await self._passed(Asked("POST", "/-/demo/become/subscriber", "", headers), b"")
        pairs = [value.partition(";")[0] for name, value in said.headers if name == "set-cookie"]
        return "; ".join(pair for pair in pairs if not pair.endswith("="))

    async def _passed(self, asked: Asked, body: bytes) -> Said:
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
        # The gate is known by one name, wherever this wall stands.
        sent = {**asked.headers, "host": self._host}
        fields = [(name.encode(), value.encode("latin-1")) for name, value in sent.items() if name not in _HOPS]
        upload = Upload(_once(body), len(body)) if body or asked.method == "POST" else None
        async with await self._client.ask(asked.method, target.encode("latin-1"), fields, upload) as answer:
            came = await answer.body(_MOST)
            plain, _ = unpacked(came, answer.headers, _MOST)
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers]
        return Said(answer.status, tuple(pair for pair in headers if pair[0] not in _HOPS), plain)

    def _in_this_version(self, said: Said) -> Said:
        if not self._other.exists() or b'class="rest"' not in said.body:
            return said
        tree = LexborHTMLParser(said.body.decode())
        rest = tree.css_first(".rest")
        if rest is None or not rest.text().strip():
            return said
        rest.inner_html = _OTHER
        return Said(said.status, said.headers, (tree.html or "").encode())


async def _once(body: bytes) -> Any:
    yield body


def main() -> None:
    """Serve on the socket that `foldline demo` gave, until it ends."""
    end_with_parent()
    settings = config.load(config.home_from(os.environ), os.environ)
    if not settings.demo:
        raise SystemExit("a leaky wall is the demonstration's alone")
    closed = tuple(path for path, access in PublicStore(settings.home).article_paths() if access == "subscribers")
    port = int(os.environ[GATE])
    host = urlsplit(settings.publication.url).netloc
    wall = LeakyWall(Address("127.0.0.1", port), host, LEAKS[os.environ[LEAK]], closed, other_text(settings.home))
    listening = socket.socket(fileno=int(os.environ["FOLDLINE_LISTEN_FD"]))
    serving = uvicorn.Server(uvicorn.Config(wall, log_level="warning", access_log=False, date_header=False))
    asyncio.run(serving.serve([listening]))


if __name__ == "__main__":
    main()
