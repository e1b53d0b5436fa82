"""The desk as a process of its own on a real port, and a browser that talks to it over HTTP."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from foldline.stores.home import Home


@contextmanager
def served(home: Home, surface: str, *, demo: bool = False, broken: str = "") -> Iterator[int]:
    """Serve the site or the desk of a home folder; gives the port. `broken` is Python that takes defences away."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        listening.set_inheritable(True)
        code = (
            "import sys, socket, uvicorn; from foldline.server import asgi_site;"
            "application = getattr(asgi_site, sys.argv[1])(); exec(sys.argv[3]);"
            "uvicorn.Server(uvicorn.Config(application, log_level='warning', access_log=False,"
            "lifespan='on', proxy_headers=False)).run(sockets=[socket.socket(fileno=int(sys.argv[2]))])"
        )
        environ = {**os.environ, "FOLDLINE_HOME": str(home.path), "FOLDLINE_DEMO": "1" if demo else ""}
        environ.pop("DJANGO_SETTINGS_MODULE", None)
        descriptor = listening.fileno()
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, surface, str(descriptor), broken],
            env=environ,
            pass_fds=[descriptor],
        )
        try:
            yield port
        finally:
            process.terminate()
            process.wait(20)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str


@dataclass
class DeskBrowser:
    """Keeps cookies and sends the token of the last form, as a person's browser would."""

    port: int
    host: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, data: dict[str, str] | None = None, **headers: str) -> Answer:
        return self._ask("POST", path, {"csrfmiddlewaretoken": self.token, **(data or {})}, headers)

    def _ask(self, method: str, path: str, data: dict[str, str] | None, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        given = {
            "Host": self.host or f"127.0.0.1:{self.port}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            **({"Content-Type": "application/x-www-form-urlencoded"} if data is not None else {}),
            **self.headers,
            **headers,
        }
        try:
            connection.request(method, path, urlencode(data) if data is not None else None, given)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            for sent in response.headers.get_all("Set-Cookie") or []:
                for name, morsel in SimpleCookie(sent).items():
                    self.attributes[name] = sent
                    self.cookies[name] = morsel.value
                    if not morsel.value:
                        del self.cookies[name]
        finally:
            connection.close()
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
        if found:
            self.token = found[1]
        return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, text)


def totp(secret: str, at: float | None = None) -> str:
    """The code that an authenticator application shows."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return format_hotp_value(hotp_value(secret, int((time.time() if at is None else at) // 30)))
