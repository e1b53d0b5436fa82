"""For every test: bounded property tests, and a loud word about what could not be tried."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.sites.fixtures"]

# No deadline and no example from the clock: a slow machine is no failure, and a run says the same thing twice.
settings.register_profile("short", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("long", settings.get_profile("short"), max_examples=2000, derandomize=False)
settings.load_profile("long" if os.environ.get("FOLDLINE_PROOF") == "long" else "short")


@pytest.fixture(autouse=True)
def _no_database_is_taken_away_under_a_connection() -> Iterator[None]:
    """A log or an index of SQLite's that was deleted while this process has it open: every later connection to that
    database fails, in tests that did nothing wrong. Whoever opens and closes a database's file by hand takes SQLite's
    locks away with it (sqlite.org, How To Corrupt), and the next process that ends deletes what is in use."""
    yield
    gone = []
    for number in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        with suppress(OSError):
            gone.append(os.readlink(f"/proc/self/fd/{number}"))
    taken = [path for path in gone if "django-home" in path and path.endswith(("-wal (deleted)", "-shm (deleted)"))]
    assert not taken, taken


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was asked of the gate, where a test counts it; and what was not tried, and why: a skip that nobody sees is
    a defect."""
    passed = terminalreporter.stats.get("passed", [])
    counted = [str(value) for report in passed for name, value in report.user_properties if name == "asked"]
    if counted:
        terminalreporter.section("ASKED WITHOUT A DIFFERENCE")
        for line in sorted(counted):
            terminalreporter.line(line)
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[reason.removeprefix("Skipped: ")] = reasons.get(reason.removeprefix("Skipped: "), 0) + 1
    if reasons:
        terminalreporter.section("NOT TRIED", sep="!", red=True, bold=True)
        for reason, count in sorted(reasons.items()):
            terminalreporter.line(f"{count} tests: {reason}")
