"""`why` says what the gate answers, to the letter: one decider."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.gate.newspaper import PATHS, SECRET, START, Newspaper, open_newspaper

from foldline.callers.institutions import Institution, Institutions
from foldline.callers.networks import read_range
from foldline.cli.why import why
from foldline.policy.decide import Decision
from foldline.policy.facts import Access
from foldline.server.reader_kinds import A_LIBRARY, KINDS
from foldline.signed import cookies

YEAR = 365 * 86_400
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture
def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newspaper:
    monkeypatch.setenv("FOLDLINE_SECRET", SECRET)
    return open_newspaper(tmp_path)


def told(paper: Newspaper, *arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(why, [*arguments, "--json", "--home", str(paper.home.path)])
    assert result.exit_code == 0, result.output
    answer: dict[str, object] = json.loads(result.output)
    return answer


def noted(paper: Newspaper, path: str, kind: str) -> Decision:
    """What the gate decided about a GET by a reader of this kind."""
    for number in {"one-left": (10, 11), "none-left": (10, 11, 12)}.get(kind, ()):
        paper.read(number)
    decisions: list[Decision] = []
    paper.worker.state.note = lambda article, decision, **_more: decisions.append(decision)
    products = {"registered": {}, "subscriber": {1: START + YEAR}, "lapsed": {1: START - 86_400}}
    if kind in products:
        paper.sign_in(products[kind])
    agent = [("user-agent", GOOGLEBOT)] if KINDS[kind].crawler else []
    if KINDS[kind].verified:
        paper.list_crawler()
    if kind == "library":
        here = Institution(1, A_LIBRARY, START, START + 1)
        paper.worker.state.institutions = Institutions([(here, [read_range("203.0.113.9")])])
    paper.get(path, *agent)
    (decision,) = decisions
    return decision


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("access", list(Access))
def test_why_gives_the_reason_the_findings_and_the_rule_of_the_gate(
    paper: Newspaper, kind: str, access: Access
) -> None:
    decision = noted(paper, PATHS[access], kind)
    answer = told(paper, PATHS[access], "--as", kind)
    assert answer["outcome"] == decision.outcome.value
    assert answer["reason"] == decision.reason.value
    assert answer["rule"] == decision.rule
    assert answer["rules"] == decision.rules_version
    assert answer["findings"] == [
        {"reason": finding.reason.value, "passed": finding.passed, "rule": finding.rule}
        for finding in decision.findings
    ]


def test_a_spent_meter_is_told_like_the_gate_tells_it(paper: Newspaper) -> None:
    for number in (10, 11, 12):
        paper.read(number)
    decisions: list[Decision] = []
    paper.worker.state.note = lambda article, decision, **_more: decisions.append(decision)
    paper.get("/metered-13")
    answer = told(paper, "/metered-13", "--used", "3")
    assert (answer["outcome"], answer["reason"]) == ("refuses", "meter-is-spent") == tuple(decisions[0][:2])
    assert told(paper, "/metered-10", "--used", "3", "--read-before")["reason"] == "read-before"
    assert cookies.METER in paper.jar


def test_a_person_reads_the_reason_every_finding_and_where_the_rule_is_written(paper: Newspaper) -> None:
    result = CliRunner().invoke(why, ["/metered", "--as", "anonymous", "--home", str(paper.home.path)])
    assert "meter-has-room" in result.output
    assert "✗  subscription-needed" in result.output
    assert "(foldline.toml [meter] limit)" in result.output


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/old-name", "has moved to /metered"),
        ("/withdrawn", "410"),
        ("/nothing-here", "as readers see it"),
        ("/", "There is no article"),
    ],
)
def test_a_path_without_an_article_is_told_with_the_next_step(paper: Newspaper, path: str, says: str) -> None:
    result = CliRunner().invoke(why, [path, "--home", str(paper.home.path)])
    assert result.exit_code == 1
    assert says in str(result.exception)
