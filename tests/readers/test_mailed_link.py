from __future__ import annotations

from collections.abc import Callable

import pytest

from foldline.signed import cookies

from .browser import Browser, last_code, last_link, mails

pytestmark = pytest.mark.usefixtures("site")

SCANNERS = (
    {},
    {"User-Agent": "Mozilla/5.0 (compatible; Microsoft Safe Links)"},
    {"User-Agent": "Mozilla/5.0 HeadlessChrome/120", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"},
    {"Sec-Purpose": "prefetch"},
    {"Referer": "https://nam12.safelinks.protection.outlook.com/"},
)


def rows() -> list[dict[str, object]]:
    from foldline.site.readers.models import SignInCode

    return list(SignInCode.objects.values())


def test_scanners_that_open_the_link_many_times_spend_nothing_and_get_no_cookie() -> None:
    browser = Browser()
    browser.ask("nora@example.test", "/an-article")
    link, before = last_link(), rows()
    for headers in SCANNERS:
        scanner = Browser(address="40.94.0.1")
        for _ in range(5):
            assert scanner.head(link, **headers).status_code == 200
            assert scanner.get(link, **headers).status_code == 200
        assert not scanner.client.cookies
    assert rows() == before
    assert browser.type_code(last_code())["Location"] == "/an-article#continue"


def test_a_scanner_that_presses_buttons_is_not_signed_in() -> None:
    Browser().ask("nora@example.test")
    link, before = last_link(), rows()
    scanner = Browser(address="40.94.0.1")
    assert scanner.get(link).content.count(b"<form") == 0
    assert scanner.post(link, {"code": last_code()}).status_code in (403, 405)
    scanner.get("/-/sign-in")
    assert scanner.post(link, {"code": last_code()}).status_code == 405
    assert scanner.post("/-/sign-in/code", {"code": last_code()})["Location"] == "/-/sign-in"
    assert not scanner.cookie(cookies.PASS)
    assert rows() == before


def test_in_the_browser_that_asked_the_link_shows_the_code_filled_in_and_changes_nothing() -> None:
    browser = Browser()
    browser.ask("nora@example.test", "/an-article")
    before = rows()
    page = browser.get(last_link())
    assert f'value="{last_code()}"' in page.content.decode()
    assert not browser.cookie(cookies.PASS)
    assert rows() == before
    done = browser.post("/-/sign-in/code", {"code": last_code()})
    assert done["Location"] == "/an-article#continue"


def test_in_another_browser_the_link_shows_the_code_to_type_and_no_form() -> None:
    Browser().ask("nora@example.test")
    other = Browser()
    page = other.get(last_link()).content.decode()
    assert last_code() in page
    assert "<form" not in page
    assert "nora" not in page


def test_a_link_whose_code_is_spent_or_too_old_or_made_up_shows_nothing(later: Callable[[float], None]) -> None:
    browser = Browser()
    browser.sign_in("nora@example.test")
    spent = browser.get(last_link())
    browser2 = Browser()
    browser2.ask("nora@example.test")
    old_link = last_link()
    later(601)
    old = browser2.get(old_link)
    made_up = browser2.get("/-/sign-in/link/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert spent.status_code == old.status_code == made_up.status_code == 410
    assert spent.content == old.content == made_up.content


def test_a_page_of_the_link_tells_no_other_site_its_address() -> None:
    browser = Browser()
    browser.ask("nora@example.test")
    here, elsewhere, none = browser.get(last_link()), Browser().get(last_link()), Browser().get("/-/sign-in/link/none")
    assert here["Referrer-Policy"] == "strict-origin"
    assert elsewhere["Referrer-Policy"] == none["Referrer-Policy"] == "no-referrer"
    assert {page["Cache-Control"] for page in (here, elsewhere, none)} == {"private, no-store"}


def test_the_link_leads_to_the_configured_host_whatever_host_asked() -> None:
    browser = Browser()
    browser.get("/-/sign-in")
    browser.post("/-/sign-in", {"email": "nora@example.test"}, **{"X-Forwarded-Host": "evil.example"})
    body = mails()[-1].body
    assert "http://127.0.0.1:8080/-/sign-in/link/" in body
    assert "evil" not in body


def test_a_foreign_host_is_refused_and_not_repeated() -> None:
    answer = Browser(host="evil.example").get("/-/sign-in")
    assert answer.status_code == 400
    assert b"evil" not in answer.content
