"""The table of failures, what lies with others: an origin, a payment provider; and no good rules. On both engines."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from tests.browser.press_room import SUBSCRIBERS as LAMP
from tests.browser.press_room import Demo, running_demo
from tests.outage.load import Asking, load
from tests.outage.test_faults_under_load import CANARY as KEPT
from tests.outage.test_faults_under_load import REST as KEPT_REST
from tests.outage.test_faults_under_load import askings_of, broken, place_of
from tests.server.test_origin_newspaper import CANARY, PATH, REST, Paper, opened

from foldline.stores.address import Address
from foldline.stores.schema import connect
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST
from foldline.testing.client import WireClient
from foldline.testing.processes import GateProcess
from foldline.testing.worlds import World, rests

LONG = os.environ.get("FOLDLINE_PROOF") == "long"
ENGINES = ["sqlite", "postgresql"]
#: An answer of the origin is used for half a second, so that the gate asks it during each fault.
PROGRAM = """
from foldline.sources.origin.freshness import Bounds
Bounds.__init__.__defaults__ = (0.5, 0.5, False)
from foldline.server.worker import main
main()
"""
USED = 0.5
#: An article that nobody had asked for before the origin was away.
UNSEEN = "/unseen.html"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Address | None:
    """Where a publication lies: None for its files."""
    if request.param == "sqlite":
        return None
    return Address.of(request.getfixturevalue("database").url)


@pytest.fixture
def paper(engine: Address | None, tmp_path: Path) -> Iterator[Paper]:
    with opened(tmp_path / "home", REST, program=("-c", PROGRAM), database=engine) as runs:
        yield runs


def askings(paper: Paper) -> tuple[Asking, ...]:
    return (Asking("payer", PATH, paper.subscriber(), whole=True), Asking("anonymous", PATH))


@contextmanager
def answers(paper: Paper, page: Callable[..., tuple[str, list[tuple[str, str]], bytes]]) -> Iterator[None]:
    honest, paper.site.page = paper.site.page, page  # type: ignore[method-assign]
    try:
        yield
    finally:
        paper.site.page = honest  # type: ignore[method-assign]


def fails(environ: dict[str, object], path: str) -> tuple[str, list[tuple[str, str]], bytes]:
    return "503 Service Unavailable", [("Content-Type", "text/html")], b"<h1>down</h1>"


def is_silent(environ: dict[str, object], path: str) -> tuple[str, list[tuple[str, str]], bytes]:
    time.sleep(1.5)
    raise ConnectionAbortedError


@pytest.mark.parametrize("fault", [fails, is_silent], ids=["it fails", "it says nothing"])
def test_while_the_origin_is_away_the_last_good_page_is_shown_to_each_as_before(
    paper: Paper, fault: Callable[..., tuple[str, list[tuple[str, str]], bytes]]
) -> None:
    for asking in askings(paper):
        asking.ask(paper.gate.client)
    paper.site.pages[UNSEEN] = paper.site.pages[PATH]
    asked = len(paper.site.asked)
    told: list[Answer] = []

    @contextmanager
    def away() -> Iterator[None]:
        with answers(paper, fault):
            told.append(Asking("payer", UNSEEN, paper.subscriber()).ask(paper.gate.client))
            yield

    verdict = broken(paper.gate, askings(paper), away, CANARY)
    assert verdict.wrong == []
    assert min(verdict.asked.values()) >= 10
    # The gate did ask, or nothing was shown.
    assert len(paper.site.asked) > asked
    # Of what it never saw there is nothing to show, and it says so.
    (unseen,) = told
    assert (unseen.status, CANARY in unseen.text) == (502, False)


def test_what_the_origin_took_away_is_gone_for_everybody_under_load(paper: Paper) -> None:
    for asking in askings(paper):
        asking.ask(paper.gate.client)
    seen: list[tuple[float, float, str, Answer]] = []

    def asks() -> None:
        end = time.monotonic() + 3 * USED + 2.0
        while time.monotonic() < end:
            for asking in askings(paper):
                begun = time.monotonic()
                answer = asking.ask(paper.gate.client)
                seen.append((begun, time.monotonic(), asking.name, answer))
            time.sleep(0.02)

    crowd = [threading.Thread(target=asks) for _ in range(4)]
    for one in crowd:
        one.start()
    time.sleep(USED)
    gone = time.monotonic()
    del paper.site.pages[PATH]
    for one in crowd:
        one.join()
    before = [answer for _, done, name, answer in seen if done < gone and name == "payer"]
    assert before
    assert all(CANARY in answer.text for answer in before)
    # Whoever asks first once it is not used unasked any more is told; a busy machine may take its time.
    late = [answer for begun, _, _, answer in seen if begun > gone + USED + 1.0]
    assert len(late) >= 10
    assert {answer.status for answer in late} <= {404, 410}
    assert not any(CANARY in answer.text for answer in late)


@pytest.mark.parametrize("engine", ENGINES if LONG else ENGINES[:1], indirect=True)
def test_without_any_good_rules_everybody_gets_previews_and_readers_their_own_again(
    engine: Address | None, tmp_path: Path
) -> None:
    with World(tmp_path / "home", rests(KEPT_REST), database=engine) as world:
        environ = {} if engine is None else {"FOLDLINE_DATABASE": engine.url}
        readers = askings_of(world)
        connection = connect(place_of(world.home, "foldline_rule_sets"))
        connection.execute("ALTER TABLE foldline_rule_sets RENAME TO away")
        world.home.rules_in_force.unlink(missing_ok=True)
        try:
            with GateProcess(world.home, HOST, environ=environ) as gate:
                refused = tuple(Asking(one.name, one.path, one.carries, False, one.read) for one in readers)
                verdict = load(gate, refused, KEPT.encode(), 1.0)
                assert verdict.wrong == []
                assert {one.ask(gate.client).status for one in readers if not one.read} == {200}
                connection.execute("ALTER TABLE away RENAME TO foldline_rule_sets")
                time.sleep(1.5)
                assert load(gate, readers, KEPT.encode(), 1.0).wrong == []
        finally:
            connection.close()


@pytest.mark.parametrize("engine", ENGINES if LONG else ENGINES[:1], indirect=True)
def test_while_the_payment_provider_is_silent_whoever_has_paid_reads_on(engine: Address | None, tmp_path: Path) -> None:
    options = () if engine is None else ("--database", engine.url)
    with running_demo(tmp_path / "home", *options) as demo:
        client, carries = _client(demo), _carries(demo)
        rest = _rest_of(client, carries)
        readers = (Asking("payer", LAMP, carries, whole=True), Asking("anonymous", LAMP))
        gate = _Asked(client)
        till = next(
            process
            for process in psutil.process_iter(["cmdline", "ppid"])
            if "foldline.server.demo.till_process" in (process.info["cmdline"] or []) and _is_of(process, demo)
        )
        till.send_signal(signal.SIGSTOP)
        try:
            verdict = load(gate, readers, rest, 2.0)  # type: ignore[arg-type]
        finally:
            till.send_signal(signal.SIGCONT)
    assert verdict.wrong == []
    assert min(verdict.asked.values()) >= 10


class _Asked:
    def __init__(self, client: WireClient) -> None:
        self.client = client


def _client(demo: Demo) -> WireClient:
    address = urlsplit(demo.facts["url"])
    assert address.port is not None
    return WireClient(("127.0.0.1", address.port), address.netloc.encode())


def _carries(demo: Demo) -> tuple[tuple[bytes, bytes], ...]:
    jar = "; ".join(f"{one['name']}={one['value']}" for one in demo.cookies("subscriber"))
    return ((b"Cookie", jar.encode()),)


def _rest_of(client: WireClient, carries: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """A line that only a subscriber is sent."""
    whole = client.ask("GET", LAMP.encode(), carries).text
    preview = client.ask("GET", LAMP.encode()).text
    line = max((line for line in whole.splitlines() if line not in preview), key=len)
    assert len(line) > 100
    return line[:80].encode()


def _is_of(process: psutil.Process, demo: Demo) -> bool:
    parent = process.parent()
    return parent is not None and str(demo.home) in parent.cmdline()
