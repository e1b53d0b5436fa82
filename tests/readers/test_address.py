"""Changing the e-mail address."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from .browser import Browser, last_code, mails, wrong

pytestmark = pytest.mark.usefixtures("site")

OLD, NEW, TAKEN = "nora@example.test", "nora@new.example", "omar@example.test"


def signed_in(email: str = OLD) -> Browser:
    from django.core.cache import cache

    browser = Browser()
    browser.sign_in(email)
    cache.clear()
    return browser


def ask(browser: Browser, email: str) -> Any:
    browser.get("/-/account/address")
    return browser.post("/-/account/address", {"email": email})


def confirm(browser: Browser, email: str, code: str) -> Any:
    return browser.post("/-/account/address/code", {"email": email, "code": code})


def addresses() -> list[tuple[str, bool]]:
    from allauth.account.models import EmailAddress

    return list(EmailAddress.objects.order_by("email").values_list("email", "verified"))


def subjects_since(count: int) -> list[tuple[str, str]]:
    return [(mail.to[0], mail.subject) for mail in mails()[count:]]


def test_a_code_from_the_new_mailbox_changes_the_address_and_both_are_told() -> None:
    from foldline.site.readers.models import Reader

    browser = signed_in()
    count = len(mails())
    ask(browser, " Nora@NEW.example ")
    assert Reader.objects.get().email == OLD
    code = last_code()
    assert confirm(browser, NEW, code)["Location"] == "/-/account?done=address"
    assert Reader.objects.get().email == NEW
    assert addresses() == [(NEW, True)]
    assert subjects_since(count) == [
        (NEW, f"{code} confirms your new address at The Valley Post"),
        (OLD, "Your address at The Valley Post was changed"),
        (NEW, "Your new address at The Valley Post"),
    ]
    told = mails()[-2].body
    assert "If it was not you, write to us at once: no-reply@127.0.0.1." in told
    assert NEW not in told
    assert "Your e-mail address is changed." in browser.get("/-/account?done=address").content.decode()


def test_the_new_address_signs_in_and_the_old_one_is_a_strangers() -> None:
    from foldline.site.readers.models import Reader

    browser = signed_in()
    ask(browser, NEW)
    confirm(browser, NEW, last_code())
    assert Browser().sign_in(NEW).status_code == 303
    assert Reader.objects.count() == 1
    Browser().ask(OLD)
    assert Reader.objects.count() == 2


def test_a_code_that_was_mailed_to_the_old_address_is_dead() -> None:
    browser, waiting = signed_in(), Browser()
    waiting.ask(OLD)
    old_code = last_code()
    ask(browser, NEW)
    confirm(browser, NEW, last_code())
    assert waiting.type_code(old_code).status_code == 403


def test_the_page_is_the_same_whether_the_address_has_an_account_or_not() -> None:
    signed_in(TAKEN)
    answers = []
    for email in (TAKEN, NEW):
        browser = signed_in()
        answer = ask(browser, email)
        page = answer.content.decode().replace(email, "").replace(browser.token, "")
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
        answers.append((answer.status_code, headers, re.sub(r'value="[^"]{64}"', "", page)))
    assert answers[0] == answers[1]


def test_an_address_with_an_account_is_told_and_no_code_gets_it() -> None:
    from foldline.site.readers.models import Reader, SignInCode

    signed_in(TAKEN)
    browser = signed_in()
    count = len(mails())
    ask(browser, TAKEN)
    assert subjects_since(count) == [(TAKEN, "Your address at The Valley Post")]
    assert OLD not in mails()[-1].body
    assert SignInCode.objects.latest("pk").reader is None
    assert confirm(browser, TAKEN, "123456").status_code == 400
    assert set(Reader.objects.values_list("email", flat=True)) == {OLD, TAKEN}


def test_who_only_typed_an_address_does_not_keep_it_from_its_owner() -> None:
    from foldline.site.readers.models import Reader

    Browser().ask(NEW)
    browser = signed_in()
    ask(browser, NEW)
    assert confirm(browser, NEW, last_code()).status_code == 303
    assert list(Reader.objects.values_list("email", flat=True)) == [NEW]


def test_who_confirms_an_address_first_has_it() -> None:
    from foldline.site.readers.models import Reader

    browser = signed_in()
    ask(browser, NEW)
    code = last_code()
    signed_in(NEW)
    browser.get("/-/account")
    assert confirm(browser, NEW, code).status_code == 403
    assert set(Reader.objects.values_list("email", flat=True)) == {OLD, NEW}


def test_a_code_for_signing_in_changes_no_address_and_the_other_way_round() -> None:
    from foldline.site.readers.models import Reader

    browser, other = signed_in(), Browser()
    ask(browser, NEW)
    change_code = last_code()
    other.ask(OLD)
    assert other.type_code(change_code).status_code == 400
    browser.get("/-/account")
    assert confirm(browser, NEW, last_code() if last_code() != change_code else "x").status_code == 400
    assert Reader.objects.get().email == OLD


def test_a_code_confirms_only_the_address_that_it_went_to() -> None:
    from foldline.site.readers.models import Reader

    browser = signed_in()
    ask(browser, NEW)
    for email in ("mallory@evil.example", "", OLD, "x"):
        assert confirm(browser, email, last_code()).status_code == 403
    assert Reader.objects.get().email == OLD
    assert confirm(browser, NEW, last_code()).status_code == 303


def test_a_wrong_code_says_so_five_times_and_then_it_is_over() -> None:
    browser = signed_in()
    ask(browser, NEW)
    code = last_code()
    answers = [confirm(browser, NEW, wrong(code)) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [400, 400, 400, 400, 403]
    assert wrong(code) not in answers[0].content.decode()
    assert confirm(browser, NEW, code).status_code == 403


def test_a_code_that_is_too_old_changes_nothing(later: Callable[[float], None]) -> None:
    browser = signed_in()
    ask(browser, NEW)
    later(601)
    browser.get("/-/account")
    assert confirm(browser, NEW, last_code()).status_code == 403


def test_a_code_of_another_browser_changes_nothing() -> None:
    browser, thief = signed_in(), signed_in("mallory@example.test")
    ask(browser, NEW)
    code = last_code()
    thief.get("/-/account")
    assert confirm(thief, NEW, code).status_code == 403


def test_no_table_holds_an_address_that_nobody_confirmed() -> None:
    from django.contrib.sessions.models import Session

    from foldline.site.readers.models import SignInCode

    browser = signed_in()
    ask(browser, NEW)
    stored = [session.get_decoded() for session in Session.objects.all()]
    assert NEW not in f"{stored}{list(SignInCode.objects.values())}"


@pytest.mark.parametrize(("email", "said"), [("nobody", "does not look like"), ("", "does not"), (OLD, "already")])
def test_what_is_no_new_address_is_said_to_be_none(email: str, said: str) -> None:
    answer = ask(signed_in(), email)
    assert answer.status_code == 400
    assert said in answer.content.decode()


def test_asking_too_often_is_refused_kindly() -> None:
    browser = signed_in()
    statuses = [ask(browser, NEW).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_whoever_is_not_signed_in_signs_in_first() -> None:
    browser = Browser()
    browser.get("/-/sign-in")
    assert browser.get("/-/account/address")["Location"].startswith("/-/sign-in")
    assert browser.post("/-/account/address", {"email": NEW})["Location"].startswith("/-/sign-in")
    assert confirm(browser, NEW, "1")["Location"].startswith("/-/sign-in")


def test_the_session_goes_on_and_so_do_other_devices() -> None:
    browser, there = signed_in(), signed_in()
    ask(browser, NEW)
    confirm(browser, NEW, last_code())
    assert NEW in there.get("/-/account").content.decode()
