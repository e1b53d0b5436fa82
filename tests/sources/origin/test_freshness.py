"""How long an answer is used unasked: on the origin's terms, within the gate's own bounds."""

from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.sources.origin.freshness import (
    Bounds,
    cache_control,
    conditions,
    is_about,
    moment,
    standing,
    validators,
)

NOW = 1_780_000_000
WIDE = Bounds(least=0, most=1 << 40)


def date(seconds: int) -> bytes:
    return formatdate(NOW + seconds, usegmt=True).encode()


def lasts(*headers: tuple[bytes, bytes], bounds: Bounds = WIDE, asked: float = NOW) -> int:
    return standing(headers, asked, NOW, bounds).fresh_until - NOW


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([(b"cache-control", b"max-age=60")], 60),
        ([(b"cache-control", b"max-age=60, s-maxage=10")], 10),
        ([(b"cache-control", b"Max-Age=60")], 60),
        ([(b"cache-control", b'max-age="60"')], 60),
        ([(b"cache-control", b"public"), (b"cache-control", b"max-age=60")], 60),
        ([(b"cache-control", b"max-age=60, max-age=5")], 5),
        ([(b"cache-control", b"max-age=60, no-cache")], 0),
        ([(b"cache-control", b"max-age=sixty")], 0),
        ([(b"cache-control", b"max-age=-1")], 0),
        ([(b"cache-control", b"max-age=60, =broken")], 0),
        ([(b"cache-control", b"max-age=99999999999")], 1 << 31),
        ([(b"cache-control", b"max-age=60"), (b"age", b"20")], 40),
        ([(b"cache-control", b"max-age=60"), (b"age", b"many")], 0),
        ([(b"cache-control", b"max-age=60"), (b"date", date(-50))], 10),
        ([(b"cache-control", b"max-age=60"), (b"date", date(50))], 60),
        ([(b"cache-control", b"max-age=60"), (b"expires", date(5))], 60),
        ([(b"expires", date(40)), (b"date", date(0))], 40),
        ([(b"expires", date(40)), (b"date", date(-10))], 40),
        ([(b"expires", b"0")], 0),
        ([(b"expires", date(40)), (b"expires", date(50))], 0),
        ([(b"last-modified", date(-1000)), (b"date", date(0))], 100),
        ([(b"last-modified", date(1000))], 0),
        ([], 0),
    ],
)
def test_an_answer_lasts_as_long_as_its_origin_says(headers: list[tuple[bytes, bytes]], seconds: int) -> None:
    assert lasts(*headers) == seconds


def test_the_way_here_counts() -> None:
    assert lasts((b"cache-control", b"max-age=60"), asked=NOW - 7) == 53


def test_it_lasts_no_shorter_and_no_longer_than_the_bounds() -> None:
    assert lasts((b"cache-control", b"max-age=3"), bounds=Bounds()) == 10
    assert lasts((b"cache-control", b"max-age=86400"), bounds=Bounds()) == 15
    assert lasts((b"cache-control", b"max-age=12"), bounds=Bounds()) == 12


@pytest.mark.parametrize(
    "header",
    [
        (b"cache-control", b"no-store"),
        (b"cache-control", b"max-age=60, No-Store"),
        (b"vary", b"*"),
    ],
)
def test_what_must_not_be_kept_is_not_kept_unless_the_publisher_says_so(header: tuple[bytes, bytes]) -> None:
    assert not standing([header], NOW, NOW, Bounds()).kept
    assert standing([header], NOW, NOW, Bounds(keeps_all=True)).kept
    assert standing([(b"vary", b"cookie")], NOW, NOW, Bounds()).kept


def test_what_was_asked_for_with_nothing_of_anybody_is_nobodys_own() -> None:
    assert standing([(b"cache-control", b"max-age=0, private, must-revalidate")], NOW, NOW, Bounds()).kept


@given(st.lists(st.binary(max_size=40), max_size=3), st.binary(max_size=30), st.binary(max_size=30))
def test_no_header_however_broken_leads_out_of_the_bounds(control: list[bytes], date_: bytes, age: bytes) -> None:
    headers = [*((b"cache-control", value) for value in control), (b"date", date_), (b"age", age), (b"expires", age)]
    assert 10 <= lasts(*headers, bounds=Bounds()) <= 15


def test_quoted_directives_are_one_directive() -> None:
    headers = [(b"cache-control", b'no-cache="set-cookie, no-store", max-age=5')]
    assert cache_control(headers) == {"no-cache": "set-cookie, no-store", "max-age": "5"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([(b"etag", b'"a"'), (b"last-modified", date(0))], (b'"a"', date(0))),
        ([(b"etag", b'W/"a b"')], (b"", b"")),
        ([(b"etag", b'W/"a"')], (b'W/"a"', b"")),
        ([(b"etag", b"a")], (b"", b"")),
        ([(b"etag", b'"a"'), (b"etag", b'"b"')], (b"", b"")),
        ([(b"last-modified", b"yesterday")], (b"", b"")),
    ],
)
def test_a_validator_counts_where_it_is_one(headers: list[tuple[bytes, bytes]], expected: tuple[bytes, bytes]) -> None:
    assert validators(headers) == expected


def test_a_condition_asks_with_what_there_is() -> None:
    assert conditions(b'"a"', b"") == ((b"if-none-match", b'"a"'),)
    assert conditions(b"", b"d") == ((b"if-modified-since", b"d"),)
    assert conditions(b"", b"") == ()


def test_a_304_with_another_tag_is_about_something_else() -> None:
    assert is_about([], b'"a"')
    assert is_about([(b"etag", b'W/"a"')], b'"a"')
    assert not is_about([(b"etag", b'"b"')], b'"a"')


def test_dates_are_read_and_what_is_none_is_none() -> None:
    assert moment(b"Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777
    assert [moment(text) for text in (b"", b"0", b"\xff", b"Sun, 99 Nov 1994 08:49:37 GMT")] == [None] * 4
