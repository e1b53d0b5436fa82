from __future__ import annotations

from datetime import timedelta

import pytest

from .browser import Browser

pytestmark = pytest.mark.usefixtures("site")


def test_whoever_is_not_signed_in_is_led_to_the_sign_in_and_back_to_the_account() -> None:
    browser = Browser()
    assert browser.get("/-/account")["Location"] == "/-/sign-in?next=/-/account"
    assert browser.sign_in("nora@example.test", "/-/account")["Location"] == "/-/account"


def test_the_account_shows_the_address_and_what_it_may_read_until_when() -> None:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Entitlement, Product, Reader

    browser = Browser()
    browser.sign_in("nora@example.test")
    assert "You have no subscription." in browser.get("/-/account").content.decode()
    nora, whole = Reader.objects.get(), Product.objects.get(number=1)
    day = timedelta(days=1)
    Entitlement.objects.create(reader=nora, product=whole, starts_at=moment.now() - 9 * day, ends_at=moment.now() - day)
    assert "All of the publication, ended on " in browser.get("/-/account").content.decode()
    entitlements.give(nora, whole, ends_at=moment.now() + day)
    page = browser.get("/-/account").content.decode()
    assert "nora@example.test" in page
    assert "All of the publication, until " in page
    assert "ended on" not in page


def test_the_subscribe_page_says_that_nothing_is_sold_and_leads_back() -> None:
    page = Browser().get("/-/subscribe?next=/an-article").content.decode()
    assert "Subscriptions cannot be bought here yet." in page
    assert 'href="/an-article"' in page
    assert 'href="//evil' not in Browser().get("/-/subscribe?next=//evil.example").content.decode()


def test_an_address_that_looks_like_html_is_shown_as_text() -> None:
    browser = Browser()
    browser.get("/-/sign-in")
    browser.post("/-/sign-in", {"email": "o'<b>@example.test"})
    browser.post("/-/sign-in", {"email": "o'neil&co@example.test"})
    page = browser.get("/-/sign-in/code").content.decode()
    assert "o&#x27;neil&amp;co@example.test" in page
    assert "<b>@" not in page


@pytest.mark.parametrize(
    "path", ["/-/sign-in", "/-/sign-out", "/-/account", "/-/subscribe", "/-/nothing", "/elsewhere"]
)
def test_every_answer_is_private_and_carries_the_content_policy(path: str) -> None:
    answer = Browser().get(path)
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def test_no_page_holds_an_inline_script_or_style() -> None:
    browser = Browser()
    browser.ask("nora@example.test")
    for path in ("/-/sign-in", "/-/sign-in/code", "/-/sign-out", "/-/subscribe", "/-/nothing"):
        page = Browser().get(path).content.decode() if path != "/-/sign-in/code" else browser.get(path).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert " onclick=" not in page


STOCK = (
    "login/ logout/ signup/ password/change/ password/set/ password/reset/ password/reset/done/ inactive/ email/ "
    "confirm-email/ confirm-email/x/ login/code/ login/code/confirm/ reauthenticate/ phone/verify/ phone/change/ "
    "2fa/ 2fa/authenticate/ 2fa/reauthenticate/ 2fa/totp/activate/ 2fa/recovery-codes/ 2fa/webauthn/ social/signup/ "
    "sessions/ admin/ admin/login/ static/admin/css/base.css demo/mail demo/desk demo/become/subscriber"
)


@pytest.mark.parametrize("stock", STOCK.split())
def test_no_stock_address_answers(stock: str) -> None:
    browser = Browser()
    browser.sign_in("nora@example.test")
    for prefix in ("/-/", "/-/account/", "/accounts/", "/-/sign-in/", "/"):
        assert browser.get(f"{prefix}{stock}").status_code == 404
        assert browser.get(f"{prefix}{stock.rstrip('/')}").status_code == 404


def test_what_is_not_there_says_so_in_one_constant_page() -> None:
    pages = {Browser().get(path).content for path in ("/-/nothing", "/-/<b>x</b>", "/-/sign-in/", "/?a=b")}
    assert len(pages) == 1
    assert b"There is no page here" in pages.pop()


def test_an_error_of_ours_is_a_constant_page_that_says_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from foldline.site.readers import account

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    browser = Browser()
    browser.sign_in("nora@example.test")
    monkeypatch.setattr(account, "_subscriptions", broken)
    answer = browser.get("/-/account")
    assert answer.status_code == 500
    assert b"secret detail" not in answer.content
    assert b"Something is wrong on our side" in answer.content


def test_the_pages_speak_the_language_of_the_publication() -> None:
    from dataclasses import replace

    from django.conf import settings
    from django.test import override_settings

    from foldline.pages.words import load_words

    publication = replace(settings.FOLDLINE.publication, language="fr")
    french = replace(settings.FOLDLINE, publication=publication, words=load_words("fr"))
    with override_settings(FOLDLINE=french):
        page = Browser().get("/-/sign-in").content.decode()
        gone = Browser().get("/-/sign-in/link/none").content.decode()
    assert "Envoyez-moi un code" in page
    assert "Demander un nouveau code" in gone


def test_pages_about_an_account_show_the_sections_of_the_newspaper_in_their_order() -> None:
    from foldline.site.newsroom.models import Section

    made = [Section.objects.create(name=name, slug=name.lower(), order=at) for at, name in ((2, "Town"), (1, "River"))]
    try:
        page = Browser().get("/-/sign-in").content.decode()
    finally:
        for section in made:
            section.delete()
    head = page.partition("<main")[0]
    assert 0 < head.index('href="/section/river"') < head.index('href="/section/town"')
