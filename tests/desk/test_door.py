from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.readers.browser import Browser, last_code
from tests.readers.processes import DeskBrowser, served, totp

from foldline.stores.home import Home

from .staff_room import PASSWORD, come_in, enrol, enter, make_staff, with_password


def refused(desk: DeskBrowser) -> None:
    """The desk shows its sign-in and nothing else."""
    answer = desk.get("/readers/reader/")
    assert answer.status in (302, 303)
    while answer.status in (302, 303):
        answer = desk.get(answer.headers["location"])
    assert 'name="password"' in answer.text
    assert 'value="/readers/reader/"' in answer.text
    assert "nora" not in answer.text


def test_whoever_is_not_signed_in_reaches_only_the_sign_in(desk: DeskBrowser) -> None:
    refused(desk)


def test_staff_without_a_second_factor_reach_only_the_page_that_sets_one_up(desk: DeskBrowser) -> None:
    assert with_password(desk, make_staff()).headers["location"] == "/"
    for path in ("/", "/readers/reader/", "/readers/reader/add/", "/password_change/", "/jsi18n/", "/nothing"):
        answer = desk.get(path)
        assert (answer.status, answer.headers.get("location")) == (303, "/second-factor"), path
    assert desk.post("/readers/product/add/", {"number": "7", "name": "x"}).status == 303
    enrol(desk)
    assert "What needs attention" in desk.get("/").text
    assert desk.get("/readers/reader/").status == 200


def test_whatever_else_a_browser_fetches_the_secret_to_set_up_stays_the_same(desk: DeskBrowser) -> None:
    with_password(desk, make_staff())
    shown = re.findall(r"<code>([A-Z2-7]+)</code>", desk.get("/second-factor").text)
    assert desk.get("/favicon.ico").status == 303
    assert re.findall(r"<code>([A-Z2-7]+)</code>", desk.get("/second-factor").text) == shown
    assert desk.post("/second-factor", {"code": "000000"}).status == 400
    assert desk.post("/second-factor", {"code": totp(shown[0])}).status == 303


def test_a_wrong_code_sets_no_second_factor_up(desk: DeskBrowser) -> None:
    with_password(desk, make_staff())
    desk.get("/second-factor")
    assert desk.post("/second-factor", {"code": "000000"}).status == 400
    assert desk.get("/").status == 303


def test_with_a_second_factor_the_password_alone_opens_nothing(desk: DeskBrowser, port: int) -> None:
    email = make_staff()
    with_password(desk, email)
    secret = enrol(desk)
    again = DeskBrowser(port)
    assert with_password(again, email).headers["location"] == "/sign-in/code"
    assert again.get("/readers/reader/").status in (302, 303)
    assert again.get("/second-factor").headers["location"] == "/sign-in"
    again.get("/sign-in/code")
    assert again.post("/sign-in/code", {"code": "000000"}).status == 403
    assert again.post("/sign-in/code", {"code": totp(secret)}).headers["location"] == "/"
    assert again.get("/readers/reader/").status == 200


def test_the_secret_of_a_second_factor_is_stored_encrypted(desk: DeskBrowser) -> None:
    from allauth.mfa.models import Authenticator

    with_password(desk, make_staff())
    secret = enrol(desk)
    assert secret not in str(Authenticator.objects.values().get())


def test_a_reader_who_is_not_staff_is_refused_like_a_wrong_password(desk: DeskBrowser) -> None:
    from foldline.site.readers.models import Reader

    reader = Reader.objects.create_user(f"{uuid4().hex[:8]}@example.test", PASSWORD)
    answers = [
        with_password(desk, email, password)
        for email, password in ((reader.email, PASSWORD), (make_staff(), "wrong"), ("nobody@example.test", PASSWORD))
    ]
    assert {answer.status for answer in answers} == {403}
    note = "This address and this password do not open the desk."
    assert all(note in answer.text for answer in answers)


def test_a_session_of_the_readers_side_is_none_at_the_desk(desk: DeskBrowser) -> None:
    from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
    from django.contrib.sessions.models import Session

    email = make_staff()
    browser = Browser()
    browser.sign_in(email)
    stolen = browser.cookie("__Host-foldline-session")
    session = browser.client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa"}]
    session.save()
    assert Session.objects.filter(session_key=stolen).exists()
    desk.cookies["foldline-desk-session"] = stolen
    refused(desk)


def test_an_editor_has_the_newsroom_and_sees_no_readers(desk: DeskBrowser) -> None:
    enter(desk, "editor")
    index = desk.get("/").text
    assert "/newsroom/" in index
    assert "/readers/" not in index
    for path in ("reader", "entitlement", "product"):
        assert desk.get(f"/readers/{path}/").status == 403
        assert desk.get(f"/readers/{path}/add/").status == 403
    assert desk.get("/autocomplete/?app_label=readers&model_name=entitlement&field_name=reader&term=a").status == 403


def test_the_tables_of_other_applications_are_not_shown(desk: DeskBrowser) -> None:
    enter(desk)
    index = desk.get("/").text
    for other in ("/mfa/", "/account/", "/auth/", "/sessions/"):
        assert f'href="{other}' not in index
        assert desk.get(other).status == 404


def test_an_entitlement_given_at_the_desk_is_in_the_readers_pass_and_cannot_be_edited(desk: DeskBrowser) -> None:
    from foldline.site.readers import moment
    from foldline.site.readers.models import Entitlement, PassFacts, Reader

    email = enter(desk)
    Browser().sign_in("nora@example.test")
    nora = Reader.objects.get(email="nora@example.test")
    ends = moment.now().replace(microsecond=0) + timedelta(days=30)
    page = desk.get("/readers/entitlement/add/")
    assert 'name="starts_at_0"' not in page.text
    form = {
        "reader": str(nora.pk), "product": "1", "kind": "complimentary", "note": "a gift",
        "ends_at_0": f"{ends:%Y-%m-%d}", "ends_at_1": "12:00:00",
    }  # fmt: skip
    answer = desk.post("/readers/entitlement/add/", form)
    assert answer.status == 302, answer.text
    given = Entitlement.objects.get()
    assert given.given_by is not None
    assert given.given_by.email == email
    assert given.ends_at is not None
    assert PassFacts.objects.get().products == f"1:{int(given.ends_at.timestamp())}"
    changed = desk.get(f"/readers/entitlement/{given.pk}/change/").text
    assert 'name="ends_at_0"' not in changed
    assert desk.get(f"/readers/entitlement/{given.pk}/delete/").status == 403
    desk.post("/readers/entitlement/", {"action": "end_now", "_selected_action": str(given.pk)})
    given.refresh_from_db()
    assert given.ended_at is not None
    assert PassFacts.objects.get().products == f"1:{int(given.ended_at.timestamp())}"


def test_an_entitlement_without_an_end_is_refused_at_the_desk_unless_it_is_for_staff(desk: DeskBrowser) -> None:
    from foldline.site.readers.models import Entitlement, Reader

    enter(desk)
    nora = Reader.objects.join("nora@example.test")
    desk.get("/readers/entitlement/add/")
    form = {"reader": str(nora.pk), "product": "1", "kind": "complimentary"}
    assert "Only an entitlement of the kind staff" in desk.post("/readers/entitlement/add/", form).text
    assert Entitlement.objects.count() == 0
    assert desk.post("/readers/entitlement/add/", {**form, "kind": "staff"}).status == 302


def test_what_a_subscription_owns_is_neither_given_nor_ended_at_the_desk(desk: DeskBrowser) -> None:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Entitlement, Product, Reader

    enter(desk)
    nora = Reader.objects.join("nora@example.test")
    ends = moment.now().replace(microsecond=0) + timedelta(days=30)
    form = {"reader": str(nora.pk), "product": "1", "ends_at_0": f"{ends:%Y-%m-%d}", "ends_at_1": "12:00:00"}
    desk.get("/readers/entitlement/add/")
    assert (
        "paid is not one of the available choices"
        in desk.post("/readers/entitlement/add/", {**form, "kind": "paid"}).text
    )
    assert desk.post("/readers/entitlement/add/", {**form, "kind": "print"}).status == 302
    whole = Product.objects.get(number=1)
    paid = Entitlement.objects.create(reader=nora, product=whole, kind="paid", ends_at=ends)
    page = desk.get(f"/service/{nora.pk}").text
    assert "A subscription owns it" in page
    assert page.count("End now") == 1
    desk.post(f"/service/{nora.pk}/end", {"entitlement": str(paid.pk)})
    desk.post("/readers/entitlement/", {"action": "end_now", "_selected_action": str(paid.pk)})
    assert "Subscriptions own 1 of these" in desk.get("/readers/entitlement/").text
    paid.refresh_from_db()
    assert paid.ended_at is None
    with pytest.raises(entitlements.OwnedBySubscription, match="at the payment provider"):
        entitlements.end(paid, by=nora)
    entitlements.end(paid)
    assert paid.ended_at is not None


def test_closing_an_account_signs_the_reader_out_everywhere(desk: DeskBrowser) -> None:
    from foldline.site.readers.models import PassFacts, Reader

    enter(desk)
    browser = Browser()
    browser.sign_in("nora@example.test")
    nora = Reader.objects.get(email="nora@example.test")
    page = f"/readers/reader/{nora.pk}/change/"
    desk.get(page)
    assert desk.post(page, {"email": nora.email, "name": ""}).status == 302
    nora.refresh_from_db()
    assert not nora.is_active
    assert PassFacts.objects.get().ended_at
    assert browser.get("/-/account").status_code == 303


def test_a_changed_address_ends_sessions_and_codes_of_the_old_one_and_can_sign_in(desk: DeskBrowser) -> None:
    from foldline.site.readers.models import Reader

    enter(desk)
    browser, waiting = Browser(), Browser()
    browser.sign_in("nora@example.test")
    waiting.ask("nora@example.test")
    code = last_code()
    nora = Reader.objects.get(email="nora@example.test")
    page = f"/readers/reader/{nora.pk}/change/"
    desk.get(page)
    assert desk.post(page, {"email": "Nora.New@example.test", "name": "", "is_active": "on"}).status == 302
    assert browser.get("/-/account").status_code == 303
    assert waiting.type_code(code).status_code == 403
    Browser().sign_in("nora.new@example.test")
    nora.refresh_from_db()
    assert nora.email == "nora.new@example.test"
    assert nora.last_login is not None


def test_two_readers_never_share_an_address(desk: DeskBrowser) -> None:
    from foldline.site.readers.models import Reader

    enter(desk)
    Reader.objects.join("nora@example.test")
    desk.get("/readers/reader/add/")
    assert desk.post("/readers/reader/add/", {"email": "NORA@example.test", "is_active": "on"}).status == 200
    assert Reader.objects.filter(email__iexact="nora@example.test").count() == 1


def test_codes_of_a_second_factor_cannot_be_guessed_at_length(home: Home, site: None) -> None:
    with served(home, "desk") as port:
        first, second = DeskBrowser(port), DeskBrowser(port)
        email = make_staff()
        with_password(first, email)
        secret = enrol(first)
        with_password(second, email)
        second.get("/sign-in/code")
        assert {second.post("/sign-in/code", {"code": "000000"}).status for _ in range(6)} == {403}
        assert second.post("/sign-in/code", {"code": totp(secret)}).status == 403


def test_nobody_is_made_staff_through_a_form_of_the_desk(desk: DeskBrowser) -> None:
    from foldline.site.readers.models import Reader

    enter(desk)
    nora = Reader.objects.join("nora@example.test")
    page = f"/readers/reader/{nora.pk}/change/"
    desk.get(page)
    fields = {
        "email": nora.email,
        "name": "",
        "is_active": "on",
        "is_staff": "on",
        "is_superuser": "on",
        "key": "0" * 32,
    }
    assert desk.post(page, fields).status == 302
    nora.refresh_from_db()
    assert (nora.is_staff, nora.is_superuser) == (False, False)
    assert nora.key != "0" * 32


def test_the_desk_has_cookies_of_its_own_and_a_policy_that_the_admin_fits_into(desk: DeskBrowser) -> None:
    come_in(desk)
    assert set(desk.cookies) <= {"foldline-desk-session", "foldline-desk-csrf", "messages"}
    for name in ("foldline-desk-session", "foldline-desk-csrf"):
        sent = desk.attributes[name]
        assert all(part in sent for part in ("HttpOnly", "Secure", "SameSite=Strict", "Path=/"))
    page = desk.get("/readers/reader/")
    assert page.headers["cache-control"] == "private, no-store"
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", page.text)


def test_the_desk_serves_no_reader_pages_and_no_foreign_host(desk: DeskBrowser, port: int) -> None:
    enter(desk)
    for path in ("/-/sign-in", "/-/account", "/-/demo/mail", "/demo/enter"):
        assert desk.get(path).status == 404
    assert DeskBrowser(port, host="evil.example").get("/sign-in").status == 400


def test_signing_out_of_the_desk_takes_a_post_and_ends_the_session(desk: DeskBrowser, port: int) -> None:
    come_in(desk)
    kept = dict(desk.cookies)
    desk.get("/")
    assert desk.get("/sign-out").status == 405
    assert desk.post("/logout/").status == 303
    assert DeskBrowser(port, cookies=kept).get("/readers/reader/").status in (302, 303)


def test_the_style_of_the_admin_is_served_and_nothing_beside_it(desk: DeskBrowser) -> None:
    style = desk.get("/static/admin/css/base.css")
    assert style.status == 200
    assert style.headers["content-type"].startswith("text/css")
    for path in ("/static/../settings.py", "/static/%2e%2e/settings.py", "/static/foldline.toml"):
        assert desk.get(path).status == 404
