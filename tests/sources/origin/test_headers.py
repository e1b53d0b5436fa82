"""What crosses the gate in both directions, and what does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.signed import cookies
from foldline.sources.origin.headers import (
    OURS,
    SECRET,
    Asker,
    Field,
    answer_fields,
    fetch_fields,
    foreign_cookies,
    is_unsendable,
    request_fields,
)

ASKER = Asker(b"paper.example", b"https", "203.0.113.7", b"s3cret")


def crossed(*headers: Field) -> list[Field]:
    """What of a request is passed on, without what we set ourselves."""
    ours = [(name, value) for name, value in request_fields([], ASKER)]
    return [field for field in request_fields(headers, ASKER) if field not in ours]


def test_the_origin_is_told_host_scheme_and_client_by_us_alone() -> None:
    lies = [
        (b"host", b"evil.example"),
        (b"x-forwarded-for", b"66.249.66.1"),
        (b"X-Forwarded-Proto", b"http"),
        (b"x-forwarded-host", b"evil.example"),
        (b"x-forwarded-prefix", b"/evil"),
        (b"x-forwarded-port", b"1"),
        (b"forwarded", b"for=66.249.66.1"),
        (b"x-real-ip", b"66.249.66.1"),
        (b"true-client-ip", b"66.249.66.1"),
        (b"x-foldline-secret", b"guess"),
        (b"X-Foldline-Anything", b"x"),
    ]
    assert request_fields(lies, ASKER) == [
        (b"host", b"paper.example"),
        (b"x-forwarded-for", b"203.0.113.7"),
        (b"x-forwarded-host", b"paper.example"),
        (b"x-forwarded-proto", b"https"),
        (b"x-real-ip", b"203.0.113.7"),
        (SECRET, b"s3cret"),
    ]


def test_an_unknown_client_is_called_unknown() -> None:
    fields = dict(request_fields([], Asker(b"paper.example", b"https", "", b"s")))
    assert fields[b"x-forwarded-for"] == fields[b"x-real-ip"] == b"unknown"


@pytest.mark.parametrize(
    "name",
    [
        b"Connection",
        b"keep-alive",
        b"TE",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"proxy-authorization",
        b"http2-settings",
        b"content-length",
        b"expect",
        b"proxy",
        b"x-original-url",
        b"X-Rewrite-URL",
        b"x-middleware-subrequest",
        b"x-http-method-override",
        b"x_forwarded_for",
        b"content_type",
    ],
)
def test_what_belongs_to_one_hop_or_would_route_otherwise_is_not_passed_on(name: bytes) -> None:
    assert crossed((name, b"x"), (b"accept", b"*/*")) == [(b"accept", b"*/*")]


def test_what_connection_names_is_dropped_but_nothing_that_is_relied_on() -> None:
    headers = [
        (b"connection", b"close, X-Hop , Cookie, authorization, x-forwarded-for, x-foldline-secret"),
        (b"x-hop", b"1"),
        (b"cookie", b"a=1"),
        (b"authorization", b"Basic x"),
    ]
    assert crossed(*headers) == [(b"cookie", b"a=1"), (b"authorization", b"Basic x")]
    assert (SECRET, b"s3cret") in request_fields(headers, ASKER)


def test_everything_else_keeps_its_order_and_its_bytes() -> None:
    headers = [
        (b"accept", b"a"),
        (b"x-a", b"b  c\xff"),
        (b"accept", b"c"),
        (b"range", b"bytes=0-"),
        (b"x-requested-with", b"y"),
    ]
    assert crossed(*headers) == headers


def test_a_route_that_takes_every_method_keeps_the_override() -> None:
    field = (b"x-http-method-override", b"PUT")
    assert field in request_fields([field], ASKER, overrides=True)
    assert field not in request_fields([field], ASKER)


@pytest.mark.parametrize(
    ("header", "left"),
    [
        (b"a=1; __Host-foldline-pass=x; b=2", b"a=1; b=2"),
        (b"__Host-foldline-pass=x", b""),
        (b"__Host-foldline-meter=x; __Host-foldline-opening=y;a=1", b"a=1"),
        (b"__HOST-Foldline-session=x; a=1", b"a=1"),
        (b"foldline-desk-session=x; a=1", b"a=1"),
        (b"a=foldline-; b=2", b"a=foldline-; b=2"),
        (b"a=1;  b=2;c", b"a=1;  b=2;c"),
        (b'wordpress_logged_in_1="x%7Cy"; __Host-foldline-csrf', b'wordpress_logged_in_1="x%7Cy"'),
    ],
)
def test_our_cookies_stay_with_us(header: bytes, left: bytes) -> None:
    assert foreign_cookies(header) == left
    assert crossed((b"cookie", header)) == ([(b"cookie", left)] if left else [])


@pytest.mark.parametrize("name", [cookies.PASS, cookies.METER, cookies.OPENING])
def test_every_signed_cookie_is_one_of_ours(name: str) -> None:
    assert name.lower().encode().startswith(OURS)


@given(
    st.lists(
        st.sampled_from([b"a=1", b" a=1", b"__Host-foldline-pass=SEALED", b" __host-FOLDLINE-x=SEALED", b"", b"="])
    )
)
def test_no_cookie_of_ours_survives_in_any_mixture(parts: list[bytes]) -> None:
    assert b"SEALED" not in foreign_cookies(b";".join(parts))


@pytest.mark.parametrize(
    "value",
    [
        b"__Host-foldline-pass=x; Path=/",
        b"__HOST-FOLDLINE-PASS=x",
        b" foldline-desk-session=x",
        b"=__Host-foldline-pass=x; Path=/",
        b"__Host-foldline-pass",
    ],
)
def test_an_origin_sets_no_cookie_of_our_names(value: bytes) -> None:
    assert answer_fields([(b"Set-Cookie", value), (b"set-cookie", b"a=foldline-x")]) == (
        (b"set-cookie", b"a=foldline-x"),
    )


def test_an_answer_keeps_what_belongs_to_it_and_nothing_of_the_hop() -> None:
    said = [
        (b"Content-Type", b"text/html"),
        (b"Connection", b"x-hop"),
        (b"X-Hop", b"1"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Date", b"Mon, 01 Jan 2026 00:00:00 GMT"),
        (b"X-Accel-Redirect", b"/etc/passwd"),
        (b"Alt-Svc", b'h3=":443"'),
        (b"X-Foldline-Level", b"free"),
        (b"Content-Length", b"5"),
        (b"Set-Cookie", b"a=1"),
        (b"Set-Cookie", b"b=2"),
        (b"Vary", b"cookie"),
        (b"Server", b"x"),
    ]
    assert answer_fields(said) == (
        (b"content-type", b"text/html"),
        (b"content-length", b"5"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"vary", b"cookie"),
        (b"server", b"x"),
    )


def test_blanks_around_a_value_are_not_part_of_it() -> None:
    assert crossed((b"x-a", b" \tb ")) == [(b"x-a", b"b")]


def test_control_bytes_are_never_sent_on() -> None:
    assert crossed((b"x-a", b"a\x01b")) == []
    assert is_unsendable([(b"x", b"a\x0bb")])
    assert not is_unsendable([(b"x", b"a\tb\xff")])


def test_the_gate_asks_for_an_article_with_nothing_of_any_reader() -> None:
    names = [name for name, _ in fetch_fields(ASKER, b"Foldline/1")]
    assert b"cookie" not in names
    assert b"x-forwarded-for" not in names
    assert b"203.0.113.7" not in b" ".join(value for _, value in fetch_fields(ASKER, b"Foldline/1"))
