from __future__ import annotations

from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foldline.site.readers.return_path import FRONT, continue_at, own_path

from .browser import Browser, last_code

FOREIGN = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/%5cevil.example",
    "https:evil.example",
    "https://evil.example/",
    "http://127.0.0.1:8080.evil.example/",
    "http://127.0.0.1:8080@evil.example/",
    "HtTpS://evil.example",
    "%2f%2fevil.example",
    "/%2f%2fevil.example",
    "/%2F/evil.example",
    "/%252f/evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "/@evil.example",
    "/a@evil.example",
    "//user@evil.example",
    "javascript:alert(1)",
    "/javascript:alert(1)",
    "data:text/html,x",
    "sub.example",
    "https://other.127.0.0.1/",
    "/path\r\nSet-Cookie: a=b",
    "/path%0d%0aSet-Cookie:%20a=b",
    "/.//evil.example",
    "/..//evil.example",
    "/%2e%2e//evil.example",
    "/a/../../evil.example",
    "/é",
    "/\u2044evil.example",
    "/\u3002evil",
    "?next=//evil.example",
    "evil.example/path",
    "",
    "/" + "a" * 600,
]


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_is_no_path_of_ours_leads_to_the_front_page(foreign: str) -> None:
    assert own_path(foreign) == FRONT


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/an-article",
        "/section/science",
        "/section/science/2",
        "/a?b=c&d=e",
        "/caf%C3%A9",
        "/-/account",
        "/it's-here",
    ],
)
def test_a_path_of_ours_is_kept_as_it_is(path: str) -> None:
    assert own_path(path) == path


def test_a_fragment_is_dropped_and_ours_put_in_its_place() -> None:
    assert continue_at(own_path("/an-article#evil"), "/-/") == "/an-article#continue"


@pytest.mark.parametrize("path", ["/", "/-/account"])
def test_pages_without_a_fold_get_no_anchor(path: str) -> None:
    assert continue_at(path, "/-/") == path


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="/\\:@.%25cfe0aA?#\t\n -é", max_size=12).map("/".__add__) | st.text(max_size=20))
def test_whatever_is_given_the_address_stays_on_this_host(text: str) -> None:
    address = urljoin("http://127.0.0.1:8080/-/sign-in", own_path(text))
    assert urlsplit(address)[:2] == ("http", "127.0.0.1:8080")
    assert not set(unquote(unquote(address))[22:]) & set("\\\r\n\t\0@")


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("foreign", FOREIGN)
def test_no_foreign_address_survives_a_sign_in(foreign: str) -> None:
    from django.core.cache import cache

    cache.clear()
    browser = Browser()
    browser.get("/-/sign-in")
    browser.post("/-/sign-in", {"email": "nora@example.test", "next": foreign})
    page = browser.get("/-/sign-in/code").content.decode()
    assert "evil" not in page
    assert browser.post("/-/sign-in/code", {"code": last_code(), "next": foreign})["Location"] == FRONT
    assert browser.client.get("/-/sign-in", {"next": foreign}, headers={"Host": browser.host})["Location"] == FRONT
