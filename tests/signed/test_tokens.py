"""Signed values: ours round-trip, and nothing else is ours."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.errors import InvalidToken
from foldline.signed import meter, opening, reader_pass
from foldline.signed.counting import device_owner, reader_owner
from foldline.signed.keys import Keyring, Purpose
from foldline.signed.meter import Count, DeviceMeters, meter_id
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


HASHES = st.lists(st.binary(min_size=8, max_size=8), unique=True, max_size=meter.MOST_ARTICLES // meter.MOST_METERS)
COUNTS = st.builds(
    Count, st.binary(min_size=4, max_size=4), st.integers(0, 2**32 - 1), st.integers(0, 999), HASHES.map(tuple)
)


@given(
    st.binary(min_size=16, max_size=16),
    st.lists(COUNTS, max_size=meter.MOST_METERS, unique_by=lambda count: count.meter),
)
def test_meters_come_back_as_they_were_issued(device: bytes, counts: list[Count]) -> None:
    issued = DeviceMeters(device, tuple(counts))
    assert meter.read(KEYRING, meter.issue(KEYRING, issued).encode()) == issued


@given(st.lists(st.integers(0, 300), max_size=12))
def test_meters_stay_within_their_bounds_and_lose_no_count(sizes: list[int]) -> None:
    counts = (Count(b"%04d" % n, 7, 0, tuple(b"%08d" % k for k in range(size))) for n, size in enumerate(sizes))
    token = meter.issue(KEYRING, DeviceMeters(b"d" * 16, tuple(counts)))
    read = meter.read(KEYRING, token.encode())
    assert [count.used for count in read.counts] == sizes[: meter.MOST_METERS]
    assert sum(len(count.articles) for count in read.counts) <= meter.MOST_ARTICLES
    assert len(token) < 2048


def test_the_oldest_articles_are_the_ones_that_a_full_cookie_lets_go() -> None:
    articles = tuple(b"%08d" % number for number in range(meter.MOST_ARTICLES + 2))
    read = meter.read(
        KEYRING, meter.issue(KEYRING, DeviceMeters(b"d" * 16, (Count(b"site", 7, 1, articles),))).encode()
    )
    assert read.counts == (Count(b"site", 7, 3, articles[2:]),)


def test_what_was_counted_in_other_windows_or_on_meters_that_are_gone_is_not_carried_on() -> None:
    counts = (Count(b"site", 7, 1), Count(b"more", 7, 1), Count(b"gone", 7, 1))
    token = meter.issue(KEYRING, DeviceMeters(b"d" * 16, counts), {b"site": 7, b"more": 8})
    assert meter.read(KEYRING, token.encode()).counts == (counts[0],)


@pytest.mark.parametrize(
    "body",
    [
        b"d" * 15,
        b"d" * 17,
        b"d" * 16 + b"site" + bytes(6),
        b"d" * 16 + b"site" + bytes(6) + b"\x02" + bytes(8),
        b"d" * 16 + b"site" + bytes(6) + b"\x00" + bytes(1),
        b"d" * 16 + (b"site" + bytes(7)) * (meter.MOST_METERS + 1),
        b"d" * 16 + (b"site" + bytes(6) + b"\x41" + bytes(8 * 65)) * 2,
    ],
)
def test_what_is_signed_and_is_no_list_of_meters_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidToken):
        meter.read(KEYRING, KEYRING.sign(Purpose.METER, body).encode())


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


def test_a_pass_carries_that_a_payment_failed_and_nothing_else_with_it() -> None:
    facts = PassFacts(b"r" * 16, b"s" * 16, {1: NOW + 60}, NOW + 180 * DAY, payment_failed=True)
    made = reader_pass.from_facts(facts, NOW)
    read = reader_pass.read(KEYRING, reader_pass.issue(KEYRING, made).encode())
    assert read == made
    assert (read.payment_failed, read.ask, read.products) == (True, False, {1})


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


def test_each_meter_has_its_own_count_and_another_window_starts_empty() -> None:
    site, more = Count(meter_id("site"), 7, 0, (b"aaaaaaaa",)), Count(meter_id("crosswords"), 3, 2, (b"bbbbbbbb",))
    held = DeviceMeters(b"d" * 16).with_count(site).with_count(more)
    assert held.counts == (more, site)
    assert (held.count("site", 7), held.count("crosswords", 3)) == (site, more)
    assert held.count("site", 8) == Count(site.meter, 8)
    assert held.count("another", 7).used == 0
    later = Count(site.meter, 8, 1)
    assert held.with_count(later).counts == (later, more)


def test_what_stands_for_an_article_on_one_device_means_nothing_on_another() -> None:
    assert opening.article_hash(KEYRING, b"d" * 16, 1) != opening.article_hash(KEYRING, b"e" * 16, 1)


def test_whom_the_store_counts_is_told_apart_and_by_nobody_without_the_secret() -> None:
    owners = [
        make(ring, b"d" * 16) for make in (reader_owner, device_owner) for ring in (KEYRING, Keyring((OTHER,), HOST))
    ]
    hashes = [name for owner in owners for name in owner]
    assert len(set(hashes)) == len(hashes) == 6
    assert {len(name) for name in hashes} == {16}


def test_a_rotated_secret_does_not_make_an_article_new() -> None:
    before, after = Keyring((OLD,), HOST), Keyring((SECRET, OLD), HOST)
    name = opening.article_hash(before, b"d" * 16, 1)
    assert opening.article_hash(after, b"d" * 16, 1, (name,)) == name
    assert opening.article_hash(after, b"d" * 16, 2, (name,)) != name
    assert set(device_owner(before, b"d" * 16)) < set(device_owner(after, b"d" * 16))


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
    forgotten = meter.forget(DeviceMeters(b"d" * 16, (Count(b"site", 7, 1, (b"aaaaaaaa",)),)))
    assert forgotten == DeviceMeters(b"d" * 16, (Count(b"site", 7, 2),))


def test_an_opening_that_has_ended_opens_nothing() -> None:
    openings = DeviceOpenings(b"d" * 16).with_entry(OpeningEntry(b"aaaaaaaa", NOW, 0), NOW - 1)
    assert openings.entry(b"aaaaaaaa", NOW - 1) == OpeningEntry(b"aaaaaaaa", NOW, 0)
    assert openings.entry(b"aaaaaaaa", NOW) is None
    assert openings.entry(b"bbbbbbbb", NOW - 1) is None
