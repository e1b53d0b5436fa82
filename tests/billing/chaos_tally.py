"""What the histories went through: how often each thing happened, and which cells of the table of a life."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from tests.billing.memory_provider import MemoryProvider

from foldline.site.billing.lifecycle import TABLE, Event, State, state_of

#: What the provider in memory calls what happens there, in the words of the table.
EVENTS = {
    "paid": Event.PAID,
    "payment-failed": Event.PAYMENT_FAILED,
    "paused": Event.PAUSED,
    "resumed": Event.RESUMED,
    "cancelled": Event.CANCELLED,
    "kept": Event.KEPT,
    "ended": Event.ENDED,
    "unpaid": Event.ENDED,
    "refunded": Event.REFUNDED,
    "disputed": Event.DISPUTED,
    "dispute-won": Event.DISPUTE_WON,
}
#: States that lie over others: what was below comes up again, so that more than the table's one state may follow.
COVERING = (State.DISPUTED, State.REFUNDED, State.LAPSED, State.PAUSED, State.CANCELLED)

#: What every run of histories must hold, some of it without being a step of its own.
NEEDED = (
    "pause", "resume", "cancel", "keep", "end", "refund", "dispute", "win", "give-up", "break", "change-plan",
    "withdraw", "hear", "hear-twice", "stale", "wait", "nights", "down", "comp", "gift", "end-given", "subscribe",
    "heard again", "heard late", "out of order", "never heard", "heard past the end", "repaired", "two at once",
    "given beside a subscription that opens",
)  # fmt: skip

Cell = tuple[State, Event]


class Tally(Counter[str]):
    """Counts by name; `cells` are the cells of the table that were gone through, `against` what the table does not say:
    (state, event, state that followed)."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: Counter[Cell] = Counter()
        self.against: set[tuple[State, Event, State]] = set()

    def add(self, other: Tally) -> None:
        """One more history."""
        self.update(other)
        self.cells.update(other.cells)
        self.against |= other.against

    def note_life(self, there: MemoryProvider, heard: set[str]) -> None:
        """Everything that happened at the provider, once a history is over. `heard` are the notices that came."""
        ends = {number: max(one.period_end for _at, one in lived) for number, lived in there.history.items()}
        for told in there.told:
            self["never heard"] += told.id not in heard
            self["heard past the end"] += told.id in heard and ends[told.subscription] < there.now
        for number, lived in there.history.items():
            kinds = [told.kind for told in there.told if told.subscription == number]
            for kind, ((_then, before), (_at, now)) in zip(kinds[1:], pairwise(lived), strict=True):
                if kind in EVENTS:
                    self._note(state_of(before), EVENTS[kind], state_of(now))

    def _note(self, before: State, event: Event, now: State) -> None:
        says = TABLE[before][event]
        if says is now:
            self.cells[before, event] += 1
        elif isinstance(says, State) and before not in COVERING:
            self.against.add((before, event, now))


def reachable() -> set[Cell]:
    """The cells that are states, but for those in which a trial runs: only a provider's own page begins one anew."""
    return {
        (state, event)
        for state, row in TABLE.items()
        for event, cell in row.items()
        if isinstance(cell, State) and event is not Event.TRIAL_RUNS
    }
