"""`foldline import institutions`: libraries and companies from a CSV file."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from foldline.cli.home import home_option, ready_django, settings_of


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--anyway", is_flag=True, help="Take dangerous networks, too. Half the internet is never taken.")
@click.option("--dry-run", is_flag=True, help="Say of every row what would become of it, and write nothing.")
@home_option
def institutions(file: Path, anyway: bool, dry_run: bool, home: Path | None) -> None:
    """Import libraries and companies from FILE, a CSV with the columns that `foldline report contracts` prints.

    One that has the name of a row becomes what the row says; what FILE does not name stays. Exit code 1 where a row
    could not be imported; the others are.
    """
    settings = settings_of(home)
    ready_django(settings).require_migrated(settings)
    files: Any = import_module("foldline.site.institutions.files")
    audit: Any = import_module("foldline.site.desk.audit")
    kinds: Any = import_module("foldline.site.portable.verdicts")
    found = files.InstitutionList(file, settings.home, settings.zone, audit.COMMAND_LINE, dry=dry_run, anyway=anyway)
    tally = kinds.Tally()
    for verdict in found.run():
        tally.add(verdict)
        click.echo(str(verdict))
        if verdict.outcome in (kinds.Outcome.NEW, kinds.Outcome.CHANGED) and not dry_run:
            audit.record(
                audit.COMMAND_LINE, "imported", audit.Subject("institution", name=verdict.about), after=verdict.outcome
            )
    if dry_run:
        click.echo("This was a dry run: nothing was written.")
    if tally.of(kinds.Outcome.REFUSED):
        sys.exit(1)
