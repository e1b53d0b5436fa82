"""`foldline export`: readers, entitlements, subscriptions and consents as files that anybody can read."""

from __future__ import annotations

import json
import os
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from foldline.cli.home import home_option, ready_django, settings_of
from foldline.cli.progress import bars
from foldline.config import Settings


@click.command(name="export")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    default=None,
    help="A folder that is not there yet (default: foldline-export- and the time, in this folder).",
)
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option("--reader", metavar="ADDRESS", default=None, help="All that is stored about one reader, as JSON.")
@home_option
def exporting(to: Path | None, form: str, reader: str | None, home: Path | None) -> None:
    """Write readers, entitlements, subscriptions and consents into a new folder that only you can read.

    The folder is there whole, or not at all. No code, no key of a session or a passkey, and no password is in it.
    """
    settings = settings_of(home)
    if reader is not None:
        _one_reader(settings, reader, to)
        return
    folder = to if to is not None else Path(time.strftime("foldline-export-%Y%m%d-%H%M%S", time.gmtime()))
    # The site may only be imported by the verbs that need it.
    writer: Any = import_module("foldline.site.portable.exporting")
    with bars() as begin:
        counts = writer.export(settings.home, folder, form, begin)
    for name, count in counts.items():
        click.echo(f"{count:>8} {name}")
    click.echo(f"Written into {folder}. These are people’s addresses: keep the folder as you keep the database.")


def _one_reader(settings: Settings, wanted: str, to: Path | None) -> None:
    """Print what is stored about a reader, or write it into a new file."""
    ready_django(settings).require_migrated(settings)
    finding: Any = import_module("foldline.site.desk.service.finding")
    found = finding.exactly(wanted.strip())
    if found is None:
        raise click.ClickException("No account has exactly this address or key.")
    told: Any = import_module("foldline.site.readers.my_data")
    written = json.dumps(told.told(found), indent=2, ensure_ascii=False) + "\n"
    if to is None:
        click.echo(written, nl=False)
        return
    try:
        number = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{to}: {error.strerror}. Nothing was written: name a file that is new.") from None
    with open(number, "w", encoding="utf-8") as file:
        file.write(written)
    click.echo(f"Written into {to}.")
