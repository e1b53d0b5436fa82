"""`foldline policy start|publish|history|roll-back`: a first draft, and which rules decide."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.table import Table

from foldline.cli.home import home_option, ready_django, refuse_demo_powers, settings_of
from foldline.cli.moment import written
from foldline.cli.policy_check import reviewed, table_console, tell
from foldline.cli.rule_texts import Place
from foldline.config import Settings
from foldline.errors import FoldlineError
from foldline.policy.rules import version_of
from foldline.policy.rules_file import problems_of
from foldline.policy.starter import starter_text
from foldline.stores.rule_sets import RuleSetStore, StoredRuleSet

LONGEST_NOTE = 200


def one_line(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """The value of an option that is kept in a history: one line, and not empty where it is required."""
    text = value.strip()
    if not text.isprintable() or len(text) > LONGEST_NOTE:
        raise click.BadParameter(f"Write one line of at most {LONGEST_NOTE} characters.")
    if parameter.required and not text:
        raise click.BadParameter("Write a name.")
    return text


by_option = click.option(
    "--by", required=True, metavar="NAME", callback=one_line, help="Who does this, for the history."
)


@click.command()
@home_option
def start(home: Path | None) -> None:
    """Write a first rules.toml into the home folder: it does what holds without one, and shows what could be."""
    settings = settings_of(home)
    path = settings.home.rules_file
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(starter_text(settings.meter_limit))
    except FileExistsError:
        raise FoldlineError(f"{path} is there already. It was not touched.") from None
    click.echo(f"Wrote {path}. It decides nothing until `foldline policy publish`.")


@click.command()
@click.argument("file", required=False, metavar="[FILE]")
@by_option
@click.option("--note", default="", callback=one_line, help="Why, in one line.")
@click.option("--anyway", is_flag=True, help="Even where walls leave nobody a way in to some articles.")
@home_option
def publish(file: str | None, by: str, note: str, anyway: bool, home: Path | None) -> None:
    """Let FILE, or the draft in the home folder (rules.toml), decide from now on.

    Where `foldline policy check` finds an error it is refused, and what decided before goes on deciding.
    """
    settings = _publication(home)
    place = Place(settings.home, settings)
    text, called = place.text(file)
    if problems := problems_of(text, called, place.zone):
        tell(problems, ())
        _nothing_published()
    now = int(time.time())
    found = reviewed(place.rules(file), place.articles(), now)
    tell(found.errors, found.warnings)
    if found.errors and not anyway:
        _nothing_published()
    with RuleSetStore(settings.home) as store:
        active = store.active()
        if active is not None and active.version == version_of(text):
            click.echo(f"These rules decide already: {active.version}.")
            return
        write_down = _audit(settings)
        stored = store.publish(text, by, note, now)
    write_down("published", stored, active.version if active is not None else "built in")
    click.echo(f"Published {stored.version}: the gate decides by it within a second.")


def _nothing_published() -> NoReturn:
    click.echo("Nothing was published.")
    sys.exit(1)


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, the newest first.")
@home_option
def history(limit: int, home: Path | None) -> None:
    """List the rules that were published: when, by whom and why. The first decides."""
    settings = settings_of(home)
    with RuleSetStore(settings.home, read_only=True) as store:
        published = store.history(limit)
        damaged = store.damaged()
    if not published:
        click.echo("No rules were published yet: the levels alone decide, with the meter of foldline.toml.")
    table = Table("version", "when", "by", "note", box=None, pad_edge=False)
    for number, stored in enumerate(published):
        mark = " (decides)" if number == 0 else ""
        table.add_row(stored.version + mark, written(stored.at, settings.zone), stored.by, stored.note)
    if published:
        table_console().print(table)
    for row in damaged:
        click.echo(f"Number {row} is not as it was published: it decides nothing.")


@click.command(name="roll-back")
@by_option
@home_option
def roll_back(by: str, home: Path | None) -> None:
    """Let the rules decide that were published before those that decide now."""
    settings = _publication(home)
    write_down = _audit(settings)
    try:
        with RuleSetStore(settings.home) as store:
            active = store.active()
            stored = store.roll_back(by, int(time.time()))
    except LookupError as error:
        raise FoldlineError(f"{str(error).capitalize()}.") from None
    write_down("rolled back", stored, active.version if active is not None else "")
    click.echo(f"Back to {stored.version}: the gate decides by it within a second.")


def _publication(home: Path | None) -> Settings:
    settings = settings_of(home)
    refuse_demo_powers(settings)
    return settings


def _audit(settings: Settings) -> Callable[[str, StoredRuleSet, str], None]:
    """Gives a function that writes a change into the audit log.

    Raises:
        ConfigurationError: FL041, before anything is changed that could not be written down.
    """
    ready_django(settings).require_migrated(settings)
    audit: Any = import_module("foldline.site.desk.audit")

    def write_down(what: str, stored: StoredRuleSet, before: str) -> None:
        after = f"{stored.version} by {stored.by} {stored.note}".strip()
        audit.record(audit.COMMAND_LINE, what, audit.Subject("rules", str(stored.id), stored.version), before, after)

    return write_down
