"""A reader's own data: all of it in a file, and none of it left."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from foldline.signed import cookies
from foldline.signed.counting import Charge, article_names, reader_owner
from foldline.stores.home import Home
from foldline.stores.meter import SqliteMeter

from .browser import Browser, last_code, mails

pytestmark = pytest.mark.usefixtures("site")

NORA = "nora@example.test"
DAY = timedelta(days=1)


def signed_in(email: str = NORA) -> Browser:
    from django.core.cache import cache

    browser = Browser()
    browser.sign_in(email)
    cache.clear()
    return browser


def nora() -> Any:
    from foldline.site.readers.models import Reader

    return Reader.objects.get(email=NORA)


def full_account() -> Browser:
    """An account with one of everything that can be stored about a reader."""
    from allauth.mfa.models import Authenticator
    from allauth.socialaccount.models import SocialAccount
    from django.contrib.admin.models import LogEntry
    from django.contrib.contenttypes.models import ContentType

    from foldline.site.desk.models import ReaderNote
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Product, Reader

    browser = signed_in()
    signed_in()
    reader = nora()
    Reader.objects.filter(pk=reader.pk).update(name="Nora Nightingale")
    reader.refresh_from_db()
    staff = Reader.objects.create_user("staff@example.test", "x", is_staff=True)
    given = entitlements.give(
        reader, Product.objects.get(number=1), ends_at=moment.now() + 30 * DAY, note="Nora wrote", by=staff
    )
    data = {"name": "Nora’s phone", "credential": {"rawId": "abc"}}
    Authenticator.objects.create(user=reader, type=Authenticator.Type.WEBAUTHN, data=data)
    SocialAccount.objects.create(user=reader, provider="https://id.example", uid="nora-at-id")
    ReaderNote.objects.create(reader=reader, by=staff.email, text="Nora called")
    for what in (reader, given):
        kind = ContentType.objects.get_for_model(what)
        LogEntry.objects.create(
            user=staff, content_type=kind, object_id=what.pk, object_repr=str(what), action_flag=2, change_message=NORA
        )
    waiting = Browser()
    waiting.ask(NORA)
    return browser


@pytest.fixture
def clean_log() -> Iterator[None]:
    yield
    from django.contrib.admin.models import LogEntry

    from foldline.site.readers.models import Entitlement

    LogEntry.objects.all().delete()
    Entitlement.objects.all().delete()


def stored(home: Home) -> str:
    """Every row of every table."""
    connection = sqlite3.connect(home.site_db)
    try:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [f"{table}: {row}" for table in tables for row in connection.execute(f'SELECT * FROM "{table}"')]
    finally:
        connection.close()
    return "\n".join(rows)


def sessions() -> str:
    from django.contrib.sessions.models import Session

    return str([row.get_decoded() for row in Session.objects.all()])


def test_the_file_tells_everything_that_is_stored_about_a_reader(clean_log: None) -> None:
    browser = full_account()
    answer = browser.get("/-/account/data")
    assert answer["Content-Disposition"] == 'attachment; filename="my-data.json"'
    told = json.loads(answer.content)
    assert told["account"]["email"] == NORA
    assert told["account"]["name"] == "Nora Nightingale"
    assert [row["product"] for row in told["subscriptions"]] == ["All of the publication"]
    assert told["subscriptions"][0]["note"] == "Nora wrote"
    assert [row["name"] for row in told["devices"]] == ["A browser", "A browser"]
    assert told["devices"][0]["last_used_on"]
    assert [row["name"] for row in told["passkeys"]] == ["Nora’s phone"]
    assert told["sign_ins_elsewhere"][0]["as"] == "nora-at-id"
    assert [row["text"] for row in told["notes_by_staff"]] == ["Nora called"]
    assert "staff@example.test" not in answer.content.decode()


def count(home: Home, key: str, *articles: int) -> None:
    from foldline.site.readers import moment, passes

    store = SqliteMeter(home)
    owner = reader_owner(passes.keyring(), bytes.fromhex(key))
    for article in articles:
        names = article_names(passes.keyring(), article)
        store.spend(Charge(owner, "site", 24_000, moment.epoch() + 9 * 86_400, 9, names))
    store.close()


def counted(home: Home, key: str) -> int:
    from foldline.site.readers import passes

    store = SqliteMeter(home)
    try:
        return sum(tally.articles for tally in store.tallies(reader_owner(passes.keyring(), bytes.fromhex(key))))
    finally:
        store.close()


def test_the_file_tells_how_much_the_meter_counted_and_no_article(home: Home) -> None:
    browser = signed_in()
    count(home, nora().key, 41, 42)
    (told,) = json.loads(browser.get("/-/account/data").content)["meters"]
    assert (told["meter"], told["articles"], set(told)) == ("site", 2, {"meter", "articles", "until"})


def test_erasing_forgets_what_the_meter_counted_and_nobody_elses(home: Home) -> None:
    from foldline.site.readers.models import Reader

    browser = signed_in()
    signed_in("omar@example.test")
    key, other = nora().key, Reader.objects.get(email="omar@example.test").key
    count(home, key, 41, 42)
    count(home, other, 41)
    browser.get("/-/account/erase")
    browser.post("/-/account/erase")
    assert (counted(home, key), counted(home, other)) == (0, 1)


def test_where_the_meter_cannot_be_written_nothing_is_erased(home: Home, clean_log: None) -> None:
    browser = full_account()
    away = home.meter_db.with_suffix(".away")
    home.meter_db.rename(away)
    try:
        browser.get("/-/account/erase")
        assert browser.post("/-/account/erase").status_code == 500
    finally:
        away.rename(home.meter_db)
    assert nora().is_active
    assert browser.get("/-/account").status_code == 200


def test_the_file_is_for_its_reader_alone(clean_log: None) -> None:
    full_account()
    stranger = signed_in("omar@example.test")
    assert NORA not in stranger.get("/-/account/data").content.decode()
    assert Browser().get("/-/account/data").status_code == 303


def test_opening_the_page_erases_nothing_and_says_what_goes_and_what_stays(clean_log: None) -> None:
    browser = full_account()
    page = browser.get("/-/account/erase").content.decode()
    for sentence in ("This cannot be undone.", "What is erased:", "What is kept,", "A subscription that still runs"):
        assert sentence in page
    assert browser.head("/-/account/erase").status_code == 200
    assert browser.post("/-/account/erase", {"csrfmiddlewaretoken": ""}).status_code == 403
    assert nora().is_active


def test_after_erasing_neither_address_nor_name_nor_key_is_in_any_table(home: Home, clean_log: None) -> None:
    browser = full_account()
    key = nora().key
    before = stored(home)
    found = (NORA, "Nightingale", key, "Nora’s phone", "nora-at-id", "Nora wrote", "Nora called")
    assert [word for word in found if word not in before and word != "Nora’s phone"] == []
    browser.get("/-/account/erase")
    answer = browser.post("/-/account/erase")
    assert answer.status_code == 200
    assert "Your account is erased" in answer.content.decode()
    assert NORA not in answer.content.decode()
    after = stored(home)
    assert [word for word in (*found, "Nora") if word in after] == []
    assert NORA not in sessions()


def test_after_erasing_the_file_of_the_database_holds_no_trace(home: Home, clean_log: None) -> None:
    browser = full_account()
    browser.get("/-/account/erase")
    browser.post("/-/account/erase")
    connection = sqlite3.connect(home.site_db)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for file in home.path.glob("site.db*"):
        # Read by another process: whoever closes the file here takes SQLite's locks away (sqlite.org, How To Corrupt).
        held = subprocess.run(["cat", str(file)], capture_output=True, check=True).stdout
        assert NORA.encode() not in held, file.name


def test_an_entitlement_is_kept_without_a_name_and_has_ended(clean_log: None) -> None:
    from foldline.site.readers import moment
    from foldline.site.readers.models import Entitlement

    browser = full_account()
    browser.get("/-/account/erase")
    browser.post("/-/account/erase")
    kept = Entitlement.objects.get()
    assert kept.ended_at is not None
    assert not kept.runs(moment.now())
    assert (kept.note, kept.reader.name, kept.reader.is_active) == ("", "", False)
    assert kept.reader.email.endswith("@erased.invalid")


def test_a_reader_without_entitlements_leaves_no_row() -> None:
    from foldline.site.readers.models import Change, PassFacts, Reader, ReaderSession

    browser = signed_in()
    browser.get("/-/account/erase")
    browser.post("/-/account/erase")
    assert not Reader.objects.exists()
    assert not ReaderSession.objects.exists()
    assert not PassFacts.objects.exists()
    assert [change.kind for change in Change.objects.all()] == ["session"]


def test_every_session_ends_at_once_and_the_gate_is_told(clean_log: None) -> None:
    from foldline.site.readers.models import Change

    browser = full_account()
    there = signed_in()
    browser.get("/-/account/erase")
    answer = browser.post("/-/account/erase")
    assert there.get("/-/account").status_code == 303
    assert browser.get("/-/account").status_code == 303
    ended = {name for name, morsel in answer.cookies.items() if str(morsel["max-age"]) == "0"}
    assert ended == {cookies.PASS, cookies.OPENING, cookies.METER, "__Host-foldline-session"}
    assert len({change.key for change in Change.objects.all()}) == 3


def test_codes_that_wait_are_dead_and_the_address_may_join_anew(clean_log: None) -> None:
    browser, waiting = full_account(), Browser()
    waiting.ask(NORA)
    code = last_code()
    browser.get("/-/account/erase")
    browser.post("/-/account/erase")
    assert waiting.post("/-/sign-in/code", {"code": code}).status_code in (302, 303, 403)
    assert not waiting.cookie(cookies.PASS)
    anew = signed_in()
    assert json.loads(anew.get("/-/account/data").content)["subscriptions"] == []


def test_nobody_signs_in_as_who_was_erased(clean_log: None) -> None:
    from foldline.site.readers.models import Reader

    browser = full_account()
    browser.get("/-/account/erase")
    browser.post("/-/account/erase")
    nameless = Reader.objects.get(email__endswith="@erased.invalid")
    count = len(mails())
    Browser().ask(nameless.email)
    assert len(mails()) == count


def test_others_are_untouched(clean_log: None) -> None:
    browser, other = full_account(), signed_in("omar@example.test")
    other.get("/-/account")
    browser.get("/-/account/erase")
    browser.post("/-/account/erase")
    assert "omar@example.test" in other.get("/-/account").content.decode()


def test_staff_are_closed_at_the_desk_and_not_erased_here() -> None:
    from foldline.site.readers.models import Reader

    browser = signed_in()
    Reader.objects.update(is_staff=True)
    for answer in (browser.get("/-/account/erase"), browser.post("/-/account/erase")):
        assert answer.status_code == 403
    assert "closed at the desk first" in browser.get("/-/account/erase").content.decode()
    assert nora().is_active


def test_an_erasure_that_fails_half_way_leaves_everything(monkeypatch: pytest.MonkeyPatch, clean_log: None) -> None:
    from foldline.site.readers import erasing
    from foldline.site.readers.models import PassFacts

    browser = full_account()

    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(erasing, "_keep_nameless", broken)
    browser.get("/-/account/erase")
    assert browser.post("/-/account/erase").status_code == 500
    assert nora().is_active
    assert PassFacts.objects.filter(ended_at=0).count() == 2
    assert browser.get("/-/account").status_code == 200


def test_while_a_subscription_is_renewed_the_page_says_to_cancel_it_first_and_erases_nothing(clean_log: None) -> None:
    from foldline.site.billing.models import Subscription

    browser = signed_in()
    running = Subscription.objects.create(
        provider="memory", provider_id="sub_of_nora", customer="cus", reader=nora(), plan="all", products="1",
        grace_days=7, state="active", status="active", period_end=0, cancel_at_period_end=False, paused=False,
        refunded=False, disputed=False, amount=400, currency="eur", created=0, version=1, seen=0,
    )  # fmt: skip
    try:
        shown = browser.get("/-/account/erase")
        assert shown.status_code == 409
        assert "Cancel it first" in shown.content.decode()
        browser.get("/-/account")
        assert browser.post("/-/account/erase").status_code == 409
        assert nora().is_active
        Subscription.objects.filter(pk=running.pk).update(state="cancelled", cancel_at_period_end=True)
        browser.get("/-/account/erase")
        assert "Your account is erased" in browser.post("/-/account/erase").content.decode()
    finally:
        running.delete()
