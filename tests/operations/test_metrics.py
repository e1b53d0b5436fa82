"""Metrics, read by Prometheus' own parser, from `foldline serve` with every process of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.billing.till_room import until
from tests.browser.press_room import METERED, SUBSCRIBERS
from tests.operations.room import Running, newspaper_at, running

from foldline.gate.tally import BUCKETS, KINDS, Tally
from foldline.policy.reasons import Reason
from foldline.server.metrics import FAMILIES
from foldline.server.metrics_process import is_inner

Told = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("metrics")
    home = newspaper_at(tmp_path_factory.getbasetemp(), folder / "home", workers=2)
    with running(home, folder / "said") as found:
        yield found


def told(paper: Running) -> Told:
    status, body = paper.ask("metrics", "/metrics")
    assert status == 200
    families = text_string_to_metric_families(body.decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def summed(found: Told, name: str, **labels: str) -> float:
    """A number over all processes that have these labels."""
    return sum(value for (known, has), value in found.items() if known == name and labels.items() <= dict(has).items())


def test_what_was_answered_and_decided_is_counted_over_all_workers(paper: Running) -> None:
    before = told(paper)
    for _ in range(20):
        assert paper.ask("gate", SUBSCRIBERS)[0] == 200
    assert paper.ask("gate", "/nowhere")[0] == 404
    assert paper.read(999_999)[0] == 200
    asked = [("foldline_answers_total", {"kind": "preview", "status": "200"}, 20)]
    asked += [("foldline_answers_total", {"kind": "other", "status": "404"}, 1)]
    asked += [("foldline_answers_total", {"kind": "read", "status": "200"}, 1)]
    asked += [("foldline_decisions_total", {"outcome": "refuses", "reason": "subscription-needed"}, 20)]
    asked += [("foldline_answer_seconds_count", {"kind": "preview"}, 20)]

    def counted() -> bool:
        now = told(paper)
        return all(summed(now, name, **labels) - summed(before, name, **labels) == many for name, labels, many in asked)

    until(counted, 15)


def test_a_spend_is_counted_by_how_it_ended(paper: Running) -> None:
    number = paper.number_of(METERED)
    before = summed(told(paper), "foldline_spends_total", ended="counted")
    assert paper.read(number)[0] == 200
    until(lambda: summed(told(paper), "foldline_spends_total", ended="counted") == before + 1, 15)


def test_every_process_is_up_ready_and_measured(paper: Running) -> None:
    expected = {"worker 0", "worker 1", "site", "desk"}
    until(lambda: {dict(has)["process"] for (name, has), _ in told(paper).items() if name == "foldline_up"} == expected)
    now = told(paper)
    assert summed(now, "foldline_up") == 4
    assert summed(now, "foldline_ready") == 2
    assert abs(summed(now, "foldline_changes_heard_timestamp_seconds", process="worker 1") - time.time()) < 10
    for process in expected:
        assert summed(now, "foldline_memory_bytes", process=process) > 20e6, process
        assert summed(now, "foldline_cpu_seconds_total", process=process) > 0, process


def test_jobs_alarms_caches_and_mails_are_told(paper: Running) -> None:
    until(lambda: summed(told(paper), "foldline_job_runs_total", job="publish and settle") > 0, 30)
    now = told(paper)
    assert summed(now, "foldline_job_failing") == 0
    assert summed(now, "foldline_cache_bytes", cache="public") > 0
    sent = summed(now, "foldline_mails_total", ended="sent")
    paper.signed_in("metrics@reader.example")
    until(lambda: summed(told(paper), "foldline_mails_total", ended="sent") > sent)


def test_every_name_of_a_label_and_every_value_is_of_our_own_source(paper: Running) -> None:
    paper.ask("gate", "/zq7planted?gift=zq7planted", Cookie="__Host-foldline-pass=zq7planted", User_Agent="zq7planted")
    time.sleep(1.5)
    now = told(paper)
    reasons = {reason.value for reason in Reason}
    for name, has in now:
        labels = dict(has)
        assert labels.pop("process") in ("worker 0", "worker 1", "site", "desk"), name
        labels.pop("le", None)
        family = FAMILIES.get(re.sub("^foldline_|_(total|bucket|count|sum)$", "", name))
        assert set(labels) == set(family.labels if family else ()), name
        assert labels.get("kind", "other") in KINDS
        assert labels.get("reason", Reason.ARTICLE_IS_FREE.value) in reasons
    assert b"zq7planted" not in paper.ask("metrics", "/metrics")[1]


def test_metrics_are_not_on_the_public_port_nor_on_the_desk(paper: Running) -> None:
    for part in ("gate", "desk"):
        for path in ("/metrics", "/-/metrics", "/-/metrics/"):
            status, body = paper.ask(part, path)
            assert status in (301, 302, 303, 404, 400), (part, path, status)
            assert b"foldline_" not in body


def test_the_listener_answers_one_path_and_no_rebound_name(paper: Running) -> None:
    assert paper.ask("metrics", "/")[0] == 404
    assert paper.ask("metrics", "/metrics/x")[0] == 404
    assert paper.ask("metrics", "/metrics", "POST")[0] == 405
    assert paper.ask("metrics", "/metrics", Host="rebound.example:9101")[0] == 421
    assert paper.ask("metrics", "/metrics", Host="foldline:9101")[0] == 200


@pytest.mark.parametrize(
    ("host", "inner"),
    [
        ("127.0.0.1:9101", True), ("127.0.0.1", True), ("[::1]:9101", True), ("[::1]", True), ("localhost", True),
        ("gate:9101", True), ("10.0.0.7", True), ("rebound.example", False), ("rebound.example:9101", False),
        ("", False), (":9101", False), ("127.0.0.1.rebound.example", False), ("127.0.0.1:x.example", False),
    ],
)  # fmt: skip
def test_only_addresses_and_single_words_are_hosts_of_metrics(host: str, inner: bool) -> None:
    assert is_inner(host) is inner


def test_a_worker_that_was_killed_is_told_to_be_down_and_comes_back(paper: Running) -> None:
    import os
    import signal

    from foldline.insight.counts import read

    path = paper.home.counts / "worker-1.counts"
    first = read(path)
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)

    def is_another() -> bool:
        now = read(path)
        return now is not None and now.pid != first.pid

    until(is_another, 20)
    assert summed(told(paper), "foldline_start_timestamp_seconds", process="worker 1") > first.began


def test_a_latency_is_counted_once_under_its_own_bound() -> None:
    tally = Tally()
    for seconds in (0.0, 1e-7, 1e-5, 0.004, 0.5, 9.0, 1e9):
        tally.answered(1, 200, seconds)
    (row,) = tally.by_latency().values()
    assert sum(row) == 7
    assert len(row) == BUCKETS
    assert tally.by_status() == {("whole", 200): 7}
