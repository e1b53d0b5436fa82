"""`foldline backup` and `foldline restore`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from foldline.cli.home import database_option, home_option, ready_django, refuse_demo_powers, settings_of
from foldline.cli.progress import bars
from foldline.config import Settings, load
from foldline.errors import ConfigurationError, FoldlineError
from foldline.stores.address import Address
from foldline.stores.backup import Backup, BackupRefused, back_up, mark_of, prune, read_backup
from foldline.stores.home import Home
from foldline.stores.restore import Closed, restore


@click.command()
@click.argument("into", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(1, 10_000), default=None, help="Delete all but so many, the newest.")
@click.option("--with-secret", is_flag=True, help="The secret, too: whoever has this backup can then sign passes.")
@home_option
def backup(into: Path, keep: int | None, with_secret: bool, home: Path | None) -> None:
    """Copy a home folder that is in use into a new folder below DIR, and check the copy.

    The secret is not in it, unless asked for: keep it somewhere else, for without it a restore signs everybody out.
    """
    settings = settings_of(home)
    if into.resolve().is_relative_to(settings.home.path):
        raise click.BadParameter("That is inside of the home folder, and would be lost with it.", param_hint="DIR")
    with bars() as begin:
        made = back_up(
            settings.home, into, settings.secrets, int(time.time()), with_secret=with_secret, step=begin("copied")
        )
    settings.home.last_backup.write_text(f"{made.made_at} {made.folder.resolve()}\n", encoding="utf-8")
    size = sum(bytes_ for bytes_, _ in made.files.values())
    click.echo(f"{made.folder}: {len(made.files)} files, {size / 1e6:.1f} MB, every database whole.")
    if not with_secret:
        click.echo("The secret is not in it: keep it somewhere else.")
    for gone in prune(into, keep) if keep is not None else ():
        click.echo(f"Deleted {gone.name}.")


@click.command(name="restore")
@click.argument("folder", metavar="BACKUP", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.option("--home", "into", required=True, type=click.Path(path_type=Path), help="A folder that is new or empty.")
@click.option("--secret", type=click.Path(dir_okay=False, exists=True, path_type=Path), help="The file of the secret.")
@click.option("--before", type=click.Path(file_okay=False, exists=True, path_type=Path), help="The home that was lost.")
@click.option("--gifts-stand", is_flag=True, help="Leave gifts open, though some may have been taken back since.")
@database_option
@click.option("--sign-out", is_flag=True, help="End every session: a device may have been signed out since.")
def restoring(
    folder: Path, into: Path, secret: Path | None, before: Path | None, gifts_stand: bool, sign_out: bool
) -> None:
    """Make a home folder from BACKUP, a folder that `foldline backup` made. Nothing that is there is written over.

    What happened since the backup is not in it. What may have been taken away since is closed where nobody loses what
    they paid for, and told otherwise: docs/backup.md. Subscriptions are compared with the payment provider before
    anything is served.
    """
    found = read_backup(folder.resolve())
    home = Home(into.resolve(), _database(os.environ))
    text = _secret_text(found, secret)
    with bars() as begin:
        closed = restore(
            found,
            home,
            int(time.time()),
            gifts_stand=gifts_stand,
            sign_out=sign_out,
            before=Home(before.resolve()) if before is not None else None,
            step=begin("checked"),
        )
    if text:
        home.secret_file.touch(mode=0o600)
        home.secret_file.write_text(text, encoding="utf-8")
    at = datetime.fromtimestamp(found.made_at, UTC)
    click.echo(f"{home.path} is as {at:%Y-%m-%d %H:%M:%S} UTC left it, made by Foldline {found.version}.")
    _tell(closed)
    settings = _settings(home)
    if not {mark_of(one) for one in settings.secrets} & set(found.secrets):
        click.echo("The secret is another one: everybody is signed out.")
    prepare = ready_django(settings)
    prepare.migrate(settings)
    _reconcile(settings)
    if settings.home.database is not None:
        click.echo(f"Write {settings.home.database} into [database] url, or serve with FOLDLINE_DATABASE.")
    click.echo(f"Look through it with `foldline check --home {home.path}`, then serve it.")


def _database(environ: Mapping[str, str]) -> Address | None:
    """The database that `--database` or the environment names. What the settings of a backup say is the one that was
    lost, and is never filled."""
    url = environ.get("FOLDLINE_DATABASE", "")
    try:
        return Address.of(url, environ.get("FOLDLINE_DATABASE_PASSWORD", "")) if url else None
    except ValueError as error:
        raise BackupRefused(f"This is not the address of a database: {error}.") from None


def _secret_text(found: Backup, file: Path | None) -> str:
    """What to write as the secret; "" where the backup or the environment has it."""
    if file is not None:
        return file.read_text(encoding="utf-8")
    if not found.has_secret and not os.environ.get("FOLDLINE_SECRET"):
        hint = "Name its file with --secret, or set FOLDLINE_SECRET. A new one signs everybody out."
        raise BackupRefused(f"There is no secret in {found.folder}. {hint}")
    return ""


def _settings(home: Home) -> Settings:
    """The settings that came back.

    Raises:
        FoldlineError: they can't be used on this machine; the databases are restored all the same.
    """
    try:
        settings = load(home, os.environ)
    except ConfigurationError as error:
        wrong = "\n".join(str(problem) for problem in error.problems)
        hint = "Mend them, then run `foldline migrate` and `foldline billing reconcile`"
        raise FoldlineError(f"It is restored, but its settings can't be used here. {hint}.\n{wrong}") from error
    refuse_demo_powers(settings)
    return settings


def _tell(closed: Closed) -> None:
    for name, count in closed.carried.items():
        click.echo(f"From the home of before: {count} rows of {name}.")
    if closed.open_now:
        click.echo(f"{closed.open_now} entries of “open now” are closed: open again what should be.")
    if closed.gifts:
        click.echo(f"{closed.gifts} gifts are taken back: one of them may have been since.")
    if closed.sessions:
        click.echo(f"{closed.sessions} sessions are ended.")
    else:
        click.echo("Devices that were signed out since the backup are signed in again (--sign-out ends them all).")
    if closed.staff:
        click.echo(f"These may enter the desk again: {', '.join(closed.staff)}. Take away whom you dismissed since.")
    if closed.erased:
        click.echo(f"These accounts were erased since, and are back. Erase them: {', '.join(closed.erased)}.")


def _reconcile(settings: Settings) -> None:
    """What was refunded or cancelled since the backup ends before anything is served."""
    provider: Any = import_module("django.conf").settings.FOLDLINE_PROVIDER
    if provider is None:
        if settings.plans:
            click.echo(
                "No payment provider is set here: run `foldline billing reconcile` with its keys before you serve."
            )
            sys.exit(1)
        return
    billing: Any = import_module("foldline.site.billing.reconcile")
    unavailable: Any = import_module("foldline.site.billing.provider").ProviderUnavailable
    moment: Any = import_module("foldline.site.readers.moment")
    try:
        differences = billing.reconcile(provider, moment.epoch())
    except unavailable as error:
        click.echo(
            f"The payment provider does not answer ({error}): run `foldline billing reconcile` before you serve."
        )
        sys.exit(1)
    taken = sum(one.takes_away for one in differences)
    click.echo(f"{len(differences)} subscriptions differed from what {provider.name} has; access ended for {taken}.")
