"""Who may tell, and what is taken of what is told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.config import SECRET_MINIMUM
from foldline.sources.origin.notice import SHORTEST_SECRET, Notice, NoticeRefused, read_notice, sign, verify
from foldline.sources.origin.surface_file import profile

URL = "https://paper.example"
SECRET = "known to two programs and to nobody else"
MAP = profile("static")


def told(**lists: object) -> Notice:
    return read_notice(json.dumps(lists).encode(), MAP, URL)


def test_a_signature_is_good_for_its_own_body_secret_and_moment() -> None:
    verify(SECRET, sign(SECRET, b"{}", 1000), b"{}", 1000 + 300)
    for secret, body, now in ((SECRET[::-1], b"{}", 1000), (SECRET, b"{} ", 1000), (SECRET, b"{}", 1301)):
        with pytest.raises(NoticeRefused) as refused:
            verify(secret, sign(SECRET, b"{}", 1000), body, now)
        assert refused.value.status == 403


@pytest.mark.parametrize("secret", ["", "short"])
def test_without_a_secret_nobody_can_tell_anything(secret: str) -> None:
    assert SHORTEST_SECRET == SECRET_MINIMUM
    with pytest.raises(NoticeRefused, match="FOLDLINE_ORIGIN_SECRET"):
        verify(secret, sign(secret, b"{}", 1000), b"{}", 1000)


@given(st.binary(max_size=120))
def test_no_other_bytes_are_a_signature(signature: bytes) -> None:
    with pytest.raises(NoticeRefused):
        verify(SECRET, signature, b"{}", 1000)


def test_a_path_a_url_and_a_link_in_letters_name_the_same_page() -> None:
    ways = [
        "/zürich/a.html",
        "/z%c3%bcrich/a.html",
        f"{URL}/z%C3%BCrich/a.html?utm=1#top",
        "HTTP://PAPER.example/zürich/a.html",
    ]
    assert [told(changed=[way]).changed for way in ways] == [("/z%C3%BCrich/a.html",)] * 4
    assert told(changed=ways, withdrawn=["/b.html", "/b.html"]) == Notice(("/z%C3%BCrich/a.html",), ("/b.html",))


@pytest.mark.parametrize(
    "path", ["/\ud800.html", "/a\u0000.html", "/a\n.html", "/a b.html/../c", "/\\evil.example", "/%2e%2e/a"]
)
def test_a_path_that_nobody_would_be_shown_is_refused_by_name(path: str) -> None:
    with pytest.raises(NoticeRefused, match="is not how this address is asked for"):
        told(changed=["/a.html", path])


def test_what_is_no_article_is_taken_too_for_caches_hold_it() -> None:
    assert told(changed=["/", URL, "/feed.xml", "/style.css"]).changed == ("/", "/feed.xml", "/style.css")


def test_all_goes_with_what_is_withdrawn() -> None:
    assert told(changed="all", withdrawn=["/b.html"]) == Notice((), ("/b.html",), everything=True)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40), lambda each: st.lists(each, max_size=4)
)


@given(ANYTHING | st.lists(st.text(max_size=40).map("/".__add__), max_size=4))
def test_whatever_is_told_is_taken_as_paths_of_ours_or_refused(value: object) -> None:
    paths: tuple[str, ...] = ()
    status = 400
    try:
        paths = told(changed=value).changed
    except NoticeRefused as refused:
        status = refused.status
    assert status in (400, 413)
    for path in paths:
        assert path.startswith("/")
        assert path.isascii()
        assert MAP.surface_of("GET", path.encode(), b"").status != 400
