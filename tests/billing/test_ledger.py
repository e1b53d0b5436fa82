"""What a provider's object makes of a subscription, an entitlement and a pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.billing.conftest import ALL, MORE
from tests.billing.memory_provider import DAY, PERIOD, MemoryProvider

from foldline.site.billing.provider import NotAtProvider, Notice, Price, ProviderUnavailable, Snapshot
from foldline.testing.clock import FrozenClock

pytestmark = pytest.mark.usefixtures("selling")


class Desk:
    """A reader with a running session, a provider, and the words of these tests."""

    def __init__(self, clock: FrozenClock) -> None:
        from foldline.site.readers.models import PassFacts, Reader

        self.clock = clock
        self.there = MemoryProvider(self.now)
        self.reader = Reader.objects.join("ada@example.org")
        PassFacts.objects.create(
            session="c" * 32, reader=self.reader.key, products="", session_until=self.now + 500 * DAY
        )

    @property
    def now(self) -> int:
        return int(self.clock.now())

    def wait(self, days: float) -> None:
        self.clock.move(days * DAY)
        self.there.pass_until(self.now)

    def subscribe(self, plan: str = "all", **how: bool) -> str:
        from foldline.site.billing import plans

        sold = plans.named(plan)
        assert sold is not None
        return self.there.subscribe(self.reader.key, plans.price_of(sold), **how)

    def hear(self, told: Notice) -> object:
        from foldline.site.billing import ledger

        return ledger.notice(self.there, told, self.now)

    def hear_all(self) -> None:
        for told in self.there.told:
            self.hear(told)

    def apply(self, snapshot: Snapshot) -> str:
        from foldline.site.billing import ledger

        return ledger.apply("memory", snapshot, self.now).applied

    def passes(self) -> dict[int, int]:
        """The products of the pass that run, with their ends from now on in days."""
        from foldline.site.readers.models import PassFacts
        from foldline.stores.passes import unpack_products

        column = PassFacts.objects.get(session="c" * 32).products
        return {product: (end - self.now) / DAY for product, end in unpack_products(column).items() if end > self.now}

    def changes(self) -> int:
        from foldline.site.readers.models import Change

        return Change.objects.filter(kind="session", key="c" * 32).count()

    def state(self, number: str) -> str:
        from foldline.site.billing.models import Subscription

        return Subscription.objects.get(provider="memory", provider_id=number).state


@pytest.fixture
def desk(clock: FrozenClock) -> Desk:
    return Desk(clock)


def test_a_payment_opens_the_plans_products_in_every_running_pass_and_tells_the_gate(desk: Desk) -> None:
    from foldline.site.readers.models import Entitlement

    assert desk.passes() == {}
    number = desk.subscribe("more")
    before = desk.changes()
    desk.hear_all()
    assert desk.state(number) == "trialing"
    assert desk.passes() == {1: 14 + 7, 2: 14 + 7}
    assert desk.changes() > before
    assert set(Entitlement.objects.filter(reader=desk.reader).values_list("kind", flat=True)) == {"trial"}
    desk.wait(14)
    desk.hear_all()
    assert desk.state(number) == "active"
    assert desk.passes() == {1: 30 + 7, 2: 30 + 7}
    assert set(Entitlement.objects.filter(reader=desk.reader).values_list("kind", flat=True)) == {"paid"}


def test_an_event_that_comes_twice_is_asked_for_once_and_changes_nothing_again(desk: Desk) -> None:
    from foldline.site.billing.models import BillingEvent

    desk.subscribe()
    assert desk.hear(desk.there.told[0]) is not None
    kept, changes = BillingEvent.objects.count(), desk.changes()
    desk.there.down = True
    assert desk.hear(desk.there.told[0]) is None
    assert (BillingEvent.objects.count(), desk.changes()) == (kept, changes)


def test_an_object_that_is_older_than_the_last_one_changes_nothing(desk: Desk) -> None:
    number = desk.subscribe()
    older = desk.there.objects[number]
    desk.there.refund(number)
    assert desk.apply(desk.there.objects[number]) == "changed"
    assert desk.apply(older) == "older"
    assert desk.state(number) == "refunded"
    assert desk.passes() == {}


def test_the_same_object_again_writes_neither_a_log_line_nor_a_change_for_workers(desk: Desk) -> None:
    from foldline.site.billing.models import BillingEvent

    number = desk.subscribe()
    desk.apply(desk.there.objects[number])
    kept, changes = BillingEvent.objects.count(), desk.changes()
    assert desk.apply(desk.there.objects[number]) == "unchanged"
    assert (BillingEvent.objects.count(), desk.changes()) == (kept, changes)


def test_a_notice_while_the_provider_is_down_is_not_done_with_and_works_when_it_comes_again(desk: Desk) -> None:
    from foldline.site.billing.models import SeenNotice

    desk.subscribe()
    desk.there.down = True
    with pytest.raises(ProviderUnavailable):
        desk.hear(desk.there.told[0])
    assert not SeenNotice.objects.filter(provider="memory").exists()
    desk.there.down = False
    assert desk.hear(desk.there.told[0]) is not None
    assert desk.passes() == {1: 37}


def test_what_a_notice_says_is_not_believed_and_one_about_nothing_is_done_with(desk: Desk) -> None:
    from foldline.site.billing.models import SeenNotice, Subscription

    assert desk.hear(Notice("evt_x", "customer.subscription.created", "sub_of_nobody", desk.now, live=True)) is None
    assert desk.hear(Notice("evt_y", "customer.created", "", desk.now, live=True)) is None
    assert SeenNotice.objects.filter(provider="memory").count() == 2
    assert not Subscription.objects.filter(provider="memory").exists()
    with pytest.raises(NotAtProvider):
        desk.there.subscription("sub_of_nobody")


def test_a_refund_closes_at_once_and_a_gift_beside_it_stands(desk: Desk) -> None:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Entitlement, Product

    number = desk.subscribe()
    desk.hear_all()
    ends = moment.now() + timedelta(days=3)
    gift = entitlements.give(desk.reader, Product.objects.get(number=1), kind=Entitlement.Kind.GIFT, ends_at=ends)
    assert desk.passes() == {1: 37}
    desk.there.refund(number)
    desk.hear_all()
    assert desk.state(number) == "refunded"
    assert desk.passes() == {1: 3}
    gift.refresh_from_db()
    assert gift.ended_at is None
    desk.wait(4)
    assert desk.passes() == {}


def test_ending_a_complimentary_entitlement_leaves_what_is_paid(desk: Desk) -> None:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Product

    desk.subscribe()
    desk.hear_all()
    comp = entitlements.give(desk.reader, Product.objects.get(number=1), ends_at=moment.now() + timedelta(days=90))
    assert desk.passes() == {1: 90}
    entitlements.end(comp)
    assert desk.passes() == {1: 37}


def test_a_failed_card_reads_on_for_the_days_of_grace_after_what_was_paid_and_not_longer(desk: Desk) -> None:
    number = desk.subscribe()
    desk.hear_all()
    desk.there.broken_cards.add(number)
    desk.wait(30)
    desk.hear_all()
    assert desk.state(number) == "past-due"
    assert desk.passes() == {1: 7}
    desk.wait(7)
    assert desk.passes() == {}
    desk.there.broken_cards.clear()
    desk.there.pay(number)
    desk.hear_all()
    assert desk.state(number) == "active"
    assert desk.passes() == {1: 37}


def test_who_cancels_reads_to_the_end_of_what_is_paid_to_the_second(desk: Desk) -> None:
    number = desk.subscribe()
    desk.there.cancel_at_period_end(number, "key")
    desk.hear_all()
    assert desk.state(number) == "cancelled"
    assert desk.passes() == {1: PERIOD / DAY}
    desk.there.resume(number, "key")
    desk.hear_all()
    assert desk.passes() == {1: 37}


def test_another_plan_opens_other_products_and_closes_those_that_it_does_not_have(desk: Desk) -> None:
    number = desk.subscribe("more")
    desk.hear_all()
    desk.there._change(number, "changed", plan="all", trial_end=None, status="active")
    desk.apply(desk.there.objects[number])
    assert desk.passes() == {1: 21}


def test_a_plan_that_is_sold_no_more_goes_on_opening_for_those_who_have_it(desk: Desk) -> None:
    from django.conf import settings
    from django.test import override_settings

    number = desk.subscribe()
    desk.hear_all()
    with override_settings(FOLDLINE=replace(settings.FOLDLINE, plans=(MORE,))):
        desk.wait(30)
        desk.hear_all()
        assert desk.state(number) == "active"
        assert desk.passes() == {1: 37}


def _nobody(desk: Desk, snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, reader="f" * 32)


def _no_plan(desk: Desk, snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, plan="gold")


def _dollars(desk: Desk, snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, currency="usd")


@pytest.mark.parametrize(
    ("spoilt", "applied"), [(_nobody, "unknown-reader"), (_no_plan, "unknown-plan"), (_dollars, "other-currency")]
)
def test_a_subscription_of_an_unknown_reader_or_plan_or_in_another_currency_opens_nothing_and_says_so(
    desk: Desk, spoilt: Callable[[Desk, Snapshot], Snapshot], applied: str
) -> None:
    number = desk.subscribe()
    assert desk.apply(spoilt(desk, desk.there.objects[number])) == applied
    assert desk.passes() == {}


def test_a_subscription_never_moves_to_another_reader(desk: Desk) -> None:
    from foldline.site.readers.models import Reader

    other = Reader.objects.join("bea@example.org")
    number = desk.subscribe()
    desk.hear_all()
    desk.there._change(number, "moved", reader=other.key)
    desk.apply(desk.there.objects[number])
    assert desk.passes() == {1: 37}
    assert not other.entitlements.exists()


def test_a_first_payment_that_fails_opens_nothing_until_it_is_made(desk: Desk) -> None:
    number = desk.subscribe(first_payment_fails=True)
    desk.hear_all()
    assert (desk.state(number), desk.passes()) == ("none", {})
    desk.there.pay(number)
    desk.hear_all()
    assert (desk.state(number), desk.passes()) == ("active", {1: 37})


def test_the_log_names_the_steps_between_two_states_those_that_were_missed_too(desk: Desk) -> None:
    from foldline.site.billing.models import BillingEvent

    number = desk.subscribe()
    desk.hear_all()
    desk.there.dispute(number)
    desk.there.win_dispute(number)
    desk.there.cancel_at_period_end(number, "key")
    desk.there.end(number)
    desk.apply(desk.there.objects[number])
    told = list(BillingEvent.objects.filter(subscription__provider_id=number).values_list("what", "before", "after"))
    assert told == [("ended", "active", "lapsed"), ("paid", "none", "active")]


def test_the_log_refuses_to_be_changed_by_anything(desk: Desk) -> None:
    from django.db import DatabaseError, connection, transaction

    from foldline.site.billing.models import BillingEvent

    desk.subscribe()
    desk.hear_all()
    with pytest.raises(TypeError, match="append-only"):
        BillingEvent.objects.all().delete()
    for statement in ("UPDATE billing_billingevent SET what = 'x'", "DELETE FROM billing_billingevent"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_numbers_of_old_events_are_forgotten_and_young_ones_kept(desk: Desk) -> None:
    from foldline.site.billing import ledger
    from foldline.site.billing.models import SeenNotice

    desk.subscribe()
    desk.hear_all()
    ledger.forget_notices(desk.now + 29 * DAY)
    assert SeenNotice.objects.filter(provider="memory").count() == 1
    ledger.forget_notices(desk.now + 31 * DAY)
    assert not SeenNotice.objects.filter(provider="memory").exists()


def test_nothing_is_kept_of_what_a_crash_interrupts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing.models import SeenNotice, Subscription
    from foldline.site.readers import passes

    def crash(*_told: object) -> None:
        raise RuntimeError("power failure")

    desk.subscribe()
    with monkeypatch.context() as broken:
        broken.setattr(passes, "refresh", crash)
        with pytest.raises(RuntimeError):
            desk.hear(desk.there.told[0])
    assert not Subscription.objects.filter(provider="memory").exists()
    assert not SeenNotice.objects.filter(provider="memory").exists()
    assert not desk.reader.entitlements.exists()
    desk.hear_all()
    assert desk.passes() == {1: 37}


def test_prices_come_from_the_settings(desk: Desk) -> None:
    from foldline.site.billing import plans

    assert plans.price_of(MORE) == Price("more", 900, "eur", "month", 14)
    assert plans.opening(2) == (MORE,)
    assert plans.opening(1) == (ALL, MORE)
    assert plans.named("gold") is None
