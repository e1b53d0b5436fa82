"""`foldline import print`: the nightly file of print subscribers."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from foldline.cli.home import home_option, ready_django, settings_of


@click.command(name="print")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--anyway", is_flag=True, help="Take a file that lacks more than a fifth of what runs.")
@click.option("--dry-run", is_flag=True, help="Say of every row what would become of it, and write nothing.")
@home_option
def print_subscriptions(file: Path, anyway: bool, dry_run: bool, home: Path | None) -> None:
    """Take the circulation FILE: a CSV with the columns number and postcode, and where there are any email, starts,
    ends and stop.

    A second run of the same file changes nothing. A stop ends what was activated at its date; what the file does not
    name runs on, and is listed. Exit code 1 where a row could not be taken; the others are.
    """
    settings = settings_of(home)
    ready_django(settings).require_migrated(settings)
    importing: Any = import_module("foldline.site.circulation.importing")
    kinds: Any = import_module("foldline.site.portable.verdicts")
    found = importing.CirculationFile(file, settings.zone, dry=dry_run, anyway=anyway)
    if found.unread:
        click.echo(f"Not read: the columns {', '.join(found.unread)}.")
    tally = kinds.Tally()
    for verdict in found.run():
        tally.add(verdict)
        if dry_run or verdict.outcome in (kinds.Outcome.REFUSED, kinds.Outcome.MISSING):
            click.echo(str(verdict))
    told = [f"{count} {outcome}" for outcome in kinds.Outcome if (count := tally.of(outcome))]
    click.echo(f"{file.name}: {', '.join(told) or 'no rows'}")
    if dry_run:
        click.echo("This was a dry run: nothing was written.")
    elif tally.of(kinds.Outcome.NEW) or tally.of(kinds.Outcome.CHANGED):
        audit: Any = import_module("foldline.site.desk.audit")
        audit.record(audit.COMMAND_LINE, "imported", audit.Subject("print subscriptions"), after=", ".join(told))
    if tally.of(kinds.Outcome.REFUSED):
        sys.exit(1)
