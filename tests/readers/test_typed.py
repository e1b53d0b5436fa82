"""Whatever somebody types into a form or an address of the site is a value: no part of a statement, and no error."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from .browser import Browser

pytestmark = pytest.mark.usefixtures("site")

TYPED = (
    "' OR 1=1 --", "'); DROP TABLE readers_reader; --", '" OR ""="', "1 UNION SELECT email FROM readers_reader", "%",
    "a\x00b", "\ud7ff\uffff", "9" * 40, "-1", "NaN", "٣", "[]", "{{7*7}}", "../../etc/passwd", "a" * 30_000,
    "nora@example.test\r\nBcc: eve@example.test", " ",
)  # fmt: skip
#: What a form is sent where nothing strange is typed.
USUAL = {
    "email": "nora@example.test", "next": "/", "code": "123456", "device": "1", "name": "Nora",
    "article": "1", "plan": "digital", "number": "A1001", "postcode": "1234AB",
}  # fmt: skip
#: Each form by its address, and the fields that it hears.
FORMS = {
    "sign-in": ("email", "next"),
    "sign-in/code": ("code", "next"),
    "account/address": ("email",),
    "account/address/code": ("email", "code"),
    "account/devices": ("device",),
    "subscribe": ("article", "plan", "next"),
    "withdraw": ("email", "number", "name"),
    "print": ("number", "postcode", "next"),
}
ASKED = (
    "sign-in?next=", "sign-in/link/", "sign-in/from/", "subscribe?article=", "subscribe?plan=", "subscribe?next=",
    "subscribed?checkout=", "give?article=", "withdraw?number=", "account/subscriptions/", "print?next=",
)  # fmt: skip


def kept() -> tuple[int, ...]:
    from foldline.site.readers.models import Entitlement, Reader, ReaderSession

    return tuple(model.objects.count() for model in (Reader, Entitlement, ReaderSession))


def before_form(form: str) -> Browser:
    """Who gets as far as the form's own work: a stranger with a code under way, or a reader, as the form is for."""
    if form.startswith("sign-in"):
        stranger = Browser()
        stranger.ask("nora@example.test")
        return stranger
    browser = signed_in()
    if form == "account/address/code":
        browser.post("/-/account/address", {"email": "new@example.test"})
    return browser


def signed_in() -> Browser:
    browser = Browser()
    browser.sign_in("nora@example.test")
    browser.get("/-/account")
    return browser


@pytest.mark.parametrize("form", FORMS)
def test_what_is_typed_into_a_form_is_a_value(form: str) -> None:
    from django.core.cache import cache

    browser = before_form(form)
    before = kept()
    usual = USUAL | ({"email": "new@example.test"} if form == "account/address/code" else {})
    assert browser.post(f"/-/{form}", usual).status_code != 404
    for field in FORMS[form]:
        for typed in TYPED:
            # Tries are bounded: a bound that was reached would hide what stands behind it.
            cache.clear()
            answer = browser.post(f"/-/{form}", usual | {field: typed})
            assert answer.status_code < 500, (form, field, typed[:40])
    assert kept() == before


def test_what_stands_in_an_address_is_a_value() -> None:
    browser = signed_in()
    before = kept()
    for asked in ASKED:
        for typed in TYPED:
            answer = browser.get(f"/-/{asked}{quote(typed[:2000].encode('utf-8', 'surrogatepass'))}")
            assert answer.status_code < 500, (asked, typed[:40])
    assert kept() == before


def test_a_statement_that_is_put_together_from_what_is_typed_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import connection

    from foldline.site.readers import codes

    honest = codes.redeem

    def put_together(lookup: str, code: str) -> codes.Outcome:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM readers_reader WHERE email = '{code}'")
        return honest(lookup, code)

    monkeypatch.setattr(codes, "redeem", put_together)
    with pytest.raises(AssertionError, match="account/address/code"):
        test_what_is_typed_into_a_form_is_a_value("account/address/code")
