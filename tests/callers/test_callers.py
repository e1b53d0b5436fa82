"""Addresses come from configured hops; user agents are only claims."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from foldline.callers.address import client_address, network
from foldline.callers.agents import claims_crawler


@pytest.mark.parametrize(
    ("peer", "forwarded", "hops", "told"),
    [
        ("203.0.113.9", (), 0, "203.0.113.9"),
        ("203.0.113.9", ("66.249.66.1",), 0, "203.0.113.9"),
        ("127.0.0.1", ("66.249.66.1, 203.0.113.9",), 1, "203.0.113.9"),
        ("127.0.0.1", ("66.249.66.1", "203.0.113.9, 10.0.0.1"), 2, "203.0.113.9"),
        ("127.0.0.1", ("203.0.113.9",), 2, None),
        ("127.0.0.1", (), 1, None),
        ("127.0.0.1", ("unknown",), 1, None),
        ("127.0.0.1", ("203.0.113.9:443",), 1, None),
        ("127.0.0.1", ("0177.0.0.1",), 1, None),
        ("::ffff:203.0.113.9", (), 0, "203.0.113.9"),
        ("", (), 0, None),
    ],
)
def test_the_address_is_the_one_that_our_outermost_proxy_saw(
    peer: str, forwarded: tuple[str, ...], hops: int, told: str | None
) -> None:
    assert client_address(peer, forwarded, hops) == (ip_address(told) if told else None)


def test_neighbours_share_a_network_and_strangers_do_not() -> None:
    assert network(ip_address("203.0.113.9")) == network(ip_address("203.0.113.200"))
    assert network(ip_address("203.0.113.9")) != network(ip_address("203.0.114.9"))
    assert network(ip_address("2001:db8::1")) == network(ip_address("2001:db8:0:ff::1"))
    assert network(None) == ""


def test_a_crawler_is_known_by_what_it_says_and_a_browser_is_none() -> None:
    assert claims_crawler(b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
    assert not claims_crawler(b"Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0")
