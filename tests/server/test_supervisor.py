"""A process that ends is started again, and waits longer only while it keeps ending."""

from __future__ import annotations

import sys

from foldline.server.child import FIRST_PAUSE, WELL, Child


def ended(child: Child, now: float) -> None:
    """Starts it, and looks again when it has ended."""
    child.look(child.start_at)
    assert child.process is not None
    child.process.wait()
    child.look(now)


def test_a_process_that_ran_for_a_minute_waits_the_first_pause_again() -> None:
    child = Child("part", [sys.executable, "-S", "-c", "pass"], {})
    for _ in range(3):
        ended(child, child.start_at + 1)
    assert child.pause == 8 * FIRST_PAUSE
    well = child.start_at + WELL
    ended(child, well)
    assert child.start_at == well + FIRST_PAUSE
