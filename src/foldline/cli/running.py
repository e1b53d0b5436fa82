"""`foldline migrate`, `foldline serve` and `foldline restart`."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from pathlib import Path

import click

from foldline.cli.home import database_option, home_option, ready_django, refuse_demo_powers, settings_of
from foldline.cli.mode import OPEN
from foldline.errors import ConfigurationError, Problem
from foldline.server import logs
from foldline.server.outcome import last_outcome, supervisor_of
from foldline.server.supervisor import Supervisor, listen
from foldline.stores.mode import Mode
from foldline.stores.mode_in_force import standing

log = logging.getLogger("foldline.events")


@click.command()
@home_option
@database_option
def migrate(home: Path | None) -> None:
    """Create or update the databases of a home folder, and publish again what needs it."""
    settings = settings_of(home)
    refuse_demo_powers(settings)
    prepare = ready_django(settings)
    prepare.migrate(settings)
    count = prepare.publish_again()
    click.echo(f"{settings.home.path} is up to date; {count} articles published again.")


@click.command()
@click.option("--try", "only_try", is_flag=True, help="Do what comes before serving, and end: 0 where all is well.")
@home_option
@database_option
def serve(only_try: bool, home: Path | None) -> None:
    """Run the gate, the pages about accounts, and the desk. A gate that is mounted runs in its application.

    SIGHUP, or `foldline restart`, replaces its processes one by one.
    """
    settings = settings_of(home)
    refuse_demo_powers(settings)
    if only_try:
        prepare = ready_django(settings)
        prepare.require_migrated(settings)
        prepare.publish_again()
        return
    logs.begin(settings.log_format, "serve")
    mounted = settings.origin is not None and settings.origin.mounted
    gate = None if mounted else listen(*settings.listen, "[listen]")
    desk = listen(*settings.desk, "[desk]")
    metrics = listen(*settings.metrics, "[metrics]") if settings.metrics is not None else None
    prepare = ready_django(settings)
    prepare.require_migrated(settings)
    prepare.publish_again()

    def ready() -> None:
        if settings.log_format == "json":
            # Whoever reads standard error reads all of it, as one form.
            log.info("every process answers")
            return
        if gate is None:
            click.echo(f"Accounts of {settings.publication.name} are ready for the gate in your application.")
        else:
            here = f"{settings.listen[0]}:{gate.getsockname()[1]}"
            click.echo(f"{settings.publication.name} is served on http://{here}")
            if settings.host != here:
                # Who opens that address in a browser would be refused (421), and not know why.
                click.echo(f"It answers for {settings.host} alone: curl -H 'Host: {settings.host}' http://{here}/")
        if settings.origin is not None and standing(settings.home, settings.unsaid_mode).mode is Mode.SHADOW:
            click.echo(f"In shadow. {OPEN}")
        click.echo(f"Desk: http://{settings.desk[0]}:{desk.getsockname()[1]}")

    Supervisor(settings, os.environ, gate, desk, metrics=metrics).run(ready)


@click.command()
@click.option("--wait", type=click.IntRange(1, 3600), default=900, show_default=True, help="Seconds to wait for it.")
@home_option
def restart(wait: int, home: Path | None) -> None:
    """Replace the processes of `foldline serve` one by one, with settings, secret and code of now. No request is lost;
    where the new ones can't serve, the old ones run on, and it says why."""
    settings = settings_of(home)
    pid = supervisor_of(settings.home)
    if pid is None:
        hint = "Start it: `foldline serve`."
        raise ConfigurationError((Problem("FL351", "nothing serves from this folder", str(settings.home.path), hint),))
    before = last_outcome(settings.home)
    os.kill(pid, signal.SIGHUP)
    end = time.monotonic() + wait
    while (outcome := last_outcome(settings.home)) == before or outcome is None or outcome.pid != pid:
        if supervisor_of(settings.home) != pid or time.monotonic() > end:
            hint = "Its log says how far it is."
            raise ConfigurationError((Problem("FL351", "no restart was finished", str(settings.home.path), hint),))
        time.sleep(0.1)
    for problem in outcome.problems:
        click.echo(problem, err=True)
    if outcome.problems:
        click.echo("The restart was refused: what ran before runs on.", err=True)
        sys.exit(1)
    click.echo("Every process was replaced.")
