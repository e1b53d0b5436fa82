"""`foldline check`: every problem at once, each with its id, the place and the cure."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from foldline.cli.home import demo_powers, home_option, ready_django, settings_of
from foldline.errors import ConfigurationError, Problem


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
    found = (*demo_powers(settings), *ready_django(settings).problems_of(settings))
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


def _is_address(text: str) -> bool:
    name, at, host = text.rpartition("@")
    return bool(name and at and host) and not any(letter.isspace() for letter in text)


def _tell(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        click.echo(str(problem))
