from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("given", FOREIGN)
def test_what_is_no_path_of_ours_leads_to_the_front_page(given: str) -> None:
    assert own_path(given) == FRONT


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


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("given", FOREIGN)
def test_no_foreign_address_survives_a_sign_in(given: str) -> None:
    from django.core.cache import cache

    cache.clear()
    browser = Browser()
    browser.get("/-/sign-in")
    browser.post("/-/sign-in", {"email": "nora@example.test", "next": given})
    page = browser.get("/-/sign-in/code").content.decode()
    assert "evil" not in page
    assert browser.post("/-/sign-in/code", {"code": last_code(), "next": given})["Location"] == FRONT
    assert browser.client.get("/-/sign-in", {"next": given}, headers={"Host": browser.host})["Location"] == FRONT
