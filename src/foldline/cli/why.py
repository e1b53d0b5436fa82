"""`foldline why PATH --as KIND`: the reason, every finding, and the rule that decided."""

from __future__ import annotations

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table

from foldline.cli.home import home_option, settings_of
from foldline.cli.moment import at_option, moment_at, written
from foldline.cli.policy_check import table_console
from foldline.config import Settings
from foldline.errors import FoldlineError
from foldline.pages.record import Gone, PublicPage, Redirect
from foldline.policy.decide import Decision, Spend, decide
from foldline.policy.facts import Access, Article
from foldline.policy.plan import NEVER, Plan
from foldline.policy.spans import DAY, HOUR
from foldline.server.gate_state import rules_of
from foldline.server.reader_kinds import KINDS, needs_of, visit_as
from foldline.stores.database import is_made
from foldline.stores.records import PublicStore


@click.command()
@click.argument("path")
@click.option("--as", "kind", type=click.Choice(list(KINDS)), default="anonymous", show_default=True)
@click.option("--used", type=click.IntRange(0), default=0, help="Articles read on this device in this window.")
@click.option("--read-before", is_flag=True, help="This article is one of them.")
@click.option("--institution", metavar="NAME", default="", help="From the network of this library or company.")
@at_option
@click.option("--json", "as_json", is_flag=True, help="Print the decision as JSON.")
@home_option
def why(
    path: str,
    kind: str,
    used: int,
    read_before: bool,
    institution: str,
    at: str | None,
    as_json: bool,
    home: Path | None,
) -> None:
    """Say why a reader of a kind may, or may not, read the article at PATH.

    It is decided by the rules in force, and by what is open now.
    """
    settings = settings_of(home)
    article = article_at(settings, path).article
    now = moment_at(at, settings.zone)
    rules = rules_of(settings, now)
    reader, needs = KINDS[kind], needs_of(article, rules, now)
    counted = max(used, int(read_before), reader.used(needs))
    visit = visit_as(reader, article, needs, now, counted, read_before)
    if institution:
        visit = visit._replace(institution=institution)
    decision = decide(visit, rules)
    plan = rules.plan(article, now) if rules is not None else None
    if as_json:
        click.echo(json.dumps(as_data(decision) | (about(article, plan, now) if plan is not None else {})))
        return
    sources = {rule.name: rule.source for rule in rules.every} if rules is not None else {}
    console = table_console()
    show(decision, sources, console)
    if plan is not None:
        show_article(article, plan, sources, now, settings.zone, console)


def article_at(settings: Settings, path: str) -> PublicPage:
    """The public record at a path.

    Raises:
        FoldlineError: there is no article there; the message says what is.
    """
    if not is_made(settings.home.public_db):
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
    console.print(f"[bold]{shown[decision.outcome.value]}[/bold] · {decision.reason.value}", markup=True)
    if decision.rule:
        console.print(f"decided by: {decision.rule} ({sources.get(decision.rule, 'built in')})")
    table = Table("", "finding", "asked by", box=None, pad_edge=False)
    for finding in decision.findings:
        table.add_row("✓" if finding.passed else "✗", finding.reason.value, finding.rule or "-")
    console.print(table)
    console.print(f"rules: {decision.rules_version}")


def level_from(article: Article, plan: Plan) -> str:
    """Where the level comes from: the article, a rule by its name, the default, or nobody."""
    if article.access is not Access.BY_RULE:
        return "the article" if plan.access is not None else "nobody"
    return plan.level or ("default-access" if plan.access is not None else "nobody")


def about(article: Article, plan: Plan, now: int) -> dict[str, object]:
    """What the rules say about the article at a moment, whoever reads it, as JSON data."""
    return {
        "at": now,
        "level": plan.access.value if plan.access is not None else None,
        "level_from": level_from(article, plan),
        "open_now": plan.open_now._asdict() if plan.open_now is not None else None,
        "meter": plan.allowance.name if plan.allowance is not None else None,
        "walls": [finding.rule for finding in plan.excluded],
        "holds_until": plan.until if plan.until < NEVER else None,
    }


def show_article(
    article: Article, plan: Plan, sources: dict[str, str], now: int, zone: ZoneInfo, console: Console
) -> None:
    """The same for a person."""

    def named(rule: str) -> str:
        return f"{rule} ({sources[rule]})" if rule in sources else rule

    level = plan.access.value if plan.access is not None else "unknown"
    lines = [f"level: {level}, from {named(level_from(article, plan))}"]
    lines += [f"wall: {named(finding.rule)}" for finding in plan.excluded]
    if plan.open_now is not None:
        lines.append(f"open now: {plan.open_now.reason}, until {written(plan.open_now.ends, zone)}")
    if plan.allowance is not None:
        meter = plan.allowance
        window = f"{meter.days} days" if meter.days else "a calendar month"
        lines.append(
            f"meter: {meter.name}, {meter.anonymous} in {window}, {meter.registered} with an account ({meter.source})"
        )
    if article.published:
        age = now - article.published
        when = "still to come" if age < 0 else f"{age // DAY} days and {age % DAY // HOUR} hours old"
        lines.append(f"published: {written(article.published, zone)}, {when}")
    if plan.until < NEVER:
        lines.append(f"so until: {written(plan.until, zone)}, when the rules say something else about it")
    console.print("\n".join(lines))
