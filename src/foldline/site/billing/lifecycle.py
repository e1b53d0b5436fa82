"""The life of a subscription: its states, what may happen to it, and what each state opens. Pure.

The provider decides; `state_of` reads its object. The table says which steps there are: the log names the steps between
two states by it, and a provider that goes another way is told of by name. `docs/billing.md` is drawn from it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from foldline.site.billing.provider import Snapshot, Status

DAY: Final = 86_400


class State(StrEnum):
    """How a subscription stands. `cancelled` still opens until what is paid ends."""

    NONE = "none"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past-due"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class Event(StrEnum):
    """What may happen to a subscription."""

    TRIAL_RUNS = "trial-runs"
    PAID = "paid"
    PAYMENT_FAILED = "payment-failed"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    KEPT = "kept"
    ENDED = "ended"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    DISPUTE_WON = "dispute-won"


class Refusal(StrEnum):
    """Why something cannot happen in a state."""

    NOT_BEGUN = "not-begun"
    OVER = "over"
    NOTHING_PAID = "nothing-paid"
    NOT_PAUSED = "not-paused"
    NOT_CANCELLED = "not-cancelled"
    NOT_DISPUTED = "not-disputed"
    MONEY_WENT_BACK = "money-went-back"


class Refused(ValueError):
    """This cannot happen to a subscription in this state."""

    def __init__(self, state: State, event: Event, why: Refusal) -> None:
        super().__init__(f"{event} can't happen to a subscription that is {state}: {why}")
        self.state, self.event, self.why = state, event, why


def _row(*cells: State | Refusal) -> Mapping[Event, State | Refusal]:
    return MappingProxyType(dict(zip(Event, cells, strict=True)))


_S, _R = State, Refusal

#: What each event makes of each state. A row's columns are the events in the order above. A dispute covers everything
#: until it is decided, a refund everything but a dispute, an end what is left, and a cancellation a pause.
TABLE: Final[Mapping[State, Mapping[Event, State | Refusal]]] = MappingProxyType(
    {
        # trial-runs, paid, payment-failed, paused, resumed, cancelled, kept, ended, refunded, disputed, dispute-won
        _S.NONE: _row(
            _S.TRIALING, _S.ACTIVE, _S.NONE, _R.NOT_BEGUN, _R.NOT_BEGUN, _R.NOT_BEGUN, _R.NOT_BEGUN, _S.NONE,
            _R.NOTHING_PAID, _R.NOTHING_PAID, _R.NOT_DISPUTED,
        ),
        _S.TRIALING: _row(
            _S.TRIALING, _S.ACTIVE, _S.PAST_DUE, _S.PAUSED, _R.NOT_PAUSED, _S.CANCELLED, _R.NOT_CANCELLED, _S.LAPSED,
            _R.NOTHING_PAID, _R.NOTHING_PAID, _R.NOT_DISPUTED,
        ),
        _S.ACTIVE: _row(
            _S.TRIALING, _S.ACTIVE, _S.PAST_DUE, _S.PAUSED, _R.NOT_PAUSED, _S.CANCELLED, _R.NOT_CANCELLED, _S.LAPSED,
            _S.REFUNDED, _S.DISPUTED, _R.NOT_DISPUTED,
        ),
        _S.PAST_DUE: _row(
            _S.TRIALING, _S.ACTIVE, _S.PAST_DUE, _S.PAUSED, _R.NOT_PAUSED, _S.CANCELLED, _R.NOT_CANCELLED, _S.LAPSED,
            _S.REFUNDED, _S.DISPUTED, _R.NOT_DISPUTED,
        ),
        _S.PAUSED: _row(
            _S.PAUSED, _S.PAUSED, _S.PAUSED, _S.PAUSED, _S.ACTIVE, _S.CANCELLED, _R.NOT_CANCELLED, _S.LAPSED,
            _S.REFUNDED, _S.DISPUTED, _R.NOT_DISPUTED,
        ),
        _S.CANCELLED: _row(
            _S.CANCELLED, _S.CANCELLED, _S.CANCELLED, _S.CANCELLED, _S.CANCELLED, _S.CANCELLED, _S.ACTIVE, _S.LAPSED,
            _S.REFUNDED, _S.DISPUTED, _R.NOT_DISPUTED,
        ),
        _S.LAPSED: _row(
            _R.OVER, _S.ACTIVE, _S.LAPSED, _R.OVER, _R.OVER, _R.OVER, _R.OVER, _S.LAPSED,
            _S.REFUNDED, _S.DISPUTED, _R.NOT_DISPUTED,
        ),
        _S.REFUNDED: _row(
            _R.MONEY_WENT_BACK, _S.ACTIVE, _S.REFUNDED, _S.REFUNDED, _S.REFUNDED, _S.REFUNDED, _S.REFUNDED, _S.REFUNDED,
            _S.REFUNDED, _S.DISPUTED, _R.NOT_DISPUTED,
        ),
        _S.DISPUTED: _row(
            _R.MONEY_WENT_BACK, _S.DISPUTED, _S.DISPUTED, _S.DISPUTED, _S.DISPUTED, _S.DISPUTED, _S.DISPUTED,
            _S.DISPUTED, _S.DISPUTED, _S.DISPUTED, _S.ACTIVE,
        ),
    }
)  # fmt: skip


def after(state: State, event: Event) -> State:
    """What an event makes of a state.

    Raises:
        Refused: by the name of what stands against it.
    """
    cell = TABLE[state][event]
    if isinstance(cell, Refusal):
        raise Refused(state, event, cell)
    return cell


def steps_between(before: State, now: State) -> tuple[Event, ...] | None:
    """The fewest events that lead from one state to another, which is what was missed at least; () where both are the
    same, None where no events do."""
    ways: dict[State, tuple[Event, ...]] = {before: ()}
    waiting = deque([before])
    while waiting and now not in ways:
        state = waiting.popleft()
        for event, cell in TABLE[state].items():
            if isinstance(cell, State) and cell not in ways:
                ways[cell] = (*ways[state], event)
                waiting.append(cell)
    return ways.get(now)


def state_of(snapshot: Snapshot) -> State:
    """The state of a subscription, as the provider has it."""
    if snapshot.disputed:
        return State.DISPUTED
    if snapshot.refunded:
        return State.REFUNDED
    if snapshot.status in (Status.INCOMPLETE, Status.INCOMPLETE_EXPIRED):
        return State.NONE
    if snapshot.status in (Status.CANCELED, Status.UNPAID):
        return State.LAPSED
    if snapshot.cancel_at_period_end:
        return State.CANCELLED
    if snapshot.paused or snapshot.status is Status.PAUSED:
        return State.PAUSED
    return _RUNNING[snapshot.status]


_RUNNING: Final = MappingProxyType(
    {Status.TRIALING: State.TRIALING, Status.ACTIVE: State.ACTIVE, Status.PAST_DUE: State.PAST_DUE}
)


def entitled_until(snapshot: Snapshot, grace_days: int) -> int | None:
    """Until when a subscription opens, in epoch seconds; None where it opens nothing, whatever was paid.

    Where a renewal is awaited, the days of grace come after what is paid: notices come late, and cards fail. Who has
    cancelled or paused reads to the end of what is paid, and not on.
    """
    state = state_of(snapshot)
    if state in (State.TRIALING, State.ACTIVE, State.PAST_DUE):
        return paid_until(snapshot) + grace_days * DAY
    if state in (State.CANCELLED, State.PAUSED):
        return paid_until(snapshot)
    return None


def paid_until(snapshot: Snapshot) -> int:
    """The end of what is paid, or of a trial, in epoch seconds."""
    if snapshot.status is Status.TRIALING and snapshot.trial_end is not None:
        return snapshot.trial_end
    return snapshot.period_end


def is_trial(snapshot: Snapshot) -> bool:
    """Whether nothing has been paid yet."""
    return snapshot.status is Status.TRIALING
