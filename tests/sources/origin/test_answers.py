"""What of an origin's answer may be sent on a route that is not passed: nothing in which an article could lie."""

from __future__ import annotations

import pytest

from foldline.sources.origin.answers import Verdict, media_type, verdict_on
from foldline.sources.origin.surfaces import Kind, Surface

HOSTS = frozenset((b"paper.example",))
MAPPED, UNMAPPED = Surface(Kind.FILES, "media", b"/x"), Surface(Kind.FILES, "", b"/x")


def told(surface: Surface, status: int, *headers: tuple[bytes, bytes]) -> Verdict:
    return verdict_on(surface, status, headers, HOSTS)


@pytest.mark.parametrize("surface", [MAPPED, UNMAPPED])
@pytest.mark.parametrize(
    "kind",
    [
        b"text/html",
        b"TEXT/HTML; charset=utf-8",
        b"application/xhtml+xml",
        b"application/json",
        b"application/activity+json",
        b"application/rss+xml",
        b"application/xml",
        b"text/xml",
        b"text/plain",
        b"text/markdown",
        b"multipart/byteranges; boundary=x",
        b"image/png, text/html",
        b"",
    ],
)
def test_a_text_is_closed_where_files_are_expected(surface: Surface, kind: bytes) -> None:
    assert told(surface, 200, (b"content-type", kind)) is Verdict.CLOSED


def test_an_answer_without_a_type_or_with_two_is_closed() -> None:
    assert told(MAPPED, 200) is Verdict.CLOSED
    two = ((b"content-type", b"image/png"), (b"content-type", b"text/html"))
    assert told(MAPPED, 200, *two) is Verdict.CLOSED
    assert media_type(two) == ""


@pytest.mark.parametrize("kind", [b"image/png", b"font/woff2", b"audio/mpeg", b"video/mp4", b"text/css; charset=utf-8"])
@pytest.mark.parametrize("surface", [MAPPED, UNMAPPED])
def test_what_is_no_text_is_sent(surface: Surface, kind: bytes) -> None:
    assert told(surface, 200, (b"content-type", kind)) is Verdict.SENT
    assert told(surface, 206, (b"content-type", kind)) is Verdict.SENT


@pytest.mark.parametrize("kind", [b"text/javascript", b"application/pdf", b"application/octet-stream"])
def test_what_may_hold_texts_is_sent_from_a_route_that_somebody_mapped(kind: bytes) -> None:
    assert told(MAPPED, 200, (b"content-type", kind)) is Verdict.SENT
    assert told(UNMAPPED, 200, (b"content-type", kind)) is Verdict.CLOSED


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 410, 451, 500, 503, 300, 299, 203])
def test_a_picture_of_another_status_is_closed(status: int) -> None:
    assert told(MAPPED, status, (b"content-type", b"image/png")) is Verdict.CLOSED


@pytest.mark.parametrize(
    "to", [b"/a-bridge/", b"https://paper.example/a", b"http://PAPER.example/a", b"?page=2", b"a/b"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_site_is_sent_without_its_body(status: int, to: bytes) -> None:
    assert told(UNMAPPED, status, (b"location", to), (b"content-type", b"text/html")) is Verdict.BARE


@pytest.mark.parametrize(
    "to",
    [b"https://evil.example/", b"//evil.example/", b"/\\evil.example", b"javascript:x", b"https://[", b"", b"\xff"],
)
def test_a_redirect_elsewhere_is_closed(to: bytes) -> None:
    headers = ((b"location", to),) if to else ()
    assert told(UNMAPPED, 302, *headers) is Verdict.CLOSED
    assert told(UNMAPPED, 302, (b"location", b"/a"), (b"location", b"/b")) is Verdict.CLOSED


def test_what_has_no_body_is_sent_bare() -> None:
    assert [told(MAPPED, status) for status in (204, 304, 416)] == [Verdict.BARE] * 3


def test_a_passed_route_sends_whatever_comes() -> None:
    surface = Surface(Kind.PASSED, "shop", b"/shop")
    assert told(surface, 500, (b"content-type", b"text/html")) is Verdict.SENT
    assert told(surface, 302, (b"location", b"https://pay.example/")) is Verdict.SENT


@pytest.mark.parametrize("kind", [Kind.ARTICLE, Kind.CLOSED])
def test_no_answer_of_another_kind_is_ever_forwarded(kind: Kind) -> None:
    assert told(Surface(kind, "x"), 200, (b"content-type", b"image/png")) is Verdict.CLOSED
