"""Whatever arrives, in whatever order: the provider's own objects decide (500 histories; 10,000 under `make long`)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from itertools import product

import pytest
from tests.billing.chaos import LONG, Chaos, Step, history_of, shortened
from tests.billing.chaos_tally import NEEDED, Tally, reachable
from tests.billing.conftest import ALL, MORE
from tests.billing.faults import FAULTS
from tests.billing.memory_provider import DAY, MemoryProvider

from foldline.testing.clock import NOON, FrozenClock

#: What happens at a provider by itself or by people.
ACTS: dict[str, Callable[[MemoryProvider, str], object]] = {
    "pay": lambda there, number: there.pay(number),
    "fail": lambda there, number: there.fail(number),
    "break": lambda there, number: there.broken_cards.add(number),
    "pause": lambda there, number: there.pause(number),
    "resume": lambda there, number: there.resume_payments(number),
    "end": lambda there, number: there.end(number),
    "give-up": lambda there, number: there.give_up(number),
    "refund": lambda there, number: there.refund(number),
    "dispute": lambda there, number: there.dispute(number),
    "win": lambda there, number: there.win_dispute(number),
    "cancel": lambda there, number: there.will_end(number, True),
    "keep": lambda there, number: there.will_end(number, False),
    "withdraw": lambda there, number: there.withdraw(number, "key"),
    "a month": lambda there, number: there.pass_until(there.now + 31 * DAY),
}

HISTORIES = 10_000 if LONG else 500

#: A history is named by this and a number. Every short run says the same thing twice, and every long one something new.
SEED = secrets.token_hex(4) if LONG else "short"

pytestmark = pytest.mark.usefixtures("selling")


def _wrong(clock: FrozenClock, history: list[Step], tally: Tally | None = None) -> str:
    """What is wrong with one history as it is lived through, "" for nothing. What it wrote is taken back."""
    from django.db import transaction

    clock.move(NOON - clock.now())
    with transaction.atomic():
        try:
            chaos = Chaos(clock)
            chaos.live(history)
        except AssertionError as error:
            return str(error).splitlines()[0]
        finally:
            transaction.set_rollback(True)
    if tally is not None:
        tally.add(chaos.tally)
    return ""


def _first_that_fails(clock: FrozenClock, tally: Tally | None = None) -> tuple[str, list[Step], str]:
    """Its name, the steps of it that matter, and what was wrong; all of them empty where every history goes well."""
    for number in range(HISTORIES):
        history = history_of(f"{SEED} {number}")
        if wrong := _wrong(clock, history, tally):
            least = shortened(history, lambda steps, same=wrong: _wrong(clock, steps) == same)  # type: ignore[misc]
            return f"{SEED} {number}", least, wrong
    return "", [], ""


def test_every_history_ends_as_the_provider_says_and_nobody_loses_or_keeps_what_they_should_not(
    clock: FrozenClock,
) -> None:
    tally = Tally()
    assert _first_that_fails(clock, tally) == ("", [], "")
    told = f"{HISTORIES} histories: {dict(tally)}\n{len(tally.cells)} cells: {dict(tally.cells)}"
    print(told)
    assert [name for name in NEEDED if not tally[name]] == [], told
    assert not tally.against, "the provider went where the table does not lead"
    assert reachable() - set(tally.cells) == set(), "no history went there"


@pytest.mark.parametrize("fault", FAULTS)
def test_the_histories_find_each_fault_that_is_put_into_the_ledger(
    fault: str, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it, says = FAULTS[fault]
    break_it(monkeypatch)
    _name, steps, wrong = _first_that_fails(clock)
    assert any(one in wrong for one in says), (steps, wrong)


def test_the_provider_in_memory_goes_only_where_the_table_leads() -> None:
    """Every history of a few acts at the provider alone, so that histories by chance meet no provider that none is."""
    from foldline.site.billing.plans import price_of

    against = {}
    for plan, unpaid, acts in product((ALL, MORE), (False, True), product(ACTS, repeat=4 if LONG else 3)):
        there = MemoryProvider(int(NOON))
        number = there.subscribe("reader", price_of(plan), first_payment_fails=unpaid)
        for act in acts:
            ACTS[act](there, number)
        tally = Tally()
        tally.note_life(there, set())
        if tally.against:
            against[plan.key, unpaid, acts] = tally.against
    assert against == {}
