"""`foldline recipe systemd`, `wordpress` and `wagtail`: what runs the gate, and what its origin is given."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from foldline.cli.home import home_option, settings_of
from foldline.cli.recipe_text import filled
from foldline.config import Settings


@click.command()
@home_option
def systemd(home: Path | None) -> None:
    """A unit that runs `foldline serve`, hardened."""
    settings = settings_of(home)
    program = Path(sys.executable).with_name("foldline")
    click.echo(filled("foldline.service", **_values(settings), program=program), nl=False)


@click.command()
@home_option
def wordpress(home: Path | None) -> None:
    """A must-use plugin of one file: the lock, the fold, the facts and the change hook."""
    click.echo(filled("foldline.php", **_values(settings_of(home))), nl=False)


@click.command()
@home_option
def wagtail(home: Path | None) -> None:
    """A Django app of one file: the lock, a level of access for pages, the fold and the change hook."""
    click.echo(filled("foldline_gate.py", **_values(settings_of(home))), nl=False)


def _values(settings: Settings) -> dict[str, Any]:
    host, port = settings.listen
    return {
        "name": settings.publication.name,
        "url": settings.publication.url,
        "host": settings.host,
        "scheme": urlsplit(settings.publication.url).scheme,
        "prefix": settings.publication.prefix,
        "home": settings.home.path,
        "gate": f"http://{host}:{port}",
    }
