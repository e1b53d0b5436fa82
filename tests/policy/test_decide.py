"""Every outcome of the one decider asserts its reason."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import foldline
from foldline.policy.decide import Decision, Outcome, Receipt, conclude, decide
from foldline.policy.facts import Access, Article, Caller, Meter, Reader, Visit
from foldline.policy.reasons import PAIRS, WALL_REASONS, Reason
from foldline.policy.rule import Articles, Grant, Rule
from foldline.policy.rules import Rules, first_form

RULES = first_form(3, "foldline.toml [meter] limit")
NOW = 1_800_000_000
SUBSCRIBER = Reader(products=frozenset({1}))
REGISTERED = Reader()
LAPSED = Reader(ended_on=NOW - 5)
UNPAID = Reader(ended_on=NOW - 5, payment_failed=True)


def ask(access: Access | None, reader: Reader | None = None, **facts: object) -> Decision:
    return decide(Visit(Article(7, access, "Science", frozenset({1})), NOW, reader, **facts), RULES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("access", "reader", "outcome", "reason"),
    [
        (Access.FREE, None, Outcome.OPENS, Reason.ARTICLE_IS_FREE),
        (Access.FREE, LAPSED, Outcome.OPENS, Reason.ARTICLE_IS_FREE),
        (Access.REGISTERED, None, Outcome.REFUSES, Reason.NOT_SIGNED_IN),
        (Access.REGISTERED, REGISTERED, Outcome.OPENS, Reason.SIGNED_IN),
        (Access.REGISTERED, LAPSED, Outcome.OPENS, Reason.SIGNED_IN),
        (Access.REGISTERED, SUBSCRIBER, Outcome.OPENS, Reason.SUBSCRIPTION_COVERS),
        (Access.METERED, None, Outcome.OPENS_IF, Reason.METER_HAS_ROOM),
        (Access.METERED, SUBSCRIBER, Outcome.OPENS, Reason.SUBSCRIPTION_COVERS),
        (Access.SUBSCRIBERS, None, Outcome.REFUSES, Reason.SUBSCRIPTION_NEEDED),
        (Access.SUBSCRIBERS, REGISTERED, Outcome.REFUSES, Reason.SUBSCRIPTION_NEEDED),
        (Access.SUBSCRIBERS, LAPSED, Outcome.REFUSES, Reason.SUBSCRIPTION_ENDED),
        (Access.SUBSCRIBERS, UNPAID, Outcome.REFUSES, Reason.PAYMENT_FAILED),
        (Access.SUBSCRIBERS, SUBSCRIBER, Outcome.OPENS, Reason.SUBSCRIPTION_COVERS),
        (None, SUBSCRIBER, Outcome.REFUSES, Reason.ACCESS_IS_UNKNOWN),
    ],
)
def test_each_level_answers_each_reader_with_its_reason(
    access: Access | None, reader: Reader | None, outcome: Outcome, reason: Reason
) -> None:
    decision = ask(access, reader)
    assert (decision.outcome, decision.reason) == (outcome, reason)


def test_another_product_does_not_open_an_article_that_it_does_not_cover() -> None:
    decision = ask(Access.SUBSCRIBERS, Reader(products=frozenset({2})))
    assert (decision.outcome, decision.reason) == (Outcome.REFUSES, Reason.SUBSCRIPTION_NEEDED)


def test_a_spent_meter_refuses_and_says_so() -> None:
    decision = ask(Access.METERED, meter=Meter(used=3))
    assert (decision.outcome, decision.reason) == (Outcome.REFUSES, Reason.METER_IS_SPENT)


def test_an_article_read_before_opens_with_a_spent_meter_and_costs_nothing() -> None:
    decision = ask(Access.METERED, meter=Meter(used=3, read_before=True))
    assert (decision.outcome, decision.reason, decision.spend) == (Outcome.OPENS, Reason.READ_BEFORE, None)


def test_a_meter_that_cannot_count_opens_nothing() -> None:
    decision = ask(Access.METERED, meter=Meter(can_count=False))
    assert (decision.outcome, decision.reason) == (Outcome.REFUSES, Reason.METER_CANNOT_COUNT)


def test_a_lapsed_reader_with_a_spent_meter_is_told_about_the_subscription() -> None:
    assert ask(Access.METERED, LAPSED, meter=Meter(used=3)).reason is Reason.SUBSCRIPTION_ENDED


def test_a_signed_opening_opens_what_no_rule_opens() -> None:
    decision = ask(Access.METERED, meter=Meter(used=3), opened=Reason.METER_HAS_ROOM)
    assert (decision.outcome, decision.reason) == (Outcome.OPENS, Reason.OPENED_BEFORE)


@pytest.mark.parametrize("access", [Access.SUBSCRIBERS, Access.REGISTERED])
def test_what_a_meter_opened_is_closed_once_no_meter_may_open_it(access: Access) -> None:
    decision = ask(access, opened=Reason.METER_HAS_ROOM)
    assert decision.outcome is Outcome.REFUSES


def test_a_store_that_did_not_answer_is_the_reason_that_is_told() -> None:
    decision = ask(Access.SUBSCRIBERS, REGISTERED, store_answered=False)
    assert (decision.outcome, decision.reason) == (Outcome.REFUSES, Reason.STORE_UNREACHABLE)


def test_a_user_agent_is_only_a_claim() -> None:
    decision = ask(Access.SUBSCRIBERS, caller=Caller(claims_crawler=True))
    assert decision.outcome is Outcome.REFUSES
    assert Reason.CRAWLER_NOT_VERIFIED in [finding.reason for finding in decision.findings]


def test_a_verified_crawler_reads_only_where_a_rule_says_so() -> None:
    visit = Visit(Article(7, Access.SUBSCRIBERS), NOW, caller=Caller(True, True))
    assert decide(visit, RULES).outcome is Outcome.REFUSES
    rule = Rule("verified crawlers read everything", opens_for=(Grant.VERIFIED_CRAWLER,))
    decision = decide(visit, first_form(3, extra=(rule,)))
    assert (decision.outcome, decision.reason, decision.rule) == (
        Outcome.OPENS,
        Reason.CRAWLER_VERIFIED,
        "verified crawlers read everything",
    )


def test_without_rules_everything_is_closed() -> None:
    decision = decide(Visit(Article(7, Access.FREE), NOW), None)
    assert (decision.outcome, decision.reason) == (Outcome.REFUSES, Reason.RULES_ARE_MISSING)


def test_a_rule_for_one_section_says_nothing_about_another() -> None:
    science = Articles(sections=frozenset({"Science"}))
    rules = Rules("v", (Rule("science is free", science, opens_for=(Grant.EVERYONE,)),))
    assert decide(Visit(Article(1, Access.SUBSCRIBERS, "Science"), NOW), rules).outcome is Outcome.OPENS
    assert decide(Visit(Article(1, Access.SUBSCRIBERS, "Town"), NOW), rules).outcome is Outcome.REFUSES


def test_opens_if_makes_no_opening_until_it_is_concluded() -> None:
    decision = ask(Access.METERED)
    assert decision.opening is None
    final = conclude(decision, Receipt(counted=True, used=1))
    assert (final.outcome, final.reason) == (Outcome.OPENS, Reason.METER_HAS_ROOM)
    assert final.opening is not None
    assert final.opening.article == 7


@pytest.mark.parametrize(
    ("receipt", "reason"),
    [
        (Receipt(counted=False, used=3), Reason.METER_IS_SPENT),
        (Receipt(counted=False, used=0, could_count=False), Reason.METER_CANNOT_COUNT),
    ],
)
def test_a_spend_that_did_not_count_opens_nothing(receipt: Receipt, reason: Reason) -> None:
    final = conclude(ask(Access.METERED), receipt)
    assert (final.outcome, final.reason, final.opening) == (Outcome.REFUSES, reason, None)


def test_a_decision_that_waits_for_nothing_cannot_be_concluded() -> None:
    with pytest.raises(ValueError, match="does not wait"):
        conclude(ask(Access.SUBSCRIBERS), Receipt(counted=True, used=1))


VISITS = st.builds(
    Visit,
    st.builds(
        Article, st.integers(1, 9), st.sampled_from([*Access, None]), st.just("Science"), st.just(frozenset({1}))
    ),
    st.just(NOW),
    st.sampled_from([None, SUBSCRIBER, REGISTERED, LAPSED, Reader(frozenset({2}))]),
    st.builds(Meter, st.integers(0, 5), st.booleans(), st.booleans()),
    st.sampled_from([None, Reason.METER_HAS_ROOM, Reason.READ_BEFORE]),
    st.builds(Caller, st.booleans(), st.booleans()),
    st.booleans(),
)


@given(VISITS)
def test_only_a_decision_that_opens_has_an_opening_and_it_is_of_its_article(visit: Visit) -> None:
    decision = decide(visit, RULES)
    assert (decision.opening is not None) == (decision.outcome is Outcome.OPENS)
    assert (decision.spend is not None) == (decision.outcome is Outcome.OPENS_IF)
    if decision.opening is not None:
        assert decision.opening.article == visit.article.id


@given(VISITS)
def test_every_refusal_can_be_told_on_the_wall(visit: Visit) -> None:
    decision = decide(visit, RULES)
    if decision.outcome is Outcome.REFUSES:
        assert decision.reason in WALL_REASONS
        assert decision.reason in [finding.reason for finding in decision.findings]


@given(VISITS)
def test_what_a_client_writes_of_itself_never_changes_the_outcome(visit: Visit) -> None:
    claims = visit._replace(caller=Caller(claims_crawler=True))
    silent = visit._replace(caller=Caller(claims_crawler=False))
    assert decide(claims, RULES).outcome is decide(silent, RULES).outcome


def test_every_reason_stands_in_exactly_one_pair() -> None:
    in_pairs = [reason for pair in PAIRS for reason in pair]
    assert sorted(in_pairs) == sorted(Reason)


def test_openings_are_made_by_the_decider_and_nowhere_else() -> None:
    makers = set()
    root = Path(foldline.__file__).parent
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Opening":
                makers.add(path.relative_to(root).as_posix())
    assert makers == {"policy/decide.py"}
