"""`foldline recipe`: configuration of the programs beside the gate, printed for this home."""

from __future__ import annotations

import click

from foldline.cli.recipe_caches import varnish
from foldline.cli.recipe_programs import systemd, wagtail, wordpress
from foldline.cli.recipe_proxies import caddy, nginx


@click.group()
def recipe() -> None:
    """Configuration of the programs before, behind and around the gate, made for this home.

    It is printed and nothing is written. No secret is in it: it says where to keep it.
    """


for verb in (nginx, caddy, varnish, systemd, wordpress, wagtail):
    recipe.add_command(verb)
