"""Whether the world can reach an origin around the gate: the commonest hole of a gate that stands before a site.

The origin is asked as anybody could ask it. What it then says is evidence, and kept with its place.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace

from foldline.errors import OriginUnavailable, Problem
from foldline.sources.origin.client import Address, Limits, OriginClient
from foldline.sources.origin.headers import SECRET, Asker, Field, Fields, fetch_fields

AGENT = b"Foldline (check of the origin's lock)"
#: Bytes of an answer that are looked at.
MOST_READ = 1 << 20
#: So many pieces of a page, of so many bytes, are looked for in what the world is given.
SAMPLES, SAMPLE = 20, 64
BY_ITS_OWN_NAME = "by its own name"

_PATIENCE = Limits(connect=3, first_byte=10, between=10, whole=20)


@dataclass(frozen=True, slots=True)
class Try:
    """One question around the gate. `plainly` says that it was asked for the site at its own port, so that any page at
    all is an open door. `shared` is how many of `SAMPLES` pieces of the page came with the answer; `why` says why there
    was none."""

    where: Address
    path: bytes
    asking: str
    plainly: bool = False
    status: int = 0
    length: int = 0
    shared: int = 0
    why: str = ""

    @property
    def open(self) -> bool:
        """Whether the world is given the page: its text, whatever the status, or a 2xx where only the site answers."""
        return self.has_text or (self.plainly and 200 <= self.status < 300)

    @property
    def has_text(self) -> bool:
        """Whether enough of the page came to be no chance."""
        return self.shared >= SAMPLES // 4

    def __str__(self) -> str:
        said = f"status {self.status}, {self.length} bytes" if self.status else f"no answer ({self.why})"
        text = ", with the text of the page" if self.has_text else ""
        return f"{_url(self.where)}{self.path.decode('latin-1')} asked {self.asking}: {said}{text}"


@dataclass(frozen=True, slots=True)
class Lock:
    """What was tried, and what is wrong. `closed` only where all of it was tried and nothing is."""

    tries: tuple[Try, ...]
    problems: tuple[Problem, ...]

    @property
    def closed(self) -> bool:
        return not self.problems


async def try_lock(address: Address, asker: Asker, paths: Sequence[bytes], doors: Sequence[Address] = ()) -> Lock:
    """Ask for `paths`, articles among them, first as the gate and then as anybody. `doors` are further addresses where
    the origin may answer; `doors_of` knows some."""
    tries: list[Try] = []
    problems: list[Problem] = []
    every = tuple(dict.fromkeys((*((address,) if not _is_loopback(address.host) else ()), *doors)))
    for path in paths:
        as_gate = [field for field in fetch_fields(asker, AGENT) if field[0] != b"accept-encoding"]
        known, page = await _ask(address, path, "as the gate", as_gate)
        if not 200 <= known.status < 300:
            problems.append(_refused(known) if known.status else _untried(known))
            continue
        for where in every:
            for asking, fields in _as_anybody(asker, where):
                tried, body = await _ask(where, path, asking, fields)
                plainly = where.port == address.port and asking != BY_ITS_OWN_NAME
                tries.append(replace(tried, plainly=plainly, shared=_shared(page, body)))
    problems.extend(_open(one) for one in tries if one.open)
    return Lock(tuple(tries), tuple(problems))


def doors_of(address: Address, public: str = "") -> tuple[Address, ...]:
    """Where else an origin may answer: its host's usual ports; for one on loopback, its port on the other addresses of
    this machine; and its port at the `public` host, where readers find the gate at another."""
    around = (Address(public, address.port, address.tls),) if public and address.port not in (80, 443) else ()
    if _is_loopback(address.host):
        return (*(Address(host, address.port, address.tls) for host in _own_addresses()), *around)
    return (Address(address.host, 80), Address(address.host, 443, True), *around)


def _as_anybody(asker: Asker, where: Address) -> list[tuple[str, Fields]]:
    plain: tuple[Field, ...] = ((b"user-agent", AGENT), (b"accept", b"text/html,*/*;q=0.1"))
    named: tuple[Field, ...] = ((b"host", asker.host), *plain)
    claims: tuple[Field, ...] = ((b"x-forwarded-for", b"127.0.0.1"), (b"x-real-ip", b"127.0.0.1"))
    return [
        ("without the secret", named),
        ("with a wrong secret", (*named, (SECRET, b"wrong"))),
        ("with an empty secret", (*named, (SECRET, b""))),
        ("claiming to be at home", (*named, *claims)),
        (BY_ITS_OWN_NAME, ((b"host", where.host.encode("idna")), *plain)),
    ]


async def _ask(where: Address, path: bytes, asking: str, fields: Fields) -> tuple[Try, bytes]:
    client = OriginClient(where, _PATIENCE, _any_certificate() if where.tls else None)
    tried = Try(where, path, asking)
    body = bytearray()
    try:
        async with await client.ask("GET", path, fields) as answer:
            tried = replace(tried, status=answer.status)
            async with contextlib.aclosing(answer.chunks()) as chunks:
                async for chunk in chunks:
                    body += chunk
                    if len(body) >= MOST_READ:
                        break
    except OriginUnavailable as error:
        tried = replace(tried, why=error.why)
    finally:
        client.close()
    return replace(tried, length=len(body)), bytes(body)


def _any_certificate() -> ssl.SSLContext:
    # A door with a wrong certificate is a door: nothing that is read here is believed, only counted.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _shared(page: bytes, body: bytes) -> int:
    """How many pieces of a page stand in what somebody else was given."""
    if len(page) < SAMPLE:
        return SAMPLES if page and page in body else 0
    step = max(1, (len(page) - SAMPLE) // SAMPLES)
    return sum(page[at : at + SAMPLE] in body for at in range(0, SAMPLES * step, step))


def _open(tried: Try) -> Problem:
    hint = (
        "Let it refuse every request without the header X-Foldline-Secret, or listen where only the gate can reach it."
    )
    return Problem("FL220", f"the world reaches the origin around the gate: {tried}", _url(tried.where), hint)


def _untried(tried: Try) -> Problem:
    hint = "Nothing is known of its lock: see that the gate reaches it, and try again."
    return Problem("FL221", f"the lock could not be tried: {tried}", _url(tried.where), hint)


def _refused(tried: Try) -> Problem:
    hint = "Compare the secret of both sides, and ask for pages that there are."
    return Problem("FL222", f"the origin refuses the gate itself: {tried}", _url(tried.where), hint)


def _url(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{'https' if address.tls else 'http'}://{host}:{address.port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _own_addresses() -> tuple[str, ...]:
    """Addresses of this machine that others may know."""
    found: list[str] = []
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        # Nothing is sent: to connect a datagram socket only asks which of our addresses would be used.
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect((elsewhere, 9))
            found.append(str(asking.getsockname()[0]))
    return tuple(host for host in dict.fromkeys(found) if not _is_loopback(host) and host not in ("0.0.0.0", "::"))  # noqa: S104 - no bind
