"""`foldline check`: every problem at once, each with its id, the place and the cure."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from foldline.cli.home import demo_powers, home_option, ready_django, settings_of
from foldline.config import Settings
from foldline.errors import ConfigurationError, Problem
from foldline.server.leaving_shadow import lock_problems


@click.command()
@click.option("--mail", "mail_to", metavar="ADDRESS", default=None, help="Send a test message there.")
@home_option
def check(mail_to: str | None, home: Path | None) -> None:
    """Tell everything that is wrong with a home folder. Exit code 1 where anything is."""
    try:
        settings = settings_of(home)
    except ConfigurationError as error:
        _tell(error.problems)
        sys.exit(1)
    found = (*demo_powers(settings), *ready_django(settings).problems_of(settings), *_of_the_lock(settings))
    _tell(found)
    if mail_to is not None and not _is_address(mail_to):
        raise click.BadParameter(f"{mail_to!r} is not an e-mail address.", param_hint="--mail")
    if mail_to is not None:
        from foldline.site.readers.mail import send_test

        send_test(mail_to)
        click.echo(f"A test message was handed over for {mail_to}.")
    if found:
        sys.exit(1)
    click.echo("Nothing is wrong.")


def _of_the_lock(settings: Settings) -> tuple[Problem, ...]:
    """What the world gets around the gate. An application that the gate is mounted in has no door of its own."""
    return () if settings.origin is None or settings.origin.mounted else lock_problems(settings)


def _is_address(text: str) -> bool:
    name, at, host = text.rpartition("@")
    return bool(name and at and host) and not any(letter.isspace() for letter in text)


def _tell(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        click.echo(str(problem))
