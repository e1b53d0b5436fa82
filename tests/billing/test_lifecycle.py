"""The table of a subscription's life, beside a provider that knows nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.billing.memory_provider import DAY, MemoryProvider

from foldline.site.billing.lifecycle import (
    TABLE,
    Event,
    Refused,
    State,
    after,
    entitled_until,
    state_of,
    steps_between,
)  # fmt: skip
from foldline.site.billing.provider import Price, Snapshot, Status

NOW = 1_750_000_000
PRICE = Price("all", 400, "eur", "month")

#: How a subscription of our in-memory provider comes to stand in each state.
MARKS: dict[State, dict[str, object]] = {
    State.NONE: {"status": Status.INCOMPLETE},
    State.TRIALING: {"status": Status.TRIALING, "trial_end": NOW + 5 * DAY},
    State.ACTIVE: {},
    State.PAST_DUE: {"status": Status.PAST_DUE},
    State.PAUSED: {"paused": True},
    State.CANCELLED: {"cancel_at_period_end": True},
    State.LAPSED: {"status": Status.UNPAID},
    State.REFUNDED: {"refunded": True},
    State.DISPUTED: {"disputed": True},
}

HAPPENS: dict[Event, Callable[[MemoryProvider, str], object]] = {
    Event.TRIAL_RUNS: lambda there, one: there._change(one, "trial", status=Status.TRIALING, trial_end=NOW + DAY),
    Event.PAID: lambda there, one: there.pay(one),
    Event.PAYMENT_FAILED: lambda there, one: there.fail(one),
    Event.PAUSED: lambda there, one: there.pause(one),
    Event.RESUMED: lambda there, one: there.resume_payments(one),
    Event.CANCELLED: lambda there, one: there.cancel_at_period_end(one, "key"),
    Event.KEPT: lambda there, one: there.resume(one, "key"),
    Event.ENDED: lambda there, one: there.end(one),
    Event.REFUNDED: lambda there, one: there.refund(one),
    Event.DISPUTED: lambda there, one: there.dispute(one),
    Event.DISPUTE_WON: lambda there, one: there.win_dispute(one),
}


def _standing(state: State) -> tuple[MemoryProvider, str]:
    there = MemoryProvider(NOW)
    one = there.subscribe("a" * 32, PRICE)
    there.objects[one] = replace(there.objects[one], **MARKS[state])  # type: ignore[arg-type]
    return there, one


def test_every_pair_of_a_state_and_an_event_is_listed() -> None:
    assert [(state, event) for state, event in product(State, Event) if event not in TABLE[state]] == []
    assert set(TABLE) == set(State)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_an_event_at_the_provider_makes_of_a_state_what_the_table_says(state: State, event: Event) -> None:
    there, one = _standing(state)
    assert state_of(there.objects[one]) is state
    cell = TABLE[state][event]
    if isinstance(cell, State):
        HAPPENS[event](there, one)
        assert state_of(there.objects[one]) is cell
        assert after(state, event) is cell
    else:
        with pytest.raises(Refused) as refused:
            after(state, event)
        assert refused.value.why is cell
        assert cell.value in str(refused.value)


def test_from_every_state_events_lead_to_every_other_that_is_not_before_the_beginning() -> None:
    for before, now in product(State, State):
        steps = steps_between(before, now)
        if now is State.NONE and before is not State.NONE:
            assert steps is None, before
            continue
        assert steps is not None, (before, now)
        state = before
        for event in steps:
            state = after(state, event)
        assert state is now


snapshots = st.builds(
    Snapshot, subscription=st.just("sub"), customer=st.just("cus"), reader=st.just("a" * 32), plan=st.just("all"),
    status=st.sampled_from(Status), period_end=st.integers(NOW - 400 * DAY, NOW + 400 * DAY),
    cancel_at_period_end=st.booleans(), trial_end=st.none() | st.integers(NOW - 9 * DAY, NOW + 9 * DAY),
    paused=st.booleans(), refunded=st.booleans(), disputed=st.booleans(), amount=st.just(400), currency=st.just("eur"),
    created=st.just(NOW), updated=st.just(1),
)  # fmt: skip


@given(snapshots, st.integers(1, 60))
def test_whatever_a_provider_answers_has_a_state_and_never_opens_past_what_is_paid_and_the_grace(
    snapshot: Snapshot, grace: int
) -> None:
    state, until = state_of(snapshot), entitled_until(snapshot, grace)
    opens = {State.TRIALING, State.ACTIVE, State.PAST_DUE, State.CANCELLED, State.PAUSED}
    assert (until is not None) == (state in opens)
    if until is not None:
        paid = max(snapshot.period_end, snapshot.trial_end or 0)
        assert until <= paid + grace * DAY
        if snapshot.cancel_at_period_end or snapshot.paused:
            assert until <= paid
    if snapshot.refunded or snapshot.disputed or snapshot.status in (Status.CANCELED, Status.UNPAID):
        assert until is None
