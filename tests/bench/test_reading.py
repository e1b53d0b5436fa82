from __future__ import annotations

import pytest
from scripts.bench.deciding import deciding, rules_of, text_of, visits
from scripts.bench.processes import pss_of
from scripts.bench.wrk import parse

from foldline.errors import FoldlineError
from foldline.policy.decide import Outcome, decide

REPORT = """\
Running 3s test @ http://127.0.0.1:8080/the-long-read
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.40ms  412.30us  12.86ms   91.04%
    Req/Sec    22.96k     1.02k   24.55k    83.33%
  Latency Distribution
     50%    1.33ms
     75%    1.41ms
     90%    1.62ms
     99%  987.00us
  68551 requests in 3.00s, 2.63GB read
Requests/sec:  22845.36
Transfer/sec:      0.88GB
"""


def test_wrk_report_is_read_in_microseconds() -> None:
    load = parse(REPORT)
    assert (load.requests, load.per_second, load.p50, load.p99) == (68_551, 22_845.36, 1_330.0, 987.0)
    assert parse(REPORT.replace("987.00us", "1.20s")).p99 == 1_200_000.0


@pytest.mark.parametrize(
    "line", ["  Non-2xx or 3xx responses: 12\n", "  Socket errors: connect 0, read 3, write 0, timeout 0\n"]
)
def test_a_run_with_an_error_in_it_measures_nothing(line: str) -> None:
    with pytest.raises(FoldlineError, match=line.split(":")[0].strip()):
        parse(REPORT.replace("Requests/sec", line + "Requests/sec"))


@pytest.mark.parametrize("gone", ["requests in", "Requests/sec", "99%"])
def test_a_report_that_lacks_a_figure_is_none(gone: str) -> None:
    with pytest.raises(FoldlineError, match="wrk printed"):
        parse(REPORT.replace(gone, "something else"))


def test_memory_is_the_share_and_not_its_parts() -> None:
    assert pss_of("Rss:  51200 kB\nPss:  20480 kB\nPss_Anon:  10240 kB\n") == 20_480 * 1024


@pytest.mark.parametrize("number", [10, 50])
def test_the_dearest_visits_are_asked_every_rule_and_open_nothing(number: int) -> None:
    rules = rules_of(number)
    assert len(rules.every) == number
    metered, subscribers = (decide(visit, rules) for visit in visits())
    assert (metered.outcome, subscribers.outcome) == (Outcome.OPENS_IF, Outcome.REFUSES)
    assert len(metered.findings) == 2 + (number - 4) // 2
    assert len(subscribers.findings) == 1 + (number - 4) // 2


def test_the_file_of_fifty_rules_is_good_and_is_read_well_within_its_budget() -> None:
    """A fifth of the budget is what a quiet machine needs; the whole of it is asked for here, in CPU time."""
    assert text_of(50).count("[[rule]]") == 50
    assert deciding(3).reading < 50_000
