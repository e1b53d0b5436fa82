"""The option `--home`, and Django made ready for the verbs that need it."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import django

from foldline.cli.database_failure import remember
from foldline.config import Settings, home_from, load
from foldline.errors import ConfigurationError, Problem
from foldline.stores.address import Address

Verb = Callable[..., Any]


def home_option(verb: Verb) -> Verb:
    """`--home DIR`, or FOLDLINE_HOME, or the folder one stands in."""
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        default=None,
        help="The publication's folder (default: FOLDLINE_HOME, else this folder).",
    )(verb)


def database_option(verb: Verb) -> Verb:
    """`--database URL`, stronger than FOLDLINE_DATABASE and the settings: it holds for the processes that are started,
    too."""

    def given(context: click.Context, option: click.Parameter, url: str | None) -> str | None:
        if url is None:
            return None
        os.environ["FOLDLINE_DATABASE"] = given_address(url, "--database").url
        return url

    return click.option(
        "--database",
        metavar="URL",
        callback=given,
        expose_value=False,
        help="A PostgreSQL that hosts share (default: FOLDLINE_DATABASE, else the settings).",
    )(verb)


def given_address(url: str, option: str) -> Address:
    """The address of a database that an option names, with the password of the environment.

    Raises:
        ConfigurationError: FL340, it is none; FL341, it holds a password.
    """
    try:
        address = Address.of(url)
    except ValueError as error:
        hint = "Write it as in postgresql://foldline@db.example/foldline."
        what = f"this is not the address of a database: {error}"
        raise ConfigurationError((Problem("FL340", what, option, hint),)) from None
    if address.password:
        hint = "Set FOLDLINE_DATABASE_PASSWORD, or write it to a password file of PostgreSQL's (PGPASSFILE)."
        what = "a password on the command line stands in the list of processes"
        raise ConfigurationError((Problem("FL341", what, option, hint),))
    return Address(address.url, os.environ.get("FOLDLINE_DATABASE_PASSWORD", ""))


def settings_of(home: Path | None) -> Settings:
    """The settings of a home folder.

    Raises:
        ConfigurationError: with everything that is wrong with them.
    """
    settings = load(home_from(os.environ, home), os.environ)
    remember(settings.home)
    return settings


def demo_powers(settings: Settings) -> tuple[Problem, ...]:
    """FL052 where the environment turns a real publication into a demo."""
    if not settings.demo:
        return ()
    what = "a real publication can't run with the demo's powers"
    return (Problem("FL052", what, "FOLDLINE_DEMO", "Unset it; `foldline demo` sets it for itself."),)


def refuse_demo_powers(settings: Settings) -> None:
    """Before anything of a real publication is touched.

    Raises:
        ConfigurationError: FL052.
    """
    if found := demo_powers(settings):
        raise ConfigurationError(found)


def ready_django(settings: Settings) -> ModuleType:
    """Set Django up for this home folder and give `server.prepare`, which may only be imported afterwards.

    Not done when this file is read: most verbs, and every gate worker, live without Django.
    """
    os.environ["FOLDLINE_HOME"] = str(settings.home.path)
    # A publisher's own Django may be named in this environment: its settings are not ours.
    if not os.environ.get("DJANGO_SETTINGS_MODULE", "").startswith("foldline."):
        os.environ["DJANGO_SETTINGS_MODULE"] = "foldline.server.settings"
    django.setup()
    return import_module("foldline.server.prepare")
