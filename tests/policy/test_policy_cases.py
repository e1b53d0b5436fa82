"""One file of cases for every reason and every kind of rule, and what a file of cases may not be."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from foldline.errors import ConfigurationError
from foldline.policy.decide import Outcome
from foldline.policy.facts import Access, Article
from foldline.policy.reasons import PAIRS, Reason
from foldline.policy.rule import Grant
from foldline.policy.rules import Rules
from foldline.policy.rules_file import read_rules
from foldline.testing.policy_cases import Cases, Verdict, read_cases, run_case, run_cases

HERE = Path(__file__).parent
UTC = ZoneInfo("UTC")

#: Reasons that a Decision can have. The others are only ever one half of a pair that names a question.
DECIDING = frozenset(Reason) - {
    Reason.ARTICLE_IS_NOT_FREE,
    Reason.ACCESS_IS_KNOWN,
    Reason.SUBSCRIPTION_RUNS,
    Reason.NOT_READ_BEFORE,
    Reason.METER_CAN_COUNT,
    Reason.NOT_OPENED_BEFORE,
    Reason.CRAWLER_NOT_VERIFIED,
    Reason.STORE_ANSWERED,
    Reason.NOT_OPEN_NOW,
    Reason.NO_RULE_EXCLUDES,
    Reason.RULES_ARE_LOADED,
    Reason.PAYMENT_CAME,
}

ONE = """
[article."/brief"]
access = "free"

[[case]]
name = "A free article opens"
path = "/brief"
at = 2026-11-02
outcome = "opens"
reason = "article-is-free"
"""


@cache
def cases() -> Cases:
    return read_cases((HERE / "cases.toml").read_text(encoding="utf-8"), "cases.toml", UTC)


@cache
def rules() -> Rules:
    return read_rules((HERE / "rules.toml").read_text(encoding="utf-8"), "rules.toml", cases().zone)


@cache
def verdicts() -> list[Verdict]:
    return run_cases(cases().cases, rules())


@pytest.mark.parametrize("case", cases().cases, ids=lambda case: case.name)
def test_every_case_is_decided_as_it_is_written(case: object) -> None:
    verdict = next(verdict for verdict in verdicts() if verdict.case == case)
    assert verdict.wrong == ()


def test_the_cases_cover_every_reason_that_a_decision_can_have() -> None:
    assert {verdict.decision.reason for verdict in verdicts()} == DECIDING


def test_the_cases_cover_every_outcome_level_way_in_and_wall() -> None:
    found = verdicts()
    assert {verdict.decision.outcome for verdict in found} == set(Outcome)
    assert {case.level for case in cases().cases if case.level} == {*Access, "unknown"} - {Access.BY_RULE}
    file = rules()
    assert {grant for rule in file.rules for grant in rule.opens_for} == set(Grant)
    assert {grant for rule in file.rules for grant in rule.only_for or ()} >= {Grant.PRODUCT, Grant.SIGNED_IN}
    assert {bool(rule.articles.newer_than) for rule in file.rules} == {True, False}
    assert {bool(rule.articles.older_than) for rule in file.rules} == {True, False}


def test_every_rule_of_the_file_decides_or_is_found_by_some_case() -> None:
    file = rules()
    named = {finding.rule for verdict in verdicts() for finding in verdict.decision.findings}
    levels = {file.plan(case.visit.article, case.visit.now).level for case in cases().cases}
    second = "Opinion on floods would be free, but comes second"
    assert {rule.name for rule in file.rules} - named - levels == {second}


def test_every_expectation_can_fail() -> None:
    text = ONE.replace('access = "free"', 'access = "free"\npublished = 2026-11-01')
    (case,) = read_cases(text, "cases.toml", UTC).cases
    good = replace(case, rule="free articles open for everybody", level="free", finds=(Reason.ARTICLE_IS_FREE,))
    assert run_case(good, rules()).wrong == ()
    wrong = replace(
        case,
        outcome=Outcome.REFUSES,
        reason=Reason.NOT_SIGNED_IN,
        rule="another rule",
        finds=(Reason.OPEN_NOW,),
        level="metered",
        meter="site",
    )
    assert run_case(wrong, rules()).wrong == (
        "expected refuses · not-signed-in, got opens · article-is-free",
        'expected the rule "another rule", got "free articles open for everybody"',
        "expected to find open-now",
        "expected the level metered, got free",
        "expected the meter site to count, got none",
    )


def test_an_article_that_the_file_does_not_describe_comes_from_the_archive() -> None:
    text = ONE.replace('[article."/brief"]\naccess = "free"\n', "")
    archive = {"/brief": Article(9, Access.FREE, path="/brief")}
    read = read_cases(text, "cases.toml", UTC, archive.get)
    assert [case.visit.article.id for case in read.cases] == [9]
    assert read.articles == (archive["/brief"],)


@pytest.mark.parametrize(
    ("text", "id_", "where"),
    [
        (ONE.replace('outcome = "opens"\n', ""), "FL130", "5:1"),
        (ONE.replace('reason = "article-is-free"\n', ""), "FL130", "5:1"),
        (ONE.replace("at = 2026-11-02\n", ""), "FL130", "5:1"),
        (ONE.replace('path = "/brief"\n', ""), "FL130", "5:1"),
        (ONE.replace('name = "A free article opens"\n', ""), "FL130", "5:1"),
        (ONE + 'open-now = { site = true, reason = "Flood" }\n', "FL130", "11:12"),
        (ONE.replace('path = "/brief"', 'path = "/breif"'), "FL131", "7:8"),
        (ONE + ONE.partition("\n\n")[2], "FL132", "12:8"),
        (ONE.replace('"article-is-free"', '"article-is-fre"'), "FL104", "10:10"),
        (ONE.replace("outcome =", "outcom ="), "FL103", "9:1"),
        (ONE.replace("2026-11-02", "2026-11-31"), "FL107", "8:6"),
        (ONE.replace('access = "free"', 'access = "fre"'), "FL104", "3:10"),
        (ONE + 'reader = "subscribr"\n', "FL104", "11:10"),
        (ONE + "reader = { product = 1 }\n", "FL103", "11:12"),
        (ONE + "used = -1\n", "FL108", "11:8"),
        (ONE + 'store = "loud"\n', "FL104", "11:9"),
        ('zone = "Mars/Base"' + ONE, "FL104", "1:8"),
        ("case = 3", "FL105", "1:1"),
        ("[[cases]]", "FL102", "1:1"),
    ],
)
def test_a_fault_in_a_file_of_cases_is_one_finding_at_its_place(text: str, id_: str, where: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_cases(text, "cases.toml", UTC)
    assert [(problem.id, problem.where) for problem in refused.value.problems] == [(id_, f"cases.toml:{where}")]
    assert refused.value.problems[0].hint


def test_every_reason_that_no_case_can_decide_by_is_one_half_of_a_pair_with_one_that_can() -> None:
    lonely = [pair for pair in PAIRS if not DECIDING & set(pair)]
    assert lonely == []
