"""Every fault of a file of rules is told at once, where it stands, with the cure."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from tests.policy.rule_texts import FIFTY_RULES

from foldline.errors import ConfigurationError
from foldline.policy.facts import Access
from foldline.policy.rule import Allowance, Articles, Grant, Rule
from foldline.policy.rules import first_form, version_of
from foldline.policy.rules_file import MOST_COUNTED, RULE_KEYS, problems_of, read_rules
from foldline.policy.spans import LONGEST_WINDOW
from foldline.policy.starter import starter_text
from foldline.signed.meter import DEVICE_SECONDS, MOST_ARTICLES

NEW_YORK = ZoneInfo("America/New_York")

WHOLE = """
default-access = "registered"

[meter.site]
anonymous = 3
registered = 5

[meter.sport]
anonymous = 1
window = "30 days"

[[rule]]
name = "Everything that a rule can say"
sections = "news"
tags = ["floods", "storms"]
levels = ["metered", "subscribers"]
articles = ["/rivers-rise"]
newer-than = "30 days"
older-than = "2 hours"
from = 2026-03-01
until = 2026-03-31
opens-for = ["meter", "subscribers"]
products = [2, 3]
meter = "sport"

[[rule]]
name = "A wall"
only-for = ["subscribers", "institution"]
until = 2026-03-31T18:00:00+02:00

[[rule]]
name = "A level"
sections = ["obituaries"]
access = "free"
"""


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def told(text: str) -> list[tuple[str, str]]:
    """(id, line:column) of each problem."""
    return [(problem.id, problem.where.removeprefix("rules.toml:")) for problem in _problems(text)]


def _problems(text: str) -> tuple[object, ...]:
    return problems_of(text, "rules.toml", NEW_YORK)


def in_rule(line: str) -> str:
    return f'[meter.site]\nanonymous = 3\n[[rule]]\nname = "One"\nopens-for = "everyone"\n{line}\n'


def test_every_word_of_a_rule_is_read() -> None:
    rules = read_rules(WHOLE, "rules.toml", NEW_YORK)
    about = Articles(
        frozenset(("news",)),
        frozenset(("floods", "storms")),
        frozenset((Access.METERED, Access.SUBSCRIBERS)),
        frozenset(("/rivers-rise",)),
        newer_than=30 * 86_400,
        older_than=7_200,
    )
    assert rules.rules == (
        Rule(
            "Everything that a rule can say",
            about,
            opens_for=(Grant.PRODUCT, Grant.METER),
            products=frozenset((2, 3)),
            meter="sport",
            starts=at("2026-03-01T00:00:00-05:00"),
            ends=at("2026-04-01T00:00:00-04:00"),
            source="rules.toml:12",
        ),
        Rule(
            "A wall",
            only_for=frozenset((Grant.PRODUCT, Grant.INSTITUTION)),
            ends=at("2026-03-31T16:00:00+00:00"),
            source="rules.toml:26",
        ),
        Rule("A level", Articles(frozenset(("obituaries",))), Access.FREE, source="rules.toml:31"),
    )
    assert rules.default is Access.REGISTERED
    assert dict(rules.allowances) == {
        "site": Allowance("site", 3, 5, 0, "rules.toml:4"),
        "sport": Allowance("sport", 1, 1, 30, "rules.toml:8"),
    }
    assert rules.version == version_of(WHOLE)


def test_the_example_says_every_word_there_is() -> None:
    assert [key for key in RULE_KEYS if f"\n{key} = " not in WHOLE] == []


def test_line_ends_change_neither_the_rules_nor_their_version() -> None:
    dos = WHOLE.replace("\n", "\r\n")
    assert read_rules(dos, "rules.toml", NEW_YORK) == read_rules(WHOLE, "rules.toml", NEW_YORK)
    assert told(dos.replace('"news"', "news")) == told(WHOLE.replace('"news"', "news")) == [("FL101", "14:12")]


def test_a_date_alone_holds_from_its_first_second_through_its_last() -> None:
    (rule,) = read_rules(in_rule("from = 2026-12-31\nuntil = 2026-12-31"), "rules.toml", NEW_YORK).rules
    assert (rule.starts, rule.ends) == (at("2026-12-31T00:00:00-05:00"), at("2027-01-01T00:00:00-05:00"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('default-acess = "free"', ("FL102", "1:1")),
        ("[metre.site]\nanonymous = 3", ("FL102", "1:1")),
        ('default-access = "by-rule"', ("FL104", "1:18")),
        ("[meter.site]\nanonymus = 3", ("FL103", "2:1")),
        ('[meter.site]\nanonymous = "3"', ("FL105", "2:13")),
        ("[meter.site]\nanonymous = true", ("FL105", "2:13")),
        ("[meter.site]\nanonymous = -1", ("FL108", "2:13")),
        (f"[meter.site]\nanonymous = {MOST_COUNTED + 1}", ("FL108", "2:13")),
        ("[meter.site]\nregistered = 3", ("FL109", "1:1")),
        ("[meter.site]\nanonymous = 3\nregistered = 2", ("FL115", "3:14")),
        ('[meter.site]\nanonymous = 3\nwindow = "1 month"', ("FL106", "3:10")),
        ('[meter.site]\nanonymous = 3\nwindow = "36 hours"', ("FL106", "3:10")),
        ('[meter.site]\nanonymous = 3\nwindow = "61 days"', ("FL106", "3:10")),
        ("[meter.site]\nanonymous = 3\n[meter.site]\nanonymous = 5", ("FL112", "3:1")),
        ("[meter]\nsite = 3", ("FL105", "2:1")),
        ("[[meter.site]]\nanonymous = 3", ("FL105", "1:1")),
        ('[meter."my meter"]\nanonymous = 3', ("FL104", "1:1")),
        ('[rule]\nname = "One"\naccess = "free"', ("FL105", "1:1")),
        ('[[rule]]\naccess = "free"', ("FL110", "1:1")),
        ('[[rule]]\nname = "One"', ("FL113", "1:1")),
        ('[[rule]]\nname = " "\naccess = "free"', ("FL104", "2:8")),
        ('[[rule]]\nname = "One"\naccess = "free"\nlevels = "metered"', ("FL116", "4:10")),
        ('[[rule]]\nname = "One"\nonly-for = ["subscribers", "everyone"]', ("FL117", "3:12")),
        ('[[rule]]\nname = "One"\nonly-for = []', ("FL104", "3:12")),
        ('[[rule]]\nname = "One"\nopens-for = "meter"', ("FL114", "3:13")),
        (in_rule('meter = "site"'), ("FL119", "6:9")),
        (in_rule("products = 2"), ("FL119", "6:12")),
        (in_rule("products = [2, 0]"), ("FL108", "6:16")),
        (in_rule('sections = ["news", 3]'), ("FL105", "6:21")),
        (in_rule("sections = []"), ("FL104", "6:12")),
        (in_rule('sections = ["news", ""]'), ("FL104", "6:21")),
        (in_rule('articles = "rivers-rise"'), ("FL104", "6:12")),
        (in_rule('levels = ["metered", "by-rule"]'), ("FL104", "6:22")),
        (in_rule('newer-than = "2 horus"'), ("FL106", "6:14")),
        (in_rule('newer-than = "0 hours"'), ("FL106", "6:14")),
        (in_rule("newer-than = 2"), ("FL105", "6:14")),
        (in_rule('newer-than = "2 hours"\nolder-than = "1 day"'), ("FL118", "7:14")),
        (in_rule("from = 2026-02-30"), ("FL107", "6:8")),
        (in_rule("from = 2026-03-08T02:30:00"), ("FL107", "6:8")),
        (in_rule("until = 1970-01-01"), ("FL107", "6:9")),
        (in_rule('until = "2026-12-31"'), ("FL105", "6:9")),
        (in_rule("until = 18:00:00"), ("FL105", "6:9")),
        (in_rule("from = 2026-12-31\nuntil = 2026-12-30"), ("FL118", "7:9")),
        (in_rule('opens-fro = "registered"'), ("FL103", "6:1")),
        (in_rule('name = "Two"'), ("FL101", "6:1")),
        (in_rule("tags = floods"), ("FL101", "6:8")),
        (in_rule('tags = "floods'), ("FL101", "6:15")),
        (in_rule('tags = ["floods",\n[[rule]]\nname = "Two"\naccess = "free"'), ("FL101", "6:1")),
        (in_rule('tags = """floods'), ("FL101", "6:1")),
        (in_rule('[rule]\nname = "Two"\naccess = "free"'), ("FL101", "6:1")),
        (in_rule('[[rule]\nname = "Two"\naccess = "free"'), ("FL101", "6:7")),
        (in_rule('[[rule]]\nname = "One"\naccess = "free"'), ("FL111", "7:1")),
        ("[[[[", ("FL101", "1:3")),
        ("deep = " + "[" * 5000, ("FL101", "1:1")),
    ],
)
def test_a_fault_is_one_finding_at_its_place_with_a_cure(text: str, problem: tuple[str, str]) -> None:
    assert told(text) == [problem]
    (found,) = problems_of(text, "rules.toml", NEW_YORK)
    assert found.hint


def test_a_rule_may_not_have_the_name_of_what_the_levels_stand_for() -> None:
    name = first_form(3).every[0].name
    assert told(f'[[rule]]\nname = "{name}"\naccess = "free"') == [("FL111", "2:1")]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('default-acess = "free"', "default-access"),
        (in_rule('opens-fro = "everyone"'), "opens-for"),
        ('[[rule]]\nname = "One"\naccess = "subscriber"', "subscribers"),
        ('[meter.sport]\nanonymous = 1\n[[rule]]\nname = "One"\nopens-for = "meter"\nmeter = "sprot"', "sport"),
    ],
)
def test_the_nearest_valid_word_is_named(text: str, word: str) -> None:
    (problem,) = problems_of(text, "rules.toml", NEW_YORK)
    assert problem.hint == f'Did you mean "{word}"?'


#: Line of the good file of fifty rules, what stands there instead, and what is told.
PLANTED = {
    4: ("anonymous = -3", "FL108"),
    16: ('newer-than = "1 huor"', "FL106"),
    35: ('tag = "tag-1"', "FL103"),
    48: ("until = 2026-06-31T18:00:00", "FL107"),
    69: ('opens-for = ["crawler", "metre"]', "FL104"),
    74: ('sections = ["news", "section-5"', "FL101"),
    93: ('name = "Rule 3 of fifty"', "FL111"),
    130: ('meter = "sprot"', "FL114"),
    207: ('from = "2026-01-01"', "FL105"),
    312: ("[meter.sport]\nanonymous = 3\n[[rule]]", "FL112"),
}


def test_ten_planted_faults_in_a_file_of_fifty_rules_are_ten_findings_each_with_line_and_cure() -> None:
    lines = FIFTY_RULES.split("\n")
    for number, (text, _) in PLANTED.items():
        key = text.partition(" =")[0]
        assert lines[number - 1].startswith(("[[rule]]",) if key.startswith("[") else (key,)), (
            number,
            lines[number - 1],
        )
        lines[number - 1] = text
    found = problems_of("\n".join(lines), "rules.toml", NEW_YORK)
    assert [(int(problem.where.split(":")[1]), problem.id) for problem in found] == [
        (number, id_) for number, (_, id_) in PLANTED.items()
    ]
    assert [problem for problem in found if not problem.hint] == []


def test_a_file_of_fifty_rules_is_good() -> None:
    assert len(read_rules(FIFTY_RULES, "rules.toml", NEW_YORK).rules) == 50


def test_a_faulty_file_is_refused_with_all_its_problems() -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_rules('[[rule]]\naccess = "fre"\nlevel = "x"', "rules.toml", NEW_YORK)
    assert [problem.id for problem in refused.value.problems] == ["FL104", "FL103"]


def test_the_starter_is_good_and_does_what_no_rules_do() -> None:
    for limit in (1, 3, 10):
        rules = read_rules(starter_text(limit), "rules.toml", NEW_YORK)
        plain = first_form(limit)
        assert (rules.rules, rules.default) == (plain.rules, plain.default)
        assert [(rule.name, rule.articles, rule.opens_for) for rule in rules.every] == [
            (rule.name, rule.articles, rule.opens_for) for rule in plain.every
        ]
        (site,) = rules.allowances.values()
        assert (site.name, site.anonymous, site.registered, site.days) == ("site", limit, limit, 0)


def test_what_the_starter_offers_is_good_too() -> None:
    offered = "\n".join(
        line.removeprefix("# ") if "=" in line or "[[" in line else line for line in starter_text(3).splitlines()
    )
    assert len(read_rules(offered, "rules.toml", NEW_YORK).rules) == 3


def test_a_meter_counts_no_more_and_no_longer_than_a_device_carries() -> None:
    assert MOST_COUNTED == MOST_ARTICLES
    assert LONGEST_WINDOW * 86_400 < DEVICE_SECONDS
