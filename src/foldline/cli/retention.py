"""`foldline retention`: what is kept about readers, for how long, and whether it goes in time."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from foldline.cli.home import home_option, ready_django, settings_of
from foldline.cli.policy_check import table_console

if TYPE_CHECKING:
    from foldline.site.retention import Standing

#: Jobs that prune run each hour. A row may be late by this and the job's own time, in seconds.
LATE = 2 * 3600


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@home_option
def retention(as_json: bool, home: Path | None) -> None:
    """List each table that holds something about readers: how long it is kept and why, when it was pruned last, and how
    many rows are beyond their time.

    Exit code 1 where rows are beyond their time and nobody has pruned them for two hours: the site does not run.
    """
    settings = settings_of(home)
    prepare = ready_django(settings)
    prepare.require_migrated(settings)
    moment: Any = import_module("foldline.site.readers.moment")
    database: Any = import_module("django.db")
    try:
        found: Sequence[Standing] = import_module("foldline.site.retention").standing(moment.now())
    except (database.OperationalError, sqlite3.OperationalError) as error:
        raise click.ClickException(f"{error}. Run `foldline migrate` first.") from None
    late = [one for one in found if one.beyond and one.pruned < moment.epoch() - LATE]
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in found], indent=2))
    else:
        _show(found)
        for one in late:
            click.echo(
                f"{one.kept.table}: {one.beyond} rows are beyond their time, and “{one.kept.job}” has not run for two "
                "hours. Is the site up?"
            )
    if late:
        sys.exit(1)


def _as_json(one: Standing) -> dict[str, Any]:
    told = {name: value for name, value in asdict(one.kept).items() if name != "beyond"}
    return {**told, "rows": one.rows, "beyond": one.beyond, "pruned": _moment(one.pruned) or None}


def _show(found: Sequence[Standing]) -> None:
    table = Table("table", "holds", "kept", "why", "last pruned", "rows", "beyond", box=None, pad_edge=False)
    for one in found:
        pruned = (_moment(one.pruned) or "never") if one.kept.job else ""
        beyond = "" if one.beyond is None else str(one.beyond)
        table.add_row(one.kept.table, one.kept.holds, one.kept.kept, one.kept.why, pruned, str(one.rows), beyond)
    table_console().print(table)


def _moment(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if epoch else ""
