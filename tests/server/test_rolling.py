"""A rolling restart under load: every request is answered, none wrongly, and nothing bad takes a place."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.outage.load import Asking
from tests.server.serving import (
    ARTICLES,
    CANARY,
    HOST,
    Crowd,
    Serving,
    article_of,
    environ_of,
    foldline,
    make_home,
    serving,
)

from foldline.clock import SystemClock
from foldline.config import load
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.server.outcome import Outcome, last_outcome, restart_problems, supervisor_of
from foldline.server.this_host import host_problems, name_of
from foldline.signed.keys import key_digest
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.hosts import HostStore, alive
from foldline.testing.builders import PRODUCT, home_at
from foldline.testing.client import WireClient
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.postgres import runs

LATER = int(time.time()) + 30 * 86_400
LONG = os.environ.get("FOLDLINE_PROOF") == "long"
#: One restart under 200 requests a second takes twenty seconds of work: that is the long form.
RESTARTS, ENGINES, PER_SECOND = (4, ["sqlite", "postgresql"], 200) if LONG else (1, ["sqlite"], 60)
#: Seconds until something that is to happen must have happened.
SOON = 60.0


@pytest.fixture(scope="module", params=ENGINES)
def paper(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("rolling")
    address = None
    if request.param == "postgresql":
        address = Address.of(request.getfixturevalue("postgres").database().url)
    with serving(make_home(folder / "home", database=address), folder / "log") as runs:
        yield runs


def askings(home: Home) -> tuple[Asking, ...]:
    """Readers of all kinds: passes that are fresh, and passes that need the store at every visit."""
    clock, settings = SystemClock(), load(home, {})
    carry = Carry(keyring_of(settings), clock, window_at(int(clock.now()), settings.zone))
    payer, registered = carry.facts("payer", {PRODUCT: LATER}), carry.facts("registered")
    lapsed = carry.facts("lapsed", {PRODUCT: 1_000})
    write_facts(home, payer, registered, lapsed)
    fresh = cookie(reader_pass=carry.token(payer))
    stale = cookie(reader_pass=carry.token(payer, signed=400))
    closed, metered, for_registered = ARTICLES
    number = article_of(home, closed)
    return (
        Asking("payer, fresh", closed, fresh, whole=True),
        Asking("payer, stale", closed, stale, whole=True),
        Asking("payer reads", closed, stale, whole=True, read=number),
        Asking("payer on a metered one", metered, stale, whole=True),
        Asking("registered", for_registered, cookie(reader_pass=carry.token(registered, signed=400)), whole=True),
        Asking("anonymous", closed),
        Asking("anonymous on a metered one", metered),
        Asking("lapsed", closed, cookie(reader_pass=carry.token(lapsed, signed=400))),
        Asking("signing in", "/-/sign-in"),
    )


def crowd(paper: Serving) -> Crowd:
    return Crowd(HOST, (paper.port,), askings(paper.home), CANARY.encode(), PER_SECOND)


def test_restarts_under_load_answer_every_request_and_none_wrongly(paper: Serving) -> None:
    before = paper.children()
    assert sorted(before.values()) == ["site_process desk", "site_process site", "worker", "worker"]
    with crowd(paper) as asks:
        for _ in range(RESTARTS):
            done = foldline(paper.home, "restart")
            assert (done.returncode, done.stdout, done.stderr) == (0, "Every process was replaced.\n", "")
            assert not set(before) & set(paper.children())
    after = paper.children()
    assert sorted(after.values()) == sorted(before.values())
    assert asks.unanswered == []
    assert asks.verdict.wrong == []
    assert min(asks.verdict.asked.values()) >= 20
    assert asks.kept >= 100
    # The host tells of itself, and nothing is wrong with it.
    with HostStore(paper.home, read_only=True) as store:
        now, rows = store.known()
    assert [row.name for row in alive(now, rows)] == [name_of(load(paper.home, environ_of(paper.home)).home)]
    assert (rows[0].keys, host_problems(load(paper.home, {}))) == ((key_digest(load(paper.home, {}).secrets[0]),), [])


def test_bad_settings_and_a_short_secret_take_nobodys_place(paper: Serving) -> None:
    home, before, asks = paper.home, paper.children(), crowd(paper)
    settings, secret = home.settings_file.read_text(encoding="utf-8"), home.secret_file.read_text(encoding="utf-8")
    try:
        home.settings_file.write_text(settings.replace("workers = 2", "workers = 200"), encoding="utf-8")
        home.secret_file.write_text("short\n", encoding="utf-8")
        with asks:
            outcome = asks_by_signal(paper)
        assert sorted(line.split()[0] for line in outcome.problems) == ["FL011", "FL026"]
        told = restart_problems(home)
        assert ([problem.id for problem in told], "FL026" in str(told[0])) == (["FL350"], True)
    finally:
        home.settings_file.write_text(settings, encoding="utf-8")
        home.secret_file.write_text(secret, encoding="utf-8")
    assert paper.children() == before
    assert "the restart was refused, and what runs runs on" in paper.said()
    assert min(asks.verdict.asked.values()) >= 3
    assert (asks.unanswered, asks.verdict.wrong) == ([], [])


def asks_by_signal(paper: Serving) -> Outcome:
    """How a restart went that was asked for as an init system asks."""
    before = last_outcome(paper.home)
    paper.process.send_signal(signal.SIGHUP)
    end = time.monotonic() + SOON
    while (outcome := last_outcome(paper.home)) == before or outcome is None:
        assert time.monotonic() < end, paper.said()
        time.sleep(0.05)
    return outcome


def test_a_process_that_is_killed_costs_what_it_had_in_hand_and_is_there_again(paper: Serving) -> None:
    before = paper.children()
    victims = {pid: part for pid, part in before.items() if LONG or "desk" not in part}
    with crowd(paper) as asks:
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: pid not in paper.children() and parts(paper) == parts(before))
        until(lambda: answers(paper, "/-/sign-in"))
    # Whoever was cut off knows it: no answer that came was a wrong one.
    came = [wrong for wrong in asks.verdict.wrong if wrong[1]]
    assert came == []
    cut = [one for one in asks.unanswered if one[2]]
    assert 1 <= len(cut) <= asks.clients * len(victims)
    # While the site process was away its pages said so.
    assert {(name, status) for name, status, what in asks.unanswered if not what} <= {("signing in", 502)}
    assert not set(victims) & set(paper.children())


def parts(found: Serving | dict[int, str]) -> list[str]:
    return sorted((found.children() if isinstance(found, Serving) else found).values())


def answers(paper: Serving, path: str) -> bool:
    return WireClient(("127.0.0.1", paper.port), HOST.encode()).ask("GET", path.encode()).status == 200


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not so():
        assert time.monotonic() < end
        time.sleep(0.05)


if LONG:

    def test_when_the_supervisor_is_killed_its_processes_go_too_and_the_next_one_serves_as_before(
        paper: Serving,
    ) -> None:
        """The last test of this paper: it ends it."""
        asked, children = askings(paper.home), paper.children()
        paper.process.kill()
        paper.process.wait()
        # None stays: two would listen at one place, with settings of two times.
        until(lambda: not any(runs(pid) for pid in children))
        with (
            serving(paper.home, paper.log.with_name("log of the next")) as next_one,
            Crowd(HOST, (next_one.port,), asked, CANARY.encode()) as asks,
        ):
            time.sleep(1.0)
        assert (asks.unanswered, asks.verdict.wrong) == ([], [])


def test_where_nothing_serves_a_restart_says_so(tmp_path: Path) -> None:
    home = home_at(tmp_path / "home").home
    done = foldline(home, "restart")
    assert (done.returncode, done.stderr.split()[0]) == (1, "FL351")
    assert supervisor_of(home) is None
