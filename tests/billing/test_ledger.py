"""What a provider's object makes of a subscription, an entitlement and a pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.billing.conftest import ALL, MORE
from tests.billing.memory_provider import DAY, PERIOD
from tests.billing.story import SESSION, Story

from foldline.site.billing.provider import NotAtProvider, Notice, Price, ProviderUnavailable, Snapshot
from foldline.testing.clock import FrozenClock

pytestmark = pytest.mark.usefixtures("selling")


@pytest.fixture
def story(clock: FrozenClock) -> Story:
    return Story(clock)


def test_a_payment_opens_the_plans_products_in_every_running_pass_and_tells_the_gate(story: Story) -> None:
    from foldline.site.readers.models import Entitlement

    assert story.passes() == {}
    number = story.subscribe("more")
    before = story.changes()
    story.hear_all()
    assert story.state(number) == "trialing"
    assert story.passes() == {1: 14 + 7, 2: 14 + 7}
    assert story.changes() > before
    assert set(Entitlement.objects.filter(reader=story.reader).values_list("kind", flat=True)) == {"trial"}
    story.wait(14)
    story.hear_all()
    assert story.state(number) == "active"
    assert story.passes() == {1: 30 + 7, 2: 30 + 7}
    assert set(Entitlement.objects.filter(reader=story.reader).values_list("kind", flat=True)) == {"paid"}


def test_an_event_that_comes_twice_is_asked_for_once_and_changes_nothing_again(story: Story) -> None:
    from foldline.site.billing.models import BillingEvent

    story.subscribe()
    assert story.hear(story.there.told[0]) is not None
    kept, changes = BillingEvent.objects.count(), story.changes()
    story.there.down = True
    assert story.hear(story.there.told[0]) is None
    assert (BillingEvent.objects.count(), story.changes()) == (kept, changes)


def test_an_object_that_is_older_than_the_last_one_changes_nothing(story: Story) -> None:
    number = story.subscribe()
    older = story.there.objects[number]
    story.there.refund(number)
    assert story.apply(story.there.objects[number]) == "changed"
    assert story.apply(older) == "older"
    assert story.state(number) == "refunded"
    assert story.passes() == {}


def test_the_same_object_again_writes_neither_a_log_line_nor_a_change_for_workers(story: Story) -> None:
    from foldline.site.billing.models import BillingEvent

    number = story.subscribe()
    story.apply(story.there.objects[number])
    kept, changes = BillingEvent.objects.count(), story.changes()
    assert story.apply(story.there.objects[number]) == "unchanged"
    assert (BillingEvent.objects.count(), story.changes()) == (kept, changes)


def test_a_notice_while_the_provider_is_down_is_not_done_with_and_works_when_it_comes_again(story: Story) -> None:
    from foldline.site.billing.models import SeenNotice

    story.subscribe()
    story.there.down = True
    with pytest.raises(ProviderUnavailable):
        story.hear(story.there.told[0])
    assert not SeenNotice.objects.filter(provider="memory").exists()
    story.there.down = False
    assert story.hear(story.there.told[0]) is not None
    assert story.passes() == {1: 37}


def test_what_a_notice_says_is_not_believed_and_one_about_nothing_is_done_with(story: Story) -> None:
    from foldline.site.billing.models import SeenNotice, Subscription

    assert story.hear(Notice("evt_x", "customer.subscription.created", "sub_of_nobody", story.now, live=True)) is None
    assert story.hear(Notice("evt_y", "customer.created", "", story.now, live=True)) is None
    assert SeenNotice.objects.filter(provider="memory").count() == 2
    assert not Subscription.objects.filter(provider="memory").exists()
    with pytest.raises(NotAtProvider):
        story.there.subscription("sub_of_nobody")


def test_a_refund_closes_at_once_and_a_gift_beside_it_stands(story: Story) -> None:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Entitlement, Product

    number = story.subscribe()
    story.hear_all()
    ends = moment.now() + timedelta(days=3)
    gift = entitlements.give(story.reader, Product.objects.get(number=1), kind=Entitlement.Kind.GIFT, ends_at=ends)
    assert story.passes() == {1: 37}
    story.there.refund(number)
    story.hear_all()
    assert story.state(number) == "refunded"
    assert story.passes() == {1: 3}
    gift.refresh_from_db()
    assert gift.ended_at is None
    story.wait(4)
    assert story.passes() == {}


@pytest.mark.parametrize("kind", ["complimentary", "gift", "print", "library", "staff"])
@pytest.mark.parametrize("ends_paying", ["refund", "dispute", "end"])
def test_what_was_given_before_paying_stands_after_what_was_paid_has_ended(
    story: Story, kind: str, ends_paying: str
) -> None:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import PassFacts, Product
    from foldline.stores.passes import unpack_products

    def carried() -> dict[int, int]:
        return unpack_products(PassFacts.objects.get(session=SESSION).products)

    ends = None if kind == "staff" else moment.now() + timedelta(days=50)
    comp = entitlements.give(story.reader, Product.objects.get(number=1), kind=kind, ends_at=ends)
    given = {1: 0 if ends is None else int(ends.timestamp())}
    assert carried() == given
    number = story.subscribe()
    story.hear_all()
    assert carried() == given
    getattr(story.there, ends_paying)(number)
    story.hear_all()
    assert story.state(number) == {"refund": "refunded", "dispute": "disputed", "end": "lapsed"}[ends_paying]
    assert carried() == given
    comp.refresh_from_db()
    assert (comp.ends_at, comp.ended_at) == (ends, None)


def test_ending_a_complimentary_entitlement_leaves_what_is_paid(story: Story) -> None:
    from foldline.site.readers import entitlements, moment
    from foldline.site.readers.models import Product

    story.subscribe()
    story.hear_all()
    comp = entitlements.give(story.reader, Product.objects.get(number=1), ends_at=moment.now() + timedelta(days=90))
    assert story.passes() == {1: 90}
    entitlements.end(comp)
    assert story.passes() == {1: 37}


def test_a_failed_card_reads_on_for_the_days_of_grace_after_what_was_paid_and_not_longer(story: Story) -> None:
    number = story.subscribe()
    story.hear_all()
    story.there.broken_cards.add(number)
    story.wait(30)
    story.hear_all()
    assert story.state(number) == "past-due"
    assert story.passes() == {1: 7}
    story.wait(7)
    assert story.passes() == {}
    story.there.broken_cards.clear()
    story.there.pay(number)
    story.hear_all()
    assert story.state(number) == "active"
    assert story.passes() == {1: 37}


def test_who_cancels_reads_to_the_end_of_what_is_paid_to_the_second(story: Story) -> None:
    number = story.subscribe()
    story.there.cancel_at_period_end(number, "key")
    story.hear_all()
    assert story.state(number) == "cancelled"
    assert story.passes() == {1: PERIOD / DAY}
    story.there.resume(number, "key")
    story.hear_all()
    assert story.passes() == {1: 37}


def test_another_plan_opens_other_products_and_closes_those_that_it_does_not_have(story: Story) -> None:
    number = story.subscribe("more")
    story.hear_all()
    story.there._change(number, "changed", plan="all", trial_end=None, status="active")
    story.apply(story.there.objects[number])
    assert story.passes() == {1: 21}


def test_a_plan_that_is_sold_no_more_goes_on_opening_for_those_who_have_it(story: Story) -> None:
    from django.conf import settings
    from django.test import override_settings

    number = story.subscribe()
    story.hear_all()
    with override_settings(FOLDLINE=replace(settings.FOLDLINE, plans=(MORE,))):
        story.wait(30)
        story.hear_all()
        assert story.state(number) == "active"
        assert story.passes() == {1: 37}


def _nobody(story: Story, snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, reader="f" * 32)


def _no_plan(story: Story, snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, plan="gold")


def _dollars(story: Story, snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, currency="usd")


@pytest.mark.parametrize(
    ("spoilt", "applied"), [(_nobody, "unknown-reader"), (_no_plan, "unknown-plan"), (_dollars, "other-currency")]
)
def test_a_subscription_of_an_unknown_reader_or_plan_or_in_another_currency_opens_nothing_and_says_so(
    story: Story, spoilt: Callable[[Story, Snapshot], Snapshot], applied: str
) -> None:
    number = story.subscribe()
    assert story.apply(spoilt(story, story.there.objects[number])) == applied
    assert story.passes() == {}


def test_an_amount_that_nobody_agreed_to_opens_nothing_and_is_said(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    from foldline.site.billing.models import Subscription

    number = story.subscribe()
    assert story.apply(replace(story.there.objects[number], amount=100)) == "other-amount"
    assert "billing: a subscription to all is at another amount, and opens nothing" in caplog.messages
    assert story.passes() == {}
    assert not Subscription.objects.exists()


def test_the_amount_that_was_agreed_to_opens_though_the_plan_costs_something_else_now(story: Story) -> None:
    from foldline.site.billing.models import Order

    number = story.subscribe()
    ordered = {"plan": "all", "return_path": "/", "terms": "…", "language": "en", "agreed_at": 1}
    Order.objects.create(reader=story.reader, token="a" * 32, amount=300, provider=story.there.name, **ordered)
    assert story.apply(replace(story.there.objects[number], amount=300)) == "changed"
    assert story.passes() == {1: 37}


def test_somebody_else_s_agreement_opens_nothing(story: Story) -> None:
    from foldline.site.billing.models import Order
    from foldline.site.readers.models import Reader

    number = story.subscribe()
    ordered = {"plan": "all", "return_path": "/", "terms": "…", "language": "en", "agreed_at": 1}
    other = Reader.objects.join("bea@example.org")
    Order.objects.create(reader=other, token="a" * 32, amount=300, provider=story.there.name, **ordered)
    assert story.apply(replace(story.there.objects[number], amount=300)) == "other-amount"


def test_a_subscription_that_is_known_follows_the_price_that_the_provider_charges(story: Story) -> None:
    from foldline.site.billing.models import Subscription

    number = story.subscribe()
    story.hear_all()
    story.there._change(number, "changed", amount=450)
    story.apply(story.there.objects[number])
    assert (Subscription.objects.get().amount, story.passes()) == (450, {1: 37})


def test_a_subscription_never_moves_to_another_reader(story: Story) -> None:
    from foldline.site.readers.models import Reader

    other = Reader.objects.join("bea@example.org")
    number = story.subscribe()
    story.hear_all()
    story.there._change(number, "moved", reader=other.key)
    story.apply(story.there.objects[number])
    assert story.passes() == {1: 37}
    assert not other.entitlements.exists()


def test_a_first_payment_that_fails_opens_nothing_until_it_is_made(story: Story) -> None:
    number = story.subscribe(first_payment_fails=True)
    story.hear_all()
    assert (story.state(number), story.passes()) == ("none", {})
    story.there.pay(number)
    story.hear_all()
    assert (story.state(number), story.passes()) == ("active", {1: 37})


def test_the_log_names_the_steps_between_two_states_those_that_were_missed_too(story: Story) -> None:
    from foldline.site.billing.models import BillingEvent

    number = story.subscribe()
    story.hear_all()
    story.there.dispute(number)
    story.there.win_dispute(number)
    story.there.cancel_at_period_end(number, "key")
    story.there.end(number)
    story.apply(story.there.objects[number])
    told = list(BillingEvent.objects.filter(subscription__provider_id=number).values_list("what", "before", "after"))
    assert told == [("ended", "active", "lapsed"), ("paid", "none", "active")]


def test_the_log_refuses_to_be_changed_by_anything(story: Story) -> None:
    from django.db import DatabaseError, connection, transaction

    from foldline.site.billing.models import BillingEvent

    story.subscribe()
    story.hear_all()
    with pytest.raises(TypeError, match="append-only"):
        BillingEvent.objects.all().delete()
    for statement in ("UPDATE billing_billingevent SET what = 'x'", "DELETE FROM billing_billingevent"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_numbers_of_old_events_are_forgotten_and_young_ones_kept(story: Story) -> None:
    from foldline.site.billing import ledger
    from foldline.site.billing.models import SeenNotice

    story.subscribe()
    story.hear_all()
    ledger.forget_notices(story.now + 29 * DAY)
    assert SeenNotice.objects.filter(provider="memory").count() == 1
    ledger.forget_notices(story.now + 31 * DAY)
    assert not SeenNotice.objects.filter(provider="memory").exists()


def test_nothing_is_kept_of_what_a_crash_interrupts(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    from foldline.site.billing.models import SeenNotice, Subscription
    from foldline.site.readers import passes

    def crash(*_told: object) -> None:
        raise RuntimeError("power failure")

    story.subscribe()
    with monkeypatch.context() as broken:
        broken.setattr(passes, "refresh", crash)
        with pytest.raises(RuntimeError):
            story.hear(story.there.told[0])
    assert not Subscription.objects.filter(provider="memory").exists()
    assert not SeenNotice.objects.filter(provider="memory").exists()
    assert not story.reader.entitlements.exists()
    story.hear_all()
    assert story.passes() == {1: 37}


def test_prices_come_from_the_settings(story: Story) -> None:
    from foldline.site.billing import plans

    assert plans.price_of(MORE) == Price("more", 900, "eur", "month", 14)
    assert plans.opening(2) == (MORE,)
    assert plans.opening(1) == (ALL, MORE)
    assert plans.named("gold") is None
