"""`foldline recipe systemd`, `wordpress` and `wagtail`: what runs the gate, and what its origin is given."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from foldline.cli.home import home_option, settings_of
from foldline.cli.recipe_text import filled, require_plain


@click.command()
@click.option("--program", default="", help="Where `foldline` lies (default: the one that you run now).")
@click.option("--user", default="foldline", show_default=True, help="Who it runs as.")
@home_option
def systemd(program: str, user: str, home: Path | None) -> None:
    """A unit that runs `foldline serve`, with little that it may do."""
    settings = settings_of(home)
    lies = str(settings.home.path)
    program = program or str(Path(sys.executable).with_name("foldline"))
    for text in (lies, program, user):
        require_plain(text)
    state = re.fullmatch(r"/var/lib/([\w.-]+)", lies)
    values = {
        "home": lies,
        "program": program,
        "user": user,
        "state": state[1] if state else "",
        "in_a_home": any(place.startswith(("/home/", "/root/", "/run/user/")) for place in (lies, program)),
    }
    click.echo(filled("foldline.service", **values), nl=False)


@click.command()
@home_option
def wordpress(home: Path | None) -> None:
    """A must-use plug-in of one file: the lock, the fold, the facts and the change hook."""
    click.echo(filled("foldline.php", **_of_a_site(home)), nl=False)


@click.command()
@home_option
def wagtail(home: Path | None) -> None:
    """One Python file: the lock, a level for pages, the fold and the change hook."""
    click.echo(filled("foldline_gate.py", **_of_a_site(home)), nl=False)


def _of_a_site(home: Path | None) -> dict[str, str]:
    publication = settings_of(home).publication
    require_plain(publication.url)
    return {"url": publication.url, "prefix": publication.prefix}
