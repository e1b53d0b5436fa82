"""Under published rules the gate, `why` and a policy case give the same Decision: one decider, one set of rules."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from tests.cli.test_why import noted, paper, told
from tests.gate.newspaper import PATHS, SECRET, START, Newspaper

from foldline.cli.why import as_data
from foldline.config import load
from foldline.policy.decide import Decision
from foldline.policy.facts import Access
from foldline.server.gate_state import rules_of
from foldline.server.reader_kinds import KINDS
from foldline.stores.records import PublicStore
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.policy_cases import read_cases, run_case

__all__ = ["paper"]

RULES = """
default-access = "registered"

[meter.site]
anonymous = 3
registered = 5

[[rule]]
name = "Science is open to partners"
sections = "Science"
opens-for = ["institution", "crawler"]

[[rule]]
name = "One article is for accounts"
articles = "/metered"
older-than = "30 minutes"
only-for = "registered"

[[rule]]
name = "Rivers are open when they are new"
tags = "rivers"
levels = "subscribers"
newer-than = "2 hours"
opens-for = "registered"
"""


AT = datetime.fromtimestamp(START, ZoneInfo("America/New_York")).replace(tzinfo=None).isoformat()


def by_case(paper: Newspaper, path: str, kind: str) -> Decision:
    """What a policy case about this article and this reader comes to, by the rules in force."""
    settings = load(paper.home, {"FOLDLINE_SECRET": SECRET})
    store = PublicStore(paper.home)
    text = f'''
[[case]]
name = "One"
path = "{path}"
reader = "{kind}"
at = {AT}
outcome = "opens"
reason = "signed-in"
'''
    articles = {article.path: article for article in store.articles()}
    (case,) = read_cases(text, "cases.toml", settings.zone, articles.get).cases
    rules = rules_of(settings, START)
    assert rules is not None
    return run_case(case, rules).decision


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("access", list(Access))
def test_under_published_rules_the_gate_why_and_a_policy_case_decide_alike(
    paper: Newspaper, kind: str, access: Access
) -> None:
    with RuleSetStore(paper.home) as store:
        published = store.publish(RULES, "Ada Quill", "", START)
    paper.worker.hear()
    gate = noted(paper, PATHS[access], kind)
    assert gate.rules_version == published.version
    case = by_case(paper, PATHS[access], kind)
    assert case._replace(opening=None) == gate._replace(opening=None)
    answer = told(paper, PATHS[access], "--as", kind, "--at", AT)
    assert {key: answer[key] for key in as_data(gate)} == as_data(gate)
