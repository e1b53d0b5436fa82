"""`foldline policy diff OLD NEW`: what changes for how many articles, for each kind of reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table

from foldline.cli.home import home_option
from foldline.cli.moment import at_option, moment_at
from foldline.cli.policy_check import table_console
from foldline.cli.progress import bars
from foldline.cli.rule_texts import Place, place_of, text_of
from foldline.errors import FoldlineError
from foldline.policy.difference import Change, Visitor, difference
from foldline.policy.facts import Article
from foldline.policy.rules import Rules
from foldline.server.reader_kinds import KINDS, Kind, needs_of, visit_as
from foldline.testing.policy_cases import read_cases

ASKED = ("anonymous", "registered", "subscriber", "lapsed")
#: How many paths stand beside a change.
EXAMPLES = 10


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--cases", type=click.Path(path_type=Path), default=None, help="The articles of these cases instead.")
@at_option
@home_option
def diff(old: str, new: str, cases: Path | None, at: str | None, home: Path | None) -> None:
    """Say what changes for how many articles when NEW takes the place of OLD.

    Both are files of rules, or versions that were published (r-…, see `foldline policy history`).
    """
    place = place_of(home)
    now = moment_at(at, place.zone)
    before, after = place.rules(old), place.rules(new)
    articles = _articles(place, cases)
    with bars() as step:
        moved = step("Deciding")
        changes = difference(before, after, articles, visitors(before), now, lambda done: moved(done, len(articles)))
    _show(changes, len(articles))


def visitors(rules: Rules) -> dict[str, Visitor]:
    """The readers that are asked for, with nothing read yet; a subscriber has what opens the article by these rules."""

    def visitor(kind: Kind) -> Visitor:
        return lambda article, now: visit_as(kind, article, needs_of(article, rules, now), now)

    return {name: visitor(KINDS[name]) for name in ASKED}


def _articles(place: Place, cases: Path | None) -> Sequence[Article]:
    if cases is not None:
        return read_cases(text_of(cases), cases.name, place.zone, place.archive()).articles
    if not place.has_articles:
        raise FoldlineError("There is no archive here. Name a file of cases with --cases: its articles are compared.")
    return place.articles()


def _show(changes: Sequence[Change], total: int) -> None:
    console = table_console()
    if not changes:
        console.print(f"Nothing changes for any of {total} articles.")
        return
    table = Table("reader", "articles", "before", "after", "for example", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    table.columns[4].overflow = "fold"
    for change in changes:
        examples = "\n".join(change.paths[:EXAMPLES])
        more = len(change.paths) - EXAMPLES
        shown = f"{examples}\n… and {more} more" if more > 0 else examples
        table.add_row(change.kind, str(len(change.paths)), str(change.before), str(change.after), shown)
    console.print(table)
    concerned = {path for change in changes for path in change.paths}
    console.print(f"Something changes for {len(concerned)} of {total} articles.")
