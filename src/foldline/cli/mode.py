"""`foldline mode`: whether a site behind the gate is gated or stands in shadow, and what shadow has seen."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from foldline.cli.home import home_option, ready_django, refuse_demo_powers, settings_of
from foldline.cli.mode_report import tell_report
from foldline.cli.moment import moment_at, written
from foldline.cli.policy_publish import one_line
from foldline.config import Settings
from foldline.errors import FoldlineError, Problem
from foldline.server.deciding import rules_problems
from foldline.server.leaving_shadow import lock_problems, reasons_to_stay
from foldline.stores.mode import Mode, ModeStore, StoredMode
from foldline.stores.mode_in_force import standing

OPEN = "THE SITE IS OPEN: everybody is given every article whole, and nothing is gated."
_NOT_SAID = "nobody has said anything yet"


@click.command()
@click.argument("to", required=False, type=click.Choice([mode.value for mode in Mode]), metavar="[shadow|gate]")
@click.option("--by", default="", metavar="NAME", callback=one_line, help="Who does this (default: who is signed in).")
@click.option(
    "--i-know",
    "reason",
    default="",
    metavar="REASON",
    callback=one_line,
    help="Gate although the world reaches the origin around the gate. The reason is written down.",
)
@click.option("--report", is_flag=True, help="Say what the gate would have done in shadow. Changes nothing.")
@click.option("--since", metavar="DATE-TIME", default=None, help="Report from here (default: since shadow began).")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@home_option
def mode(
    to: str | None, by: str, reason: str, report: bool, since: str | None, as_json: bool, home: Path | None
) -> None:
    """Say whether the site behind the gate is gated, or change it: every worker hears of it within a second.

    In shadow each request gets the site's own answer, unchanged, and the gate writes down what it would have done.
    `foldline mode gate` refuses while that would gate nothing, or nobody could read.
    """
    if to is not None and (report or since is not None):
        raise click.UsageError("--report changes nothing. Write `foldline mode --report`.")
    if since is not None and not report:
        raise click.UsageError("--since belongs to --report.")
    if reason and to != Mode.GATE:
        raise click.UsageError("--i-know belongs to `foldline mode gate`.")
    settings = settings_of(home)
    if settings.origin is None:
        what = "Its articles are its own, and always gated: there is no site behind this gate ([origin] url is empty)."
        raise FoldlineError(what)
    if report:
        from_moment = moment_at(since, settings.zone, "--since") if since is not None else None
        tell_report(settings, from_moment, as_json=as_json)
        return
    if to is None:
        _tell(settings, as_json=as_json)
        return
    refuse_demo_powers(settings)
    if to == Mode.SHADOW:
        _to_shadow(settings, by or _who())
    else:
        _to_gate(settings, by or _who(), reason)


def _tell(settings: Settings, *, as_json: bool) -> None:
    stands = standing(settings.home, settings.unsaid_mode)
    said = stands.said
    if as_json:
        told = {"mode": stands.mode.value, "open": stands.mode is Mode.SHADOW, "trouble": stands.trouble}
        about = {"since": said.at, "by": said.by, "note": said.note} if said else {}
        click.echo(json.dumps(told | about))
        return
    who = f"since {written(said.at, settings.zone)}, by {said.by}" if said else _NOT_SAID
    click.echo(f"{stands.mode}: {stands.trouble or who}" + (f" ({said.note})" if said and said.note else ""))
    if stands.mode is Mode.SHADOW:
        click.echo(OPEN)


def _to_shadow(settings: Settings, by: str) -> None:
    """At once: nothing is asked first, and what can't be written into the audit log does not hold it up. The row of the
    mode itself says who and when."""
    before = standing(settings.home, settings.unsaid_mode)
    if _is_already(before.said, Mode.SHADOW):
        click.echo(f"shadow already. {OPEN}")
        return
    with ModeStore(settings.home) as store:
        stored = store.set(Mode.SHADOW, by, int(time.time()))
    click.echo(f"shadow, within a second. {OPEN}")
    database: Any = import_module("django.db")
    try:
        _audit(settings, stored, before.mode)
    except (FoldlineError, database.Error) as error:
        click.echo(f"It could not be written into the audit log: {error}", err=True)


def _to_gate(settings: Settings, by: str, reason: str) -> None:
    ready_django(settings).require_migrated(settings)
    before = standing(settings.home, settings.unsaid_mode)
    if _is_already(before.said, Mode.GATE):
        click.echo("gate already.")
        return
    lock = lock_problems(settings)
    refusing, over = reasons_to_stay(lock, rules_problems(settings), known=bool(reason))
    for problem in (*refusing, *over):
        click.echo(str(problem))
    if refusing:
        _refuse(refusing, before.mode)
    with contextlib.suppress(FileNotFoundError):
        # A worker that starts while the database is away must not find the shadow of before.
        settings.home.mode_in_force.unlink()
    with ModeStore(settings.home) as store:
        stored = store.set(Mode.GATE, by, int(time.time()), reason)
    _audit(settings, stored, before.mode)
    click.echo("gate, within a second: previews are cut, and what the map closes is closed.")
    click.echo("Caches before the gate may still hold whole pages from the shadow: purge them now.")


def _refuse(refusing: tuple[Problem, ...], mode: Mode) -> None:
    only_known = all(problem.id == "FL220" for problem in refusing)
    click.echo(f"Nothing was changed: {mode} goes on.")
    if only_known:
        click.echo("Where you know that and gate all the same: `foldline mode gate --i-know REASON`.")
    sys.exit(1)


def _is_already(said: StoredMode | None, mode: Mode) -> bool:
    return said is not None and said.mode is mode


def _audit(settings: Settings, stored: StoredMode, before: Mode) -> None:
    ready_django(settings).require_migrated(settings)
    audit: Any = import_module("foldline.site.desk.audit")
    after = f"{stored.mode} by {stored.by}" + (f", over an open origin: {stored.note}" if stored.note else "")
    audit.record(audit.COMMAND_LINE, "changed", audit.Subject("mode", str(stored.id), stored.mode), before, after)


def _who() -> str:
    """Whoever is signed in on this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"
