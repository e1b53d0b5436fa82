"""`foldline recipe varnish`, and what `--cache` adds to nginx: caches that hold previews and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click

from foldline.callers.crawlers import CRAWLERS
from foldline.cli.home import home_option, settings_of
from foldline.cli.recipe_text import filled
from foldline.config import Settings
from foldline.gate.response import SHOWN_MEANWHILE
from foldline.server.purging import WHOLE

Verb = Callable[..., None]

#: How the names of the gate's cookies begin. A request with one of them is never answered from a cache.
COOKIE = "__Host-foldline-"
#: Where a gate listens that asks from this machine: the first three are loopback alone.
_HERE = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::")  # noqa: S104 - compared, not listened on


def cache_options(verb: Verb) -> Verb:
    """What `--cache` takes."""
    for option in (
        click.option("--cache", is_flag=True, help="Keep previews, and show them while the gate is down."),
        click.option(
            "--cache-folder",
            metavar="FOLDER",
            default="/var/cache/nginx/foldline",
            show_default=True,
            help="Where nginx keeps them.",
        ),
        click.option(
            "--purge",
            metavar="HOST:PORT",
            default="127.0.0.1:8079",
            show_default=True,
            help="Where nginx takes a purge from the gate: an address that nobody else reaches.",
        ),
    ):
        verb = option(verb)
    return verb


@click.command()
@click.option("--gate-host", metavar="ADDRESS", default="", help="Who may purge, where the gate is elsewhere.")
@home_option
def varnish(gate_host: str, home: Path | None) -> None:
    """A VCL for Varnish, 6.0 or newer."""
    settings = settings_of(home)
    host, port = settings.listen
    values = {
        "name": settings.publication.name,
        "host": settings.host,
        "scheme": settings.publication.url.partition(":")[0],
        "gate_host": {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host),  # noqa: S104 - compared, not listened on
        "gate_port": port,
        "purgers": [gate_host] if gate_host else [],
        "cookie": COOKIE,
        "crawlers": crawler_names(settings),
        "whole": WHOLE,
        "shown_meanwhile": SHOWN_MEANWHILE,
    }
    click.echo(filled("foldline.vcl", **values), nl=False)


def cache_values(settings: Settings, *, cache: bool, folder: str, purge: str, gates: Sequence[str]) -> dict[str, Any]:
    """What the parts of nginx's recipe about its cache are filled with. `gates` are host and port of each."""
    hosts = [settings.listen[0], *(gate.rpartition(":")[0].strip("[]") for gate in gates)]
    elsewhere = [host for host in dict.fromkeys(hosts) if host not in _HERE]
    purgers = [host for host in elsewhere if _is_address(host)]
    return {
        "cache": cache,
        "cache_folder": folder,
        "purge": purge,
        "purgers": purgers,
        "nameless": [host for host in elsewhere if host not in purgers],
        "purge_stays": bool(elsewhere) and purge.rpartition(":")[0].strip("[]") in _HERE[:3],
        "cookie": COOKIE,
        "crawlers": crawler_names(settings),
    }


def _is_address(host: str) -> bool:
    """nginx allows addresses, and does not start where a name stands there."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def crawler_names(settings: Settings) -> str:
    """A regular expression, of PCRE, of user agents that claim a crawler which may be verified; "" where none may."""
    return "|".join(re.escape(CRAWLERS[name].token) for name in settings.verified_crawlers)
