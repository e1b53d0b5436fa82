"""Comparing with the payment provider: every difference is listed, what can be is repaired, nothing goes silently."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from tests.billing.story import Story

from foldline.cli.main import verbs
from foldline.site.billing.provider import Price, ProviderUnavailable, Snapshot
from foldline.stores.home import Home
from foldline.testing.clock import FrozenClock

pytestmark = pytest.mark.usefixtures("selling")


@pytest.fixture
def story(clock: FrozenClock) -> Story:
    return Story(clock)


@pytest.fixture
def reconcile(home: Home, story: Story) -> Iterator[Callable[[], Result]]:
    """The verb, as it is typed."""
    from django.test import override_settings

    with override_settings(FOLDLINE_PROVIDER=story.there):
        yield lambda: CliRunner().invoke(verbs, ["billing", "reconcile", "--home", str(home.path)])


def test_of_200_notices_30_that_were_dropped_are_all_found_and_repaired_and_a_second_run_finds_none(
    story: Story, reconcile: Callable[[], Result]
) -> None:
    from foldline.site.readers.models import Reader

    there = story.there
    numbers = [there.subscribe(Reader.objects.join(f"{n}@example.org").key, _price()) for n in range(170)]
    for told in there.told[15:]:
        story.hear(told)
    for number in numbers[140:155]:
        there.refund(number)
    for number in numbers[155:]:
        there.will_end(number, at_period_end=True)
    assert len(there.told) == 200
    heard_late = there.told[-30::2]
    for told in heard_late:
        story.hear(told)
    wrong = {*numbers[:15], *numbers[140:]} - {told.subscription for told in heard_late}
    assert len(wrong) == 30
    assert {number for number in numbers if not _stands(story, number)} == wrong

    first = reconcile()
    assert first.exit_code == 0, first.output
    assert {line.split()[0] for line in first.output.splitlines() if line.startswith("sub_")} == wrong
    assert "30 differed from what memory has, 30 repaired." in first.output
    assert all(_stands(story, number) for number in numbers)
    assert reconcile().output == "Nothing differs from what memory has.\n"


def test_the_site_compares_by_itself_and_says_at_the_desk_what_it_found(
    story: Story, reconcile: Callable[[], Result]
) -> None:
    from foldline.server.due import waiting_jobs

    first, second = story.subscribe(), story.subscribe("more")
    story.hear_all()
    story.there.refund(first)
    story.there.will_end(second, at_period_end=True)
    job = next(job for job in waiting_jobs() if job.name == "reconcile billing")
    assert job.run() == "2 differed: 2 repaired; access taken away from 2."
    assert job.run() == "Nothing differed."


def _price() -> Price:
    from foldline.site.billing import plans

    return plans.price_of(plans.plans()[0])


def _stands(story: Story, number: str) -> bool:
    from foldline.site.billing.lifecycle import state_of
    from foldline.site.billing.models import Subscription

    row = Subscription.objects.filter(provider="memory", provider_id=number).first()
    return row is not None and row.state == state_of(story.there.objects[number])


def test_what_is_taken_away_is_said_with_what_stood_before_and_kept_in_the_log(
    story: Story, reconcile: Callable[[], Result]
) -> None:
    from foldline.site.billing.models import BillingEvent

    number = story.subscribe()
    story.hear_all()
    story.there.refund(number)
    (line,) = [line for line in reconcile().output.splitlines() if line.startswith(number)]
    assert "active, opens until" in line
    assert line.split()[-3:] == ["refunded", "taken", "away"]
    assert story.passes() == {}
    event = BillingEvent.objects.filter(subscription__provider_id=number).first()
    assert event is not None
    assert (event.heard, event.what, event.until) == ("reconcile", "refunded", 0)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"reader": "f" * 32}, "unknown-reader"),
        ({"plan": "gold"}, "unknown-plan"),
        ({"currency": "usd"}, "other-currency"),
    ],
)
def test_what_only_people_can_mend_is_listed_each_time_and_the_exit_code_says_so(
    story: Story, reconcile: Callable[[], Result], change: dict[str, str], what: str
) -> None:
    number = story.subscribe()
    story.there._change(number, "spoilt", **change)
    for _run in range(2):
        told = reconcile()
        assert told.exit_code == 1
        assert f"{number}" in told.output
        assert what in told.output
        assert "1 differed from what memory has, 0 repaired." in told.output
    assert story.passes() == {}


def test_a_provider_that_has_none_of_our_subscriptions_ends_none_of_them(
    story: Story, reconcile: Callable[[], Result]
) -> None:
    number = story.subscribe()
    story.hear_all()
    story.there.objects.clear()
    told = reconcile()
    assert told.exit_code == 1
    assert "not-at-provider" in told.output
    assert number in told.output
    assert story.passes() == {1: 37}


def test_a_subscription_that_a_list_leaves_out_is_asked_for_by_name(
    story: Story, reconcile: Callable[[], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = story.subscribe()
    story.hear_all()
    story.there.refund(number)
    monkeypatch.setattr(story.there, "subscriptions", lambda since: iter(()))
    assert "1 differed from what memory has, 1 repaired." in reconcile().output
    assert story.passes() == {}


def test_an_entitlement_that_was_ended_here_while_the_subscription_runs_is_given_again(
    story: Story, reconcile: Callable[[], Result]
) -> None:
    from foldline.site.readers import moment, passes

    story.subscribe()
    story.hear_all()
    story.reader.entitlements.update(ended_at=moment.now())
    passes.refresh(story.reader)
    assert story.passes() == {}
    assert "1 differed from what memory has, 1 repaired." in reconcile().output
    assert story.passes() == {1: 37}


def test_a_provider_that_is_down_is_said_in_a_sentence_and_nothing_is_touched(
    story: Story, reconcile: Callable[[], Result]
) -> None:
    story.subscribe()
    story.hear_all()
    story.there.down = True
    told = reconcile()
    assert isinstance(told.exception, ProviderUnavailable)
    assert story.passes() == {1: 37}


def test_what_stops_in_the_middle_is_kept_and_the_next_run_goes_on(
    story: Story, reconcile: Callable[[], Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = story.subscribe(), story.subscribe()

    def breaks(since: int) -> Iterator[Snapshot]:
        yield story.there.objects[first]
        raise ProviderUnavailable("memory: down")

    with monkeypatch.context() as broken:
        broken.setattr(story.there, "subscriptions", breaks)
        assert isinstance(reconcile().exception, ProviderUnavailable)
    assert _stands(story, first)
    assert not _stands(story, second)
    assert "1 differed from what memory has, 1 repaired." in reconcile().output


def test_what_ended_unheard_closes_with_the_next_run_and_without_any_at_the_end_of_the_grace(story: Story) -> None:
    from foldline.site.billing.reconcile import reconcile as compare

    number = story.subscribe()
    story.hear_all()
    story.there.end(number)
    story.wait(1)
    assert story.passes() == {1: 36}
    (found,) = compare(story.there, story.now)
    assert found.takes_away
    assert story.passes() == {}

    other = story.subscribe()
    story.hear(story.there.told[-1])
    story.there.end(other)
    story.wait(36.9)
    assert set(story.passes()) == {1}
    story.wait(0.2)
    assert story.passes() == {}


def test_without_a_provider_the_verb_says_that_there_is_nothing_to_compare(home: Home) -> None:
    told = CliRunner().invoke(verbs, ["billing", "reconcile", "--home", str(home.path)])
    assert "No payment provider is set" in str(told.exception)


def test_a_change_that_moves_no_end_is_listed_too(story: Story, reconcile: Callable[[], Result]) -> None:
    number = story.subscribe()
    story.hear_all()
    story.there._change(number, "price", amount=500)
    (line,) = [line for line in reconcile().output.splitlines() if line.startswith(number)]
    assert line.endswith("as before")
    assert story.passes() == {1: 37}


def test_one_product_that_goes_while_another_stays_is_said_to_be_taken_away(
    story: Story, reconcile: Callable[[], Result]
) -> None:
    number = story.subscribe("more")
    story.hear_all()
    story.there.change_plan(number, _price())
    (line,) = [line for line in reconcile().output.splitlines() if line.startswith(number)]
    assert line.endswith("taken away")
    assert set(story.passes()) == {1}
