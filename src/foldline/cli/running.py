"""`foldline migrate` and `foldline serve`."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from foldline.cli.home import home_option, ready_django, refuse_demo_powers, settings_of
from foldline.cli.mode import OPEN
from foldline.server import logs
from foldline.server.supervisor import Supervisor, listen
from foldline.stores.mode import Mode
from foldline.stores.mode_in_force import standing

log = logging.getLogger("foldline.events")


@click.command()
@home_option
def migrate(home: Path | None) -> None:
    """Create or update the databases of a home folder, and publish again what needs it."""
    settings = settings_of(home)
    refuse_demo_powers(settings)
    prepare = ready_django(settings)
    prepare.migrate(settings)
    count = prepare.publish_again()
    click.echo(f"{settings.home.path} is up to date; {count} articles published again.")


@click.command()
@home_option
def serve(home: Path | None) -> None:
    """Run the gate, the pages about accounts, and the desk. A gate that is mounted runs in its application."""
    settings = settings_of(home)
    refuse_demo_powers(settings)
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
