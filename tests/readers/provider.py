"""An OpenID Connect provider that is not ours, as a process on loopback, and one of ours that lies."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urlsplit

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class RunningProvider:
    """`issuer` is its address."""

    issuer: str

    def knows(self, subject: str, **claims: object) -> None:
        """Let somebody have an account there."""
        answer = _ask(f"{self.issuer}/users/{subject}", "PUT", json.dumps(claims), {"Content-Type": "application/json"})
        assert answer[0] == 204

    def consent(self, address: str, subject: str) -> str:
        """Sign in at the address that the browser was sent to; the path and query of where it is sent back."""
        return self._post(address, {"sub": subject})

    def deny(self, address: str) -> str:
        return self._post(address, {"action": "deny"})

    def _post(self, address: str, form: Mapping[str, str]) -> str:
        status, headers, _ = _ask(address, "POST", urlencode(form), FORM)
        assert status == 302, status
        back = urlsplit(headers["location"])
        return f"{back.path}?{back.query}"


def _ask(address: str, method: str, body: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body, dict(headers))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@contextmanager
def running_provider() -> Iterator[RunningProvider]:
    """`oidc-provider-mock`, until the block ends."""
    port = free_port()
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)],
        env=keep,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 30
        while True:
            try:
                if _ask(f"http://127.0.0.1:{port}/.well-known/openid-configuration", "GET", "", {})[0] == 200:
                    break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise
            time.sleep(0.05)
        yield RunningProvider(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(15)


class Liar:
    """A provider that answers what a test puts into `answers`, by path: (status, headers, body), or a function that
    writes to the connection itself. `asked` holds the bodies that it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[tuple[str, bytes]] = []
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                path = urlsplit(self.path).path
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                liar.asked.append((path, body))
                answer = liar.answers.get(path, (404, {}, b""))
                if callable(answer):
                    answer(self)
                    return
                status, headers, content = answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Nothing is written anywhere."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.says("/.well-known/openid-configuration", self.configuration())

    def configuration(self, **other: object) -> dict[str, object]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            **other,
        }

    def says(self, path: str, told: object, status: int = 200) -> None:
        self.answers[path] = (status, {"Content-Type": "application/json"}, json.dumps(told).encode())

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
