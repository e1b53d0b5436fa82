"""What every payment provider promises, as sentences. Each adapter runs them against the peer that it has.

A room says how a person acts at that peer (`pays`); what a peer can't show is in the room's `cannot`, and the tests say
it by name and count it as not tried.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from foldline.site.billing.provider import (
    Declined,
    InvoiceStatus,
    NotAtProvider,
    NoticeRefused,
    Price,
    Provider,
    ProviderUnavailable,
    Status,
)
from foldline.site.billing.signature import sign

PRICE = Price("everything", 400, "eur", "month", title="All of The Fold")
DEARER = Price("more", 900, "eur", "month", title="All and more")
BACK = "http://127.0.0.1:8080/-/subscribed?article=%2Fa"


@dataclass
class Room:
    """One adapter before its peer.

    `pays` is what a person does at the page of a checkout, `changes` at that of another plan; `subscribes` makes a
    subscription of a reader, however the peer lets one be made, and gives its id; `unreachable` is the same adapter
    before a peer that is not there.
    `notice` is the body of an event about a subscription.
    """

    provider: Provider
    secret: str
    subscribes: Callable[[str], str]
    notice: Callable[[str], bytes]
    unreachable: Provider
    pays: Callable[[str], None] | None = None
    changes: Callable[[str], None] | None = None
    cannot: dict[str, str] = field(default_factory=dict)

    def can(self, what: str) -> None:
        if what in self.cannot:
            pytest.skip(f"{self.provider.name}: {self.cannot[what]}")


class ProviderContract:
    """Inherit it, and give a fixture `room`."""

    def test_a_checkout_leads_to_the_providers_page_and_is_not_paid_yet(self, room: Room) -> None:
        room.can("checkout")
        made = room.provider.start_checkout("reader-1", "r@example.test", PRICE, BACK, "key-checkout-1")
        assert urlsplit(made.url).scheme in ("http", "https")
        assert (made.reader, made.plan, made.paid, made.subscription) == ("reader-1", "everything", False, None)
        assert room.provider.checkout(made.id) == made

    def test_the_same_key_starts_the_same_checkout(self, room: Room) -> None:
        room.can("idempotency")
        first = room.provider.start_checkout("reader-2", "r@example.test", PRICE, BACK, "key-checkout-2")
        assert room.provider.start_checkout("reader-2", "r@example.test", PRICE, BACK, "key-checkout-2") == first

    def test_the_same_key_with_another_question_is_refused(self, room: Room) -> None:
        room.can("idempotency")
        room.provider.start_checkout("reader-3", "r@example.test", PRICE, BACK, "key-checkout-3")
        with pytest.raises(Declined, match="idempotency"):
            room.provider.start_checkout("reader-4", "r@example.test", PRICE, BACK, "key-checkout-3")

    def test_a_paid_checkout_names_its_subscription(self, room: Room) -> None:
        room.can("paying")
        assert room.pays is not None
        made = room.provider.start_checkout("reader-5", "r@example.test", PRICE, BACK, "key-checkout-5")
        room.pays(made.url)
        paid = room.provider.checkout(made.id)
        assert (paid.paid, paid.url) == (True, "")
        assert paid.subscription is not None
        found = room.provider.subscription(paid.subscription)
        assert (found.reader, found.plan, found.amount, found.currency) == ("reader-5", "everything", 400, "eur")

    def test_a_subscription_that_was_paid_is_active_until_its_period_ends(self, room: Room) -> None:
        found = room.provider.subscription(room.subscribes("reader-6"))
        assert (found.reader, found.plan, found.status) == ("reader-6", "everything", Status.ACTIVE)
        assert found.period_end > found.created
        assert (found.cancel_at_period_end, found.paused, found.refunded, found.disputed) == (False,) * 4

    def test_the_page_for_staff_names_the_subscription_also_when_the_provider_is_away(self, room: Room) -> None:
        for provider in (room.provider, room.unreachable):
            address = urlsplit(provider.page_for_staff("sub_of/&#"))
            assert address.scheme in ("http", "https")
            assert "sub_of%2F%26%23" in (address.path + address.fragment)

    def test_a_later_snapshot_never_has_a_lower_version(self, room: Room) -> None:
        name = room.subscribes("reader-7")
        first = room.provider.subscription(name)
        room.provider.cancel_at_period_end(name, "key-cancel-7")
        assert room.provider.subscription(name).updated >= first.updated

    def test_cancelling_keeps_what_is_paid_and_can_be_taken_back(self, room: Room) -> None:
        name = room.subscribes("reader-8")
        before = room.provider.subscription(name)
        cancelled = room.provider.cancel_at_period_end(name, "key-cancel-8")
        assert (cancelled.cancel_at_period_end, cancelled.status) == (True, Status.ACTIVE)
        assert cancelled.period_end == before.period_end
        resumed = room.provider.resume(name, "key-resume-8")
        assert (resumed.cancel_at_period_end, resumed.period_end) == (False, before.period_end)

    def test_withdrawing_ends_it_at_once_and_pays_back_once(self, room: Room) -> None:
        room.can("withdraw")
        name = room.subscribes("reader-14")
        for _again in range(2):
            withdrawn = room.provider.withdraw(name, "key-withdraw-14")
            assert (withdrawn.status, withdrawn.refunded) == (Status.CANCELED, True)
        assert withdrawn.period_end <= int(time.time()) + 5
        again = room.provider.withdraw(name, "key-withdraw-14-later")
        assert (again.status, again.refunded) == (Status.CANCELED, True)

    def test_every_subscription_is_listed(self, room: Room) -> None:
        names = {room.subscribes("reader-9"), room.subscribes("reader-10")}
        assert names <= {one.subscription for one in room.provider.subscriptions(0)}

    def test_only_what_was_created_since_is_listed(self, room: Room) -> None:
        room.can("since")
        room.subscribes("reader-13")
        assert not list(room.provider.subscriptions(int(time.time()) + 86_400))

    def test_a_payment_has_an_invoice(self, room: Room) -> None:
        room.can("invoices")
        found = room.provider.subscription(room.subscribes("reader-11"))
        (invoice,) = room.provider.invoices(found.customer)
        assert (invoice.amount, invoice.currency, invoice.status) == (400, "eur", InvoiceStatus.PAID)
        assert invoice.subscription == found.subscription

    def test_the_portal_is_an_address_of_the_provider(self, room: Room) -> None:
        room.can("portal")
        found = room.provider.subscription(room.subscribes("reader-12"))
        assert urlsplit(room.provider.portal(found.customer, "http://127.0.0.1:8080/-/account")).scheme in (
            "http",
            "https",
        )

    def test_a_plan_changes_once_a_person_confirms_it_and_the_subscription_stays_the_same(self, room: Room) -> None:
        room.can("change")
        assert room.changes is not None
        before = room.provider.subscription(room.subscribes("reader-15"))
        page = room.provider.change_page(before.subscription, DEARER, BACK)
        assert room.provider.subscription(before.subscription) == before
        for _twice in range(2):
            room.changes(page)
        now = room.provider.subscription(before.subscription)
        assert (now.plan, now.amount, now.status) == ("more", 900, Status.ACTIVE)
        assert (now.reader, now.created, now.period_end) == (before.reader, before.created, before.period_end)
        assert sum(one.amount for one in room.provider.invoices(now.customer)) == 900

    def test_a_subscription_that_has_ended_goes_to_no_other_plan(self, room: Room) -> None:
        room.can("withdraw")
        name = room.subscribes("reader-16")
        room.provider.withdraw(name, "key-withdraw-16")
        with pytest.raises(Declined, match="ended"):
            room.provider.change_page(name, DEARER, BACK)

    def test_what_the_provider_does_not_know_is_said_so(self, room: Room) -> None:
        for name in ("sub_nobody", "../checkouts", ""):
            with pytest.raises(NotAtProvider):
                room.provider.subscription(name)
            with pytest.raises(NotAtProvider):
                room.provider.change_page(name, DEARER, BACK)
            with pytest.raises(NotAtProvider):
                room.provider.cancel_at_period_end(name, "key-cancel-nobody")

    def test_a_provider_that_does_not_answer_is_unavailable(self, room: Room) -> None:
        provider = room.unreachable
        for ask in (
            lambda: provider.subscription("sub_1"),
            lambda: list(provider.subscriptions(0)),
            lambda: provider.start_checkout("reader", "r@example.test", PRICE, BACK, "key-checkout-0"),
            lambda: provider.cancel_at_period_end("sub_1", "key-cancel-0"),
            lambda: provider.change_page("sub_1", DEARER, BACK),
            lambda: provider.portal("cus_1", "http://127.0.0.1:8080/-/account"),
            lambda: provider.invoices("cus_1"),
        ):
            with pytest.raises(ProviderUnavailable):
                ask()

    def test_a_signed_notice_names_its_event_and_its_subscription(self, room: Room) -> None:
        body = room.notice("sub_123")
        notice = room.provider.read_notice(body, sign(body, room.secret, 1000), 1000)
        assert (notice.subscription, notice.live) == ("sub_123", False)
        assert notice.id

    def test_any_good_signature_of_several_counts(self, room: Room) -> None:
        body = room.notice("sub_123")
        good = sign(body, room.secret, 1000).partition(",")[2]
        other = sign(body, "another secret", 1000)
        assert room.provider.read_notice(body, f"{other},{good}", 1000).subscription == "sub_123"

    @pytest.mark.parametrize(
        ("what", "why"),
        [
            ("none", "no signature"),
            ("foreign", "not ours"),
            ("old", "too old"),
            ("ahead", "from the future"),
            ("changed", "not ours"),
            ("two moments", "malformed"),
            ("only v0", "malformed"),
            ("nonsense", "malformed"),
            ("not ascii", "not ours"),
            ("no event", "not an event"),
            ("no json", "not an event"),
            ("a list", "not an event"),
        ],
    )
    def test_a_notice_that_nobody_proved_is_refused(self, room: Room, what: str, why: str) -> None:
        body = room.notice("sub_123")
        good = sign(body, room.secret, 1000)
        other = {"no event": b'{"object":"customer","id":"x"}', "no json": b"\xff{", "a list": b"[]"}.get(what, body)
        headers = {
            "none": "",
            "foreign": sign(body, "another secret", 1000),
            "two moments": f"t=1000,{good}",
            "only v0": good.replace("v1=", "v0="),
            "nonsense": "v1",
            "not ascii": "t=1000,v1=ü",
        }
        now = {"old": 1301, "ahead": 699}.get(what, 1000)
        header = headers.get(what, sign(other, room.secret, 1000))
        body = body + b" " if what == "changed" else other
        with pytest.raises(NoticeRefused, match=why) as refused:
            room.provider.read_notice(body, header, now)
        assert refused.value.status == 400

    @pytest.mark.parametrize("now", [700, 1300])
    def test_five_minutes_either_way_are_near_enough(self, room: Room, now: int) -> None:
        body = room.notice("sub_123")
        assert room.provider.read_notice(body, sign(body, room.secret, 1000), now).subscription == "sub_123"
