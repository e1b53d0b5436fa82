"""The list of addresses that a crawler's operator publishes: read, and doubted before it is believed.

The form is Google's, which the others took over: `{"prefixes": [{"ipv4Prefix": …}, {"ipv6Prefix": …}]}`.
A list that a slip or a stranger made too broad would open every article to whoever says a crawler's name.
"""

from __future__ import annotations

import json
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network

_KEYS = ("ipv4Prefix", "ipv6Prefix")

#: The broadest network of each version that a list may hold, in bits, and how many addresses of IPv4 in all.
#: Published lists hold from /32 to /20, and some ten thousand addresses.
BROADEST = {4: 18, 6: 40}
MOST_ADDRESSES = 1 << 17
MOST_NETWORKS = 10_000
#: The most bytes of a list. The longest that there are have some 100 KB.
MOST_BYTES = 1 << 20


def read_list(body: bytes) -> tuple[str, ...]:
    """The networks of a list, each as `192.0.2.0/27`.

    Raises:
        ValueError: with what is wrong in words. Nothing of such a list is believed.
    """
    if len(body) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES} bytes")
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    prefixes = told.get("prefixes") if isinstance(told, dict) else None
    if not isinstance(prefixes, list):
        raise ValueError("it has no list of prefixes")
    if not prefixes:
        raise ValueError("it is empty")
    if len(prefixes) > MOST_NETWORKS:
        raise ValueError(f"it has more than {MOST_NETWORKS} networks")
    networks = [_network(prefix) for prefix in prefixes]
    if sum(net.num_addresses for net in networks if net.version == 4) > MOST_ADDRESSES:
        raise ValueError(f"it has more than {MOST_ADDRESSES} addresses of IPv4")
    return tuple(dict.fromkeys(str(net) for net in networks))


def _network(prefix: object) -> Network:
    values = [value for key, value in prefix.items() if key in _KEYS] if isinstance(prefix, dict) else []
    if len(values) != 1 or not isinstance(values[0], str):
        raise ValueError("an entry of it names no network, or two")
    try:
        net = ip_network(values[0])
    except ValueError:
        raise ValueError(f"{values[0][:50]!r} is no network") from None
    if net.prefixlen < BROADEST[net.version]:
        raise ValueError(f"{net} is broader than /{BROADEST[net.version]}")
    if not (net.network_address.is_global and net.broadcast_address.is_global) or net.is_multicast:
        raise ValueError(f"{net} is no network of the internet")
    return net
