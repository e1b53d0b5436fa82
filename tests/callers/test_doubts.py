"""Ranges and domains that would open everything to everybody are refused, or asked about, by name."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.callers.doubts import (
    count_of,
    covers,
    doubts_about_domains,
    doubts_about_ranges,
    overlapping,
    read_domain,
)
from foldline.callers.networks import read_range


@pytest.mark.parametrize(
    ("ranges", "why"),
    [
        (["0.0.0.0/0"], "0.0.0.0/0: is the whole internet of IPv4"),
        (["::/0"], "::/0: is the whole internet of IPv6"),
        (["0.0.0.0-255.255.255.255"], "is the whole internet of IPv4"),
        (["0.0.0.0/1"], "0.0.0.0/1: is half the internet of IPv4"),
        (["128.0.0.0/1"], "128.0.0.0/1: is half the internet of IPv4"),
        (["1.0.0.0-200.0.0.0"], "is half the internet of IPv4"),
        (["8000::/1"], "is half the internet of IPv6"),
        (["0.0.0.0/1", "128.0.0.0/1"], "with what lies beside it is the whole internet of IPv4"),
        (["64.0.0.0/3", "96.0.0.0/3", "128.0.0.0/2"], "with what lies beside it is half the internet of IPv4"),
        (["8.0.0.0/7"], "8.0.0.0/7: is broader than /8"),
        (["2000::/3"], "2000::/3: is broader than /20"),
        ([f"{first}.0.0.0/9" for first in range(20, 28, 2)], "IPv4: these ranges together are broader"),
    ],
)
def test_half_the_internet_is_refused_by_name_whatever_anybody_confirms(ranges: list[str], why: str) -> None:
    found = doubts_about_ranges(ranges)
    assert any(doubt.never and why in str(doubt) for doubt in found), [str(doubt) for doubt in found]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("8.0.0.0/15", "is broader than /16: 131,072 addresses"),
        ("2a00:1450::/28", "is broader than /29"),
        ("10.1.0.0/16", "holds private addresses"),
        ("127.0.0.1", "holds loopback addresses"),
        ("::1", "holds loopback addresses"),
        ("169.254.1.0/24", "holds link-local addresses"),
        ("fe80::/64", "holds link-local addresses"),
        ("fd00::/48", "holds private addresses"),
        ("100.64.0.0/24", "holds private addresses"),
        ("224.0.0.0/24", "holds multicast addresses"),
        ("203.0.113.0/24", "holds documentation addresses"),
        ("2001:db8::/48", "holds documentation addresses"),
        ("::ffff:8.8.8.0/120", "holds mapped addresses"),
        ("192.167.255.0-192.168.0.255", "holds private addresses"),
    ],
)
def test_what_is_dangerous_or_opens_to_nobody_is_asked_about(text: str, why: str) -> None:
    (doubt,) = doubts_about_ranges([text])
    assert (why in str(doubt), doubt.never) == (True, False)


@pytest.mark.parametrize("text", ["8.8.0.0/16", "2a00:1450::/29", "193.0.14.129", "141.20.0.0-141.20.255.255"])
def test_what_institutions_really_have_is_not(text: str) -> None:
    assert doubts_about_ranges([text]) == []


def test_addresses_are_counted_once_however_often_they_are_written() -> None:
    assert count_of(map(read_range, ["8.8.8.0/24", "8.8.8.0-8.8.9.9", "8.8.8.8", "2a00::/127"])) == 256 + 10 + 2


def test_overlaps_are_told_with_whose_they_are() -> None:
    others = [("Town Library", ["8.8.8.0/24", "2a00::/48"]), ("County", ["9.9.9.9"])]
    (doubt,) = overlapping(["8.8.7.0-8.8.8.0", "8.8.9.0/24", "2a01::/48"], others)
    assert str(doubt) == "8.8.7.0-8.8.8.0: overlaps with 8.8.8.0/24 of Town Library"


NETS = st.tuples(st.integers(0, 2**32 - 1), st.integers(9, 32)).map(lambda pair: ip_network(pair, strict=False))


@given(st.lists(NETS, max_size=6))
def test_the_count_is_what_the_addresses_themselves_say(nets: list[object]) -> None:
    edges: list[tuple[int, int]] = sorted((int(net[0]), int(net[-1]) + 1) for net in nets)  # type: ignore[index]
    total, reached = 0, 0
    for first, after in edges:
        total += max(0, after - max(first, reached))
        reached = max(reached, after)
    assert count_of(read_range(str(net)) for net in nets) == total


@given(st.integers(0, 128), st.integers(0, 2**128 - 1))
def test_no_broad_range_of_either_version_passes_unasked(bits: int, at: int) -> None:
    for kind, most, never in ((IPv4Network, 16, 8), (IPv6Network, 29, 20)):
        width = kind("::" if kind is IPv6Network else "0.0.0.0").max_prefixlen
        prefix = bits * width // 128
        found = doubts_about_ranges([str(kind((at >> (128 - width), prefix), strict=False))])
        if prefix < most:
            assert found
        if prefix < never:
            assert any(doubt.never for doubt in found)


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("uni.edu", "uni.edu"),
        (" @Uni.EDU. ", "uni.edu"),
        ("*.uni.edu", "*.uni.edu"),
        ("münchen-uni.de", "xn--mnchen-uni-9db.de"),
    ],
)
def test_a_domain_has_one_spelling(written: str, domain: str) -> None:
    assert read_domain(written) == domain


@pytest.mark.parametrize(
    "text", ["", "edu", "*.edu", "uni..edu", "uni edu", "-uni.edu", "x@uni.edu", "*.*.edu", "a/b.edu"]
)
def test_what_is_no_domain_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        read_domain(text)


@pytest.mark.parametrize(
    ("domain", "address", "covered"),
    [
        ("uni.edu", "x@uni.edu", True),
        ("uni.edu", "x@uni.edu.evil.com", False),
        ("uni.edu", "x@evil-uni.edu", False),
        ("uni.edu", "x@eviluni.edu", False),
        ("uni.edu", "x@cs.uni.edu", False),
        ("uni.edu", "uni.edu", False),
        ("uni.edu", "@uni.edu", False),
        ("uni.edu", "x@uni.edu@evil.com", False),
        ("uni.edu", '"x@uni.edu"@evil.com', False),
        ("*.uni.edu", "x@cs.uni.edu", True),
        ("*.uni.edu", "x@a.b.uni.edu", True),
        ("*.uni.edu", "x@uni.edu", False),
        ("*.uni.edu", "x@evil-uni.edu", False),
        ("*.uni.edu", "x@cs.uni.edu.evil.com", False),
    ],
)
def test_an_address_lies_in_a_domain_exactly_or_not_at_all(domain: str, address: str, covered: bool) -> None:
    assert covers(domain, address) is covered


def test_where_anybody_gets_an_address_no_institution_is() -> None:
    (free, below) = doubts_about_domains(["gmail.com", "uni.edu", "*.uni.edu"])
    assert (free.what, free.never, below.what, below.never) == ("gmail.com", True, "*.uni.edu", False)
