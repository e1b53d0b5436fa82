"""`foldline staff`: who may come to the desk."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from foldline.cli.home import home_option, ready_django, settings_of


@click.group()
def staff() -> None:
    """People who may come to the desk."""


@staff.command()
@click.argument("email")
@click.option(
    "--role", type=click.Choice(["editor", "service", "revenue", "admin"]), default="editor", show_default=True
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, as one line.")
@click.option("--new-second-factor", is_flag=True, help="Forget the second factor, for a lost telephone.")
@home_option
def add(email: str, role: str, password_stdin: bool, new_second_factor: bool, home: Path | None) -> None:
    """Make EMAIL staff, or change their role and password.

    The second factor is set up at the first sign-in: the desk shows nothing else until then.
    """
    settings = settings_of(home)
    ready_django(settings).require_migrated(settings)
    members: Any = import_module("foldline.site.desk.staff")
    errors: Any = import_module("django.core.exceptions")
    password = _password(password_stdin)
    try:
        reader, new = members.add(email, members.Role(role), password)
        if new_second_factor:
            members.forget_second_factor(reader)
        enrolled = members.has_second_factor(reader)
    except errors.ValidationError as error:
        raise click.ClickException(" ".join(error.messages)) from None
    click.echo(f"{'Added' if new else 'Changed'}: {reader.email}, {role}.")
    if not enrolled:
        click.echo("The desk will ask them to set up a second factor at their first sign-in.")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password
