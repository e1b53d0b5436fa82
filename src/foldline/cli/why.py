"""`foldline why PATH --as KIND`: the reason, every finding, and the rule that decided."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from foldline.cli.home import home_option, settings_of
from foldline.config import Settings
from foldline.errors import FoldlineError
from foldline.pages.record import Gone, PublicPage, Redirect
from foldline.policy.decide import Decision, Spend, decide
from foldline.server.reader_kinds import KINDS, needs_of, visit_as
from foldline.server.worker import rules_of
from foldline.stores.records import PublicStore


@click.command()
@click.argument("path")
@click.option("--as", "kind", type=click.Choice(list(KINDS)), default="anonymous", show_default=True)
@click.option("--used", type=click.IntRange(0), default=0, help="Articles read on this device in this window.")
@click.option("--read-before", is_flag=True, help="This article is one of them.")
@click.option("--json", "as_json", is_flag=True, help="Print the decision as JSON.")
@home_option
def why(path: str, kind: str, used: int, read_before: bool, as_json: bool, home: Path | None) -> None:
    """Say why a reader of a kind may, or may not, read the article at PATH."""
    settings = settings_of(home)
    page = article_at(settings, path)
    now = int(time.time())
    rules = rules_of(settings, now)
    reader, needs = KINDS[kind], needs_of(page.article, rules, now)
    counted = max(used, int(read_before), reader.used(needs))
    visit = visit_as(reader, page.article, needs, now, counted, read_before)
    decision = decide(visit, rules)
    if as_json:
        click.echo(json.dumps(as_data(decision)))
        return
    sources = {rule.name: rule.source for rule in rules.every} if rules is not None else {}
    show(decision, sources, Console(highlight=False))


def article_at(settings: Settings, path: str) -> PublicPage:
    """The public record at a path.

    Raises:
        FoldlineError: there is no article there; the message says what is.
    """
    if not settings.home.public_db.exists():
        raise FoldlineError(f"{settings.home.path} holds no articles yet. Run `foldline migrate` first.")
    found = PublicStore(settings.home).find(path)
    if isinstance(found, Redirect):
        raise FoldlineError(f"{path} has moved to {found.to}. Ask about that path.")
    if isinstance(found, Gone):
        raise FoldlineError(f"The article at {path} was withdrawn: it answers 410 to everybody.")
    if not isinstance(found, PublicPage):
        raise FoldlineError(f"There is no article at {path}. Give the path as readers see it, as in /rivers-rise.")
    return found


def as_data(decision: Decision) -> dict[str, object]:
    """A decision as JSON data."""
    return {
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "rule": decision.rule,
        "rules": decision.rules_version,
        "findings": [
            {"reason": finding.reason.value, "passed": finding.passed, "rule": finding.rule}
            for finding in decision.findings
        ],
        "spend": _spend(decision.spend) if decision.spend else None,
    }


def _spend(spend: Spend) -> dict[str, object]:
    return {"article": spend.article, "meter": spend.allowance.name, "limit": spend.limit}


def show(decision: Decision, sources: dict[str, str], console: Console) -> None:
    """A decision for a person."""
    shown = {"opens": "whole", "refuses": "preview", "opens-if": "preview, then whole once it is counted"}
    console.print(f"[bold]{shown[decision.outcome.value]}[/bold] · {decision.reason.value}")
    if decision.rule:
        console.print(f"decided by: {decision.rule} ({sources.get(decision.rule, 'built in')})", markup=False)
    table = Table("", "finding", "asked by", box=None, pad_edge=False)
    for finding in decision.findings:
        table.add_row("✓" if finding.passed else "✗", finding.reason.value, finding.rule or "-")
    console.print(table)
    console.print(f"rules: {decision.rules_version}")
