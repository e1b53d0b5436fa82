"""The till over HTTP: an interface for the site (`/v1/…`, by key) and pages for people, on one loopback socket."""

from __future__ import annotations

import hmac
import json
import logging
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from foldline.errors import ConfigurationError
from foldline.site.billing.provider import Declined, NotAtProvider
from foldline.site.billing.till import interface, pages
from foldline.site.billing.till.answer import Answer
from foldline.site.billing.till.book import Book
from foldline.site.billing.till.loopback import is_loopback, require_loopback

log = logging.getLogger(__name__)

LARGEST_BODY = 16 * 1024


class TillService(ThreadingHTTPServer):
    """Serves `book` on a listening loopback socket. `site` is the publication's address, to which pages lead back, and
    `site_name` what it is called.

    Raises:
        ConfigurationError: FL290, the socket or the site is not on loopback.
    """

    daemon_threads = True

    def __init__(self, listening: socket.socket, book: Book, key: str, site: str, site_name: str) -> None:
        host, port = listening.getsockname()[:2]
        self.address = f"http://{host}:{port}"
        require_loopback(self.address)
        require_loopback(site)
        super().__init__((host, port), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_name, self.server_port = host, port
        self.book, self.key = book, key
        self.site, self.site_name = site, site_name


class _Handler(BaseHTTPRequestHandler):
    server: TillService
    protocol_version = "HTTP/1.1"
    timeout = 15

    def version_string(self) -> str:
        return "till"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: addresses of checkouts are secrets."""

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._send(Answer(413, pages.error("This is more than a form here ever sends.")))
            return
        self._answer({"body": self.rfile.read(int(length))})

    def _answer(self, given: dict[str, bytes]) -> None:
        target = urlsplit(self.path)
        is_interface = target.path.startswith("/v1/")
        if not is_loopback(urlsplit(f"//{self.headers.get('Host', '')}").hostname or ""):
            self._send(Answer(421, pages.error("The till answers under a loopback address only.")))
            return
        try:
            answer = (
                self._interface(target.path, target.query, given) if is_interface else self._page(target.path, given)
            )
        except NotAtProvider as error:
            what = "There is no such page at the till, or its time is over."
            answer = Answer.json(404, {"error": str(error)}) if is_interface else Answer(404, pages.error(what))
        except (Declined, ConfigurationError) as error:
            why = error.why if isinstance(error, Declined) else "off_loopback"
            answer = (
                Answer.json(402, {"error": why})
                if is_interface
                else Answer(409, pages.error(f"It can't be done: {why}."))
            )
        except (ValueError, KeyError, TypeError):
            answer = Answer.json(400, {"error": "bad request"})
        except Exception:
            log.exception("the till could not answer")
            answer = Answer.json(500, {"error": "server error"})
        self._send(answer)

    def _interface(self, path: str, query: str, given: dict[str, bytes]) -> Answer:
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(key.encode(), self.server.key.encode()):
            return Answer.json(401, {"error": "key"})
        if "body" not in given:
            found = interface.ask(self.server.book, self.server.address, path, parse_qs(query))
        else:
            said = json.loads(given["body"])
            once = self.headers.get("Idempotency-Key", "")
            found = interface.act(self.server.book, self.server.address, self.server.site, path, said, once)
        return Answer.json(200, found)

    def _page(self, path: str, given: dict[str, bytes]) -> Answer:
        if "body" not in given:
            return pages.show(self.server.book, self.server.site, self.server.site_name, path)
        if not self._from_our_pages():
            return Answer(403, pages.error("This form came from another site."))
        form = {name: values[0] for name, values in parse_qs(given["body"].decode()).items()}
        return pages.act(self.server.book, self.server.site_name, path, form)

    def _from_our_pages(self) -> bool:
        """Whether a form came from here (Fetch Metadata, W3C), or from no browser at all."""
        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return False
        origin = self.headers.get("Origin")
        return origin is None or urlsplit(origin).netloc == self.headers.get("Host")

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        headers = {
            "Content-Type": answer.content_type,
            "Content-Length": str(len(answer.body)),
            "Cache-Control": "no-store" if not answer.kept else "public, max-age=31536000, immutable",
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
                f"form-action 'self' {self.server.site}; base-uri 'none'; frame-ancestors 'none'"
            ),
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
            **answer.headers,
        }
        for name, value in headers.items():
            self.send_header(name, value)
        try:
            self.end_headers()
            self.wfile.write(answer.body)
        except OSError:
            # Whoever asked has gone.
            self.close_connection = True
