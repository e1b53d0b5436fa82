"""`foldline recipe nginx` and `foldline recipe caddy`: what stands before the gate."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from foldline.cli.home import home_option, settings_of
from foldline.cli.recipe_caches import cache_options, cache_values
from foldline.cli.recipe_direct import ONE_READING, TOO_LONG, Line, direct_lines
from foldline.cli.recipe_text import filled, require_plain
from foldline.config import OriginSettings, Settings
from foldline.errors import FoldlineError
from foldline.sources.origin.client import Address
from foldline.sources.origin.headers import SECRET, override_fields, steering_fields

Verb = Callable[..., None]


def _proxy_options(verb: Verb) -> Verb:
    for option in (
        click.option("--direct", is_flag=True, help="Send what the map passes straight to the origin."),
        click.option("--authz", is_flag=True, help="The proxy sends wholes itself, where the gate allows it."),
        click.option(
            "--folder",
            type=click.Path(file_okay=False, path_type=Path),
            default=None,
            help="The site is this folder of files. With --authz.",
        ),
        click.option(
            "--gate",
            metavar="HOST:PORT",
            multiple=True,
            help="Where a gate listens, once for each host (default: this home's [listen]).",
        ),
        click.option("--listen", metavar="HOST:PORT", default="", help="Where it listens, without TLS."),
        click.option(
            "--certificate",
            metavar="FOLDER",
            default="",
            help="Where fullchain.pem and privkey.pem lie.",
        ),
        click.option(
            "--secret-file",
            default="/etc/nginx/foldline-secret",
            show_default=True,
            help="Where nginx reads the origin's secret.",
        ),
        home_option,
    ):
        verb = option(verb)
    return verb


@click.command()
@cache_options
@_proxy_options
def nginx(cache: bool, cache_folder: str, purge: str, **asked: Any) -> None:
    """A server block for nginx, 1.20 or newer."""
    settings = settings_of(asked.pop("home"))
    values = proxy_values(settings, **asked)
    kept = cache_values(settings, cache=cache, folder=cache_folder, purge=purge, gates=asked["gate"])
    click.echo(filled("nginx.conf", **values, **kept), nl=False)


@click.command()
@_proxy_options
def caddy(**asked: Any) -> None:
    """A Caddyfile, for Caddy 2.6 or newer."""
    text = filled("Caddyfile", **proxy_values(settings_of(asked.pop("home")), **asked))
    # As `caddy fmt` writes it: with tabs.
    click.echo(re.sub(r"(?m)^(?:    )+", lambda found: "\t" * (len(found[0]) // 4), text), nl=False)


def proxy_values(
    settings: Settings,
    direct: bool,
    authz: bool,
    folder: Path | None,
    gate: tuple[str, ...],
    listen: str,
    certificate: str,
    secret_file: str,
) -> dict[str, Any]:
    """What a proxy's recipe is filled with.

    Raises:
        FoldlineError: what is asked for does not go together, or not with these settings.
    """
    _require_fitting(settings, direct=direct, authz=authz, folder=folder, listen=listen, certificate=certificate)
    gates = gate or (_gate_address(settings),)
    for address in gate:
        if not _has_port(address):
            raise FoldlineError(f"--gate {address}: write host and port, as in 10.0.0.2:8080.")
    for text in (settings.host, *settings.listen[:1], *gates, listen, certificate, secret_file, str(folder or "")):
        require_plain(text)
    site = _site_values(settings)
    if (place := listen or _place_of(site)) in gates:
        hint = "Let one of them listen elsewhere: [listen] port, or --listen HOST:PORT."
        raise FoldlineError(f"The proxy would listen at {place}, where the gate does. {hint}")
    return {
        **site,
        "gates": gates,
        "hops": settings.hops,
        "listen": listen,
        "secret_file": secret_file,
        "certificate": certificate,
        "direct": direct,
        "authz": authz,
        "folder": str(folder.resolve()) if folder is not None else "",
        "origin": _origin_values(settings.origin),
        "one_reading": ONE_READING,
        "too_long": TOO_LONG,
        "lines": _lines(settings) if direct else (),
        "overrides": tuple(_title(name) for name in override_fields()),
        "steering": tuple(_title(name) for name in steering_fields()),
        "secret_field": _title(SECRET),
    }


def _require_fitting(
    settings: Settings, *, direct: bool, authz: bool, folder: Path | None, listen: str, certificate: str
) -> None:
    """Refuse options that do not go together, or not with a site like this one."""
    if direct and authz:
        raise FoldlineError("--direct and --authz are two ways to do one thing. Choose one.")
    if settings.origin is not None and settings.origin.mounted:
        raise FoldlineError(
            "This gate runs inside its site ([origin] mounted): there is nothing between them. Let your proxy hand on "
            "Host and target as they are, to the application: docs/mounted.md."
        )
    if (direct or authz) and settings.origin is None:
        raise FoldlineError("There is no site behind this gate. Set [origin] url, or leave --direct and --authz out.")
    if folder is not None and not authz:
        raise FoldlineError("--folder says what the proxy sends itself. It goes with --authz.")
    if listen and certificate:
        raise FoldlineError("--listen is without TLS, and --certificate is for TLS. Choose one.")


def _site_values(settings: Settings) -> dict[str, Any]:
    """What a recipe says of the publication. `port` is "" where the scheme's own is meant."""
    host = settings.host
    hostname, _, port = host.rpartition(":") if _has_port(host) else (host, "", "")
    return {
        "name": " ".join(settings.publication.name.split()),
        "host": host,
        "host_pattern": re.escape(host),
        "hostname": hostname,
        "scheme": settings.publication.url.partition(":")[0],
        "port": port,
        "prefix": settings.publication.prefix,
    }


def _place_of(site: dict[str, Any]) -> str:
    """Host and port at which a proxy listens that was told nothing; "" where that is 443."""
    if site["port"]:
        return str(site["host"])
    return f"{site['host']}:80" if site["scheme"] == "http" else ""


def _lines(settings: Settings) -> tuple[Line, ...]:
    return direct_lines(settings.origin.surfaces, settings.publication.prefix) if settings.origin is not None else ()


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdecimal() and not host.endswith("]")


def _gate_address(settings: Settings) -> str:
    host, port = settings.listen
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is compared, not listened on
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _origin_values(settings: OriginSettings | None) -> dict[str, Any] | None:
    if settings is None:
        return None
    origin = Address.of(settings.url)
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return {"address": f"{host}:{origin.port}", "host": origin.host, "port": origin.port, "tls": origin.tls}


def _title(name: bytes) -> str:
    return "-".join(part.capitalize() for part in name.decode().split("-"))
