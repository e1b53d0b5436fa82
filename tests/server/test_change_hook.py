"""An origin tells what changed: every worker drops it, nobody else can tell, and a withdrawn page stays away."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.server.test_origin_newspaper import CANARY, PATH, REST, SECRET, Paper, opened, page

from foldline.sources.origin.notice import MOST_ADDRESSES, MOST_BODY, SIGNATURE, TOLERANCE, sign
from foldline.stores.fetched import FetchedPages
from foldline.stores.home import Home
from foldline.stores.schema import connect
from foldline.testing.answers import Answer

HEARD = 10.0


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    with opened(tmp_path_factory.mktemp("hook") / "home", REST, workers=2) as runs:
        yield runs


@pytest.fixture
def article(paper: Paper, request: pytest.FixtureRequest) -> str:
    """An article of this test's own, which both workers hold."""
    path = f"/{request.node.name.replace('_', '-')[:60].strip('-')}.html"
    paper.site.pages[path] = page(REST)
    assert [answer.status for answer in by_each(paper, path)] == [200, 200]
    return path


def by_each(paper: Paper, path: str, *carries: tuple[bytes, bytes]) -> list[Answer]:
    """The answer of every worker: the others are held while one is asked."""
    answers = []
    for one in paper.gate.processes:
        others = [process for process in paper.gate.processes if process is not one]
        try:
            for process in others:
                process.send_signal(signal.SIGSTOP)
            answers.append(paper.get(path, *carries))
        finally:
            for process in others:
                process.send_signal(signal.SIGCONT)
    return answers


def tell(paper: Paper, told: object, *, signed: bytes | None = None, secret: str = SECRET, at: float = 0.0) -> Answer:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    signature = sign(secret, body, int(time.time() + at)) if signed is None else signed
    fields = ((SIGNATURE, signature),) if signature else ()
    return paper.gate.client.ask("POST", b"/-/changed", fields, body)


def until(
    paper: Paper, path: str, seen: Callable[[Answer], bool], *carries: tuple[bytes, bytes], within: float = HEARD
) -> None:
    """Wait until every worker answers so."""
    end = time.monotonic() + within
    while not all(seen(answer) for answer in by_each(paper, path, *carries)):
        assert time.monotonic() < end, "it did not become so"
        time.sleep(0.05)


def is_gone(answer: Answer) -> bool:
    return answer.status == 410


def changes(paper: Paper) -> int:
    connection = connect(Home(paper.home).site_db, read_only=True)
    try:
        return int(connection.execute("SELECT coalesce(max(id), 0) FROM foldline_changes").fetchone()[0])
    finally:
        connection.close()


def test_an_edit_that_is_told_of_is_what_every_worker_shows(paper: Paper, article: str) -> None:
    paper.site.pages[article] = page(REST.replace("It was.", "It was, as we now know.")).replace(
        b"two diaries", b"DIARIES"
    )
    assert b"two diaries" in paper.get(article).body
    answer = tell(paper, {"changed": [f"https://twin.example{article}?utm_source=x"]})
    assert (answer.status, json.loads(answer.body)) == (200, {"changed": 1, "withdrawn": 0})
    until(paper, article, lambda answer: b"DIARIES" in answer.body)
    until(paper, article, lambda answer: b"as we now know" in answer.body, *paper.subscriber())


def test_everything_is_told_of_at_once(paper: Paper, article: str) -> None:
    paper.site.pages[article] = page(REST).replace(b"two diaries", b"DIARIES")
    assert json.loads(tell(paper, {"changed": "all"}).body) == {"changed": "all", "withdrawn": 0}
    until(paper, article, lambda answer: b"DIARIES" in answer.body)


def test_a_withdrawn_page_is_gone_for_all_though_the_origin_shows_it_still(paper: Paper, article: str) -> None:
    assert CANARY.encode() in paper.get(article, *paper.subscriber()).body
    assert tell(paper, {"withdrawn": [article]}).status == 200
    until(paper, article, is_gone)
    until(paper, article, is_gone, *paper.subscriber())
    # Said to be withdrawn again, and that all has changed, it is still gone.
    assert tell(paper, {"changed": "all", "withdrawn": [article]}).status == 200
    until(paper, article, is_gone)
    # Only its own name brings it back.
    assert tell(paper, {"changed": [article]}).status == 200
    until(paper, article, lambda answer: answer.status == 200)


def test_nothing_of_a_withdrawn_page_lies_on_the_disk(paper: Paper) -> None:
    path, words = "/taken-down.html", "the harbour master was named in the seventh ledger"
    paper.site.pages[path] = page(REST.replace("It was.", words)).replace(b"two diaries", b"two libels")
    assert words in paper.get(path, *paper.subscriber()).text
    folder = Home(paper.home).sealed_db.parent
    assert any(words.encode() in file.read_bytes() for file in folder.iterdir())
    assert tell(paper, {"withdrawn": [path]}).status == 200
    until(paper, path, is_gone)
    lies = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert [name for name, read in lies.items() if words.encode() in read or b"two libels" in read] == []


def test_what_was_withdrawn_is_no_last_good(paper: Paper, article: str) -> None:
    answers = paper.site.page
    tell(paper, {"withdrawn": [article]})
    paper.site.page = lambda environ, path: ("503 Down", [("Content-Type", "text/html")], b"down")  # type: ignore[method-assign]
    try:
        until(paper, article, is_gone)
        tell(paper, {"changed": [article]})
        until(paper, article, lambda answer: answer.status == 502)
    finally:
        paper.site.page = answers  # type: ignore[method-assign]


def test_what_has_changed_is_the_last_good_while_the_origin_is_down(paper: Paper, article: str) -> None:
    answers = paper.site.page
    paper.site.page = lambda environ, path: ("503 Down", [("Content-Type", "text/html")], b"down")  # type: ignore[method-assign]
    try:
        tell(paper, {"changed": [article]})
        until(paper, article, lambda answer: b"a line for each flood" in answer.body)
    finally:
        paper.site.page = answers  # type: ignore[method-assign]


def test_a_page_that_was_asked_for_before_it_was_withdrawn_does_not_come_back(paper: Paper) -> None:
    path, asked, answered = "/asked-before.html", threading.Event(), threading.Event()
    answers = paper.site.page

    def slow(environ: dict[str, object], wanted: str) -> tuple[str, list[tuple[str, str]], bytes]:
        if wanted == path:
            asked.set()
            assert answered.wait(20)
        return answers(environ, wanted)

    paper.site.pages[path] = page(REST)
    paper.site.page = slow  # type: ignore[method-assign]
    got: list[Answer] = []
    visit = threading.Thread(target=lambda: got.append(paper.get(path, *paper.subscriber())))
    visit.start()
    try:
        assert asked.wait(20)
        assert tell(paper, {"withdrawn": [path]}).status == 200
    finally:
        answered.set()
        visit.join(20)
        paper.site.page = answers  # type: ignore[method-assign]
    until(paper, path, is_gone)
    assert FetchedPages(Home(paper.home)).get(path.encode()) is None


@pytest.mark.parametrize(
    ("told", "how", "status", "word"),
    [
        ({"changed": ["/a.html"]}, {"signed": b""}, 401, "x-foldline-signature"),
        ({"changed": ["/a.html"]}, {"secret": "another secret of thirty-two bytes"}, 403, "signature"),
        ({"changed": ["/a.html"]}, {"at": -TOLERANCE - 5}, 403, "seconds old"),
        ({"changed": ["/a.html"]}, {"at": TOLERANCE + 5}, 403, "clock"),
        ({"changed": ["/a.html"]}, {"signed": b"t=1,v1=" + b"0" * 64}, 403, "signature"),
        ({"changed": ["/a.html"]}, {"signed": b"sha256=" + b"0" * 64}, 403, "signature"),
        ({"changed": ["https://evil.example/a.html"]}, {}, 400, "evil.example"),
        ({"changed": ["//evil.example/a.html"]}, {}, 400, "evil.example"),
        ({"changed": ["https://twin.example@evil.example/a"]}, {}, 400, "evil.example"),
        ({"changed": ["ftp://twin.example/a.html"]}, {}, 400, "ftp:"),
        ({"changed": ["/a.html"] * (MOST_ADDRESSES + 1)}, {}, 413, "several notices"),
        ({"changed": ["/a.html", "/b/../c.html"]}, {}, 400, "/b/../c.html"),
        ({"changed": ["/a.html", "/b%2fc.html"]}, {}, 400, "/b%2fc.html"),
        ({"changed": ["/a.html", "/%61.html"]}, {}, 400, "/%61.html"),
        ({"changed": ["/a.html", 7]}, {}, 400, "not a text"),
        ({"changed": ["/a.html"], "withdrawn": ["/a.html"]}, {}, 400, "/a.html"),
        ({"changed": ["/a.html"], "deleted": ["/b.html"]}, {}, 400, "deleted"),
        ({"changed": "everything"}, {}, 400, "list"),
        ({"withdrawn": "all"}, {}, 400, "list"),
        ({}, {}, 400, "withdrawn"),
        (["/a.html"], {}, 400, "object"),
        (b'{"changed": [', {}, 400, "JSON"),
        (b"\xff", {}, 400, "JSON"),
        (b"[" * 100_000, {}, 400, "JSON"),
        (b" " * (MOST_BODY + 1), {}, 413, "longer"),
    ],
)
def test_a_notice_that_is_not_good_changes_nothing(
    paper: Paper, told: object, how: dict[str, object], status: int, word: str
) -> None:
    before, asked = changes(paper), FetchedPages(Home(paper.home)).withdrawn()
    answer = tell(paper, told, **how)  # type: ignore[arg-type]
    assert answer.status == status
    assert word in answer.body.decode()
    assert SECRET not in answer.body.decode()
    assert (changes(paper), FetchedPages(Home(paper.home)).withdrawn()) == (before, asked)


def test_a_signature_that_comes_twice_or_under_another_host_is_none(paper: Paper) -> None:
    body = b'{"changed": "all"}'
    good = (SIGNATURE, sign(SECRET, body, int(time.time())))
    before = changes(paper)
    assert paper.gate.client.ask("POST", b"/-/changed", (good, good), body).status == 403
    assert paper.gate.client.ask("POST", b"/-/changed", (good, (b"Host", b"evil.example")), body).status == 421
    assert paper.gate.client.ask("GET", b"/-/changed", (good,)).status == 405
    assert changes(paper) == before
    assert paper.gate.client.ask("POST", b"/-/changed", (good,), body).status == 200


def test_a_notice_that_cannot_be_written_is_to_be_told_again(paper: Paper, article: str) -> None:
    site_db = Home(paper.home).site_db
    blocking = connect(site_db)
    blocking.execute("ALTER TABLE foldline_changes RENAME TO away")
    try:
        answer = tell(paper, {"withdrawn": [article]})
        assert (answer.status, answer.header(b"retry-after")) == (503, b"5")
    finally:
        blocking.execute("ALTER TABLE away RENAME TO foldline_changes")
        blocking.close()
    assert tell(paper, {"withdrawn": [article]}).status == 200
    until(paper, article, is_gone)


def test_a_worker_that_starts_later_knows_what_is_withdrawn(tmp_path: Path) -> None:
    with opened(tmp_path / "home", REST) as paper:
        assert paper.get(PATH).status == 200
        assert tell(paper, {"withdrawn": [PATH]}).status == 200
        paper.gate.processes[0].kill()
        paper.gate.processes[0].wait(10)
        paper.gate.processes[0] = paper.gate.start(1)
        until(paper, PATH, is_gone)


@pytest.mark.parametrize("fault", ["the store keeps it", "workers are not told"])
def test_a_hook_that_forgets_the_tombstone_is_found_out(tmp_path: Path, fault: str) -> None:
    spoilt = {
        "the store keeps it": (
            "from foldline.stores.fetched import FetchedPages\n"
            "FetchedPages.tell = lambda self, changed, withdrawn, now: None\n"
        ),
        "workers are not told": (
            "from foldline.server import telling\ntelling.write_changes = lambda home, changes, now: None\n"
        ),
    }
    program = ("-c", f"{spoilt[fault]}from foldline.server.worker import main\nmain()")
    with opened(tmp_path / "home", REST, workers=2, program=program) as paper:
        assert [answer.status for answer in by_each(paper, PATH)] == [200, 200]
        assert tell(paper, {"withdrawn": [PATH]}).status == 200
        with pytest.raises(AssertionError, match="did not become so"):
            until(paper, PATH, is_gone, within=1.5)
