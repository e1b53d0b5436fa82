from __future__ import annotations

from collections.abc import Callable

import pytest

from foldline.signed import cookies
from foldline.signed.reader_pass import read

from .browser import Browser, last_code, mails, wrong

pytestmark = pytest.mark.usefixtures("site")

ARTICLE = "/why-the-river-came-back"


def readers() -> list[str]:
    from foldline.site.readers.models import Reader

    return list(Reader.objects.values_list("email", flat=True))


def test_one_field_makes_the_reader_of_an_unknown_address_and_leads_back_to_where_the_preview_ended() -> None:
    browser = Browser()
    asked = browser.ask("Nora@Example.test", ARTICLE)
    assert (asked.status_code, asked["Location"]) == (303, "/-/sign-in/code")
    done = browser.type_code(last_code())
    assert (done.status_code, done["Location"]) == (303, f"{ARTICLE}#continue")
    assert readers() == ["nora@example.test"]


def test_a_known_reader_signs_in_with_the_same_field_and_stays_one_reader() -> None:
    Browser().sign_in("nora@example.test")
    assert Browser().sign_in("  NORA@example.TEST ").status_code == 303
    assert readers() == ["nora@example.test"]


def test_signing_in_gives_a_pass_that_the_gate_can_read() -> None:
    from foldline.site.readers import passes
    from foldline.site.readers.models import PassFacts, Reader

    browser = Browser()
    browser.sign_in("nora@example.test")
    carried = read(passes.keyring(), browser.cookie(cookies.PASS).encode())
    facts = PassFacts.objects.get()
    assert carried.reader.hex() == facts.reader == Reader.objects.get().key
    assert carried.session.hex() == facts.session
    assert carried.products == frozenset()


def test_all_cookies_are_host_only_secure_and_out_of_reach_for_scripts() -> None:
    browser = Browser()
    browser.sign_in("nora@example.test")
    assert set(browser.client.cookies) == {
        "__Host-foldline-pass", "__Host-foldline-session", "__Host-foldline-csrf"
    }  # fmt: skip
    for cookie in browser.client.cookies.values():
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]


def test_a_known_and_an_unknown_address_get_the_same_answer() -> None:
    Browser().sign_in("known@example.test")
    answers = []
    for email in ("known@example.test", "unknown@example.test"):
        browser = Browser()
        answer = browser.ask(email)
        page = browser.get("/-/sign-in/code")
        body = page.content.decode().replace(email, "").replace(browser.token, "")
        sent = {name: (len(morsel.value), morsel["max-age"]) for name, morsel in answer.cookies.items()}
        answers.append((answer.status_code, dict(answer.headers), sent, page.status_code, body))
    assert answers[0] == answers[1]


def test_a_known_and_an_unknown_address_are_as_much_work() -> None:
    """Statements are counted and not seconds: the clock of a test proves nothing on a busy machine."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    Browser().sign_in("known@example.test")
    writes = []
    for email in ("known@example.test", "unknown@example.test"):
        browser = Browser()
        browser.get("/-/sign-in")
        with CaptureQueriesContext(connection) as made:
            browser.post("/-/sign-in", {"email": email})
        writes.append(sorted(query["sql"].split()[2] for query in made if query["sql"].startswith("INSERT")))
    assert writes[0] == writes[1]
    assert readers() == ["known@example.test", "unknown@example.test"]


def test_a_closed_account_gets_the_same_answer_and_no_mail() -> None:
    from foldline.site.readers.models import Reader

    Reader.objects.create_user("closed@example.test", is_active=False)
    browser, other = Browser(), Browser()
    closed, opened = browser.ask("closed@example.test"), other.ask("opened@example.test")
    assert (closed.status_code, dict(closed.headers)) == (opened.status_code, dict(opened.headers))
    assert [message.to for message in mails()] == [["opened@example.test"]]
    assert browser.type_code("123456").status_code == 400


def test_a_code_is_six_digits_and_its_spaces_do_not_matter() -> None:
    browser = Browser()
    browser.ask("nora@example.test")
    code = last_code()
    assert browser.type_code(f" {code[:3]} {code[3:]} ").status_code == 303


def test_only_hashes_of_a_code_are_stored() -> None:
    from django.contrib.sessions.models import Session

    from foldline.site.readers.models import SignInCode

    browser = Browser()
    browser.ask("nora@example.test")
    code = last_code()
    row = SignInCode.objects.values().get()
    assert code not in str(row)
    assert "nora" not in str(row)
    assert code not in str(Session.objects.get().get_decoded())


def test_a_wrong_code_says_so_and_the_right_one_still_works() -> None:
    browser = Browser()
    browser.ask("nora@example.test")
    code = last_code()
    answer = browser.type_code(wrong(code))
    assert answer.status_code == 400
    assert b"This code is not right" in answer.content
    assert wrong(code).encode() not in answer.content
    assert browser.type_code(code).status_code == 303


def test_after_five_wrong_codes_the_right_one_is_refused() -> None:
    browser = Browser()
    browser.ask("nora@example.test")
    code = last_code()
    statuses = [browser.post("/-/sign-in/code", {"code": wrong(code)}).status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 400, 403]
    assert browser.post("/-/sign-in/code", {"code": code}).status_code == 302
    assert not browser.cookie(cookies.PASS)


def test_tries_are_counted_in_the_store_and_not_in_the_session() -> None:
    from foldline.site.readers import codes
    from foldline.site.readers.codes import Outcome
    from foldline.site.readers.models import Reader

    mailed = codes.make("nora@example.test", Reader.objects.join("nora@example.test"))
    outcomes = [codes.redeem(mailed.lookup, wrong(mailed.code)) for _ in range(5)]
    assert outcomes == [Outcome.WRONG] * 4 + [Outcome.OVER]
    assert codes.redeem(mailed.lookup, mailed.code) is Outcome.OVER


def test_new_codes_do_not_give_new_tries_without_end() -> None:
    from foldline.site.readers import codes
    from foldline.site.readers.codes import Outcome
    from foldline.site.readers.models import Reader

    reader = Reader.objects.join("nora@example.test")
    for _ in range(3):
        mailed = codes.make(reader.email, reader)
        for _ in range(5):
            codes.redeem(mailed.lookup, wrong(mailed.code))
        codes.replace(mailed.lookup)
    mailed = codes.make(reader.email, reader)
    assert codes.redeem(mailed.lookup, mailed.code) is Outcome.OVER


def test_parallel_tries_are_all_counted() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from foldline.site.readers import codes
    from foldline.site.readers.codes import Outcome
    from foldline.site.readers.models import Reader

    mailed = codes.make("nora@example.test", Reader.objects.join("nora@example.test"))

    def attempt(_: int) -> Outcome:
        try:
            return codes.redeem(mailed.lookup, wrong(mailed.code))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(attempt, range(24)))
    assert outcomes.count(Outcome.WRONG) <= 4
    assert codes.redeem(mailed.lookup, mailed.code) is Outcome.OVER


def test_a_code_works_once() -> None:
    from foldline.site.readers import codes
    from foldline.site.readers.codes import Outcome
    from foldline.site.readers.models import Reader

    mailed = codes.make("nora@example.test", Reader.objects.join("nora@example.test"))
    assert codes.redeem(mailed.lookup, mailed.code) is Outcome.RIGHT
    assert codes.redeem(mailed.lookup, mailed.code) is Outcome.OVER


@pytest.mark.parametrize(("seconds", "status"), [(590, 303), (610, 403)])
def test_a_code_lives_for_ten_minutes(later: Callable[[float], None], seconds: float, status: int) -> None:
    browser = Browser()
    browser.ask("nora@example.test")
    browser.get("/-/sign-in/code")
    later(seconds)
    assert browser.post("/-/sign-in/code", {"code": last_code()}).status_code == status


def test_a_newer_code_replaces_the_older_one_of_the_same_browser() -> None:
    browser = Browser()
    browser.ask("nora@example.test")
    old = last_code()
    browser.ask("nora@example.test")
    assert browser.type_code(old).status_code == 400
    assert browser.type_code(last_code()).status_code == 303


def test_a_code_is_of_no_use_in_a_browser_that_did_not_ask_for_it() -> None:
    asking, thief = Browser(), Browser()
    asking.ask("nora@example.test")
    code = last_code()
    thief.get("/-/sign-in")
    assert thief.post("/-/sign-in/code", {"code": code})["Location"] == "/-/sign-in"
    thief.ask("mallory@example.test")
    assert thief.type_code(code).status_code == 400
    assert asking.type_code(code).status_code == 303


def test_the_session_that_was_there_before_signing_in_is_none_afterwards() -> None:
    browser = Browser()
    browser.ask("nora@example.test")
    before = browser.cookie("__Host-foldline-session")
    browser.type_code(last_code())
    assert browser.cookie("__Host-foldline-session") != before
    stale = Browser()
    stale.client.cookies["__Host-foldline-session"] = before
    assert stale.get("/-/account").status_code == 303


def test_a_session_of_ones_own_making_is_never_taken() -> None:
    browser = Browser()
    browser.client.cookies["__Host-foldline-session"] = "a" * 32
    browser.sign_in("nora@example.test")
    assert browser.cookie("__Host-foldline-session") != "a" * 32


def test_whoever_is_signed_in_goes_straight_on_with_a_fresh_pass() -> None:
    browser = Browser()
    browser.sign_in("nora@example.test")
    del browser.client.cookies[cookies.PASS]
    answer = browser.get(f"/-/sign-in?next={ARTICLE}")
    assert (answer.status_code, answer["Location"]) == (303, f"{ARTICLE}#continue")
    assert browser.cookie(cookies.PASS)


def test_two_session_cookies_mean_none() -> None:
    browser = Browser()
    browser.sign_in("nora@example.test")
    session = browser.cookie("__Host-foldline-session")
    doubled = Browser().get(
        "/-/account", Cookie=f"__Host-foldline-session={session}; __Host-foldline-session={'b' * 32}"
    )
    assert doubled.status_code == 303


def test_a_form_from_elsewhere_signs_nobody_in() -> None:
    browser = Browser()
    browser.ask("nora@example.test")
    code = last_code()
    browser.get("/-/sign-in/code")
    assert browser.post("/-/sign-in/code", {"code": code, "csrfmiddlewaretoken": ""}).status_code == 403
    assert browser.post("/-/sign-in/code", {"code": code}, Origin="https://evil.example").status_code == 403
    assert not browser.cookie(cookies.PASS)


def test_the_sixth_code_in_ten_minutes_is_refused_kindly_and_others_are_unaffected(
    later: Callable[[float], None],
) -> None:
    answers = [Browser(address=f"192.0.2.{n}").ask("nora@example.test") for n in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert "Please wait a few minutes" in answers[-1].content.decode()
    assert Browser().ask("omar@example.test").status_code == 303
    later(601)
    assert Browser().ask("nora@example.test").status_code == 303


@pytest.mark.parametrize(
    ("stranger", "reader"), [("198.51.100.9", "192.0.2.7"), ("2001:db8:1:2::9", "2001:db8:2:2::7")]
)
def test_a_stranger_elsewhere_uses_up_neither_the_codes_nor_the_tries_of_a_reader(stranger: str, reader: str) -> None:
    from foldline.site.readers import codes

    mallory = Browser(address=stranger)
    for _ in range(3):
        mallory.ask("nora@example.test")
        code = last_code()
        mallory.get("/-/sign-in/code")
        for _ in range(codes.MOST_TRIES):
            mallory.post("/-/sign-in/code", {"code": wrong(code)})
    mallory.ask("nora@example.test")
    assert mallory.type_code(last_code()).status_code == 403
    assert [mallory.ask("nora@example.test").status_code for _ in range(2)] == [303, 429]
    assert Browser(address=reader).sign_in("nora@example.test").status_code == 303


def test_a_mailbox_is_not_flooded_from_many_networks() -> None:
    statuses = [Browser(address=f"192.0.{n}.7").ask("nora@example.test").status_code for n in range(22)]
    assert statuses == [303] * 20 + [429] * 2
    assert len(mails()) == 20


def test_tries_from_many_networks_are_bounded_together() -> None:
    from foldline.site.readers import codes
    from foldline.site.readers.codes import Outcome
    from foldline.site.readers.models import Reader

    reader = Reader.objects.join("nora@example.test")
    for network in range(12):
        mailed = codes.make(reader.email, reader, f"4:{network}")
        for _ in range(5):
            codes.redeem(mailed.lookup, wrong(mailed.code))
    mailed = codes.make(reader.email, reader, "4:99")
    assert codes.redeem(mailed.lookup, mailed.code) is Outcome.OVER


def test_no_address_of_a_network_is_stored() -> None:
    from foldline.site.readers.models import SignInCode

    Browser(address="198.51.100.9").ask("nora@example.test")
    Browser(address="198.51.100.9").ask("omar@example.test")
    rows = list(SignInCode.objects.values())
    assert "198.51" not in str(rows)
    assert "c63364" not in str(rows)
    assert rows[0]["network"] != rows[1]["network"]


def test_asking_too_often_from_one_network_makes_no_more_readers() -> None:
    statuses = [Browser().ask(f"reader-{n}@example.test").status_code for n in range(22)]
    assert statuses == [303] * 20 + [429] * 2
    assert len(readers()) == 20


def test_an_address_of_the_client_that_the_gate_did_not_set_is_refused() -> None:
    browser = Browser(address="192.0.2.1, 192.0.2.2")
    assert browser.ask("nora@example.test").status_code == 403


@pytest.mark.parametrize("field", ["is_staff", "is_superuser", "name", "verified", "products", "password"])
def test_no_other_field_of_the_form_is_heard(field: str) -> None:
    from foldline.site.readers.models import Reader

    browser = Browser()
    browser.get("/-/sign-in")
    browser.post("/-/sign-in", {"email": "nora@example.test", field: "1"})
    browser.type_code(last_code())
    reader = Reader.objects.get()
    assert not reader.is_staff
    assert not reader.is_superuser
    assert reader.name == ""
    assert not reader.has_usable_password()


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b@example.test", "x@exam\x00ple.test", "a@example.test,b@example.test"]
)
def test_what_is_no_address_is_said_to_be_none(email: str) -> None:
    browser = Browser()
    browser.get("/-/sign-in")
    assert browser.post("/-/sign-in", {"email": email}).status_code == 400
    assert readers() == []


def test_a_reader_with_a_passkey_is_not_asked_for_it_after_a_code() -> None:
    from allauth.mfa.models import Authenticator

    from foldline.site.readers.models import Reader

    Browser().sign_in("nora@example.test")
    for kind in (Authenticator.Type.WEBAUTHN, Authenticator.Type.TOTP):
        Authenticator.objects.create(user=Reader.objects.get(), type=kind, data={})
    assert Browser().sign_in("nora@example.test", ARTICLE)["Location"] == f"{ARTICLE}#continue"
