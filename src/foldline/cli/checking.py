"""`foldline check`: every problem at once, each with its id, the place and the cure."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from foldline.cli.home import demo_powers, home_option, ready_django, settings_of
from foldline.config import Settings
from foldline.errors import ConfigurationError, Problem
from foldline.server.leaving_shadow import lock_problems


@click.command()
@click.option("--mail", "mail_to", metavar="ADDRESS", default=None, help="Send a test message there.")
@click.option("--deploy", is_flag=True, help="Look at the machine, mail, certificate and clock, too: it asks others.")
@click.option("--resolver", metavar="HOST[:PORT]", default="", help="With --deploy: the name server to ask.")
@click.option("--connect", metavar="HOST[:PORT]", default="", help="With --deploy: where the public address listens.")
@click.option("--clock", "clocks", metavar="URL", multiple=True, help="With --deploy: whose clock to compare with.")
@home_option
def check(
    mail_to: str | None, deploy: bool, resolver: str, connect: str, clocks: tuple[str, ...], home: Path | None
) -> None:
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
    if deploy:
        more = _of_the_deployment(settings, resolver, connect, clocks, mail_to or "")
        _tell(more)
        found = (*found, *more)
    if mail_to is not None:
        from foldline.site.readers.mail import send_test

        send_test(mail_to)
        click.echo(f"A test message was handed over for {mail_to}.")
    if found:
        sys.exit(1)
    click.echo("Nothing is wrong.")


def _of_the_deployment(
    settings: Settings, resolver: str, connect: str, clocks: tuple[str, ...], mail_to: str
) -> tuple[Problem, ...]:
    """What is wrong with where it runs. Mistyped options are a mistake of the user's, told at once."""
    # What asks others is imported by who asks them alone.
    from foldline.server.deploy.asked import Asking, host_port

    for name, given in (("--resolver", resolver), ("--connect", connect)):
        try:
            host_port(given, 1)
        except ValueError:
            raise click.BadParameter(f"{given!r} is no host and port.", param_hint=name) from None
    looked: Any = import_module("foldline.server.deploy.all")
    problems: tuple[Problem, ...] = looked.problems_of_a_deployment(
        settings, Asking(resolver, connect, clocks, mail_to)
    )
    click.echo(f"Looked at: {', '.join(name for name, _ in looked.LOOKS)}.")
    return problems


def _of_the_lock(settings: Settings) -> tuple[Problem, ...]:
    """What the world gets around the gate. An application that the gate is mounted in has no door of its own."""
    return () if settings.origin is None or settings.origin.mounted else lock_problems(settings)


def _is_address(text: str) -> bool:
    name, at, host = text.rpartition("@")
    return bool(name and at and host) and not any(letter.isspace() for letter in text)


def _tell(problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        click.echo(str(problem))
