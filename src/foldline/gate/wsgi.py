"""A WSGI request as the gate's application takes it, and its answer as a WSGI server takes it. Calls nobody.

PEP 3333 hands a path over decoded, as latin-1. The application behind routes on that, so that is what is decided on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from foldline.gate.asgi import MOST_BODY, Scope
from foldline.spelling import spelt

Environ = dict[str, Any]
StartResponse = Callable[..., Callable[[bytes], object]]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


def raw_path(environ: Mapping[str, Any]) -> bytes:
    """The whole path, the part that an application is mounted under included: as it was sent, where the server tells
    and it is the path that is routed on."""
    decoded = (str(environ.get("SCRIPT_NAME", "")) + str(environ.get("PATH_INFO", ""))).encode("latin-1")
    told = environ.get("REQUEST_URI") or environ.get("RAW_URI")
    raw = told.partition("?")[0].encode("latin-1", "replace") if isinstance(told, str) else None
    return spelt(raw, decoded or b"/")


def scope_of(environ: Mapping[str, Any]) -> Scope:
    """The request, but for its body."""
    return {
        "type": "http",
        "method": environ["REQUEST_METHOD"],
        "raw_path": raw_path(environ),
        "query_string": str(environ.get("QUERY_STRING", "")).encode("latin-1"),
        "headers": headers_of(environ),
        "client": (environ.get("REMOTE_ADDR", ""), 0),
    }


def headers_of(environ: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """The header fields of a request. A server joined those of one name already."""
    found = []
    for key, value in environ.items():
        if key.startswith("HTTP_") or (key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value):
            found.append((field_name(key), str(value).encode("latin-1", "replace")))
    return found


def field_name(key: str) -> bytes:
    """`HTTP_USER_AGENT` is `user-agent`."""
    return key.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1", "replace")


def body_of(environ: Mapping[str, Any]) -> bytes:
    """A request's body, and one byte more than is taken where it is too large. Only what a server marks as ended may be
    read without a length."""
    told = environ.get("CONTENT_LENGTH") or ""
    if told.isascii() and told.isdigit():
        most = min(int(told), MOST_BODY + 1)
    elif environ.get("wsgi.input_terminated") and not told:
        most = MOST_BODY + 1
    else:
        most = 0
    return bytes(environ["wsgi.input"].read(most)) if most else b""


def status_line(status: int) -> str:
    """`404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


@dataclass(slots=True)
class Asked:
    """One call of the gate's application: what it receives, and what it sent. `other` is what it sent beside HTTP."""

    body: bytes = b""
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    parts: list[bytes] = field(default_factory=list)
    other: Mapping[str, Any] | None = None

    async def receive(self) -> Scope:
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def send(self, message: Scope) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
        elif message["type"] == "http.response.body":
            self.parts.append(message.get("body", b""))
        else:
            self.other = message
