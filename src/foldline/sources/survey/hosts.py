"""Which hosts are one site, and which addresses of the network a guest may connect to."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from foldline.errors import FoldlineError
from foldline.sources.origin.client import Address

_USUAL = {"http": 80, "https": 443}
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
#: Seconds in which somebody must know a host.
_NAMED_WITHIN = 10.0


class NoSuchSite(FoldlineError):
    """The address that was given is none, or nothing there answers as a site does. The message says what was tried."""


@dataclass(frozen=True, slots=True)
class Place:
    """Scheme, host in small letters, and port: what a site is reached by."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Place:
        """The place in a URL.

        Raises:
            ValueError: it is no http or https URL, or names a user.
        """
        parts = urlsplit(url)
        if parts.scheme not in _USUAL or not parts.hostname or parts.username is not None:
            raise ValueError("a site has an http or https address, without a name of a user")
        if not parts.hostname.isascii() or any(ord(letter) < 33 for letter in parts.netloc):
            raise ValueError("a host is written in ASCII, as in xn--bcher-kva.example")
        return cls(parts.scheme, parts.hostname.rstrip("."), parts.port or _USUAL[parts.scheme])

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _USUAL[self.scheme] else f":{self.port}")

    @property
    def netloc(self) -> str:
        return self.url.partition("://")[2]

    def is_one_site_with(self, other: Place) -> bool:
        """The same host but for `www.`, on the same port or each on its scheme's own."""
        bare = self.host.removeprefix("www."), other.host.removeprefix("www.")
        ports = self.port == other.port or (self.port == _USUAL[self.scheme] and other.port == _USUAL[other.scheme])
        return bare[0] == bare[1] and ports


def is_local(address: str) -> bool:
    """Whether this is no address of the open internet: loopback, private, link-local, multicast and the like, or one of
    IPv6 that is taken on the way for such an address of IPv4."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    carried = _carried(found) if isinstance(found, ipaddress.IPv6Address) else None
    if carried is not None:
        found = carried
    return not found.is_global or found.is_multicast or found.is_reserved


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The address of IPv4 that a translator or a tunnel takes it for (RFC 4291, 2.5.5.2; RFC 3056; RFC 6052)."""
    if address in _TRANSLATED:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def is_loopback(address: str) -> bool:
    """Whether this is the machine itself."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


async def found(place: Place, *, local: bool) -> Address:
    """Where to connect: one address of the network, so that a name can't lead elsewhere in the middle.

    `local` says whether it may be an address that is not of the open internet. One of several that is, is enough to
    refuse where it may not.

    Raises:
        NoSuchSite: the name has no address, or one that may not be asked.
    """
    try:
        async with asyncio.timeout(_NAMED_WITHIN):
            listed = await asyncio.get_running_loop().getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise NoSuchSite(f"{place.url}: nobody knows the host {place.host}. Is it spelt right?") from error
    addresses = [str(one[4][0]) for one in listed]
    if not local and any(map(is_local, addresses)):
        raise NoSuchSite(f"{place.url} is an address of an inner network, and only an address that you typed may be.")
    # IPv4 first: a host without a way to IPv6 is commoner than one without IPv4.
    address = sorted(addresses, key=lambda one: ":" in one)[0]
    return Address(address, place.port, place.scheme == "https", place.host)
