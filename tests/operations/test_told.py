"""What a running newspaper tells its operator: metrics, read by Prometheus' own parser, and a log without secrets."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from tests.billing.till_room import until
from tests.browser.press_room import METERED, SUBSCRIBERS
from tests.operations.room import SECRET, Running, newspaper_at, running

from foldline.config import load
from foldline.gate.tally import BUCKETS, KINDS, Tally
from foldline.insight.counts import CountFile, Sample, read
from foldline.policy.reasons import Reason
from foldline.server.metrics import FAMILIES, registry_of
from foldline.server.metrics_process import is_inner
from foldline.signed import gift
from foldline.signed.keys import Keyring
from foldline.stores.gifts import Giving, SqliteGifts
from foldline.testing.processes import GateProcess

MAIL_PASSWORD = "zq7-password-of-the-mail-host"
ADDRESS = "zq7.ada@reader.example"

Told = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("metrics")
    home = newspaper_at(tmp_path_factory.getbasetemp(), folder / "home", workers=2)
    with running(home, folder / "said", FOLDLINE_MAIL_PASSWORD=MAIL_PASSWORD) as found:
        yield found


def told(paper: Running) -> Told:
    status, body = paper.ask("metrics", "/metrics")
    assert status == 200
    return parsed(body.decode())


def parsed(text: str) -> Told:
    """Every number of an exposition, as Prometheus' own parser reads it."""
    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def foreign(found: Told) -> list[tuple[str, dict[str, str]]]:
    """Numbers with a label, or a value of one, that is not of our own source."""
    reasons = {reason.value for reason in Reason}
    wrong = []
    for name, has in found:
        labels = {label: value for label, value in has if label not in ("process", "le")}
        family = FAMILIES.get(re.sub("^foldline_|_(total|bucket|count|sum)$", "", name))
        if (
            set(labels) != set(family.labels if family else ())
            or dict(has)["process"] not in ("worker 0", "worker 1", "site", "desk")
            or labels.get("kind", "other") not in KINDS
            or labels.get("reason", Reason.ARTICLE_IS_FREE.value) not in reasons
        ):
            wrong.append((name, labels))
    return wrong


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
    paper.ask("gate", SUBSCRIBERS)
    until(lambda: summed(told(paper), "foldline_cache_bytes", cache="public") > 0, 15)
    sent = summed(now, "foldline_mails_total", ended="sent")
    paper.signed_in("metrics@reader.example")
    until(lambda: summed(told(paper), "foldline_mails_total", ended="sent") > sent)


def test_every_name_of_a_label_and_every_value_is_of_our_own_source(paper: Running) -> None:
    paper.ask("gate", "/zq7planted?gift=zq7planted", Cookie="__Host-foldline-pass=zq7planted", User_Agent="zq7planted")
    before = summed(told(paper), "foldline_answers_total", kind="health")
    paper.ask("gate", "/-/live")
    until(lambda: summed(told(paper), "foldline_answers_total", kind="health") > before, 15)
    assert foreign(told(paper)) == []
    assert b"zq7planted" not in paper.ask("metrics", "/metrics")[1]


def test_a_label_that_named_an_article_would_be_found(tmp_path: Path) -> None:
    file = CountFile(tmp_path, "worker 0", time.time())
    file.write(time.time(), [Sample("answers", ("other", "200"), 1)])
    assert foreign(parsed(generate_latest(registry_of(tmp_path)).decode())) == []
    file.write(time.time(), [Sample("answers", (SUBSCRIBERS, "200"), 1)])
    assert foreign(parsed(generate_latest(registry_of(tmp_path)).decode())) != []
    file.close()


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


def carried(paper: Running) -> dict[str, list[str]]:
    """Drive every kind of surface with whatever a reader may carry, good and bad, and say what nobody may be told."""
    device = paper.signed_in(ADDRESS)
    article = paper.number_of(SUBSCRIBERS)
    now = int(time.time())
    with closing(SqliteGifts(paper.home)) as store:
        given = store.publish(Giving(secrets.token_bytes(8), (), article, 1, now + 3600, now, now + 3600, 5, 10))
    settings = load(paper.home, {"FOLDLINE_SECRET": SECRET})
    link = gift.issue(Keyring(settings.secrets, settings.host), given.link)
    key, mailed, code = "zq7feed" + "a" * 25, "zq7mailed" + "Ab3_" * 10, "zq7482915"
    cookies = "; ".join(f"{name}={value}" for name, value in device.cookies.items())
    ways = (
        SUBSCRIBERS, f"{SUBSCRIBERS}?gift={link}", METERED, f"{METERED}?gift=zq7gift", f"/-/feed/{key}/feed.xml",
        f"/-/sign-in/link/{mailed}", "/-/me", "/-/account", f"/-/decision?article={article}&code={code}",
        f"/-/sign-in?next={SUBSCRIBERS}", "/zq7nowhere", f"{SUBSCRIBERS}/%2e%2e/x", "/-/ready", "/-/authz",
    )  # fmt: skip
    for way in ways:
        for more in ({}, {"Cookie": cookies}, {"Cookie": f"__Host-foldline-pass={mailed}", "User-Agent": ADDRESS}):
            paper.ask("gate", way, **more)
        paper.ask("desk", way, Cookie=cookies)
    paper.read(article, gift=link, Cookie=cookies)
    device.get("/-/sign-in/code")
    device.post("/-/sign-in", {"email": f"not {ADDRESS} twice@@", "next": SUBSCRIBERS})
    device.post("/-/sign-in/code", {"code": code})
    return {
        "cookies": list(device.cookies.values()),
        "codes": [code, *paper.codes(ADDRESS)],
        "keys": [key, link, mailed, SECRET, MAIL_PASSWORD],
        "addresses": [ADDRESS, ADDRESS.split("@")[0]],
        "what somebody read": [SUBSCRIBERS[1:], METERED[1:], "zq7nowhere"],
    }


def found_in(text: str, planted: dict[str, list[str]]) -> list[tuple[str, str]]:
    """What stands in a text and must not. Words shorter than a code stand everywhere."""
    return [(kind, word) for kind, words in planted.items() for word in words if len(word) >= 6 and word in text]


def break_things(paper: Running) -> None:
    """What makes processes say something: databases that are away, a site process that was killed."""
    for path in (paper.home.meter_db, paper.home.site_db):
        away = path.with_suffix(".away")
        path.rename(away)
        try:
            carried_by_strangers(paper)
        finally:
            away.rename(path)
    snapshot = read(paper.home.counts / "site.counts")
    assert snapshot is not None
    os.kill(snapshot.pid, signal.SIGKILL)
    carried_by_strangers(paper)


def carried_by_strangers(paper: Running) -> None:
    """Requests that need every store, from who carries something."""
    number = paper.number_of(METERED)
    for target in (
        SUBSCRIBERS,
        f"/-/sign-in/link/{'zq7mailed' + 'Ab3_' * 10}",
        f"/-/feed/{'zq7feed' + 'a' * 25}/feed.xml",
    ):
        paper.ask("gate", target, Cookie=f"__Host-foldline-pass={'x' * 40}")
    paper.read(number, Referer=SUBSCRIBERS, User_Agent=ADDRESS)


def test_no_process_tells_what_readers_carry_when_all_is_well_and_when_it_is_not(paper: Running) -> None:
    planted = carried(paper)
    break_things(paper)
    until(lambda: len(lines(paper)) > 3, 20)
    until(lambda: paper.ask("gate", "/-/sign-in")[0] == 200, 40)
    told_by_all = paper.said.read_text(encoding="utf-8") + paper.ask("metrics", "/metrics")[1].decode()
    told_by_all += "".join(path.read_bytes().decode("latin-1") for path in paper.home.counts.iterdir())
    assert found_in(told_by_all, planted) == []


def lines(paper: Running) -> list[dict[str, object]]:
    return [json.loads(line) for line in paper.said.read_text(encoding="utf-8").splitlines()]


def test_every_line_of_every_process_is_json_with_time_level_process_and_event(paper: Running) -> None:
    said = lines(paper)
    assert said
    for line in said:
        assert {"time", "level", "process", "pid", "event", "message"} <= set(line), line
    assert {"serve", "worker 0"} <= {str(line["process"]) for line in said}


SAYS_THE_PATH = """
from foldline.gate import asgi
honest = asgi.visit
def visit(request, *more):
    asgi.log.warning("asked for %s", request.path.decode())
    return honest(request, *more)
asgi.visit = visit
from foldline.server import worker
worker.main()
"""


def test_a_worker_that_logged_what_is_read_would_be_found(paper: Running, tmp_path: Path) -> None:
    said = tmp_path / "said"
    settings = load(paper.home, {"FOLDLINE_SECRET": SECRET})
    program = ("-c", SAYS_THE_PATH)
    environ = {"FOLDLINE_SECRET": SECRET}
    with GateProcess(paper.home, settings.host, errors=said, program=program, environ=environ) as gate:
        gate.client.ask("GET", SUBSCRIBERS.encode())
    assert found_in(said.read_text(encoding="utf-8"), {"what somebody read": [SUBSCRIBERS[1:]]}) != []
