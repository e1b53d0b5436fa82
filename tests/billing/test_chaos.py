"""Whatever arrives, in whatever order: the provider's own objects decide (500 histories; 10,000 under `make proof`)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from tests.billing.chaos import LONG, Chaos, Step, histories
from tests.billing.faults import FAULTS

from foldline.testing.clock import NOON, FrozenClock

HISTORIES = 10_000 if LONG else 500

pytestmark = pytest.mark.usefixtures("selling")


def live(clock: FrozenClock, history: Sequence[Step]) -> None:
    """Live through one history, and take back what it wrote."""
    from django.db import transaction

    clock.move(NOON - clock.now())
    with transaction.atomic():
        try:
            Chaos(clock).live(history)
        finally:
            transaction.set_rollback(True)


@settings(max_examples=HISTORIES, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(histories)
def test_every_history_ends_as_the_provider_says_and_nobody_loses_or_keeps_what_they_should_not(
    clock: FrozenClock, history: Sequence[Step]
) -> None:
    live(clock, history)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_histories_find_each_fault_that_is_put_into_the_ledger(
    fault: str, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def goes_red(history: Sequence[Step]) -> bool:
        try:
            live(clock, history)
        except AssertionError:
            return True
        return False

    FAULTS[fault](monkeypatch)
    only_look = settings(max_examples=500, phases=[Phase.generate], database=None, derandomize=True)
    assert find(histories, goes_red, settings=only_look)
