"""One small site as a WSGI and as an ASGI application, the gate mounted in it, and clients that call as servers do."""

from __future__ import annotations

import asyncio
import io
import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlencode

from foldline.clock import SystemClock
from foldline.config import Settings, load
from foldline.mounted import gate_asgi, gate_wsgi
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.stores.fetched import FetchedPages
from foldline.stores.mode import Mode
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, SETTINGS, home_at, in_mode
from foldline.testing.passes import Carry, cookie, write_facts

CANARY = "the ferryman kept the seventh ledger under the floor"
REST = f"<p>What nobody had asked was where {CANARY}, and why it was never found there.</p>\n<p>It was.</p>\n"
OTHER_REST = "<p>Another end.</p>\n" * 30
PATH, SECOND, FREE = "/two-diaries.html", "/the-second.html", "/free.html"
RULES = 'default-access = "metered"\n[meter.site]\nanonymous = 1\nregistered = 2\n'
MOUNTED = '\n[origin]\nmounted = true\nprofile = "static"\n'
MAP = """profile = "static"

[[route]]
name = "shop"
kind = "passed"
paths = ["/shop/**", "/live"]
methods = "all"

[[route]]
name = "search"
kind = "passed"
paths = ["/find/"]
query = ["page"]
"""

Pairs = tuple[tuple[bytes, bytes], ...]
OURS = b"__Host-foldline-"


def page(rest: str, more: str = "") -> bytes:
    """An article that says itself where it is closed."""
    fold = "" if more else "<!-- fold -->"
    return f"""<!doctype html>
<html lang=en><head><meta charset="utf-8"><title>The two diaries of a river</title>
<script type="application/ld+json">{{"@context":"https://schema.org","@type":"NewsArticle",
"headline":"The two diaries of a river","wordCount":{len(rest.split())}{more}}}</script></head>
<body><article class=post><h1>The two diaries of a river</h1><div class=entry>
<p>Every river keeps two diaries, and for most of its length nobody reads either of them.</p>
<p>The first is written in the banks, a line for each flood that came higher than the one before.</p>
{fold}
{rest}</div></article><footer>Nothing of ours</footer></body></html>
""".encode()


@dataclass
class Asked:
    """What the application was asked: `fields` by name in lower case, `asks` whether the gate itself did."""

    method: str
    path: str
    query: str
    fields: dict[str, str]
    body: bytes
    asks: bool
    thread: str


Said = tuple[int, list[tuple[str, str]], Iterable[bytes]]


@dataclass
class Site:
    """Pages by path, which a test may change."""

    rest: str = REST
    asked: list[Asked] = field(default_factory=list)
    closed: int = 0
    #: What answers in place of all this, where a test gives it.
    instead: Callable[[Asked], Said] | None = None

    def __post_init__(self) -> None:
        self.pages = {
            PATH: page(self.rest),
            SECOND: page(self.rest),
            FREE: page(self.rest, ',"isAccessibleForFree":true'),
        }

    def answer(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if self.instead is not None:
            return self.instead(asked)
        text = [("Content-Type", "text/plain"), ("X-Foldline-Secret", "x"), ("Set-Cookie", "basket=1"), ("X-Shop", "1")]
        text.append(("Set-Cookie", "__Host-foldline-pass=stolen"))
        if asked.path in self.pages:
            more = [("Set-Cookie", "session=of-the-gate"), ("X-Foldline-Outcome", "open"), ("ETag", '"v1"')]
            return 200, [("Content-Type", "text/html; charset=utf-8"), *more], [self.pages[asked.path]]
        if asked.path in ("/shop/basket", "/find/"):
            told = "; ".join(f"{name}={value}" for name, value in sorted(asked.fields.items()))
            return 200, text, [asked.query.encode(), b"\n", told.encode(), b"\n", asked.body]
        if asked.path == "/theme/site.css":
            return 200, [("Content-Type", "text/css"), ("X-Sendfile", "/etc/passwd")], [b"body { ", b"color: teal }"]
        if asked.path == "/pretends.css":
            return 200, [("Content-Type", "text/html")], [self.pages[PATH]]
        if asked.path.startswith("/unmapped"):
            return 200, [("Content-Type", "text/html"), ("ETag", '"v1"')], [self.pages[PATH]]
        return 404, [("Content-Type", "text/html")], [b"<h1>none</h1>"]

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        fields = {key[5:].lower().replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")}
        asked = Asked(
            environ["REQUEST_METHOD"],
            environ["PATH_INFO"].encode("latin-1").decode(),
            environ["QUERY_STRING"],
            fields,
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
            environ.get("foldline.asks", False),
            threading.current_thread().name,
        )
        status, headers, chunks = self.answer(asked)
        site = self

        class Closing:
            def __iter__(self) -> Iterator[bytes]:
                # As late as PEP 3333 allows: with the first piece.
                start_response(f"{status} Said", headers)
                yield from chunks

            def close(self) -> None:
                site.closed += 1

        return Closing()

    async def asgi(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            names = b",".join(sorted(name for name, _ in scope["headers"]))
            await send({"type": "websocket.send", "bytes": names})
            await send({"type": "websocket.close"})
            return
        assert scope["type"] == "http"
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        asked = Asked(
            scope["method"],
            scope["path"],
            scope["query_string"].decode(),
            {name.decode(): value.decode("latin-1") for name, value in scope["headers"]},
            body,
            scope.get("foldline.asks", False),
            threading.current_thread().name,
        )
        status, headers, chunks = self.answer(asked)
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def environ_of(method: str, target: bytes, headers: Pairs, body: bytes = b"", script: str = "") -> dict[str, Any]:
    """A request as a server behind PEP 3333 hands it over."""
    path, _, query = target.partition(b"?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": script,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1").removeprefix(script),
        "QUERY_STRING": query.decode("latin-1"),
        "REMOTE_ADDR": "192.0.2.7",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
    }
    for name, value in ((b"host", HOST.encode()), *headers):
        key = name.decode().upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        told = value.decode("latin-1")
        # A server joins fields of one name; the host is the one that was given last.
        joined = environ[key] + ("; " if key == "HTTP_COOKIE" else ",") + told if key in environ else told
        environ[key] = told if key == "HTTP_HOST" else joined
    return environ


def call_wsgi(application: Any, environ: dict[str, Any]) -> Answer:
    """One request as a server makes it."""
    said: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], failed: Any = None) -> Callable[[bytes], None]:
        said[:] = [status, headers]
        return written.extend

    written = bytearray()
    came = application(environ, start_response)
    try:
        for chunk in came:
            assert said, "a piece before the head"
            written += chunk
    finally:
        if hasattr(came, "close"):
            came.close()
    headers = tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in said[1])
    return Answer(int(said[0].split(" ")[0]), headers, bytes(written))


@dataclass
class Paper:
    """A publication that is mounted. `ask` takes a raw target, as a client sends it."""

    site: Site
    settings: Settings
    carry: Carry
    ask: Callable[[str, bytes, Pairs, bytes], Answer]
    kind: str
    gate: Any

    def get(self, path: str, *carries: tuple[bytes, bytes], method: str = "GET") -> Answer:
        return self.ask(method, path.encode(), carries, b"")

    def read(self, path: str, *carries: tuple[bytes, bytes]) -> Answer:
        """What the page's script sends for the article at a path."""
        number = re.search(rb'data-article="(\d+)"', self.get(path).body)
        assert number
        body = urlencode({"article": number[1].decode(), "answer": "fragment"}).encode()
        form = ((b"content-type", b"application/x-www-form-urlencoded"), (b"sec-fetch-site", b"same-origin"))
        return self.ask("POST", b"/-/read", (*form, *carries), body)

    def subscriber(self) -> Pairs:
        return cookie(reader_pass=self.carry.token(self.carry.facts("payer", {1: 4_000_000_000})))

    def expire(self, path: str) -> None:
        """The next visit asks the application again."""
        store = FetchedPages(self.settings.home)
        store.expire(path.encode())
        store.close()
        running = self.gate._thread.gate if self.kind == "wsgi" else self.gate._gate
        running.app.library.forget(path.encode())

    @property
    def fetched(self) -> list[Asked]:
        return [asked for asked in self.site.asked if asked.asks]


def prepared(folder: Path, more: str = "", rules: str = RULES) -> tuple[Settings, Carry]:
    """A home folder of a mounted publication."""
    home_at(folder)
    (folder / "foldline.toml").write_text(SETTINGS + MOUNTED + more, encoding="utf-8")
    (folder / "surfaces.toml").write_text(MAP, encoding="utf-8")
    # As the gate itself reads them: keys in the environment are the gate's keys too.
    settings = load(folder, os.environ)
    clock = SystemClock()
    with RuleSetStore(settings.home) as sets:
        sets.publish(rules, "ada", "", int(clock.now()))
    in_mode(settings.home, Mode.GATE, int(clock.now()))
    carry = Carry(keyring_of(settings), clock, window_at(int(clock.now()), settings.zone))
    write_facts(settings.home, carry.facts("payer", {1: 4_000_000_000}))
    return settings, carry


@contextmanager
def mounted(kind: str, folder: Path, rest: str = REST, mount: str = "", rules: str = RULES) -> Iterator[Paper]:
    """The site of a kind with the gate around it."""
    settings, carry = prepared(folder, rules=rules)
    site = Site(rest)
    if kind == "wsgi":
        gate = gate_wsgi(site.wsgi, home=folder, mount=mount)
        try:
            yield Paper(
                site, settings, carry, lambda *told: call_wsgi(gate, environ_of(*told, script=mount)), kind, gate
            )
        finally:
            gate.close()
        return
    gate_of_asgi = gate_asgi(site.asgi, home=folder, mount=mount)
    with asgi_client(gate_of_asgi, mount) as ask:
        yield Paper(site, settings, carry, ask, kind, gate_of_asgi)


@contextmanager
def asgi_client(
    application: Any, mount: str = "", around: Any = None
) -> Iterator[Callable[[str, bytes, Pairs, bytes], Answer]]:
    """Asks an ASGI application, on a loop that runs while it is asked."""
    loop = asyncio.new_event_loop()

    def ask(method: str, target: bytes, headers: Pairs, body: bytes) -> Answer:
        return loop.run_until_complete(_ask(application, method, target, headers, body, mount))

    try:
        yield ask
    finally:
        loop.run_until_complete((around or application)._end())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def scope_of(method: str, target: bytes, headers: Pairs, mount: str = "") -> dict[str, Any]:
    path, _, query = target.partition(b"?")
    given = [(name.lower(), value) for name, value in headers]
    if not any(name == b"host" for name, _ in given):
        given.insert(0, (b"host", HOST.encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": mount,
        "headers": given,
        "client": ("192.0.2.7", 50_000),
    }


async def _ask(application: Any, method: str, target: bytes, headers: Pairs, body: bytes, mount: str) -> Answer:
    sent: list[Any] = []

    told: list[bytes] = [body]

    async def receive() -> dict[str, Any]:
        if not told:
            # Who asked stays there to the end.
            await asyncio.Event().wait()
        return {"type": "http.request", "body": told.pop(), "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await application(scope_of(method, target, headers, mount), receive, send)
    start, *rest = sent
    assert rest[-1].get("more_body", False) is False
    return Answer(start["status"], tuple(start["headers"]), b"".join(message.get("body", b"") for message in rest))
