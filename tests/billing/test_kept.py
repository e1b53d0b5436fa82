"""What a reader's own file tells of subscriptions, and what erasing an account waits for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.billing.story import Story

from foldline.testing.clock import FrozenClock

pytestmark = pytest.mark.usefixtures("selling")


@pytest.fixture
def story(clock: FrozenClock) -> Story:
    return Story(clock)


def test_the_readers_own_file_tells_every_subscription_and_each_step_of_it(story: Story) -> None:
    from foldline.site.readers import my_data

    number = story.subscribe()
    story.hear_all()
    story.there.refund(number)
    story.hear_all()
    (payment,) = my_data.told(story.reader)["plans"]
    assert (payment["subscription"], payment["plan"], payment["state"]) == (number, "all", "refunded")
    assert (payment["amount"], payment["currency"], payment["customer"]) == (400, "eur", f"cus_of_{number}")
    assert [(step["what"], step["opens_until"] is not None) for step in payment["steps"]] == [
        ("paid", True),
        ("refunded", False),
    ]


def _fail(story: Story, number: str) -> None:
    story.there.broken_cards.add(number)
    story.wait(30)


@pytest.mark.parametrize(
    "happens", [lambda _story, _number: None, _fail, lambda story, number: story.there.pause(number)]
)
def test_an_account_is_not_erased_while_a_provider_would_go_on_charging(
    story: Story, happens: Callable[[Story, str], None]
) -> None:
    from foldline.site.readers import erasing

    number = story.subscribe()
    happens(story, number)
    story.hear_all()
    with pytest.raises(erasing.StillCharging, match="Cancel it first"):
        erasing.erase(story.reader)
    story.reader.refresh_from_db()
    assert story.reader.email == "ada@example.org"


def test_who_cancelled_is_erased_and_a_late_notice_gives_the_nameless_row_no_session_and_no_error(story: Story) -> None:
    from foldline.site.billing.models import Subscription
    from foldline.site.readers import erasing
    from foldline.site.readers.models import PassFacts, Reader

    number = story.subscribe()
    story.there.will_end(number, at_period_end=True)
    story.hear_all()
    erasing.erase(story.reader)
    assert not Reader.objects.filter(email="ada@example.org").exists()
    assert not PassFacts.objects.filter(reader=story.reader.key).exists()
    story.there.end(number)
    story.hear_all()
    assert story.state(number) == "lapsed"
    owner = Subscription.objects.get(provider="memory", provider_id=number).reader
    assert owner is not None
    assert owner.email.endswith("@erased.invalid")
    assert not owner.is_active


def test_an_account_that_never_paid_goes_whole_and_its_subscription_stays_without_anybody(story: Story) -> None:
    from foldline.site.billing.models import Subscription
    from foldline.site.readers import erasing
    from foldline.site.readers.models import Reader

    number = story.subscribe(first_payment_fails=True)
    story.hear_all()
    pk = story.reader.pk
    erasing.erase(story.reader)
    assert not Reader.objects.filter(pk=pk).exists()
    assert Subscription.objects.get(provider="memory", provider_id=number).reader is None
    story.there.pay(number)
    assert story.apply(story.there.objects[number]) == "unknown-reader"
