"""The till as it serves: a real socket, its books in a file, its messenger, and a clock that the test moves."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from foldline.site.billing.provider import Price
from foldline.site.billing.till.book import Book
from foldline.site.billing.till.client import Till
from foldline.site.billing.till.service import TillService
from foldline.site.billing.till.telling import HEADER, Messenger

KEY, SECRET = "key-of-the-till-in-tests", "secret-of-its-notices-in-tests"
SITE = "http://127.0.0.1:8080"
MONTHLY = Price("everything", 400, "eur", "month")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class MovedClock:
    """The machine's clock, moved on by seconds."""

    ahead: float = 0.0

    def now(self) -> float:
        return time.time() + self.ahead


@dataclass
class Page:
    status: int
    headers: dict[str, str]
    text: str


@dataclass
class RunningTill:
    """`provider` is the client, `book` what it keeps, `told` what the site was told: (body, signature), which it
    takes at `notices_to` and answers with `site_answers`."""

    address: str
    book: Book
    clock: MovedClock
    provider: Till
    notices_to: str = ""
    told: list[tuple[bytes, str]] = field(default_factory=list)
    site_answers: int = 200

    def get(self, address: str, **headers: str) -> Page:
        return self._ask("GET", address, None, headers)

    def post(self, address: str, **form: str) -> Page:
        return self._ask("POST", address, urlencode(form), FORM)

    def post_with(self, address: str, headers: dict[str, str], **form: str) -> Page:
        return self._ask("POST", address, urlencode(form), FORM | headers)

    def _ask(self, method: str, address: str, body: str | None, headers: dict[str, str]) -> Page:
        parts = urlsplit(address)
        line = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=10)
        try:
            line.request(method, parts.path, body, headers)
            answer = line.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Page(answer.status, named, answer.read().decode())
        finally:
            line.close()

    def subscribe(self, reader: str = "reader-1", card: str = "works", key: str = "") -> str:
        """Pay at the page; the subscription's id."""
        checkout = self.provider.start_checkout(
            reader, "r@example.test", MONTHLY, f"{SITE}/-/subscribed", key or f"key-{reader}-{card}"
        )
        assert self.post(checkout.url, card=card).status == 303
        subscription = self.provider.checkout(checkout.id).subscription
        assert subscription is not None
        return subscription


def until(what: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for `what`, no longer than a deadline."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def running_till(folder: Path, *, messenger: bool = False) -> Iterator[RunningTill]:
    """A till on a free port, until the block ends; with `messenger` it tells a site that notes down what it is told."""
    clock = MovedClock()
    book = Book(folder / "till.db", clock)
    listening = socket.create_server(("127.0.0.1", 0))
    service = TillService(listening, book, KEY, SITE, "The Fold")
    threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    till = RunningTill(service.address, book, clock, Till(service.address, KEY, SECRET))

    class Site(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            till.told.append((body, self.headers[HEADER]))
            self.send_response(till.site_answers)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    site = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    till.notices_to = f"http://127.0.0.1:{site.server_port}/-/billing/notice"
    teller = Messenger(book, till.notices_to, SECRET)
    if messenger:
        teller.start()
    try:
        yield till
    finally:
        if messenger:
            teller.stop()
        for server in (service, site):
            server.shutdown()
            server.server_close()
        book.objects.close()
