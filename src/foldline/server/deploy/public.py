"""What readers meet at the public address: its certificate, what answers there, HSTS, and whose clock is right."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import time
from collections.abc import Generator, Iterator
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from foldline.config import Settings
from foldline.errors import Problem
from foldline.server.deploy.asked import Asking, host_port, untried

TIMEOUT = 8.0
DAY = 86_400
#: A certificate that ends sooner was not renewed in time: they are renewed a month before their end.
LEAST_DAYS = 14
#: Half a year; we ask for a whole one.
LEAST_HSTS = 180 * DAY
#: A clock that is off by more makes passes end too soon, or too late.
MOST_OFF = 60.0


class Told(NamedTuple):
    """An answer: its status, its fields by lower-case names, its beginning, and when it came by our clock."""

    status: int
    fields: dict[str, str]
    body: bytes
    at: float


def problems_of_the_public_address(settings: Settings, asking: Asking) -> Iterator[Problem]:
    """Everything that is asked of the public address, and of other clocks."""
    url = settings.publication.url
    parts = urlsplit(url)
    clocks: list[tuple[str, Told]] = []
    if parts.scheme == "https":
        told = yield from _public(settings, asking)
        if told is not None and asking.connect == "":
            clocks.append((url, told))
    else:
        hint = "A publication that readers reach has an https address."
        yield untried("the certificate", f"{url} is not https", hint)
    yield from _clocks(settings, asking, clocks)


def _public(settings: Settings, asking: Asking) -> Generator[Problem, None, Told | None]:
    url = settings.publication.url
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    to = host_port(asking.connect, 443) if asking.connect else (host, port)
    hint = "Let the proxy send the whole chain for exactly this name, and renew it by itself."
    try:
        context = ssl.create_default_context()
        with (
            socket.create_connection(to, TIMEOUT) as line,
            context.wrap_socket(line, server_hostname=host) as secure,
        ):
            ends = ssl.cert_time_to_seconds(str((secure.getpeercert() or {}).get("notAfter")))
            told = _ask(secure, settings.host, f"{settings.publication.prefix}live")
    except ssl.SSLCertVerificationError as error:
        yield Problem("FL366", f"the certificate is refused: {error.verify_message}", url, hint)
        return None
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = getattr(error, "strerror", None) or type(error).__name__
        hint = "Ask from a machine outside, or name where it listens with --connect HOST:PORT."
        yield Problem("FL369", f"the public address can't be reached from here: {said}", url, hint)
        return None
    left = (ends - time.time()) / DAY
    if left < LEAST_DAYS:
        yield Problem(
            "FL367", f"the certificate ends in {max(0, int(left))} days", url, "Renew it, and let it renew itself."
        )
    if told.status != 200 or told.body.strip() != b"live":
        what = f"{settings.publication.prefix}live says {told.status} there: this gate does not answer"
        yield Problem("FL369", what, url, "Let the proxy hand on every path, with Host unchanged: docs/proxies.md.")
        return None
    found = re.search(r"(?i)\bmax-age\s*=\s*\"?(\d+)", told.fields.get("strict-transport-security", ""))
    if found is None or int(found[1]) < LEAST_HSTS:
        what = "HSTS is missing" if found is None else f"HSTS lasts {int(found[1]) // DAY} days"
        yield Problem("FL368", what, url, "Foldline sends it for a year: let the proxy leave it as it is.")
    return told


def _ask(line: socket.socket, host: str, path: str) -> Told:
    line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = http.client.HTTPResponse(line)
    answer.begin()
    body = answer.read(64)
    return Told(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body, time.time())


def _clocks(settings: Settings, asking: Asking, found: list[tuple[str, Told]]) -> Iterator[Problem]:
    """Our clock beside others'. The public address is often this machine: alone it proves nothing."""
    others = list(asking.clocks)
    if settings.origin is not None and settings.origin.url:
        others.append(settings.origin.url)
    compared = 0
    for address in others:
        try:
            found.append((address, _head(address)))
            compared += 1
        except (OSError, http.client.HTTPException, ValueError) as error:
            said = getattr(error, "strerror", None) or type(error).__name__
            yield untried("the clock", f"{address} does not answer ({said})", "Name another one with --clock URL.")
    for address, told in found:
        try:
            off = told.at - parsedate_to_datetime(told.fields.get("date", "")).timestamp()
        except (ValueError, TypeError):
            compared -= address in others
            continue
        # A date has whole seconds, and the answer came from somewhere.
        if abs(off) > MOST_OFF:
            what = f"this clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} that of {address}"
            yield Problem(
                "FL370", what, "", "Let this machine set its clock (systemd-timesyncd, chrony), then look again."
            )
    if not compared:
        yield untried("the clock", "nobody else's is known here", "Name somebody's with --clock URL.")


def _head(address: str) -> Told:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not the address of a site")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    line = kind(parts.hostname, parts.port, timeout=TIMEOUT)
    try:
        line.request("HEAD", parts.path or "/")
        answer = line.getresponse()
        return Told(answer.status, {name.lower(): value for name, value in answer.getheaders()}, b"", time.time())
    finally:
        line.close()
