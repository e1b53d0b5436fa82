"""`foldline report`: what libraries and companies used in a month, and their contracts, as CSV."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from foldline.cli.home import home_option, ready_django, settings_of
from foldline.insight.institutions import Month
from foldline.site.institutions.use import report
from foldline.stores.institutions import InstitutionStore


@click.group(name="report")
def reporting() -> None:
    """Print what libraries and companies use, and their contracts."""


@reporting.command()
@click.option("--month", metavar="YYYY-MM", default=None, help="Which month (default: the last whole one).")
@home_option
def institutions(month: str | None, home: Path | None) -> None:
    """What each institution used in a month: whole articles that its network opened, and how often it was refused."""
    settings = settings_of(home)
    try:
        asked = Month.of(month, settings.zone) if month is not None else _last(settings.zone)
    except ValueError:
        raise click.BadParameter(f"{month!r} is no month. Write it as in 2026-11.", param_hint="--month") from None
    click.echo(report(settings.home, asked), nl=False)


@reporting.command()
@home_option
def contracts(home: Path | None) -> None:
    """Every library and company with its networks, domains and days, as `foldline import institutions` takes them."""
    settings = settings_of(home)
    ready_django(settings).require_migrated(settings)
    files: Any = import_module("foldline.site.institutions.files")
    with InstitutionStore(settings.home, read_only=True) as store:
        click.echo(files.as_csv(store.every(), settings.zone), nl=False)


def _last(zone: ZoneInfo) -> Month:
    today = datetime.fromtimestamp(time.time(), UTC).astimezone(zone)
    return Month(today.year - (today.month == 1), (today.month - 2) % 12 + 1, zone)
