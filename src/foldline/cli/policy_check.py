"""`foldline policy check`: everything that is wrong with a file of rules, and what it does to the articles."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from foldline.cli.home import home_option
from foldline.cli.moment import at_option, moment_at
from foldline.cli.progress import bars
from foldline.cli.rule_texts import Place, place_of
from foldline.errors import ConfigurationError, Problem
from foldline.policy.facts import Article
from foldline.policy.review import Review, review
from foldline.policy.rule import Rule
from foldline.policy.rules import Rules

#: What a line of a table may be wide where no terminal says it.
WIDE = 120


@click.command()
@click.argument("file", required=False, metavar="[FILE]")
@at_option
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@home_option
def check(file: str | None, at: str | None, as_json: bool, home: Path | None) -> None:
    """Tell everything that is wrong with FILE, or with the draft in the home folder (rules.toml).

    With a home folder also what the rules do to its articles. Exit code 1 where there is an error; warnings are none.
    """
    place = place_of(home)
    now = moment_at(at, place.zone)
    try:
        rules = place.rules(file)
    except ConfigurationError as error:
        _end(error.problems, (), None, None, as_json)
        return
    found = reviewed(rules, place.articles(), now)
    _end(found.errors, found.warnings, found, place, as_json)


def reviewed(rules: Rules, articles: Sequence[Article], now: int) -> Review:
    """The review, with a bar while it lasts."""
    with bars() as step:
        moved = step("Looking at articles")
        return review(rules, articles, now, lambda done: moved(done, len(articles)))


def _end(
    errors: Sequence[Problem], warnings: Sequence[Problem], found: Review | None, place: Place | None, as_json: bool
) -> None:
    if as_json:
        click.echo(json.dumps(_data(errors, warnings, found), ensure_ascii=False))
    else:
        tell(errors, warnings)
        if found is not None and place is not None:
            _show(found, place)
    if errors:
        sys.exit(1)


def tell(errors: Sequence[Problem], warnings: Sequence[Problem]) -> None:
    """Every finding on a line of its own, then how many there are."""
    for problem in errors:
        click.echo(f"error   {problem}")
    for problem in warnings:
        click.echo(f"warning {problem}")
    if errors or warnings:
        click.echo(f"{_count(len(errors), 'error')}, {_count(len(warnings), 'warning')}.")
    else:
        click.echo("Nothing is wrong.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _show(found: Review, place: Place) -> None:
    console = table_console()
    if not place.has_articles:
        console.print("There is no archive here: what the rules do to articles was not looked at.")
        return
    table = Table("articles", "now", "rule", "where", "does", box=None, pad_edge=False)
    table.columns[0].justify = table.columns[1].justify = "right"
    for count in found.counts:
        rule = count.rule
        table.add_row(str(count.fits), str(count.holds), rule.name, rule.source, does(rule))
    if found.counts:
        console.print(table)
    levels = ", ".join(f"{number} {level}" for level, number in sorted(found.levels.items()))
    console.print(f"{found.total} articles: {levels or 'none'}.")


def table_console() -> Console:
    """Where tables are printed: as wide as the terminal, or wide enough to be read in a log. What people wrote is shown
    as it is, brackets too."""
    plain = Console(highlight=False, emoji=False, markup=False)
    return plain if plain.is_terminal else Console(highlight=False, emoji=False, markup=False, width=WIDE)


def does(rule: Rule) -> str:
    """What a rule does, in its own words."""
    parts = [f"access {rule.access.value}"] if rule.access else []
    parts += [f"opens for {', '.join(grant.value for grant in rule.opens_for)}"] if rule.opens_for else []
    parts += [f"only for {', '.join(sorted(rule.only_for))}"] if rule.only_for else []
    return "; ".join(parts)


def _data(errors: Sequence[Problem], warnings: Sequence[Problem], found: Review | None) -> dict[str, object]:
    data: dict[str, object] = {
        "errors": [asdict(problem) for problem in errors],
        "warnings": [asdict(problem) for problem in warnings],
    }
    if found is not None:
        counts = [
            {"rule": one.rule.name, "where": one.rule.source, "articles": one.fits, "now": one.holds}
            for one in found.counts
        ]
        data |= {"total": found.total, "levels": found.levels, "rules": counts, "undecided": list(found.undecided)}
    return data
