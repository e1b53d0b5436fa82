"""Host names of whoever claims to be a crawler, looked up beside the path (forward-confirmed reverse DNS).

The name of an address is written by whoever has the address: `crawl-95-216-227-158.googlebot.com` was seen on a machine
that is not Google's. Only the operator can make the name lead back, so both directions are asked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Protocol

import dns.exception
import dns.name
import dns.resolver
import dns.reversename

from foldline.callers.crawlers import CRAWLERS, Looked, Named
from foldline.callers.networks import Address
from foldline.config import Settings
from foldline.stores.changes import write_changes
from foldline.stores.crawlers import Claim, CrawlerStore

log = logging.getLogger(__name__)

#: Seconds for one question, and how many claims are looked up at once and in one run.
PATIENCE, AT_ONCE, MOST_AT_A_TIME = 2.0, 8, 32
#: How many names of one address are followed. Honest ones have one.
MOST_NAMES = 4
#: For so many seconds an answer is believed.
BELIEVED = {Named.CONFIRMED: 86_400, Named.ELSEWHERE: 6 * 3600, Named.SILENT: 600}
#: Seconds after which whoever waits is forgotten: they come again.
MOST_WAITED = 3600


class Unanswered(Exception):
    """Nobody said anything, in time or at all."""


class Names(Protocol):
    """Asks for names and addresses. Both give nothing where there is none, and raise Unanswered."""

    def names_of(self, address: Address) -> Iterable[str]: ...

    def addresses_of(self, name: str) -> Iterable[Address]: ...


class Dns:
    """Asks the resolvers of this machine, or those that are given."""

    def __init__(self, resolver: dns.resolver.Resolver | None = None) -> None:
        self._resolver = resolver or dns.resolver.Resolver()

    def names_of(self, address: Address) -> list[str]:
        """The names of an address."""
        return self._asked(dns.reversename.from_address(str(address)), "PTR")

    def addresses_of(self, name: str) -> list[Address]:
        """The addresses of a name, of both versions."""
        try:
            whole = dns.name.from_text(name)
        except dns.exception.DNSException:
            return []
        return [ip_address(text) for kind in ("A", "AAAA") for text in self._asked(whole, kind)]

    def _asked(self, name: dns.name.Name, kind: str) -> list[str]:
        try:
            answer = self._resolver.resolve(name, kind, lifetime=PATIENCE, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            raise Unanswered(type(error).__name__) from error
        return [record.to_text() for record in answer]


def named(address: Address, hosts: tuple[str, ...], names: Names) -> Named:
    """What the names of an address say of a claim to belong to an operator with these ends of host names."""
    try:
        said = list(names.names_of(address))[:MOST_NAMES]
        if not said:
            return Named.SILENT
        for name in (name.rstrip(".").lower() for name in said):
            if name.endswith(hosts) and address in names.addresses_of(name):
                return Named.CONFIRMED
    except Unanswered:
        return Named.SILENT
    return Named.ELSEWHERE


def look_up(settings: Settings, now: int, names: Names) -> int:
    """Look up those who have waited longest; how many they were. The gate's workers hear of it.

    Raises:
        StoreUnavailable: nothing can be read or kept.
    """
    with CrawlerStore(settings.home) as store:
        if not store.waits_since():
            return 0
        store.forget_over(now, MOST_WAITED)
        claims = store.waiting(MOST_AT_A_TIME)
        if not claims:
            return 0
        with ThreadPoolExecutor(AT_ONCE, "names") as threads:
            answers = list(threads.map(lambda claim: _looked(claim, now, names), claims))
        store.keep_looked(answers, now)
    if any(one.named is not Named.SILENT for one in answers):
        write_changes(settings.home, (("crawlers", ""),), now)
    return len(answers)


def forget(settings: Settings, now: int) -> None:
    """Forget whoever was answered for long enough, and whoever has waited in vain: addresses are not kept for nothing.

    Raises:
        StoreUnavailable: the file can't be written.
    """
    with CrawlerStore(settings.home) as store:
        store.forget_over(now, MOST_WAITED)


def _looked(claim: Claim, now: int, names: Names) -> Looked:
    crawler, address = claim
    hosts = CRAWLERS[crawler].hosts if crawler in CRAWLERS else ()
    found = named(address, hosts, names) if hosts else Named.SILENT
    return Looked(crawler, address, found, now + BELIEVED[found])
