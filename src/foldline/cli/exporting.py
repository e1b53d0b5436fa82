"""`foldline export`: readers, entitlements, subscriptions and consents as files that anybody can read."""

from __future__ import annotations

import time
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from foldline.cli.home import home_option, settings_of
from foldline.cli.progress import bars


@click.command(name="export")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=None,
    help="A folder that is not there yet (default: foldline-export- and the time, in this folder).",
)
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@home_option
def exporting(to: Path | None, form: str, home: Path | None) -> None:
    """Write readers, entitlements, subscriptions and consents into a new folder that only you can read.

    The folder is there whole, or not at all. No code, session, passkey or password is in it.
    """
    settings = settings_of(home)
    folder = to if to is not None else Path(time.strftime("foldline-export-%Y%m%d-%H%M%S", time.gmtime()))
    # The site may only be imported by the verbs that need it.
    writer: Any = import_module("foldline.site.portable.exporting")
    with bars() as begin:
        counts = writer.export(settings.home, folder, form, begin)
    for name, count in counts.items():
        click.echo(f"{count:>8} {name}")
    click.echo(f"Written into {folder}. These are people’s addresses: keep the folder as you keep the database.")
