"""`foldline copy`: a publication from files into PostgreSQL, and back."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from foldline.cli.home import database_option, given_address, home_option, ready_django, refuse_demo_powers, settings_of
from foldline.cli.progress import bars
from foldline.stores.home import Home


@click.command(name="copy")
@click.option("--to", required=True, metavar="URL|DIR", help="An empty database, or a folder without databases.")
@home_option
@database_option
def copying(to: str, home: Path | None) -> None:
    """Copy everything into a PostgreSQL, or from one into files: all of it or nothing. Stop serving first."""
    settings = settings_of(home)
    refuse_demo_powers(settings)
    target = Home(settings.home.path, given_address(to, "--to")) if "://" in to else Home(Path(to).resolve())
    if (settings.home.database is None) == (target.database is None):
        raise click.UsageError("copy leads from files into a database, or from a database into files")
    ready_django(settings).require_migrated(settings)
    # It may only be imported once Django is set up.
    copier: Any = import_module("foldline.server.copying")
    with bars() as begin:
        counts = copier.copy(settings.home, target, begin)
    for name, count in counts.items():
        if count:
            click.echo(f"{count:>10,} {name}")
    where = str(target.database) if target.database is not None else str(target.path)
    click.echo(f"Copied into {where}: {sum(counts.values()):,} rows and pictures, each table counted on both sides.")
