"""Signing in elsewhere: by a provider that is not ours, and what is refused of one that lies."""

from __future__ import annotations

import re
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from foldline.config import Provider
from foldline.signed import cookies

from .browser import Browser, last_code
from .provider import Liar, RunningProvider, running_provider

pytestmark = pytest.mark.usefixtures("site")

ARTICLE = "/why-the-river-came-back"
CLIENT = "foldline"
UNCONFIRMED = "Elsewhere has not confirmed your e-mail address, so nobody was signed in."
FAILED = "Elsewhere did not tell us who you are, so nobody was signed in."
SILENT = "Elsewhere does not answer at the moment."


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[RunningProvider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(elsewhere: RunningProvider) -> Iterator[RunningProvider]:
    with settings_with(elsewhere.issuer):
        yield elsewhere


@pytest.fixture
def liar() -> Iterator[Liar]:
    lies = Liar()
    try:
        with settings_with(lies.issuer):
            yield lies
    finally:
        lies.stop()


def settings_with(issuer: str) -> Any:
    from django.conf import settings
    from django.test import override_settings

    there = Provider("elsewhere", "Elsewhere", issuer, CLIENT, "a secret of this client")
    return override_settings(FOLDLINE=replace(settings.FOLDLINE, providers=(there,)))


def sent_away(browser: Browser, next_path: str = "/", **form: str) -> str:
    """The address that the browser is sent to."""
    browser.get("/-/account" if form else f"/-/sign-in?next={next_path}")
    answer = browser.post("/-/sign-in/with/elsewhere", {"next": next_path, **form})
    assert answer.status_code == 200
    return answer["Refresh"].partition("url=")[2]


def sign_in(browser: Browser, provider: RunningProvider, subject: str, next_path: str = "/") -> Any:
    return browser.get(provider.consent(sent_away(browser, next_path), subject))


def readers() -> list[str]:
    from foldline.site.readers.models import Reader

    return list(Reader.objects.values_list("email", flat=True))


def nobody(answer: Any, browser: Browser, sentence: str) -> bool:
    """Whether a sentence was all that came of it."""
    return (
        sentence in answer.content.decode()
        and answer.status_code in (403, 502)
        and not browser.cookie(cookies.PASS)
        and browser.get("/-/account").status_code == 303
    )


def test_a_verified_claim_makes_a_reader_and_leads_back_like_a_code(provider: RunningProvider) -> None:
    provider.knows("nora", email="Nora@Example.test", email_verified=True, name="Nora N", picture="https://x.test/p")
    browser = Browser()
    answer = sign_in(browser, provider, "nora", ARTICLE)
    assert (answer.status_code, answer["Location"]) == (303, f"{ARTICLE}#continue")
    assert browser.cookie(cookies.PASS)
    assert readers() == ["nora@example.test"]
    assert "Elsewhere" in browser.get("/-/account").content.decode()


def test_nothing_but_the_link_is_kept_of_what_a_provider_tells(provider: RunningProvider) -> None:
    from allauth.socialaccount.models import SocialAccount, SocialToken

    provider.knows("nora", email="nora@example.test", email_verified=True, name="Nora N", picture="https://x.test/p")
    sign_in(Browser(), provider, "nora")
    linked = SocialAccount.objects.get()
    assert (linked.provider, linked.uid, linked.extra_data) == (provider.issuer, "nora", {})
    assert not SocialToken.objects.exists()


def test_it_opens_the_account_that_has_the_verified_address(provider: RunningProvider) -> None:
    Browser().sign_in("nora@example.test")
    provider.knows("nora", email="nora@example.test", email_verified=True)
    assert sign_in(Browser(), provider, "nora")["Location"] == "/"
    assert readers() == ["nora@example.test"]


def test_a_link_outlives_a_change_of_address_on_either_side(provider: RunningProvider) -> None:
    from foldline.site.readers.models import Reader

    provider.knows("nora", email="nora@example.test", email_verified=True)
    sign_in(Browser(), provider, "nora")
    provider.knows("nora", email="other@example.test", email_verified=False)
    Reader.objects.update(email="new@example.test")
    browser = Browser()
    assert sign_in(browser, provider, "nora").status_code == 303
    assert "new@example.test" in browser.get("/-/account").content.decode()


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "nora@example.test", "email_verified": False},
        {"email": "nora@example.test"},
        {"email": "nora@example.test", "email_verified": "yes"},
        {"email": "", "email_verified": True},
        {"email": "not an address", "email_verified": True},
        {"email": ["nora@example.test"], "email_verified": True},
        {},
    ],
)
def test_an_address_that_is_not_verified_signs_nobody_in(provider: RunningProvider, claims: dict[str, object]) -> None:
    Browser().sign_in("nora@example.test")
    provider.knows("mallory", **claims)
    browser = Browser()
    assert nobody(sign_in(browser, provider, "mallory"), browser, UNCONFIRMED)
    assert readers() == ["nora@example.test"]


def test_a_closed_account_signs_nobody_in(provider: RunningProvider) -> None:
    from foldline.site.readers.models import Reader

    provider.knows("nora", email="nora@example.test", email_verified=True)
    Reader.objects.create_user("nora@example.test", is_active=False)
    browser = Browser()
    assert nobody(sign_in(browser, provider, "nora"), browser, FAILED)


def test_an_answer_with_another_nonce_is_refused(provider: RunningProvider) -> None:
    provider.knows("nora", email="nora@example.test", email_verified=True)
    browser = Browser()
    address = sent_away(browser)
    nonce = parse_qs(urlsplit(address).query)["nonce"][0]
    assert len(nonce) >= 32
    answer = browser.get(provider.consent(address.replace(nonce, "another"), "nora"))
    assert nobody(answer, browser, FAILED)
    assert readers() == []


def test_an_answer_without_a_nonce_is_refused(provider: RunningProvider) -> None:
    provider.knows("nora", email="nora@example.test", email_verified=True)
    browser = Browser()
    address = re.sub(r"&nonce=[^&]+", "", sent_away(browser))
    assert nobody(browser.get(provider.consent(address, "nora")), browser, FAILED)


def test_an_answer_to_a_question_that_another_browser_asked_is_refused(provider: RunningProvider) -> None:
    provider.knows("mallory", email="mallory@example.test", email_verified=True)
    back = provider.consent(sent_away(Browser()), "mallory")
    victim = Browser()
    assert nobody(victim.get(back), victim, FAILED)
    sent_away(victim)
    assert nobody(victim.get(back), victim, FAILED)


def test_an_answer_is_good_once(provider: RunningProvider) -> None:
    provider.knows("nora", email="nora@example.test", email_verified=True)
    browser = Browser()
    back = provider.consent(sent_away(browser), "nora")
    assert browser.get(back).status_code == 303
    browser.get("/-/account")
    browser.post("/-/sign-out")
    assert nobody(browser.get(back), browser, FAILED)


def test_an_answer_that_comes_after_ten_minutes_is_refused(
    provider: RunningProvider, later: Callable[[float], None]
) -> None:
    provider.knows("nora", email="nora@example.test", email_verified=True)
    browser = Browser()
    back = provider.consent(sent_away(browser), "nora")
    later(601)
    assert nobody(browser.get(back), browser, FAILED)


def test_who_says_no_at_the_provider_is_told_the_other_way(provider: RunningProvider) -> None:
    browser = Browser()
    address = sent_away(browser, ARTICLE)
    back = provider.deny(address)
    assert nobody(browser.get(back), browser, FAILED)
    # This provider forgets to send the state along; others do not (RFC 6749, 4.1.2.1).
    answer = browser.get(f"{back}&state={parse_qs(urlsplit(address).query)['state'][0]}")
    assert f'name="next" value="{ARTICLE}"' in answer.content.decode()
    assert nobody(answer, browser, FAILED)


def test_a_mail_scanner_that_opens_every_address_changes_nothing(provider: RunningProvider) -> None:
    scanner = Browser(address="40.94.0.1")
    assert scanner.get("/-/sign-in/with/elsewhere").status_code == 405
    for path in ("/-/sign-in/from/elsewhere", "/-/sign-in/from/elsewhere?code=x&state=y"):
        assert scanner.head(path).status_code == 403
        assert scanner.get(path).status_code == 403
    assert not scanner.cookie(cookies.PASS)
    assert readers() == []
    for path in ("/-/sign-in/with/other", "/-/sign-in/from/other", "/-/sign-in/with/openid_connect"):
        assert scanner.get(path).status_code in (404, 405)


def test_the_question_asks_for_the_address_alone_and_holds_a_challenge(provider: RunningProvider) -> None:
    query = parse_qs(urlsplit(sent_away(Browser())).query)
    assert query["scope"] == ["openid email"]
    assert query["code_challenge_method"] == ["S256"]
    assert query["redirect_uri"] == ["http://127.0.0.1:8080/-/sign-in/from/elsewhere"]
    assert query["client_id"] == [CLIENT]


def test_a_foreign_host_in_the_request_never_becomes_the_way_back(provider: RunningProvider) -> None:
    browser = Browser()
    browser.get("/-/sign-in")
    answer = browser.post("/-/sign-in/with/elsewhere", **{"X-Forwarded-Host": "evil.example"})
    assert "evil" not in answer["Refresh"]


def test_the_page_in_between_leads_on_without_scripts(provider: RunningProvider) -> None:
    browser = Browser()
    browser.get("/-/sign-in")
    page = browser.post("/-/sign-in/with/elsewhere")
    address = page["Refresh"].partition("url=")[2].replace("&", "&amp;")
    assert f'href="{address}" rel="noreferrer"' in page.content.decode()


def test_a_code_still_signs_in_beside_a_link(provider: RunningProvider) -> None:
    provider.knows("nora", email="nora@example.test", email_verified=True)
    sign_in(Browser(), provider, "nora")
    assert Browser().sign_in("nora@example.test").status_code == 303


def test_a_link_is_made_from_the_account_and_taken_away_there(provider: RunningProvider) -> None:
    provider.knows("nora.n", email="nora.n@example.test", email_verified=True)
    browser = Browser()
    browser.sign_in("nora@example.test")
    answer = browser.get(provider.consent(sent_away(browser, link="1"), "nora.n"))
    assert answer["Location"] == "/-/account?done=linked#identities"
    second = Browser()
    assert sign_in(second, provider, "nora.n").status_code == 303
    assert "nora@example.test" in second.get("/-/account").content.decode()
    number = re.search(r"/-/account/identities/(\d+)", second.get("/-/account").content.decode())
    assert number is not None
    stranger = Browser()
    stranger.sign_in("omar@example.test")
    stranger.get("/-/account")
    assert stranger.post(number[0]).status_code == 404
    assert second.post(number[0])["Location"] == "/-/account?done=unlinked#identities"
    assert readers() == ["nora@example.test", "omar@example.test"]
    third = Browser()
    sign_in(third, provider, "nora.n")
    assert "nora.n@example.test" in third.get("/-/account").content.decode()


def test_a_link_to_another_account_is_not_moved(provider: RunningProvider) -> None:
    provider.knows("nora", email="nora@example.test", email_verified=True)
    sign_in(Browser(), provider, "nora")
    browser = Browser()
    browser.sign_in("omar@example.test")
    answer = browser.get(provider.consent(sent_away(browser, link="1"), "nora"))
    assert answer.status_code == 403
    assert "belongs to another account" in answer.content.decode()


def test_an_unverified_address_is_not_linked_either(provider: RunningProvider) -> None:
    provider.knows("nora", email="nora@example.test", email_verified=False)
    browser = Browser()
    browser.sign_in("omar@example.test")
    answer = browser.get(provider.consent(sent_away(browser, link="1"), "nora"))
    assert (answer.status_code, UNCONFIRMED in answer.content.decode()) == (403, True)


def test_a_link_that_was_begun_by_one_reader_is_not_finished_by_another(provider: RunningProvider) -> None:
    from allauth.socialaccount.models import SocialAccount

    provider.knows("nora", email="nora@example.test", email_verified=True)
    browser = Browser()
    browser.sign_in("nora@example.test")
    back = provider.consent(sent_away(browser, link="1"), "nora")
    browser.get("/-/account")
    browser.post("/-/sign-out")
    browser.sign_in("omar@example.test")
    assert browser.get(back).status_code == 403
    assert not SocialAccount.objects.exists()


def test_tries_are_bounded_for_a_network(provider: RunningProvider) -> None:
    browser = Browser()
    browser.get("/-/sign-in")
    statuses = {browser.post("/-/sign-in/with/elsewhere").status_code for _ in range(30)}
    assert statuses == {200}
    assert browser.post("/-/sign-in/with/elsewhere").status_code == 429


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
JWK = {**jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True), "kid": "k", "alg": "RS256"}


def lie(liar: Liar, browser: Browser, *, headers: dict[str, Any] | None = None, key: Any = KEY, **claims: Any) -> Any:
    """The answer of a provider whose ID token has these claims, beside what an honest one has."""
    query = parse_qs(urlsplit(sent_away(browser)).query)
    now = int(time.time())
    told = {
        "iss": liar.issuer, "aud": CLIENT, "sub": "nora", "nonce": query["nonce"][0], "iat": now, "exp": now + 300,
        "email": "nora@example.test", "email_verified": True, **claims,
    }  # fmt: skip
    told = {name: value for name, value in told.items() if value is not None}
    given = {"kid": "k", "alg": "RS256", **(headers or {})}
    token = jwt.encode(told, key, algorithm=given["alg"], headers=given)
    liar.says("/jwks", {"keys": [JWK]})
    liar.says("/token", {"access_token": "a", "token_type": "Bearer", "id_token": token})
    return browser.get(f"/-/sign-in/from/elsewhere?code=c&state={query['state'][0]}")


def test_an_honest_answer_of_that_provider_signs_in(liar: Liar) -> None:
    assert lie(liar, Browser()).status_code == 303
    assert readers() == ["nora@example.test"]


def test_the_secret_and_the_verifier_go_to_the_token_endpoint_alone(liar: Liar) -> None:
    liar.says("/.well-known/openid-configuration", liar.configuration(
        token_endpoint_auth_methods_supported=["client_secret_post"]))  # fmt: skip
    lie(liar, Browser())
    bodies = {path: body for path, body in liar.asked if body}
    assert set(bodies) == {"/token"}
    sent = parse_qs(bodies["/token"].decode())
    assert sent["client_secret"] == ["a secret of this client"]
    assert len(sent["code_verifier"][0]) >= 43


PUBLIC_PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"aud": "another"}, {"aud": ["another"]}, {"aud": None},
        {"exp": 1_000_000_000}, {"exp": None}, {"nonce": None}, {"nonce": ""}, {"nonce": 5}, {"sub": None}, {"sub": ""},
        {"sub": 7}, {"sub": "x" * 192}, {"azp": "another"}, {"sub": ["nora"]},
    ],
)  # fmt: skip
def test_a_token_that_is_not_the_answer_to_our_question_is_refused(liar: Liar, claims: dict[str, Any]) -> None:
    browser = Browser()
    answer = lie(liar, browser, **claims)
    assert nobody(answer, browser, FAILED)
    assert readers() == []


@pytest.mark.parametrize("forged", ["none", "HS256", "another key", "unknown key", "no key named"])
def test_a_token_that_the_provider_did_not_sign_is_refused(liar: Liar, forged: str) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    given: dict[str, tuple[dict[str, Any], Any]] = {
        "none": ({"alg": "none"}, None),
        "HS256": ({"alg": "HS256"}, urlsafe_b64encode(PUBLIC_PEM)),
        "another key": ({}, other),
        "unknown key": ({"kid": "z"}, KEY),
        "no key named": ({"kid": ""}, KEY),
    }
    headers, key = given[forged]
    browser = Browser()
    assert nobody(lie(liar, browser, headers=headers, key=key), browser, FAILED)


def test_what_a_provider_tells_beside_its_token_must_be_about_the_same_person(liar: Liar) -> None:
    liar.says("/userinfo", {"sub": "somebody else", "email": "nora@example.test", "email_verified": True})
    browser = Browser()
    assert nobody(lie(liar, browser, email=None, email_verified=None), browser, FAILED)
    liar.says("/userinfo", {"sub": "nora", "email": "nora@example.test", "email_verified": True})
    assert lie(liar, Browser(), email=None, email_verified=None).status_code == 303
    assert lie(liar, Browser(), email_verified=None).status_code == 303


@pytest.mark.parametrize(
    "token",
    [
        {}, {"access_token": "a"}, {"access_token": "a", "id_token": 7}, {"access_token": "a", "id_token": "x.y.z"},
        {"error": "invalid_grant"}, [], "x", None,
    ],
)  # fmt: skip
def test_a_broken_answer_is_refused_and_breaks_nothing(liar: Liar, token: object) -> None:
    browser = Browser()
    state = parse_qs(urlsplit(sent_away(browser)).query)["state"][0]
    liar.says("/jwks", {"keys": [JWK]})
    liar.says("/token", token)
    assert nobody(browser.get(f"/-/sign-in/from/elsewhere?code=c&state={state}"), browser, FAILED)


@pytest.mark.parametrize(
    "configuration",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "ftp://x/token"}, {"authorization_endpoint": None}],
)
def test_a_provider_that_describes_itself_wrongly_is_not_asked(liar: Liar, configuration: dict[str, object]) -> None:
    liar.says("/.well-known/openid-configuration", liar.configuration(**configuration))
    browser = Browser()
    browser.get("/-/sign-in")
    answer = browser.post("/-/sign-in/with/elsewhere")
    assert nobody(answer, browser, SILENT)


def test_a_provider_that_sends_us_elsewhere_is_not_followed(liar: Liar) -> None:
    browser = Browser()
    state = parse_qs(urlsplit(sent_away(browser)).query)["state"][0]
    liar.answers["/token"] = (307, {"Location": f"{liar.issuer}/trap"}, b"")
    assert nobody(browser.get(f"/-/sign-in/from/elsewhere?code=c&state={state}"), browser, FAILED)
    assert "/trap" not in [path for path, _ in liar.asked]


def test_a_provider_that_answers_drop_by_drop_or_without_end_is_given_up(
    liar: Liar, monkeypatch: pytest.MonkeyPatch
) -> None:
    from foldline.site.readers import oidc

    monkeypatch.setattr(oidc, "ANSWER_WITHIN", 0.4)
    monkeypatch.setattr(oidc, "MOST_BYTES", 4000)

    def drops(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        try:
            for _ in range(100):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            handler.close_connection = True

    huge = (200, {}, b" " * 100_000)
    for answer in (drops, huge):
        liar.answers["/.well-known/openid-configuration"] = answer
        browser = Browser()
        browser.get("/-/sign-in")
        begun = time.monotonic()
        assert nobody(browser.post("/-/sign-in/with/elsewhere"), browser, SILENT)
        assert time.monotonic() - begun < 3


def test_a_provider_that_is_not_there_says_so_kindly(caplog: pytest.LogCaptureFixture) -> None:
    with settings_with("http://127.0.0.1:9"):
        browser = Browser()
        browser.get("/-/sign-in")
        answer = browser.post("/-/sign-in/with/elsewhere")
        assert nobody(answer, browser, SILENT)
    assert "ConnectionError" in caplog.text


def test_no_log_holds_a_code_a_token_or_a_secret(liar: Liar, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    browser = Browser()
    lie(liar, browser, nonce="another")
    liar.says("/token", {"error": "the-code-was-c-0-d-e"}, status=400)
    state = parse_qs(urlsplit(sent_away(browser)).query)["state"][0]
    browser.get(f"/-/sign-in/from/elsewhere?code=a-secret-code&state={state}")
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("foldline"))
    for word in ("a-secret-code", "c-0-d-e", "a secret of this client", state):
        assert word not in ours


def test_the_same_number_at_another_provider_is_somebody_else(provider: RunningProvider) -> None:
    provider.knows("7", email="nora@example.test", email_verified=True)
    sign_in(Browser(), provider, "7")
    lies = Liar()
    try:
        with settings_with(lies.issuer):
            lie(lies, Browser(), sub="7", email="omar@example.test")
    finally:
        lies.stop()
    assert readers() == ["nora@example.test", "omar@example.test"]


def test_without_a_provider_in_the_settings_no_button_and_no_address_is_there() -> None:
    browser = Browser()
    assert "Elsewhere" not in browser.get("/-/sign-in").content.decode()
    assert browser.post("/-/sign-in/with/elsewhere").status_code == 404
    assert browser.get("/-/sign-in/from/elsewhere?code=x&state=y").status_code == 404


def test_a_code_that_was_asked_for_in_the_meantime_still_works(provider: RunningProvider) -> None:
    browser = Browser()
    browser.ask("nora@example.test", ARTICLE)
    browser.get("/-/sign-in")
    browser.post("/-/sign-in/with/elsewhere")
    assert browser.type_code(last_code())["Location"] == f"{ARTICLE}#continue"
