"""The link of a gift, and the opening that it makes: read as they were signed, and by nobody else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.errors import InvalidToken
from foldline.signed import gift, opening
from foldline.signed.gift import GiftLink
from foldline.signed.keys import Keyring
from foldline.signed.opening import MOST_OPENINGS, DeviceOpenings, OpeningEntry
from foldline.testing.passes import flip, token_bits

SECRET = b"only for tests, and long enough to be a secret"
KEYS = Keyring((SECRET,), "paper.example")
NUMBERS = st.binary(min_size=8, max_size=8).filter(any)
LINKS = st.builds(GiftLink, NUMBERS, st.integers(0, 2**63 - 1), st.integers(0, 2**32 - 1))
ENTRIES = st.builds(
    OpeningEntry,
    st.binary(min_size=8, max_size=8),
    st.integers(0, 2**32 - 1),
    st.just(3),
    st.one_of(st.just(b""), NUMBERS),
)


@given(LINKS)
def test_a_link_is_read_as_it_was_signed_and_has_the_shape_that_caches_know(link: GiftLink) -> None:
    token = gift.issue(KEYS, link)
    assert gift.read(KEYS, token.encode()) == link
    assert re.fullmatch(r"AQ[UVWX][A-Za-z0-9_-]{71}", token)


def test_no_bit_of_a_link_can_be_turned_and_no_other_host_or_secret_signs_one() -> None:
    link = GiftLink(b"a number", 4, 2_000_000_000)
    token = gift.issue(KEYS, link)
    others = [
        gift.issue(Keyring((SECRET,), "other.example"), link),
        gift.issue(Keyring((SECRET[::-1],), "paper.example"), link),
    ]
    turned = [flip(token, bit) for bit in range(token_bits(token))]
    for one in (*turned, *others, token[:-1], f"{token}A", ""):
        with pytest.raises(InvalidToken):
            gift.read(KEYS, one.encode())


def test_an_opening_is_no_link_of_a_gift() -> None:
    token = opening.issue(KEYS, DeviceOpenings(b"d" * 16))
    with pytest.raises(InvalidToken):
        gift.read(KEYS, token.encode())


@given(st.lists(ENTRIES, max_size=30))
def test_openings_by_gifts_are_read_as_they_were_signed_and_take_two_places(entries: list[OpeningEntry]) -> None:
    openings = DeviceOpenings(b"d" * 16)
    for entry in entries:
        openings = openings.with_entry(entry, -1)
    assert sum(entry.places for entry in openings.entries) <= MOST_OPENINGS
    assert opening.read(KEYS, opening.issue(KEYS, openings).encode()) == openings


def test_what_stands_for_a_device_says_nothing_beside_another_gift() -> None:
    here, there = (gift.opener(KEYS, number, b"d" * 16) for number in (b"one gift", b"another."))
    assert set(here).isdisjoint(there)
    assert here == gift.opener(KEYS, b"one gift", b"d" * 16)
