"""Passkeys: kept, used, refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from foldline.signed import cookies

from .authenticator import Passkey, encode
from .browser import Browser, last_code, mails

pytestmark = pytest.mark.usefixtures("site")

URL, HOST = "https://valley-post.example", "valley-post.example"
REFUSED = "This passkey is not one of ours, or it belongs to another site."
ARTICLE = "/why-the-river-came-back"


@pytest.fixture(autouse=True)
def named_host() -> Iterator[None]:
    """A publication with a name: there are no passkeys for a number."""
    from django.conf import settings
    from django.test import override_settings

    publication = replace(settings.FOLDLINE.publication, url=URL)
    named = replace(settings.FOLDLINE, publication=publication)
    with override_settings(FOLDLINE=named, ALLOWED_HOSTS=[HOST], CSRF_TRUSTED_ORIGINS=[URL]):
        yield


def visitor() -> Browser:
    browser = Browser(host=HOST)
    browser.client.defaults["HTTP_X_FORWARDED_PROTO"] = "https"
    browser.client.defaults["HTTP_REFERER"] = f"{URL}/-/account"
    return browser


def signed_in(email: str = "nora@example.test") -> Browser:
    from django.core.cache import cache

    cache.clear()
    browser = visitor()
    assert browser.sign_in(email).status_code == 303
    return browser


def asked(browser: Browser, path: str) -> dict[str, Any]:
    browser.get("/-/account" if "account" in path else "/-/sign-in")
    answer = browser.post(path)
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


def add(browser: Browser, passkey: Passkey, name: str = "Kitchen tablet") -> str:
    question = asked(browser, "/-/account/passkeys/ask")
    answer = browser.post("/-/account/passkeys", {"credential": passkey.create(question), "name": name})
    assert answer.status_code == 303
    return answer["Location"].partition("done=")[2].partition("#")[0]


def use(browser: Browser, passkey: Passkey, next_path: str = "/") -> Any:
    question = asked(browser, "/-/sign-in/passkey/ask")
    return browser.post("/-/sign-in/passkey", {"credential": passkey.get(question), "next": next_path})


def kept(email: str = "nora@example.test") -> Passkey:
    passkey = Passkey(URL, HOST)
    assert add(signed_in(email), passkey) == "passkey-added"
    return passkey


def refused(answer: Any, browser: Browser) -> bool:
    said = REFUSED in answer.content.decode() and answer.status_code == 403
    return said and not browser.cookie(cookies.PASS) and browser.get("/-/account").status_code == 303


def test_a_passkey_signs_in_and_leads_back_like_a_code() -> None:
    passkey, browser = kept(), visitor()
    answer = use(browser, passkey, ARTICLE)
    assert (answer.status_code, answer["Location"]) == (303, f"{ARTICLE}#continue")
    assert browser.cookie(cookies.PASS)
    page = browser.get("/-/account").content.decode()
    assert "nora@example.test" in page
    assert "last used on " in page


def test_the_way_back_is_a_path_of_this_publication() -> None:
    answer = use(visitor(), kept(), "//evil.example/x")
    assert answer["Location"] == "/"


def test_a_passkey_never_locks_out_a_code_on_a_second_device() -> None:
    kept()
    assert signed_in().get("/-/account").status_code == 200


def test_nobody_gets_recovery_codes() -> None:
    from allauth.mfa.models import Authenticator

    kept()
    assert [row.type for row in Authenticator.objects.all()] == [Authenticator.Type.WEBAUTHN]


def test_a_new_passkey_is_told_by_mail() -> None:
    kept()
    mail = mails()[-1]
    assert mail.to == ["nora@example.test"]
    assert mail.subject == "A new passkey at The Valley Post"
    assert "“Kitchen tablet”" in mail.body
    assert f"{URL}/-/account" in mail.body


def test_the_question_names_the_configured_host_and_wants_the_owner_verified() -> None:
    question = asked(signed_in(), "/-/account/passkeys/ask")["publicKey"]
    assert question["rp"] == {"id": HOST, "name": "The Valley Post"}
    assert question["authenticatorSelection"]["residentKey"] == "required"
    assert question["authenticatorSelection"]["userVerification"] == "required"
    known = asked(visitor(), "/-/sign-in/passkey/ask")["publicKey"]
    assert (known["rpId"], known["userVerification"]) == (HOST, "required")


def test_the_question_to_a_visitor_tells_nobody_who_has_a_passkey() -> None:
    def shape() -> set[str]:
        return set(asked(visitor(), "/-/sign-in/passkey/ask")["publicKey"])

    before = shape()
    kept()
    assert shape() == before
    assert "allowCredentials" not in before


def test_what_a_passkey_keeps_of_its_owner_is_not_the_number_in_the_database() -> None:
    from foldline.site.readers.models import Reader

    assert kept().owner.hex() == Reader.objects.get().key


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "https://shop.valley-post.example", "http://valley-post.example", f"{URL}:8443", ""],
)
def test_a_passkey_of_another_host_is_refused_with_a_sentence(origin: str) -> None:
    passkey, browser = kept(), visitor()
    passkey.origin = origin
    assert refused(use(browser, passkey), browser)


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.valley-post.example"])
def test_a_passkey_that_was_made_on_another_host_is_not_kept(origin: str) -> None:
    from allauth.mfa.models import Authenticator

    assert add(signed_in(), Passkey(origin, HOST)) == "passkey-wrong"
    assert add(signed_in(), Passkey(URL, "evil.example")) == "passkey-wrong"
    assert not Authenticator.objects.exists()


def test_a_passkey_for_another_host_signs_nobody_in() -> None:
    passkey, browser = kept(), visitor()
    passkey.host = "evil.example"
    assert refused(use(browser, passkey), browser)


def test_a_passkey_that_did_not_verify_its_owner_signs_nobody_in() -> None:
    passkey, browser = kept(), visitor()
    passkey.verified = False
    assert refused(use(browser, passkey), browser)
    assert add(signed_in(), Passkey(URL, HOST, verified=False)) == "passkey-wrong"


def test_an_unknown_passkey_and_one_of_somebody_else_are_refused_alike() -> None:
    kept()
    other = Passkey(URL, HOST, owner=bytes(16))
    browser, second = visitor(), visitor()
    assert refused(use(browser, other), browser)
    from foldline.site.readers.models import Reader

    other.owner = bytes.fromhex(Reader.objects.get().key)
    assert refused(use(second, other), second)


def test_a_removed_passkey_signs_nobody_in() -> None:
    passkey = kept()
    browser = visitor()
    use(browser, passkey)
    browser.get("/-/account")
    answer = browser.post(f"/-/account/passkeys/{number()}", {"remove": "1"})
    assert answer["Location"] == "/-/account?done=passkey-removed#passkeys"
    other = visitor()
    assert refused(use(other, passkey), other)


def test_a_closed_account_is_refused_like_a_passkey_of_nobody() -> None:
    from foldline.site.readers.models import Reader

    passkey, browser = kept(), visitor()
    Reader.objects.update(is_active=False)
    assert refused(use(browser, passkey), browser)


def test_an_answer_is_good_for_one_question_once() -> None:
    passkey, browser = kept(), visitor()
    answer = passkey.get(asked(browser, "/-/sign-in/passkey/ask"))
    asked(browser, "/-/sign-in/passkey/ask")
    assert refused(browser.post("/-/sign-in/passkey", {"credential": answer}), browser)
    other = visitor()
    answer = passkey.get(asked(other, "/-/sign-in/passkey/ask"))
    assert other.post("/-/sign-in/passkey", {"credential": answer}).status_code == 303
    other.get("/-/account")
    other.post("/-/sign-out")
    other.get("/-/sign-in")
    assert refused(other.post("/-/sign-in/passkey", {"credential": answer}), other)


def test_an_answer_in_another_browser_than_was_asked_is_refused() -> None:
    passkey, thief = kept(), visitor()
    answer = passkey.get(asked(visitor(), "/-/sign-in/passkey/ask"))
    asked(thief, "/-/sign-in/passkey/ask")
    assert refused(thief.post("/-/sign-in/passkey", {"credential": answer}), thief)


def test_an_answer_that_comes_too_late_is_refused(later: Callable[[float], None]) -> None:
    passkey, browser = kept(), visitor()
    question = asked(browser, "/-/sign-in/passkey/ask")
    later(301)
    browser.get("/-/sign-in")
    assert refused(browser.post("/-/sign-in/passkey", {"credential": passkey.get(question)}), browser)


def test_an_answer_for_adding_does_not_sign_in_and_the_other_way_round() -> None:
    passkey, browser = kept(), signed_in()
    browser.get("/-/account")
    question = json.loads(browser.post("/-/sign-in/passkey/ask").content)
    answer = browser.post("/-/account/passkeys", {"credential": Passkey(URL, HOST).create({**_new(question)})})
    assert "passkey-wrong" in answer["Location"]
    thief = visitor()
    thief.get("/-/sign-in")
    assert refused(thief.post("/-/sign-in/passkey", {"credential": passkey.get(question)}), thief)


def _new(question: dict[str, Any]) -> dict[str, Any]:
    return {"publicKey": {**question["publicKey"], "user": {"id": encode(bytes(16))}}}


def test_one_key_never_opens_two_accounts() -> None:
    passkey = kept()
    assert add(signed_in("omar@example.test"), passkey) == "passkey-wrong"


@pytest.mark.parametrize(
    "broken",
    [
        "", "null", "[]", "{}", '"x"', "{", "1e999", '{"response": null}', '{"response": {"userHandle": "%"}}',
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"userHandle":"AAAA"}}', "[" * 5000,
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_refused_and_breaks_nothing(broken: str) -> None:
    kept()
    browser = visitor()
    asked(browser, "/-/sign-in/passkey/ask")
    assert refused(browser.post("/-/sign-in/passkey", {"credential": broken}), browser)
    here = signed_in()
    asked(here, "/-/account/passkeys/ask")
    assert "passkey-wrong" in here.post("/-/account/passkeys", {"credential": broken})["Location"]


def test_no_damage_to_an_answer_is_more_than_a_refusal() -> None:
    """Every part of a good answer cut short, turned or filled with other bytes."""
    passkey = kept()
    for name in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for damage in (lambda t: t[: len(t) // 2], lambda t: t[::-1], lambda _: encode(b"\xff" * 40), lambda _: 7):
            from django.core.cache import cache

            cache.clear()
            browser = visitor()
            good = json.loads(passkey.get(asked(browser, "/-/sign-in/passkey/ask")))
            good["response"][name] = damage(good["response"][name])
            assert refused(browser.post("/-/sign-in/passkey", {"credential": json.dumps(good)}), browser)
    here = signed_in()
    for name in ("clientDataJSON", "attestationObject"):
        for damage in (lambda t: t[: len(t) // 2], lambda t: t[::-1], lambda _: encode(b"\xa3" * 40), lambda _: []):
            good = json.loads(Passkey(URL, HOST).create(asked(here, "/-/account/passkeys/ask")))
            good["response"][name] = damage(good["response"][name])
            answer = here.post("/-/account/passkeys", {"credential": json.dumps(good)})
            assert "passkey-wrong" in answer["Location"]


def number() -> int:
    from allauth.mfa.models import Authenticator

    found: int = Authenticator.objects.get().pk
    return found


def test_a_passkey_is_renamed_by_its_owner_alone() -> None:
    passkey = kept()
    stranger = signed_in("omar@example.test")
    stranger.get("/-/account")
    for change in ({"name": "Mine"}, {"remove": "1"}):
        assert stranger.post(f"/-/account/passkeys/{number()}", change).status_code == 404
    owner = visitor()
    use(owner, passkey)
    owner.get("/-/account")
    assert owner.post(f"/-/account/passkeys/{number()}", {"name": "  Old <b>phone</b> "}).status_code == 303
    assert "Old &lt;b&gt;phone&lt;/b&gt;" in owner.get("/-/account").content.decode()
    owner.post(f"/-/account/passkeys/{number()}", {"name": " "})
    assert "Old &lt;b&gt;phone&lt;/b&gt;" in owner.get("/-/account").content.decode()


def test_a_passkey_without_a_name_is_called_by_the_device() -> None:
    browser = signed_in()
    browser.client.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"
    add(browser, Passkey(URL, HOST), "")
    assert 'value="Firefox on Linux" maxlength="60" required' in browser.get("/-/account").content.decode()


def test_an_account_holds_a_bounded_number_of_passkeys(monkeypatch: pytest.MonkeyPatch) -> None:
    from foldline.site.readers import passkeys

    monkeypatch.setattr(passkeys, "MOST", 2)
    browser = signed_in()
    said = [add(browser, Passkey(URL, HOST)) for _ in range(3)]
    assert said == ["passkey-added", "passkey-added", "passkey-many"]


def test_adding_needs_somebody_who_is_signed_in_and_a_form_of_ours() -> None:
    browser = visitor()
    browser.get("/-/sign-in")
    assert browser.post("/-/account/passkeys/ask")["Location"].startswith("/-/sign-in")
    here = signed_in()
    question = asked(here, "/-/account/passkeys/ask")
    answer = Passkey(URL, HOST).create(question)
    assert here.post("/-/account/passkeys", {"credential": answer, "csrfmiddlewaretoken": ""}).status_code == 403


def test_tries_are_bounded_for_a_network() -> None:
    browser = visitor()
    browser.get("/-/sign-in")
    statuses = [browser.post("/-/sign-in/passkey/ask").status_code for _ in range(62)]
    assert statuses == [200] * 60 + [429] * 2
    assert "too often" in browser.post("/-/sign-in/passkey", {"credential": "x"}).content.decode()


def test_a_mail_scanner_that_opens_every_address_changes_nothing() -> None:
    kept()
    scanner = visitor()
    for path in ("/-/sign-in/passkey", "/-/sign-in/passkey/ask", "/-/account/passkeys", "/-/account/passkeys/ask"):
        assert scanner.get(path).status_code == scanner.head(path).status_code == 405
    assert not scanner.cookie("__Host-foldline-session")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://[2001:db8::1]"])
def test_where_the_host_is_a_number_no_passkeys_are_offered(url: str) -> None:
    from django.conf import settings
    from django.test import override_settings

    plain = replace(settings.FOLDLINE, publication=replace(settings.FOLDLINE.publication, url=url))
    browser = signed_in()
    with override_settings(FOLDLINE=plain):
        assert "passkey" not in browser.get("/-/account").content.decode().lower()
        assert "passkey" not in visitor().get("/-/sign-in").content.decode().lower()
        assert browser.post("/-/account/passkeys/ask").status_code == 404
        assert browser.post("/-/sign-in/passkey/ask").status_code == 404


def test_whoever_is_signed_in_already_goes_on() -> None:
    browser = signed_in()
    browser.get("/-/account")
    answer = browser.post("/-/sign-in/passkey", {"next": ARTICLE})
    assert answer["Location"] == f"{ARTICLE}#continue"


def test_a_code_that_was_asked_for_still_works_beside_a_passkey_that_failed() -> None:
    kept()
    browser = visitor()
    browser.ask("nora@example.test", ARTICLE)
    code = last_code()
    assert use(browser, Passkey(URL, HOST, owner=bytes(16))).status_code == 403
    assert browser.type_code(code)["Location"] == f"{ARTICLE}#continue"
