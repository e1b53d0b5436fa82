"""Signed values: ours round-trip, and nothing else is ours."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.errors import InvalidToken
from foldline.signed import meter, opening, reader_pass
from foldline.signed.keys import Keyring, Purpose
from foldline.signed.meter import DeviceMeter
from foldline.signed.opening import DeviceOpenings, OpeningEntry
from foldline.signed.reader_pass import Pass, PassFacts

SECRET, OLD, OTHER = b"a" * 32, b"b" * 32, b"c" * 32
HOST = "valley-post.example"
KEYRING = Keyring((SECRET, OLD), HOST)
DAY = 86_400
NOW = 1_800_000_000
PASS = Pass(b"r" * 16, b"s" * 16, frozenset({1, 70}), NOW + 300, NOW + 7 * DAY, NOW + 180 * DAY, 5)


def test_a_pass_comes_back_as_it_was_issued() -> None:
    assert reader_pass.read(KEYRING, reader_pass.issue(KEYRING, PASS).encode()) == PASS


@given(
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**32 - 1),
    st.lists(st.binary(min_size=8, max_size=8), unique=True, max_size=meter.MOST_ARTICLES),
)
def test_a_meter_comes_back_as_it_was_issued(device: bytes, window: int, articles: list[bytes]) -> None:
    issued = DeviceMeter(device, window, tuple(articles))
    assert meter.read(KEYRING, meter.issue(KEYRING, issued).encode()) == issued


def test_openings_come_back_as_they_were_issued() -> None:
    issued = DeviceOpenings(b"d" * 16, b"s" * 16, (OpeningEntry(b"12345678", NOW, 0), OpeningEntry(b"87654321", 9, 1)))
    assert opening.read(KEYRING, opening.issue(KEYRING, issued).encode()) == issued


def test_no_bit_of_a_pass_can_be_changed() -> None:
    raw = bytearray(urlsafe_b64decode(reader_pass.issue(KEYRING, PASS) + "=="))
    for position in range(len(raw) * 8):
        raw[position // 8] ^= 1 << position % 8
        forged = urlsafe_b64encode(bytes(raw)).rstrip(b"=")
        with pytest.raises(InvalidToken):
            reader_pass.read(KEYRING, forged)
        raw[position // 8] ^= 1 << position % 8


def test_no_part_of_a_pass_is_a_pass() -> None:
    token = reader_pass.issue(KEYRING, PASS).encode()
    for end in range(len(token)):
        with pytest.raises(InvalidToken):
            reader_pass.read(KEYRING, token[:end])


@given(st.binary(max_size=300))
def test_bytes_that_nobody_signed_are_no_token(junk: bytes) -> None:
    for read in (reader_pass.read, meter.read, opening.read):
        with pytest.raises(InvalidToken):
            read(KEYRING, junk)


@pytest.mark.parametrize("more", [b"=", b"\n", b" ", b"A", b"."])
def test_a_second_spelling_of_a_token_is_none(more: bytes) -> None:
    token = reader_pass.issue(KEYRING, PASS).encode()
    for spelling in (token + more, more + token):
        with pytest.raises(InvalidToken):
            reader_pass.read(KEYRING, spelling)


def test_a_token_of_one_purpose_is_none_of_another() -> None:
    body = b"\x00" * 36
    for signed_for in Purpose:
        token = KEYRING.sign(signed_for, body).encode()
        for purpose in Purpose:
            if purpose is signed_for:
                assert KEYRING.verify(purpose, token) == body
            else:
                with pytest.raises(InvalidToken):
                    KEYRING.verify(purpose, token)


def test_a_token_of_another_host_is_none() -> None:
    token = reader_pass.issue(Keyring((SECRET,), "other.example"), PASS).encode()
    with pytest.raises(InvalidToken):
        reader_pass.read(KEYRING, token)


def test_a_token_of_the_secret_before_still_counts_and_one_of_a_foreign_secret_never() -> None:
    before = reader_pass.issue(Keyring((OLD,), HOST), PASS).encode()
    assert reader_pass.read(KEYRING, before) == PASS
    with pytest.raises(InvalidToken):
        reader_pass.read(Keyring((SECRET,), HOST), before)
    with pytest.raises(InvalidToken):
        reader_pass.read(KEYRING, reader_pass.issue(Keyring((OTHER,), HOST), PASS).encode())


def test_the_ends_of_a_pass_never_lie_past_what_is_paid() -> None:
    facts = PassFacts(b"r" * 16, b"s" * 16, {1: NOW + 60, 2: NOW + 10 * DAY, 3: NOW - 5}, NOW + 180 * DAY)
    made = reader_pass.from_facts(facts, NOW)
    assert (made.fresh_until, made.offline_until) == (NOW + 60, NOW + 60)
    assert made.products == {1, 2}
    assert made.ended_on == 0


def test_a_pass_without_anything_paid_tells_when_the_last_subscription_ended() -> None:
    facts = PassFacts(b"r" * 16, b"s" * 16, {1: NOW - 5, 2: NOW - 50}, NOW + 180 * DAY)
    made = reader_pass.from_facts(facts, NOW)
    assert (made.products, made.ended_on) == (frozenset(), NOW - 5)
    assert (made.fresh_until, made.offline_until) == (NOW + 300, NOW + 7 * DAY)


def test_more_products_than_fit_make_a_pass_that_asks() -> None:
    facts = PassFacts(b"r" * 16, b"s" * 16, dict.fromkeys(range(1, 19), 0), NOW + 180 * DAY)
    made = reader_pass.from_facts(facts, NOW)
    assert len(made.products) == 18
    read = reader_pass.read(KEYRING, reader_pass.issue(KEYRING, made).encode())
    assert read.ask
    assert len(read.products) == reader_pass.MOST_PRODUCTS


def test_the_same_article_is_counted_once_and_another_window_starts_empty() -> None:
    counted = DeviceMeter(b"d" * 16, 7)
    for name in (b"aaaaaaaa", b"bbbbbbbb", b"aaaaaaaa"):
        counted = meter.spend(counted, name)
    assert counted.articles == (b"aaaaaaaa", b"bbbbbbbb")
    assert counted.in_window(8).articles == ()
    assert counted.in_window(7) is counted


def test_what_stands_for_an_article_on_one_device_means_nothing_on_another() -> None:
    assert meter.article_hash(KEYRING, b"d" * 16, 1) != meter.article_hash(KEYRING, b"e" * 16, 1)


def test_a_rotated_secret_does_not_make_an_article_new() -> None:
    before, after = Keyring((OLD,), HOST), Keyring((SECRET, OLD), HOST)
    name = meter.article_hash(before, b"d" * 16, 1)
    counted = meter.spend(DeviceMeter(b"d" * 16, 7), name)
    assert meter.article_hash(after, b"d" * 16, 1, counted.articles) == name
    assert meter.article_hash(after, b"d" * 16, 2, counted.articles) not in counted.articles


def test_two_secrets_with_one_key_id_both_verify() -> None:
    ids: dict[int, bytes] = {}
    for number in range(1000):
        secret = b"%032d" % number
        key_id = Keyring._key_id(secret)
        if key_id in ids:
            break
        ids[key_id] = secret
    both = Keyring((secret, ids[key_id]), HOST)
    for one in (secret, ids[key_id]):
        assert reader_pass.read(both, reader_pass.issue(Keyring((one,), HOST), PASS).encode()) == PASS


def test_signing_out_forgets_what_was_read_and_not_how_much() -> None:
    counted = meter.spend(DeviceMeter(b"d" * 16, 7), b"aaaaaaaa")
    forgotten = meter.forget(counted, lambda size: b"x" * size)
    assert len(forgotten.articles) == 1
    assert b"aaaaaaaa" not in forgotten.articles


def test_an_opening_that_has_ended_opens_nothing() -> None:
    openings = DeviceOpenings(b"d" * 16).with_entry(OpeningEntry(b"aaaaaaaa", NOW, 0), NOW - 1)
    assert openings.entry(b"aaaaaaaa", NOW - 1) == OpeningEntry(b"aaaaaaaa", NOW, 0)
    assert openings.entry(b"aaaaaaaa", NOW) is None
    assert openings.entry(b"bbbbbbbb", NOW - 1) is None
