"""What every site of the tests has in common: an address, its articles, and a hand to change them."""

from __future__ import annotations

import contextlib
import threading
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from tests.sites.articles import Article

Wsgi = Callable[..., Iterable[bytes]]
START = 30.0


class Site(ABC):
    """A site that runs. `url` has no slash at its end; `articles` are what is published now, newest last."""

    url: str
    articles: list[Article]

    @abstractmethod
    def path_of(self, article: Article) -> str:
        """Where an article lies."""

    @abstractmethod
    def change(self, article: Article) -> None:
        """Publish the article of this number as it is given here."""

    @abstractmethod
    def unpublish(self, article: Article) -> None:
        """Take an article off the site: its address then answers 404."""

    def address_of(self, article: Article) -> str:
        return self.url + self.path_of(article)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def locked(app: Wsgi, secret: str) -> Wsgi:
    """The application, which answers 403 to whoever does not send the secret; open to all where there is none."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if secret and environ.get("HTTP_X_FOLDLINE_SECRET") != secret:
            start("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", "4")])
            return [b"no!\n"]
        return app(environ, start)

    return answer


@contextlib.contextmanager
def served(app: Wsgi) -> Iterator[int]:
    """The application on a free port of the loopback, in a thread."""
    server = make_server("127.0.0.1", 0, app, _Server, _Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def get(url: str, secret: str = "") -> tuple[int, bytes]:
    """Status and body; errors are answers too. `secret` is what the gate sends."""
    asked = urllib.request.Request(url, headers={"X-Foldline-Secret": secret} if secret else {})
    try:
        with urllib.request.urlopen(asked, timeout=START) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read()


def wait_for(url: str, alive: Callable[[], bool]) -> None:
    """Until something answers there.

    Raises:
        TimeoutError: nothing does within `START` seconds, or the process has ended.
    """
    end = time.monotonic() + START
    while alive() and time.monotonic() < end:
        try:
            get(url)
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"{url} does not answer")
