"""Files of rules for tests: fifty rules, and rules written back as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from foldline.policy.rule import SITE, Allowance, Rule
from foldline.policy.rules import Rules
from foldline.policy.spans import MONTH, span_words

FIFTY_RULES = """default-access = "metered"

[meter.site]
anonymous = 3
registered = 5
window = "calendar month"

[meter.sport]
anonymous = 1
window = "30 days"
""" + "".join(
    f"""
[[rule]]
name = "Rule {number} of fifty"
sections = ["news", "section-{number}"]
tags = "tag-{number}"
newer-than = "{number + 1} hours"
from = 2026-01-01
until = 2026-12-31T18:00:00
opens-for = ["crawler", "meter"]
meter = "sport"
"""
    for number in range(50)
)


def as_toml(rules: Rules) -> str:
    """Rules as a publisher would write them. Moments are written in UTC."""
    default = [f'default-access = "{rules.default.value}"'] if rules.default else []
    meters = [_meter(meter) for meter in rules.allowances.values()]
    return "\n".join((*default, *meters, *map(_rule, rules.rules))) + "\n"


def _meter(meter: Allowance) -> str:
    window = span_words(meter.days * 86_400) if meter.days else MONTH
    return (
        f'[meter.{meter.name}]\nanonymous = {meter.anonymous}\nregistered = {meter.registered}\nwindow = "{window}"\n'
    )


def _rule(rule: Rule) -> str:
    about = rule.articles
    lines = ["[[rule]]", f"name = {_texts((rule.name,))[1:-1]}"]
    lists = {
        "sections": about.sections,
        "tags": about.tags,
        "levels": about.levels,
        "articles": about.paths,
        "opens-for": rule.opens_for,
        "only-for": rule.only_for or (),
    }
    lines += [f"{key} = {_texts(sorted(map(str, words)))}" for key, words in lists.items() if words]
    spans = {"newer-than": about.newer_than, "older-than": about.older_than}
    lines += [f'{key} = "{span_words(seconds)}"' for key, seconds in spans.items() if seconds]
    moments = {"from": rule.starts, "until": rule.ends}
    lines += [f"{key} = {datetime.fromtimestamp(at, UTC).isoformat()}" for key, at in moments.items() if at]
    lines += [f'access = "{rule.access.value}"'] if rule.access else []
    lines += [f"products = {sorted(rule.products)}"] if rule.products else []
    lines += [f'meter = "{rule.meter}"'] if rule.meter != SITE else []
    return "\n".join(lines) + "\n"


def _texts(words: Iterable[str]) -> str:
    return json.dumps(list(words))
