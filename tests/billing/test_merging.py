"""Two accounts of one person become one: nothing that runs ends, and whatever led to either leads to what both had."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.billing.shop import nora, products, shop, text_of
from tests.readers.browser import Browser, mails

from foldline.errors import StoreUnavailable
from foldline.signed.counting import Charge, article_names
from foldline.stores.home import Home

if TYPE_CHECKING:
    from tests.billing.shop import Shop

__all__ = ["shop"]

#: Later than any moment of a test.
WINDOW_ENDS = 4_000_000_000
KEPT, OTHER = "nora@example.test", "n.nightingale@example.test"
Patch = pytest.MonkeyPatch


def reader(address: str) -> Any:
    from foldline.site.readers.models import Reader

    return Reader.objects.get(email=address)


def merge() -> Any:
    from foldline.site.readers import merging

    kept = reader(KEPT)
    merging.merge(kept, reader(OTHER))
    kept.refresh_from_db()
    return kept


def given(address: str, days: int, product: int = 1, kind: str = "complimentary") -> Any:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Product

    Product.objects.get_or_create(number=product, defaults={"name": f"Product {product}"})
    end = moment.now() + timedelta(days=days)
    return entitlements.give(reader(address), Product.objects.get(number=product), kind=kind, ends_at=end)


def read(home: Home, address: str, *articles: int) -> None:
    """Count articles of a reader, as the gate does."""
    from contextlib import closing

    from foldline.signed.counting import reader_owner
    from foldline.site.readers.passes import keyring
    from foldline.stores.meter import SqliteMeter

    owner = reader_owner(keyring(), bytes.fromhex(reader(address).key))
    with closing(SqliteMeter(home)) as store:
        for number in articles:
            names = article_names(keyring(), number)
            assert store.spend(Charge(owner, "site", 7, WINDOW_ENDS, 9, names)).counted


def test_the_account_that_stays_has_what_both_had_and_no_end_moves(shop: Shop) -> None:
    from foldline.site.billing.models import Order, OwnedEntitlement, Subscription
    from foldline.site.readers.models import Entitlement, Reader

    staying, going = nora(KEPT), nora(OTHER)
    going.get(shop.pay(going))
    given(KEPT, 10)
    given(OTHER, 40, product=2, kind="print")
    before = sorted(Entitlement.objects.values_list("product_id", "kind", "starts_at", "ends_at", "ended_at"))
    kept = merge()
    assert not Reader.objects.filter(email=OTHER).exists()
    rights = Entitlement.objects.filter(reader=kept)
    assert sorted(rights.values_list("product_id", "kind", "starts_at", "ends_at", "ended_at")) == before
    assert OwnedEntitlement.objects.get().entitlement.reader == kept
    assert Subscription.objects.get().reader == Order.objects.get().reader == kept
    staying.get("/-/account")
    assert products(staying) == {1, 2}
    assert "€4 a month" in text_of(staying.get("/-/account"))


def test_who_was_signed_in_with_the_account_that_goes_signs_in_once_more_by_either_address(shop: Shop) -> None:
    from foldline.site.readers.models import Change, ReaderSession

    staying, going = nora(KEPT), nora(OTHER)
    given(OTHER, 5)
    waiting = Browser()
    waiting.ask(OTHER)
    code = re.search(r"^\s{4}(\d{6})$", mails()[-1].body, re.MULTILINE)
    session = ReaderSession.objects.get(reader__email=OTHER).pass_session
    told = Change.objects.filter(kind="session", key=session).count()
    kept = merge()
    assert Change.objects.filter(kind="session", key=session).count() > told
    assert code is not None
    assert waiting.type_code(code[1])["Location"] == "/-/sign-in"
    assert waiting.get("/-/account").status_code == 303
    assert going.get("/-/account").status_code == 303
    assert staying.get("/-/account").status_code == 200
    for address in (OTHER, KEPT):
        again = Browser()
        assert again.sign_in(address).status_code == 303
        page = text_of(again.get("/-/account"))
        assert kept.email in page
        assert OTHER in page
        assert products(again) == {1}


def test_both_mailboxes_are_told_and_neither_of_the_other_address(
    shop: Shop, django_capture_on_commit: Callable[[], Any]
) -> None:
    nora(KEPT)
    nora(OTHER)
    with django_capture_on_commit():
        merge()
    told = {mail.to[0]: mail for mail in mails()}
    assert set(told) == {KEPT, OTHER}
    for address, mail in told.items():
        assert mail.subject == "Your accounts at The Valley Post are one now"
        assert "this address goes on signing you in" in mail.body
        assert ({KEPT, OTHER} - {address}).pop() not in mail.body


@pytest.fixture
def django_capture_on_commit() -> Callable[[], Any]:
    from django.test import TestCase

    return lambda: TestCase.captureOnCommitCallbacks(execute=True)


def test_an_address_that_nobody_confirmed_is_free_afterwards(shop: Shop) -> None:
    from allauth.account.models import EmailAddress

    from foldline.site.readers.models import Reader

    nora(KEPT)
    Browser().ask(OTHER)
    given(OTHER, 5)
    kept = merge()
    assert EmailAddress.objects.filter(user=kept).count() == 1
    assert Reader.objects.of_address(OTHER) is None
    newcomer = nora(OTHER)
    assert reader(OTHER).pk != kept.pk
    assert products(newcomer) == frozenset()


def test_a_payment_that_was_under_way_opens_for_the_account_that_stays(shop: Shop) -> None:
    staying, going = nora(KEPT), nora(OTHER)
    back = shop.pay(going)
    merge()
    # The browser comes back signed out, signs in by the address that it knows, and is led back.
    assert going.get(back).status_code == 303
    going.sign_in(OTHER)
    assert going.get(back).status_code == 303
    assert products(going) == {1}
    staying.get("/-/account")
    assert products(staying) == {1}


def test_a_notice_that_calls_the_reader_by_the_earlier_key_opens_for_the_account_that_stays(shop: Shop) -> None:
    from foldline.site.billing import ledger
    from foldline.site.readers import moment

    staying, going = nora(KEPT), nora(OTHER)
    shop.pay(going)
    kept = merge()
    (snapshot,) = shop.till.provider.subscriptions(0)
    assert snapshot.reader != kept.key
    outcome = ledger.apply("till", snapshot, moment.epoch())
    assert outcome.applied == "changed"
    assert outcome.subscription is not None
    assert outcome.subscription.reader == kept
    staying.get("/-/account")
    assert products(staying) == {1}


def test_articles_of_both_are_counted_and_one_that_both_read_is_one_when_it_is_opened_again(
    shop: Shop, home: Home
) -> None:
    from foldline.site.readers import meters

    nora(KEPT)
    nora(OTHER)
    read(home, KEPT, 1, 2)
    read(home, OTHER, 2, 3)
    gone = reader(OTHER)
    kept = merge()
    assert [tally.articles for tally in meters.tallies(kept)] == [4]
    assert meters.tallies(gone) == ()
    read(home, KEPT, 2)
    assert [tally.articles for tally in meters.tallies(kept)] == [3]
    read(home, KEPT, 1, 3)
    assert [tally.articles for tally in meters.tallies(kept)] == [3]
    meters.forget(kept)


def test_private_feeds_of_the_account_that_goes_end_and_those_of_the_other_stay(shop: Shop) -> None:
    from foldline.site.feeds import keys
    from foldline.site.readers import passes

    nora(KEPT)
    nora(OTHER)
    keys.make(reader(KEPT), "")
    keys.make(reader(OTHER), "")
    (ended,) = (one.key.pass_session for one in keys.running(reader(OTHER)))
    kept = merge()
    (left,) = (one.key.pass_session for one in keys.running(kept))
    assert left in passes.known_sessions()
    assert ended not in passes.known_sessions()


def test_passkeys_sign_ins_elsewhere_and_notes_go_along_and_a_passkey_of_the_earlier_key_is_known(shop: Shop) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.socialaccount.models import SocialAccount

    from foldline.site.desk.models import ReaderNote
    from foldline.site.readers.models import Reader

    nora(KEPT)
    nora(OTHER)
    key = reader(OTHER).key
    Authenticator.objects.create(user=reader(OTHER), type=Authenticator.Type.WEBAUTHN, data={"name": "Phone"})
    SocialAccount.objects.create(user=reader(OTHER), provider="https://id.example", uid="nora-at-id")
    ReaderNote.objects.create(reader=reader(OTHER), by="staff@example.test", text="Moved to Ohio")
    kept = merge()
    assert Authenticator.objects.get().user == SocialAccount.objects.get().user == ReaderNote.objects.get().reader
    assert ReaderNote.objects.get().reader == Reader.objects.of_key(key) == kept


def test_an_account_that_was_made_of_two_is_merged_once_more_with_every_name_it_had(shop: Shop) -> None:
    from foldline.site.readers import known_as, merging
    from foldline.site.readers.models import Reader

    third = "third@example.test"
    nora(KEPT)
    nora(OTHER)
    nora(third)
    keys = [reader(address).key for address in (OTHER, third)]
    merging.merge(reader(OTHER), reader(third))
    kept = merge()
    assert known_as.addresses(kept) == [KEPT, OTHER, third]
    assert [Reader.objects.of_key(key) for key in keys] == [kept, kept]


def _staff() -> None:
    from foldline.site.readers.models import Reader

    Reader.objects.filter(email=OTHER).update(is_staff=True)


def _closed() -> None:
    from foldline.site.readers.models import Reader

    Reader.objects.filter(email=KEPT).update(is_active=False)


@pytest.mark.parametrize(("change", "why"), [(_staff, "staff"), (_closed, "closed")])
def test_staff_and_closed_accounts_stay_by_themselves(shop: Shop, change: Callable[[], None], why: str) -> None:
    from foldline.site.readers import merging

    nora(KEPT)
    nora(OTHER)
    change()
    with pytest.raises(merging.CannotMerge) as refused:
        merge()
    assert refused.value.obstacle == why
    assert reader(OTHER).email == OTHER


def test_two_subscriptions_that_are_both_renewed_are_not_put_together(shop: Shop) -> None:
    from foldline.site.billing.models import Subscription
    from foldline.site.readers import merging

    for browser in (nora(KEPT), nora(OTHER)):
        browser.get(shop.pay(browser))
    with pytest.raises(merging.CannotMerge) as refused:
        merge()
    assert refused.value.obstacle == "both-renew"
    number = Subscription.objects.get(reader__email=OTHER).pk
    going = Browser()
    going.sign_in(OTHER)
    going.get(f"/-/account/subscriptions/{number}/cancel")
    assert going.post(f"/-/account/subscriptions/{number}/cancel").status_code == 303
    kept = merge()
    assert set(Subscription.objects.filter(reader=kept).values_list("state", flat=True)) == {"active", "cancelled"}


def test_where_the_meter_can_not_be_written_nothing_is_merged(shop: Shop, monkeypatch: Patch) -> None:
    from foldline.stores.meter import SqliteMeter

    def broken(*_: object) -> int:
        raise StoreUnavailable("meter: no")

    nora(KEPT)
    going = nora(OTHER)
    given(OTHER, 5)
    monkeypatch.setattr(SqliteMeter, "move", broken)
    with pytest.raises(StoreUnavailable):
        merge()
    assert going.get("/-/account").status_code == 200
    assert products(going) == {1}
    assert reader(OTHER).entitlements.count() == 1


def test_every_table_that_names_a_reader_names_the_one_who_stays(shop: Shop) -> None:
    """Whatever table comes later is here too: its rows go along, unless `merging.ENDS` says that they end."""
    from django.db.models import ManyToOneRel

    from foldline.site.desk.models import ReaderNote
    from foldline.site.readers import merging
    from foldline.site.readers.models import Reader

    relations = [one for one in Reader._meta.get_fields(include_hidden=True) if isinstance(one, ManyToOneRel)]
    going = nora(OTHER)
    going.get(shop.pay(going))
    given(OTHER, 5)
    ReaderNote.objects.create(reader=reader(OTHER), by="staff@example.test", text="x")
    nora(KEPT)

    def named(pk: int) -> dict[tuple[str, str], int]:
        counts = {
            (one.related_model._meta.db_table, one.field.name): one.related_model._default_manager.filter(
                **{one.field.name: pk}
            ).count()
            for one in relations
            if one.related_model not in merging.ENDS
        }
        return {place: count for place, count in counts.items() if count}

    gone = reader(OTHER).pk
    before = named(gone)
    assert {table for table, _ in before} >= {"readers_entitlement", "billing_subscription", "billing_order"}
    had = named(reader(KEPT).pk)
    kept = merge()
    assert named(gone) == {}
    made = {("desk_mergedaccount", "reader"): 1}
    after = {place: before.get(place, 0) + had.get(place, 0) + made.get(place, 0) for place in before | had | made}
    assert named(kept.pk) == after


def test_my_data_tells_the_further_address_the_earlier_key_and_what_staff_did_to_the_earlier_account(
    shop: Shop,
) -> None:
    import json

    from foldline.site.billing.models import Withdrawal
    from foldline.site.desk import audit

    staying = nora(KEPT)
    nora(OTHER)
    key = reader(OTHER).key
    audit.record(audit.COMMAND_LINE, "wrote a note", audit.of_reader(reader(OTHER)))
    Withdrawal.objects.create(
        at=1, email=OTHER, number="1", declared="I withdraw.", language="en", outcome="unknown", settled_at=2
    )
    merge()
    told = json.loads(staying.get("/-/account/data").content)
    assert told["account"]["further_addresses"] == [OTHER]
    assert [one["key"] for one in told["merged_accounts"]] == [key]
    assert [one["what"] for one in told["changes_by_staff"]] == ["wrote a note"]
    assert [one["declared"] for one in told["withdrawals"]] == ["I withdraw."]


def test_a_further_address_is_taken_away_on_the_account_by_its_reader_alone(shop: Shop) -> None:
    from allauth.account.models import EmailAddress

    from foldline.site.readers import known_as
    from foldline.site.readers.models import Reader

    staying, stranger = nora(KEPT), nora("omar@example.test")
    nora(OTHER)
    kept = merge()
    own, further = (EmailAddress.objects.get(email=address).pk for address in (KEPT, OTHER))
    stranger.get("/-/account")
    assert stranger.post(f"/-/account/address/{further}/remove").status_code == 404
    page = staying.get("/-/account")
    assert f"/-/account/address/{further}/remove" in page.content.decode()
    assert staying.post(f"/-/account/address/{own}/remove").status_code == 404
    assert staying.get(f"/-/account/address/{further}/remove").status_code == 405
    assert known_as.addresses(kept) == [KEPT, OTHER]
    staying.get("/-/account")
    assert staying.post(f"/-/account/address/{further}/remove")["Location"] == "/-/account?done=further"
    assert known_as.addresses(kept) == [KEPT]
    assert Reader.objects.of_address(OTHER) is None


def test_nobody_takes_a_further_address_by_changing_theirs_and_its_reader_may_make_it_the_first(shop: Shop) -> None:
    from foldline.site.readers import known_as

    staying, stranger = nora(KEPT), nora("omar@example.test")
    nora(OTHER)
    kept = merge()
    stranger.get("/-/account/address")
    stranger.post("/-/account/address", {"email": OTHER})
    assert "somebody asked to use this address" in mails()[-1].body
    staying.get("/-/account/address")
    staying.post("/-/account/address", {"email": OTHER})
    code = re.search(r"^\s{4}(\d{6})$", mails()[-1].body, re.MULTILINE)
    assert code is not None
    assert staying.post("/-/account/address/code", {"email": OTHER, "code": code[1]}).status_code == 303
    kept.refresh_from_db()
    assert known_as.addresses(kept) == [OTHER]


def test_who_was_made_of_two_accounts_is_erased_with_every_address(shop: Shop) -> None:
    from tests.billing.test_own_data import tables_with

    nora(KEPT)
    nora(OTHER)
    given(OTHER, 5)
    key = reader(OTHER).key
    kept = merge()
    browser = Browser()
    browser.sign_in(OTHER)
    browser.get("/-/account/erase")
    assert browser.post("/-/account/erase").status_code == 200
    from django.conf import settings

    assert tables_with(settings.FOLDLINE.home, KEPT, OTHER, key, kept.key) == set()


def _nobody(*_: object) -> None:
    return None


#: What is taken away: where it stands, what stands in its place, and the test that must not pass then.
FAULTS: dict[str, tuple[str, object, Callable[..., None]]] = {
    "both are charged for ever": (
        "foldline.site.billing.held.renews",
        lambda one: False,
        test_two_subscriptions_that_are_both_renewed_are_not_put_together,
    ),
    "the gate does not hear who was signed out": (
        "foldline.site.readers.passes.end_all",
        _nobody,
        test_who_was_signed_in_with_the_account_that_goes_signs_in_once_more_by_either_address,
    ),
    "the passes are not told": (
        "foldline.site.readers.passes.refresh",
        _nobody,
        test_the_account_that_stays_has_what_both_had_and_no_end_moves,
    ),
    "the earlier key is forgotten": (
        "foldline.site.readers.models.ReaderManager.of_key",
        lambda manager, key: manager.filter(key=key).first(),
        test_a_notice_that_calls_the_reader_by_the_earlier_key_opens_for_the_account_that_stays,
    ),
    "the further address is anybody's": (
        "foldline.site.readers.models.ReaderManager.of_address",
        lambda manager, email: manager.filter(email=email).first(),
        test_nobody_takes_a_further_address_by_changing_theirs_and_its_reader_may_make_it_the_first,
    ),
    "what was read is forgotten": (
        "foldline.site.readers.meters.move",
        _nobody,
        test_articles_of_both_are_counted_and_one_that_both_read_is_one_when_it_is_opened_again,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_without_the_defence_its_test_goes_red(shop: Shop, home: Home, monkeypatch: Patch, name: str) -> None:
    place, instead, goes_red = FAULTS[name]
    monkeypatch.setattr(place, instead)
    given_home = {"home": home} if "home" in goes_red.__annotations__ else {}
    with pytest.raises((AssertionError, KeyError, ValueError, pytest.fail.Exception)):
        goes_red(shop, **given_home)
