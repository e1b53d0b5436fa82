"""What holds for any rules, readers, articles and moments."""

from __future__ import annotations

import ast
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.policy.any_rules import NOW, World
from tests.policy.rule_texts import FIFTY_RULES, as_toml
from tests.policy.test_policy_cases import DECIDING

import foldline.policy
from foldline.policy.decide import METER_OPENED, Decision, Outcome, decide
from foldline.policy.facts import Access, Article, Visit
from foldline.policy.plan import plan_of
from foldline.policy.reasons import Reason
from foldline.policy.rule import SITE, Grant
from foldline.policy.rules import Rules
from foldline.policy.rules_file import problems_of, read_rules

UTC = ZoneInfo("UTC")
SEEDS = st.integers(0, 2**48)
#: How far a decision opens: closed, open once something is counted, open.
ORDER = (Outcome.REFUSES, Outcome.OPENS_IF, Outcome.OPENS)


def how_open(visit: Visit, rules: Rules) -> int:
    return ORDER.index(decide(visit, rules).outcome)


@given(SEEDS)
def test_adding_a_wall_never_opens_anything(seed: int) -> None:
    world = World(seed)
    rules = world.rules()
    more = world.added(rules, world.wall())
    for visit in world.visits():
        assert how_open(visit, more) <= how_open(visit, rules), (visit, more)


@given(SEEDS)
def test_adding_a_way_in_never_closes_anything(seed: int) -> None:
    """Any but a meter: one that comes before another takes its place, and may have less left (the next test)."""
    world = World(seed)
    rules = world.rules()
    more = world.added(rules, world.way([grant for grant in Grant if grant is not Grant.METER]))
    for visit in world.visits():
        assert how_open(visit, more) >= how_open(visit, rules), (visit, more)


@given(SEEDS)
def test_a_meter_that_is_written_last_closes_nothing_that_a_rule_before_it_counts(seed: int) -> None:
    world = World(seed)
    rules = world.rules()
    last = replace(world.way([Grant.METER]), name="the new rule")
    more = replace(rules, rules=(*rules.rules, last))
    for visit in world.visits():
        counting = rules.plan(visit.article, visit.now).allowance
        if counting is None or counting.name != SITE or last.meter == SITE:
            assert how_open(visit, more) >= how_open(visit, rules), (visit, more)


@given(SEEDS)
def test_open_now_opens_exactly_while_it_runs_and_changes_nothing_else(seed: int) -> None:
    world = World(seed)
    rules, entry = world.rules(), world.open_now()
    under = rules.with_open_now((entry,))
    for visit in world.visits():
        known = rules.plan(visit.article, visit.now).access is not None
        decision = decide(visit, under)
        if known and entry.about(visit.article) and entry.starts <= visit.now < entry.ends:
            assert (decision.outcome, decision.reason) == (Outcome.OPENS, Reason.OPEN_NOW)
        else:
            assert decision == decide(visit, rules)


@given(SEEDS)
def test_a_plan_that_is_remembered_is_the_one_that_would_be_made_anew(seed: int) -> None:
    world = World(seed)
    rules = world.rules().with_open_now((world.open_now(), world.open_now()))
    articles = [world.article() for _ in range(3)]
    for _ in range(30):
        article, now = world.one(articles), world.moment()
        remembered = rules.plan(article, now)
        assert remembered == plan_of(article, now, rules.every, rules.allowances, rules.default, rules.open_now)
        assert remembered.since <= now < remembered.until


@given(SEEDS)
def test_a_decision_follows_from_its_arguments_alone(seed: int) -> None:
    world = World(seed)
    rules = world.rules()
    visits = list(world.visits())
    first = [decide(visit, rules) for visit in visits]
    assert [decide(visit, rules) for visit in reversed(visits)] == first[::-1]
    assert [decide(visit, replace(rules)) for visit in visits] == first


@given(SEEDS)
def test_an_unknown_level_never_opens(seed: int) -> None:
    world = World(seed)
    rules = world.rules().with_open_now((world.open_now(), world.open_now()))
    nobody = replace(rules, default=None, rules=tuple(rule for rule in rules.rules if rule.access is None))
    for visit in world.visits():
        unknown = visit._replace(article=visit.article._replace(access=None))
        unnamed = visit._replace(article=visit.article._replace(access=Access.BY_RULE))
        for decision in (decide(unknown, rules), decide(unnamed, nobody)):
            assert (decision.outcome, decision.reason) == (Outcome.REFUSES, Reason.ACCESS_IS_UNKNOWN)


@given(SEEDS)
def test_a_meter_never_opens_another_level_than_metered(seed: int) -> None:
    world = World(seed)
    rules = world.rules()
    for visit in world.visits():
        decision = decide(visit, rules)
        by_meter = decision.spend is not None or decision.reason in METER_OPENED
        if by_meter or (decision.reason is Reason.OPENED_BEFORE and visit.opened in METER_OPENED):
            assert rules.plan(visit.article, visit.now).access is Access.METERED, (visit, rules)


@given(SEEDS)
def test_rules_written_as_a_file_and_read_again_decide_the_same(seed: int) -> None:
    world = World(seed)
    rules = world.rules()
    read = read_rules(as_toml(rules), "rules.toml", UTC)
    assert (read.default, len(read.rules)) == (rules.default, len(rules.rules))
    for visit in world.visits():
        assert without_sources(decide(visit, read)) == without_sources(decide(visit, rules))


def without_sources(decision: Decision) -> Decision:
    spend = decision.spend
    if spend is not None:
        spend = spend._replace(allowance=replace(spend.allowance, source=""))
    return decision._replace(rules_version="", spend=spend)


def test_the_worlds_of_these_tests_meet_every_way_in_wall_and_outcome() -> None:
    """A property of nothing holds always: here is what the worlds are made of."""
    reasons: Counter[Reason] = Counter()
    changed: Counter[str] = Counter()
    for seed in range(250):
        world = World(seed)
        rules = world.rules()
        walled, opened = world.added(rules, world.wall()), world.added(rules, world.way())
        for visit in world.visits():
            reasons[decide(visit, rules).reason] += 1
            changed["wall"] += how_open(visit, walled) < how_open(visit, rules)
            changed["way"] += how_open(visit, opened) > how_open(visit, rules)
    assert set(reasons) == set(Reason) & DECIDING - {Reason.OPEN_NOW, Reason.RULES_ARE_MISSING}
    assert changed["wall"] > 20
    assert changed["way"] > 20


def plant(lines: list[str], number: int, kind: str, at: random.Random) -> str | None:
    """A line with a fault of a kind instead of a good one; None where the line can't have it."""
    line = lines[number]
    key, equals, value = line.partition(" = ")
    if kind == "key":
        return f"{key[:-1]}zz = {value}" if equals else None
    if kind == "quote":
        return line[:-1] if line.endswith('"') else None
    if kind == "word":
        return line.replace('"crawler"', '"krawler"') if '"crawler"' in line else None
    if kind == "type":
        return f"{key} = {at.choice(['{ a = 1 }', '1.5', 'true'])}" if equals and key != "name" else None
    if kind == "date":
        return f"{key} = 2026-0{at.randint(1, 9)}-3{at.randint(2, 9)}" if key in ("from", "until") else None
    if kind == "span":
        return f'{key} = "{at.choice(["soon", "2 horus", "two days"])}"' if key in ("newer-than", "window") else None
    if kind == "garbage":
        return at.choice(["???", "= 3", "word", "a b = 3", "]"]) if not line else None
    return f"{key} {value}" if equals else None


@given(SEEDS, st.sampled_from(["key", "quote", "word", "type", "date", "span", "garbage", "equals"]))
def test_a_fault_planted_anywhere_in_a_good_file_is_one_finding_on_its_line(seed: int, kind: str) -> None:
    at = random.Random(seed)
    lines = FIFTY_RULES.split("\n")
    places = [number for number in range(len(lines) - 1) if plant(lines, number, kind, random.Random(0)) is not None]
    number = at.choice(places)
    good = lines[number]
    lines[number] = plant(lines, number, kind, at) or ""
    found = problems_of("\n".join(lines), "rules.toml", UTC)
    assert [problem.where.split(":")[1] for problem in found] == [str(number + 1)], (good, lines[number], found)
    assert found[0].hint


#: A moment that was given, and is only passed on.
FACTS = ("visit.now", "self.now", "following.now")


def test_no_rule_reads_a_clock() -> None:
    """`now` is an argument everywhere in the room: nothing in it may ask what time it is."""
    asked = []
    for path in Path(foldline.policy.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                asked += [(path.name, name.name) for name in node.names if name.name in ("time", "random", "os")]
            elif isinstance(node, ast.ImportFrom) and node.module in ("time", "random", "os", "foldline.clock"):
                asked.append((path.name, node.module))
            elif isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today", "localtime"):
                asked.append((path.name, ast.unparse(node)))
    assert [one for one in asked if one[1] not in FACTS] == []


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Paris", "Australia/Lord_Howe"])
def test_a_rule_begins_and_ends_at_its_moments_in_any_zone(zone: str) -> None:
    text = '[[rule]]\nname = "One"\nfrom = 2026-03-29\nuntil = 2026-03-29T12:00:00\nopens-for = "everyone"\n'
    rules = read_rules(text, "rules.toml", ZoneInfo(zone))
    (rule,) = rules.rules
    article = Article(1, Access.SUBSCRIBERS, published=NOW)
    for moment, outcome in (
        (rule.starts - 1, Outcome.REFUSES),
        (rule.starts, Outcome.OPENS),
        (rule.ends - 1, Outcome.OPENS),
        (rule.ends, Outcome.REFUSES),
    ):
        assert decide(Visit(article, moment), rules).outcome is outcome
