"""`foldline keys`: which keys there are, and rotation: with overlap, and in an emergency."""

from __future__ import annotations

import getpass
import os
import secrets
import sys
import time
from pathlib import Path

import click

from foldline.cli.home import home_option, settings_of
from foldline.cli.policy_publish import one_line
from foldline.config import REVOKED, Settings
from foldline.errors import ConfigurationError, Problem
from foldline.signed.keys import key_digest
from foldline.stores.hosts import HostRow, HostStore, alive
from foldline.stores.keys import Act, KeyStore
from foldline.stores.keys_in_force import Keys, KeysInForce
from foldline.stores.small_file import keep_small

by_option = click.option(
    "--by", default="", metavar="NAME", callback=one_line, help="Who does this (default: who is signed in)."
)


@click.group(invoke_without_command=True)
@home_option
@click.pass_context
def keys(context: click.Context, home: Path | None) -> None:
    """Say which keys there are, or change which of them signs. Keys are named by digests, which give nothing away."""
    context.obj = home
    if context.invoked_subcommand is not None:
        return
    settings = settings_of(home)
    now = _of(settings)
    for number, secret in enumerate(now.secrets):
        says = "revoked" if secret in now.revoked else "verifies" if number else "signs"
        click.echo(f"{key_digest(secret)}  {says}")
    for row in _hosts(settings):
        click.echo(f"{row.name} knows {', '.join(row.keys)}")


@keys.command()
@home_option
@click.pass_obj
def add(outer: Path | None, home: Path | None) -> None:
    """Add a new key to this host's file `secret`, which verifies and does not sign yet."""
    settings = settings_of(home or outer)
    path = settings.home.secret_file
    if os.environ.get("FOLDLINE_SECRET"):
        hint = "Write what it holds into the file `secret`, and unset it."
        raise ConfigurationError((Problem("FL352", "keys come from the environment", "FOLDLINE_SECRET", hint),))
    secret = secrets.token_urlsafe(48)
    _write(settings, f"{path.read_text(encoding='utf-8').rstrip()}\n{secret}\n")
    click.echo(f"{key_digest(secret.encode())} was added to {path}.")
    click.echo("Copy that file to every other host, run `foldline restart` on each, and then")
    click.echo(f"`foldline keys use {key_digest(secret.encode())}` on one of them.")


@keys.command()
@click.argument("digest")
@by_option
@click.option("--anyway", is_flag=True, help="Though a host that serves does not know it.")
@home_option
@click.pass_obj
def use(outer: Path | None, digest: str, by: str, anyway: bool, home: Path | None) -> None:
    """Let a key sign from now on, on every host. Those of before still verify."""
    settings = settings_of(home or outer)
    _require(settings, digest)
    if not anyway:
        _refuse_unknown(settings, digest)
    with KeyStore(settings.home) as store:
        store.write([(Act.SIGN, digest)], by or getpass.getuser(), int(time.time()))
    click.echo(f"{digest} signs, on every host within seconds.")
    click.echo("Leave the others in the file until every pass was signed anew: docs/keys.md says how long.")


@keys.command()
@click.argument("digests", nargs=-1, required=True, metavar="DIGEST…")
@by_option
@home_option
@click.pass_obj
def revoke(outer: Path | None, digests: tuple[str, ...], by: str, home: Path | None) -> None:
    """Let keys prove nothing any more, on every host: whoever carries a pass that they signed signs in again."""
    settings = settings_of(home or outer)
    for digest in digests:
        _require(settings, digest)
    left = [one for one in _of(settings).digests if one not in digests]
    if not left:
        hint = "Run `foldline keys add`, then `foldline restart`, on every host, and then this."
        raise ConfigurationError((Problem("FL353", "no other key would be left", str(settings.home.path), hint),))
    acts = [(Act.SIGN, left[0]), *((Act.REVOKE, digest) for digest in digests)]
    with KeyStore(settings.home) as store:
        store.write(acts, by or getpass.getuser(), int(time.time()))
    if not os.environ.get("FOLDLINE_SECRET"):
        _write(settings, _marked(settings.home.secret_file.read_text(encoding="utf-8"), digests))
    click.echo(f"{left[0]} signs, and nothing is believed of {', '.join(digests)}, on every host within seconds.")
    lacking = [row.name for row in _hosts(settings) if left[0] not in row.keys]
    if lacking:
        click.echo(f"These hosts have no key that counts, and show previews: {', '.join(lacking)}.", err=True)
    click.echo("Copy `secret` to every other host, and run `foldline restart` on each.")
    if lacking:
        sys.exit(1)


def _of(settings: Settings) -> Keys:
    return KeysInForce(settings.home, settings.secrets, settings.revoked).look()


def _hosts(settings: Settings) -> list[HostRow]:
    with HostStore(settings.home, read_only=True) as store:
        return alive(*store.known())


def _require(settings: Settings, digest: str) -> None:
    """Raises ConfigurationError: FL352, this host's file has no such key."""
    if digest not in _of(settings).digests:
        hint = "`foldline keys` lists those that there are."
        what = f"there is no key {digest!r} that counts"
        raise ConfigurationError((Problem("FL352", what, str(settings.home.secret_file), hint),))


def _refuse_unknown(settings: Settings, digest: str) -> None:
    """Raises ConfigurationError: FL352, a host that serves would not believe what it signs."""
    hint = "Copy `secret` there and run `foldline restart`; then wait ten seconds."
    found = [
        Problem("FL352", f"this host does not know the key {digest}", row.name, hint)
        for row in _hosts(settings)
        if digest not in row.keys
    ]
    if found:
        raise ConfigurationError(tuple(found))


def _marked(text: str, digests: tuple[str, ...]) -> str:
    """A file of secrets with some marked as revoked, and moved to its end."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    gone = [line for line in lines if key_digest(line.encode()) in digests]
    good = [line for line in lines if line not in gone]
    return "".join(f"{line}\n" for line in (*good, *(REVOKED + line for line in gone)))


def _write(settings: Settings, text: str) -> None:
    """Whole or not at all, closed to other users, and still of whoever it belonged to: they have to read it.

    Raises:
        ConfigurationError: FL352, it can't be written.
    """
    path = settings.home.secret_file
    before = path.stat()
    keep_small(path, text)
    if path.read_text(encoding="utf-8") != text:
        hint = "Look whether the folder can be written."
        raise ConfigurationError((Problem("FL352", "the file can't be written", str(path), hint),))
    if (path.stat().st_uid, path.stat().st_gid) != (before.st_uid, before.st_gid):
        os.chown(path, before.st_uid, before.st_gid)
