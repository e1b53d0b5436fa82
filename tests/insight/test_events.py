"""Event lines: batches, without anything about a person, and a full disk costs no page."""

from __future__ import annotations

from pathlib import Path

from tests.gate.newspaper import START, Clock, open_newspaper

from foldline.insight import events
from foldline.insight.events import EventLines
from foldline.policy.decide import decide
from foldline.policy.facts import Access, Article, Reader, Visit
from foldline.policy.rules import first_form

ARTICLE = Article(7, Access.SUBSCRIBERS, "Science", frozenset({1}))
DECISION = decide(Visit(ARTICLE, START, Reader(frozenset({1}))), first_form(3))


def test_a_decision_is_one_line_with_its_findings_and_its_rule(tmp_path: Path) -> None:
    lines = EventLines(tmp_path, "worker-0", Clock())
    lines.note(7, DECISION)
    lines.flush()
    lines.flush()
    (segment,) = tmp_path.iterdir()
    rule = "subscribers read every article that their product covers"
    assert segment.read_text() == (
        f"{START}\t7\topens\tsubscription-covers\tfirst-form/3\t+subscription-covers\t{rule}\t\t\n"
    )


def test_a_rule_of_several_lines_is_named_on_one(tmp_path: Path) -> None:
    lines = EventLines(tmp_path, "worker-0", Clock())
    lines.note(7, DECISION._replace(rule="one\ttwo\nthree"))
    lines.flush()
    (segment,) = tmp_path.iterdir()
    assert segment.read_text().endswith("\tone two three\t\t\n")


def test_a_full_disk_keeps_lines_waiting_up_to_a_bound(tmp_path: Path) -> None:
    folder = tmp_path / "away"
    lines = EventLines(folder, "worker-0", Clock())
    for article in range(events.MOST_WAITING + 5):
        lines.note(article, DECISION)
    lines.flush()
    assert lines.lost == 5
    folder.mkdir()
    lines.flush()
    (segment,) = folder.iterdir()
    assert segment.read_text().count("\n") == events.MOST_WAITING


def test_a_segment_is_closed_when_it_is_full(tmp_path: Path) -> None:
    lines = EventLines(tmp_path, "worker-0", Clock())
    (tmp_path / "worker-0-000000.tsv").write_bytes(b"x" * events.SEGMENT)
    lines.note(7, DECISION)
    lines.flush()
    assert (tmp_path / "worker-0-000001.tsv").exists()


def test_no_line_tells_who_read(tmp_path: Path) -> None:
    paper = open_newspaper(tmp_path)
    held = paper.sign_in({1: START + 10**7})
    paper.get("/subscribers?token=hunter2", ("user-agent", "hunter2"), ("referer", "http://hunter2/"))
    paper.read(10)
    paper.worker.events.flush()
    written = "".join(path.read_text() for path in paper.home.events.iterdir())
    assert written.count("\n") == 2
    for secret in ("hunter2", "203.0.113", held.reader.hex(), held.session.hex(), *paper.jar.values()):
        assert secret not in written
