"""`foldline policy test CASES`: decide every case, and say which came out otherwise and why."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from foldline.cli.home import home_option
from foldline.cli.rule_texts import Place, place_of, text_of
from foldline.errors import FoldlineError
from foldline.policy.rules import Rules
from foldline.policy.rules_file import read_rules
from foldline.testing.policy_cases import Cases, Verdict, read_cases, run_cases


@click.command()
@click.argument("cases", type=click.Path(path_type=Path))
@click.option(
    "--rules", "rules_name", metavar="FILE", default=None, help="The rules to try, instead of the file's own."
)
@home_option
def test(cases: Path, rules_name: str | None, home: Path | None) -> None:
    """Decide every case of CASES. Exit code 1 where one comes out otherwise; then the trace says why.

    It needs no home folder: the rules are those of --rules, or those that CASES names, or the draft in the home folder.
    """
    place = place_of(home)
    read = read_cases(text_of(cases), cases.name, place.zone, place.archive())
    if not read.cases:
        raise FoldlineError(f"There is no case in {cases}.")
    rules = _rules(place, cases, read, rules_name)
    verdicts = run_cases(read.cases, rules)
    sources = {rule.name: rule.source for rule in rules.every}
    failed = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in failed:
        _tell(verdict, sources)
    click.echo(f"{len(verdicts) - len(failed)} passed, {len(failed)} failed")
    if failed:
        sys.exit(1)


def _rules(place: Place, cases: Path, read: Cases, name: str | None) -> Rules:
    """Dates in them are in the zone of the cases."""
    if name is None and read.rules:
        path = cases.parent / read.rules
        return read_rules(text_of(path), path.name, read.zone)
    text, called = place.text(name)
    return read_rules(text, called, read.zone)


def _tell(verdict: Verdict, sources: dict[str, str]) -> None:
    click.echo(f"✗ {verdict.case.name} ({verdict.case.source})")
    for wrong in verdict.wrong:
        click.echo(f"    {wrong}")
    if verdict.decision.rule:
        rule = verdict.decision.rule
        click.echo(f"    decided by: {rule} ({sources.get(rule, 'built in')})")
    for finding in verdict.decision.findings:
        click.echo(f"    {'✓' if finding.passed else '✗'} {finding.reason.value:<22} {finding.rule or '-'}")
