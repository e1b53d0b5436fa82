"""How `check --deploy` asks others, and how it says that it could not: what was not tried is never silently fine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import dns.exception
import dns.resolver

from foldline.errors import Problem

#: One question to a name server, in seconds.
PATIENCE = 5.0


class Asking(NamedTuple):
    """Whom to ask. `resolver` is a name server as `host:port`, "" for the machine's own; `connect` where the public
    address is looked for as `host:port`, "" for where its name leads; `clocks` are addresses whose time is compared;
    `mail_to` is whom the mail host is asked to take a message for, "" for the sender."""

    resolver: str = ""
    connect: str = ""
    clocks: tuple[str, ...] = ()
    mail_to: str = ""


def untried(what: str, why: str, hint: str) -> Problem:
    """FL379."""
    return Problem("FL379", f"{what} could not be tried: {why}", "", hint)


def host_port(text: str, port: int) -> tuple[str, int]:
    """(host, port) of `host:port`, `[::1]:port` or a host alone.

    Raises:
        ValueError: it is no such thing.
    """
    host, colon, number = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), port
    return host.strip("[]"), int(number)


class Names:
    """Asks for TXT records."""

    def __init__(self, resolver: str) -> None:
        if resolver:
            host, port = host_port(resolver, 53)
            self._resolver = dns.resolver.Resolver(configure=False)
            self._resolver.nameservers = [host]
            self._resolver.port = port
        else:
            self._resolver = dns.resolver.Resolver()
        self._resolver.lifetime = PATIENCE

    def texts(self, name: str) -> list[str]:
        """The TXT records at a name, each with its strings joined (RFC 7208, 3.3); none where there is no such name.

        Raises:
            LookupError: no answer came, which says nothing of the records.
        """
        try:
            answer = self._resolver.resolve(name, "TXT", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise LookupError(type(error).__name__) from error
        return [b"".join(row.strings).decode("utf-8", "replace") for row in answer]


def tags_of(record: str) -> dict[str, str]:
    """`v=DMARC1; p=none` as names and values (RFC 6376, 3.2)."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}


def parents(domain: str) -> Iterator[str]:
    """A domain and those above it, down to two labels."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        yield ".".join(labels[start:])
