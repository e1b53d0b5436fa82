"""The publisher's file of rules, read into `Rules`; every problem at once, each with its line and the cure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from foldline.errors import ConfigurationError, Problem
from foldline.policy.facts import Access
from foldline.policy.rule import SITE, Allowance, Articles, Grant, Rule
from foldline.policy.rules import Rules, version_of
from foldline.policy.spans import LONGEST_WINDOW, MONTH, window_days
from foldline.policy.toml_reading import Reading, Table
from foldline.policy.toml_text import nearest, read_toml

#: The most that a meter can count: a device carries no more (`signed.meter.MOST_ARTICLES`; a test holds them equal).
MOST_COUNTED = 128
#: The highest number of a product: a pass has two bytes for each.
MOST_PRODUCTS = 65_535
LONGEST_NAME = 200

TABLES = ("default-access", "meter", "rule")
METER_KEYS = ("anonymous", "registered", "window")
RULE_KEYS = (
    "name",
    "sections",
    "tags",
    "levels",
    "articles",
    "newer-than",
    "older-than",
    "from",
    "until",
    "access",
    "opens-for",
    "only-for",
    "products",
    "meter",
)
LEVELS = tuple(level.value for level in Access if level is not Access.BY_RULE)
GRANTS = tuple(grant.value for grant in Grant)

_METER_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


def read_rules(text: str, where: str, zone: ZoneInfo) -> Rules:
    """The rules of a file. `where` is what it is called; dates without an offset are in `zone`.

    Raises:
        ConfigurationError: with all problems that were found, in the order of their lines.
    """
    rules, problems = _read(text, where, zone)
    if problems:
        raise ConfigurationError(problems)
    return rules


def problems_of(text: str, where: str, zone: ZoneInfo) -> tuple[Problem, ...]:
    """Everything that is wrong with a file of rules, in the order of its lines."""
    return _read(text, where, zone)[1]


def _read(text: str, where: str, zone: ZoneInfo) -> tuple[Rules, tuple[Problem, ...]]:
    reading = Reading(read_toml(text, where, lists=("rule",)), zone)
    rules = replace(_rules(reading), version=version_of(text))
    _check_names(reading, rules)
    return rules, reading.all_problems()


def _rules(reading: Reading) -> Rules:
    top = Table(reading, (), reading.toml.data)
    strange = top.unknown(TABLES, "table or key", "FL102")
    default = top.word("default-access", LEVELS)
    meters = _meters(reading, top.data.get("meter", {}))
    # A meter whose table could not be read is known all the same: one mistake, one finding.
    nearly = {name for table in strange if isinstance(top.data[table], dict) for name in top.data[table]}
    tables = top.data.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        hint = "Write [[rule]], with two brackets, before each rule."
        reading.problems.append(Problem("FL105", "[rule] is not a list of rules", reading.toml.at("rule"), hint))
        tables = []
    known = (meters, nearly | reading.toml.lost_words)
    rules = [_rule(Table(reading, ("rule", number), table), *known) for number, table in enumerate(tables)]
    return Rules("", tuple(rules), meters, Access(default) if default else None)


def _check_names(reading: Reading, rules: Rules) -> None:
    """Two rules of one name can't be told apart in a trace; that goes for what the levels stand for, too."""
    first = {rule.name: "is built in" for rule in rules.every[len(rules.rules) :]}
    for number, rule in enumerate(rules.rules):
        if rule.name and rule.name in first:
            hint = f"The other {first[rule.name]}: give this one a name of its own."
            at = reading.toml.at("rule", number, "name")
            reading.problems.append(Problem("FL111", f'another rule is named "{rule.name}"', at, hint))
        first.setdefault(rule.name, f"stands at {rule.source}")


def _meters(reading: Reading, tables: Any) -> dict[str, Allowance]:
    if not isinstance(tables, dict):
        hint = f"Write [meter.{SITE}], and its numbers below."
        reading.problems.append(Problem("FL105", "[meter] is not a table", reading.toml.at("meter"), hint))
        return {}
    meters = {}
    for name, data in tables.items():
        table = Table(reading, ("meter", name), data)
        if isinstance(data, dict):
            meters[name] = _meter(table, name)
        else:
            # Known all the same, so that no rule is blamed for naming it.
            meters[name] = Allowance(name, 0, 0)
            hint = f"Write [meter.{name if isinstance(data, list) else SITE}], and its numbers below."
            table.say("FL105", f"meter.{name} is not a table", hint)
    return meters


def _meter(table: Table, name: str) -> Allowance:
    if not _METER_NAME.fullmatch(name):
        table.say("FL104", f'"{name}" can\'t be the name of a meter', "Use up to 40 letters, digits, - and _.")
    table.unknown(METER_KEYS, f"key in [meter.{name}]:")
    anonymous = table.number("anonymous", 0, MOST_COUNTED)
    registered = table.number("registered", 0, MOST_COUNTED)
    window = table.text("window")
    days = window_days(window) if window is not None else 0
    if days is None:
        hint = f'Write "{MONTH}", or from "1 day" to "{LONGEST_WINDOW} days".'
        table.say("FL106", f'window = "{window}" is no window', hint, "window")
    if anonymous is None and not table.broken:
        hint = "Write how many articles one reads without an account, as in anonymous = 3."
        table.say("FL109", f"[meter.{name}] has no number for anonymous readers", hint)
    if anonymous is not None and registered is not None and registered < anonymous:
        what = f"[meter.{name}] gives {registered} to readers with an account and {anonymous} to those without"
        hint = f"An account must not take anything away: write registered = {anonymous} or more."
        table.say("FL115", what, hint, "registered")
    allowed = anonymous or 0
    return Allowance(name, allowed, allowed if registered is None else registered, days or 0, table.source)


def _rule(table: Table, meters: Collection[str], nearly: Collection[str]) -> Rule:
    table.unknown(RULE_KEYS)
    name = table.text("name")
    if name is not None and len(name) > LONGEST_NAME:
        table.say("FL104", f"the name is longer than {LONGEST_NAME} characters", "Say it in one sentence.", "name")
    articles = _articles(table)
    starts, ends = table.moment("from") or 0, table.moment("until", end=True) or 0
    access = table.word("access", LEVELS)
    opens_for = tuple(Grant(word) for word in table.words("opens-for", GRANTS))
    only_for = _wall(table)
    products = frozenset(table.numbers("products", 1, MOST_PRODUCTS))
    meter = table.text("meter")
    rule = Rule(
        name or "",
        articles,
        Access(access) if access else None,
        tuple(sorted(opens_for, key=tuple(Grant).index)),
        only_for,
        products,
        meter or SITE,
        starts,
        ends,
        table.source,
    )
    if not table.broken:
        _check_sense(table, rule, meters, nearly)
    return rule


def _articles(table: Table) -> Articles:
    paths = table.words("articles")
    for number, path in enumerate(paths):
        if not path.startswith("/"):
            key = ("articles", number) if isinstance(table.data["articles"], list) else ("articles",)
            table.say("FL104", f'"{path}" is no path', f'Write it as readers see it: "/{path}".', *key)
    return Articles(
        frozenset(table.words("sections")),
        frozenset(table.words("tags")),
        frozenset(Access(word) for word in table.words("levels", LEVELS)),
        frozenset(paths),
        table.span("newer-than"),
        table.span("older-than"),
    )


def _wall(table: Table) -> frozenset[Grant] | None:
    """The ways that an `only-for` leaves; None where the rule is no wall."""
    if "only-for" not in table.data:
        return None
    words = table.words("only-for", GRANTS)
    if Grant.EVERYONE in words:
        hint = "A wall that leaves everybody their way in is none: take the line out, or name who may still read."
        table.say("FL117", "only-for names everyone", hint, "only-for")
    return frozenset(Grant(word) for word in words)


def _check_sense(table: Table, rule: Rule, meters: Collection[str], nearly: Collection[str]) -> None:
    """What can only be asked of a rule in which every word is good."""
    about = rule.articles
    if not rule.name:
        table.say("FL110", "a rule has no name", 'Say in plain words what it does: name = "…".')
    if rule.access is None and not rule.opens_for and rule.only_for is None:
        hint = "Write access, opens-for or only-for, or take the rule out."
        table.say("FL113", "this rule does nothing", hint)
        return
    if rule.ends and rule.starts >= rule.ends:
        table.say("FL118", "this rule ends before it begins", "Write an until that is later than from.", "until")
    if about.newer_than and about.older_than >= about.newer_than:
        hint = "Write an older-than that is less than newer-than, or two rules."
        table.say("FL118", "no article is older and newer than that at once", hint, "older-than")
    if rule.access is not None and about.levels:
        hint = "levels asks for the level that an article has in the end; access gives one. Write two rules."
        table.say("FL116", "levels and access stand in one rule", hint, "levels")
    _check_uses(table, rule, meters, nearly)


def _check_uses(table: Table, rule: Rule, meters: Collection[str], nearly: Collection[str]) -> None:
    counts = Grant.METER in rule.opens_for
    if "meter" in table.data and not counts:
        table.say("FL119", "meter has no use here", 'Add opens-for = "meter", or take the line out.', "meter")
    elif counts and rule.meter not in meters and rule.meter not in nearly:
        key = "meter" if "meter" in table.data else "opens-for"
        hint = nearest(rule.meter, meters) if meters else f"Write [meter.{rule.meter}], and its numbers below."
        table.say("FL114", f'there is no meter "{rule.meter}"', hint, key)
    if rule.products and Grant.PRODUCT not in rule.opens_for:
        hint = 'Add opens-for = "subscribers", or take the line out.'
        table.say("FL119", "products has no use here", hint, "products")
    if counts and rule.articles.levels and Access.METERED not in rule.articles.levels:
        hint = 'A meter opens metered articles only: add "metered" to levels, or take "meter" out of opens-for.'
        table.say("FL119", "this meter can open nothing", hint, "levels")
