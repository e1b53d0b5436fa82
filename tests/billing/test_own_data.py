"""A reader who subscribed: their file holds what the account shows, and erasing leaves them in no table."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import ManyToOneRel
from tests.billing.shop import nora, shop, text_of
from tests.readers.browser import Browser

from foldline.stores.home import Home
from foldline.stores.schema import connect

if TYPE_CHECKING:
    from tests.billing.shop import Shop

__all__ = ["shop"]

ADDRESS = "nora@example.test"
#: The key of an account that was made one with this one.
EARLIER = "ab" * 16


def reader() -> Any:
    from foldline.site.readers.models import Reader

    return Reader.objects.get(email=ADDRESS)


def subscriber(shop: Shop) -> Browser:
    """Somebody who paid, has a comp beside it, a note, a passkey, an account elsewhere, a feed and a gift."""
    from allauth.mfa.models import Authenticator
    from allauth.socialaccount.models import SocialAccount

    from foldline.site.circulation import activating, hashes
    from foldline.site.circulation.models import PrintSubscription
    from foldline.site.desk import audit
    from foldline.site.desk.models import MergedAccount, ReaderNote
    from foldline.site.feeds import keys
    from foldline.site.gifts import giving
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Product, Reader

    browser = nora(ADDRESS)
    browser.get(shop.pay(browser))
    Reader.objects.filter(email=ADDRESS).update(name="Nora Nightingale")
    end = datetime.fromtimestamp(moment.epoch() + 40 * 86_400, UTC)
    given = entitlements.give(reader(), Product.objects.get(number=1), ends_at=end, note="Nora wrote")
    audit.record(audit.COMMAND_LINE, "gave", audit.of_entitlement(given))
    ReaderNote.objects.create(reader=reader(), by="staff@example.test", text="Nora called")
    MergedAccount.objects.create(reader=reader(), key=EARLIER, number=reader().pk + 1000)
    data = {"name": "Nora’s phone", "credential": {"rawId": "abc"}}
    Authenticator.objects.create(user=reader(), type=Authenticator.Type.WEBAUTHN, data=data)
    SocialAccount.objects.create(user=reader(), provider="https://id.example", uid="nora-at-id")
    starts, seen = datetime.fromtimestamp(moment.epoch() - 86_400, UTC), moment.now()
    (pair, *_) = hashes.pairs("P4711", "12345")
    PrintSubscription.objects.create(number="P4711", pair=pair, starts_at=starts, ends_at=end, seen_at=seen)
    keys.make(reader(), "")
    assert giving.give(reader(), 7, "").gift is not None
    assert activating.activate(reader(), "P-4711", "12345") is not None
    return browser


def tables_with(home: Home, *words: str) -> set[str]:
    """The tables in which any of the words stands. The site's own connection is asked: nothing is committed here."""
    from django.db import connection

    found = set()
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        for name in names:
            cursor.execute(f'SELECT * FROM "{name}"')
            if any(word in str(row) for row in cursor.fetchall() for word in words):
                found.add(name)
    meter = sqlite3.connect(home.meter_db)
    found |= {
        "foldline_meter" for row in meter.execute("SELECT * FROM foldline_meter") for word in words if word in str(row)
    }
    meter.close()
    return found


def test_the_file_holds_every_fact_that_the_account_shows(shop: Shop) -> None:
    from foldline.site.billing import account_part, held
    from foldline.site.readers import passkeys

    browser = subscriber(shop)
    page = text_of(browser.get("/-/account"))
    written = browser.get("/-/account/data").content.decode()
    told = json.loads(written)
    assert ADDRESS in page
    assert ADDRESS in written
    assert [str(one) for one in passkeys.of(reader()) if str(one) not in written or str(one) not in page] == []
    days = set()
    for moment in re.findall(r'"(\d{4}-\d\d-\d\dT[^"]+)"', written):
        days.add(account_part.day_of(int(datetime.fromisoformat(moment).timestamp())))
    shown = set(re.findall(r"[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}", page))
    assert shown
    assert shown <= days
    (plan,) = told["plans"]
    (one,) = held.of(reader())
    assert "€4 a month" in page
    assert (plan["plan"], plan["amount"], plan["currency"], plan["state"]) == ("all", 400, "eur", "active")
    assert plan["steps"][0]["to"] == "active"
    assert plan["customer"] == one.customer
    assert told["agreed_to"][0]["came_from"] == "/the-whole"
    assert told["account"]["confirmed"]
    assert told["codes_asked_for"]
    assert [entry["what"] for entry in told["changes_by_staff"]] == ["gave"]


#: The pages about the account that show what is stored here. Of payments, which are the provider's list, nothing is.
PAGES = ("/-/account", "/-/account/address", "/-/account/erase", "/-/account/subscriptions/{number}/cancel")
#: A date as the pages write it.
DATE = re.compile(r"[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}")


def facts_on(browser: Browser) -> tuple[set[str], set[str]]:
    """(days, everything else) that stands on the pages about the account, and is none of the words that are the same
    for everybody."""
    from foldline.site.billing import held
    from foldline.site.readers.wording import words

    (one,) = held.of(reader())
    days: set[str] = set()
    facts: set[str] = set()
    ours = {word for key in words() for word in spelt(words()[key])}
    for page in PAGES:
        answer = browser.get(page.format(number=one.pk))
        text = text_of(answer).partition(">")[2]
        shown = re.findall(r'<input[^>]*type="text"[^>]*value="([^"]*)"', answer.content.decode())
        days |= set(DATE.findall(text))
        facts |= set(spelt(" ".join([DATE.sub(" ", text), *shown]))) - ours
    return days, facts


def spelt(text: str) -> list[str]:
    """The words of a text, without the marks around them."""
    return [word for found in text.split() if (word := found.strip(".,:;·“”()?!").casefold())]


def days_in(text: str) -> set[str]:
    """The moments and the days of a file, as the pages write them."""
    from foldline.site.billing import account_part

    moments = re.findall(r"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)", text)
    days = {account_part.day_of(int(datetime.fromisoformat(moment).timestamp())) for moment in moments}
    alone = re.findall(r"(?<![\dT-])\d{4}-\d\d-\d\d(?![\dT-])", text)
    return days | {account_part.day_of(int(datetime.fromisoformat(f"{day}T17:00Z").timestamp())) for day in alone}


def held_in(fact: str, text: str) -> bool:
    """Whether a file tells a fact; a price is kept in cents with its currency."""
    price = re.fullmatch(r"€(\d+)(?:\.(\d\d))?", fact)
    if price is not None:
        cents = int(price[1]) * 100 + int(price[2] or 0)
        return re.search(rf"\b{cents}\b", text) is not None and "eur" in text
    return fact in text


def export_of(home: Home, folder: Path) -> str:
    """All files of an export, read by the test's own connection: nothing of a test is committed."""
    from unittest import mock

    from django.db import connection

    from foldline.site.portable import exporting

    connection.ensure_connection()

    class Reading:
        def __init__(self) -> None:
            self.create_function = connection.connection.create_function

        def execute(self, statement: str) -> Any:
            if statement in ("BEGIN", "ROLLBACK"):
                return None
            # Django hands moments over as they are stored, but for this adapter.
            return connection.connection.cursor().execute(statement)

        def close(self) -> None:
            pass

    with mock.patch.object(
        exporting, "connect", lambda path, **how: Reading() if path == home.site_db else connect(path, **how)
    ):
        exporting.export(home, folder, "jsonl", lambda _: lambda done, of: None)
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.jsonl")))


def test_every_fact_on_the_pages_of_the_account_is_in_the_readers_file_and_in_the_export(
    shop: Shop, home: Home, tmp_path: Path
) -> None:
    from allauth.account.models import EmailAddress

    from foldline.site.gifts import giving

    browser = subscriber(shop)
    EmailAddress.objects.create(user=reader(), email="nora@further.test", verified=True, primary=False)
    days, facts = facts_on(browser)
    # How many may be given is the publication's; how many were follows from those that are told.
    left = str(giving.left(giving.of(reader())))
    assert left in facts
    facts.discard(left)
    assert {ADDRESS, "nora@further.test", "nightingale", "€4", "phone"} <= facts
    assert len(days) >= 2
    files = {"my data": browser.get("/-/account/data").content.decode()}
    if home.database is None:
        # An export from PostgreSQL reads by a connection of its own, which sees nothing that was not committed.
        files["foldline export"] = export_of(home, tmp_path / "export")
    for name, text in files.items():
        assert [fact for fact in sorted(facts) if not held_in(fact, text.casefold())] == [], name
        assert sorted(days - days_in(text)) == [], name


def test_a_fact_that_no_file_tells_is_missed(shop: Shop, home: Home, tmp_path: Path) -> None:
    from foldline.site.billing import account_part

    browser = subscriber(shop)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account_part, "title_of", lambda one: "Plumtree")
        _days, facts = facts_on(browser)
    assert "plumtree" in facts
    assert not held_in("plumtree", browser.get("/-/account/data").content.decode().casefold())


#: Each table with a reader in it, and where in the file it is told.
TOLD = {
    ("account_emailaddress", "user"): "account",
    ("readers_entitlement", "reader"): "subscriptions",
    ("billing_subscription", "reader"): "plans",
    ("billing_order", "reader"): "agreed_to",
    ("readers_readersession", "reader"): "devices",
    ("readers_signincode", "reader"): "codes_asked_for",
    ("mfa_authenticator", "user"): "passkeys",
    ("socialaccount_socialaccount", "user"): "sign_ins_elsewhere",
    ("desk_readernote", "reader"): "notes_by_staff",
    ("desk_mergedaccount", "reader"): "merged_accounts",
    ("circulation_printactivation", "reader"): "print_subscriptions",
    ("feeds_feedkey", "reader"): "feeds",
}
#: What staff did, for whom the file is not made.
OF_STAFF = {
    ("django_admin_log", "user"),
    ("readers_reader_groups", "reader"),
    ("readers_reader_user_permissions", "reader"),
    ("readers_entitlement", "given_by"),
    ("readers_entitlement", "ended_by"),
}


def test_every_table_that_leads_to_a_reader_is_told_in_their_file(shop: Shop) -> None:
    from foldline.site.readers.models import Reader

    relations = Reader._meta.get_fields(include_hidden=True)
    found = {(one.related_model._meta.db_table, one.field.name) for one in relations if isinstance(one, ManyToOneRel)}
    assert found == set(TOLD) | OF_STAFF
    written = json.loads(subscriber(shop).get("/-/account/data").content)
    assert [section for section in TOLD.values() if not written[section]] == []


def test_after_erasing_no_code_that_went_to_an_earlier_address_leads_to_the_reader(shop: Shop) -> None:
    from foldline.site.readers import codes
    from foldline.site.readers.models import SignInCode

    browser = nora(ADDRESS)
    browser.get(shop.pay(browser))
    codes.make("earlier@example.test", reader())
    assert SignInCode.objects.filter(reader=reader()).exists()
    stop_renewing()
    browser.get("/-/account/erase")
    assert browser.post("/-/account/erase").status_code == 200
    assert not SignInCode.objects.exists()


def stop_renewing() -> None:
    from foldline.site.billing.models import Subscription

    Subscription.objects.update(state="lapsed")


def test_after_erasing_a_subscriber_no_table_but_the_legal_ones_has_the_address(shop: Shop, home: Home) -> None:
    from foldline.site import retention
    from foldline.site.billing.models import Order, Subscription, Withdrawal

    browser = subscriber(shop)
    words = (ADDRESS, "Nightingale", reader().key, EARLIER, "nora-at-id", "Nora wrote", "Nora called")
    assert {"readers_reader", "account_emailaddress", "desk_readernote"} <= tables_with(home, *words)
    refused = browser.post("/-/account/erase")
    assert refused.status_code == 409
    stop_renewing()
    Withdrawal.objects.create(
        at=1, email=ADDRESS, number="0123456789ab", declared="I withdraw.", language="en",
        subscription=Subscription.objects.get(), outcome="done", settled_at=2,
    )  # fmt: skip
    browser.get("/-/account/erase")
    assert browser.post("/-/account/erase").status_code == 200
    legal = {kept.table for kept in retention.TABLES if kept.legal}
    assert tables_with(home, *words) == legal == {"billing_withdrawal"}
    assert Order.objects.get().terms
    assert Subscription.objects.get().amount == 400
