"""Whose network an address lies in, held against the plain question of every range."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.callers.networks import Networks, Range, read_range


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("192.0.2.0/24", 256),
        ("2001:db8::/48", 1 << 80),
        ("192.0.2.1-192.0.2.9", 9),
        (" 2001:db8::1 - 2001:db8::ff ", 255),
        ("192.0.2.7", 1),
    ],
)
def test_a_range_is_read_in_every_usual_spelling(text: str, size: int) -> None:
    assert read_range(text).size == size


@pytest.mark.parametrize(
    "text", ["", "192.0.2.1/24", "192.0.2.9-192.0.2.1", "192.0.2.1-2001:db8::1", "192.0.2.300", "library", "192.0.2.*"]
)
def test_what_is_no_range_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_range(text)


def test_both_versions_are_told_apart_and_the_edges_belong_to_the_range() -> None:
    networks = Networks([(read_range("192.0.2.16-192.0.2.31"), "town"), (read_range("2001:db8::/64"), "county")])
    asked = ["192.0.2.15", "192.0.2.16", "192.0.2.31", "192.0.2.32", "2001:db8::1", "2001:db8:0:1::", "::c000:210"]
    assert [networks.find(ip_address(one)) for one in asked] == [None, "town", "town", None, "county", None, None]
    assert networks.find(None) is None
    assert not Networks[str]()


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=8),
    st.integers(0, 60),
)
def test_of_ranges_that_overlap_the_first_that_was_given_has_the_address(
    drawn: list[tuple[int, int]], asked: int
) -> None:
    ranges = [(Range(IPv4Address(first), IPv4Address(first + more)), at) for at, (first, more) in enumerate(drawn)]
    holding = (at for at, (first, more) in enumerate(drawn) if first <= asked <= first + more)
    assert Networks(ranges).find(IPv4Address(asked)) == next(holding, None)
