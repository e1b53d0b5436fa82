"""The client's address by hop count: never by what a client may write (ASVS V15.3.4)."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address


def client_address(peer: str, forwarded_for: tuple[str, ...], hops: int) -> IPv4Address | IPv6Address | None:
    """The address that the outermost of our own `hops` proxies saw.

    `peer` is who connected to us, `forwarded_for` the values of all X-Forwarded-For headers in order. None where it
    can't be told; None never grants anything.
    """
    chain = [entry.strip() for value in forwarded_for for entry in value.split(",")]
    if hops:
        peer = chain[-hops] if hops <= len(chain) else ""
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def network(address: IPv4Address | IPv6Address | None) -> str:
    """The network that counts as one household or office: /24 of IPv4, /56 of IPv6; "" for an unknown address."""
    if address is None:
        return ""
    keep = 24 if address.version == 4 else 56
    return f"{address.version}:{int(address) >> (address.max_prefixlen - keep):x}"
