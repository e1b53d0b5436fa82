from __future__ import annotations

from pathlib import Path

import pytest

from foldline.insight import decisions
from foldline.insight.decisions import DecisionLine, last_decisions, parsed
from foldline.insight.events import EventLines
from foldline.policy.decide import Decision, Outcome
from foldline.policy.plan import Finding
from foldline.policy.reasons import Reason
from foldline.testing.clock import FrozenClock


def test_what_the_gate_writes_is_read_back(tmp_path: Path) -> None:
    lines = EventLines(tmp_path, "worker-0", FrozenClock(1_795_000_000))
    findings = (Finding(Reason.SUBSCRIPTION_NEEDED, "subscribers"), Finding(Reason.METER_HAS_ROOM, "three a month"))
    lines.note(7, Decision(Outcome.OPENS_IF, Reason.METER_HAS_ROOM, findings, "three a month", "first-form/3"))
    lines.flush()
    (line,) = last_decisions(tmp_path, 200)
    told = (("subscription-needed", False), ("meter-has-room", True))
    assert line == DecisionLine(1_795_000_000, 7, "opens-if", "meter-has-room", "first-form/3", told, "three a month")


def test_lines_of_seven_columns_have_their_findings_and_the_rule() -> None:
    said = "1795000000\t7\topens\tsubscription-covers\tset-3\t-not-signed-in,+subscription-covers\tsubscribers read all"
    found = (("not-signed-in", False), ("subscription-covers", True))
    assert parsed(said) == DecisionLine(
        1_795_000_000, 7, "opens", "subscription-covers", "set-3", found, "subscribers read all"
    )
    assert parsed("1795000000\t7\topens\tarticle-is-free\tset-3\t\t") == DecisionLine(
        1_795_000_000, 7, "opens", "article-is-free", "set-3"
    )


@pytest.mark.parametrize("line", ["", "nothing", "1\t2\t3", "x\t1\topens\tr\ts", "1\tx\topens\tr\ts", "\t\t\t\t"])
def test_what_is_no_line_is_left_out(line: str) -> None:
    assert parsed(line) is None


def test_the_newest_of_all_workers_and_segments_come_first_and_no_more_than_asked(tmp_path: Path) -> None:
    def write(name: str, seconds: range) -> None:
        text = "".join(f"{second}\t1\topens\tarticle-is-free\tset\n" for second in seconds)
        (tmp_path / name).write_text(text, encoding="utf-8")

    write("worker-0-000000.tsv", range(100))
    write("worker-0-000001.tsv", range(100, 110))
    write("worker-1-000000.tsv", range(50, 300, 2))
    found = [line.at for line in last_decisions(tmp_path, 200)]
    wanted = sorted([*range(110), *range(50, 300, 2)], reverse=True)[:200]
    assert found == wanted


def test_a_line_that_is_being_written_is_left_and_blocks_cut_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"{second}\t12345\topens\tarticle-is-free\tset-{second}\n" for second in range(1000, 1100))
    (tmp_path / "worker-0-000000.tsv").write_text(text + "1100\t1\tope", encoding="utf-8")
    wanted = list(range(1099, 999, -1))
    for block in (7, 40, 41, 42, 43, 44, 1000, 1 << 20):
        monkeypatch.setattr(decisions, "BLOCK", block)
        assert [line.at for line in last_decisions(tmp_path, 200)] == wanted, block


def test_where_nothing_was_written_there_is_nothing(tmp_path: Path) -> None:
    assert last_decisions(tmp_path, 200) == []
    assert last_decisions(tmp_path / "nowhere", 200) == []
    (tmp_path / "worker-0-000000.tsv").touch()
    assert last_decisions(tmp_path, 200) == []
