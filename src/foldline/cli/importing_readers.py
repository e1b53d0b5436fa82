"""`foldline import readers`: what `foldline export` wrote, or a list of readers from elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from foldline.cli.home import home_option, ready_django, settings_of
from foldline.cli.progress import bars
from foldline.config import Settings

if TYPE_CHECKING:
    from foldline.site.portable.verdicts import Tally, Verdict


@click.command()
@click.argument("source", metavar="FILE|DIR", type=click.Path(exists=True, path_type=Path))
@click.option("--grant", metavar="KIND", default=None, help="What kind rows are given that name none.")
@click.option("--product", type=click.IntRange(1, 65535), default=None, help="Of which product (default: 1).")
@click.option(
    "--until", metavar="DATE", default=None, help="Until when, that day included, where the row says nothing."
)
@click.option("--dry-run", is_flag=True, help="Say of every row what would become of it, and write nothing.")
@home_option
def readers(
    source: Path, grant: str | None, product: int | None, until: str | None, dry_run: bool, home: Path | None
) -> None:
    """Import readers from FILE (CSV with a column email), or all that `foldline export` wrote into DIR.

    Nothing that stands here is changed or taken away, and a second run changes nothing. Exit code 1 where a row could
    not be imported; the others are.
    """
    settings = settings_of(home)
    prepare = ready_django(settings)
    prepare.require_migrated(settings)
    if source.is_dir():
        if grant or product or until:
            raise click.UsageError("--grant, --product and --until are for a FILE. An export says all of it itself.")
        tally = _told(_restored(source, dry_run), dry_run)
    else:
        tally = _told(_listed(source, settings, grant, product, until, dry_run), dry_run)
    _close(tally, dry_run)


def _restored(folder: Path, dry_run: bool) -> Iterator[Verdict]:
    restoring: Any = import_module("foldline.site.portable.restoring")
    with bars() as begin:
        yield from restoring.Restoring(folder, dry=dry_run).run(begin)


def _listed(
    file: Path, settings: Settings, grant: str | None, product: int | None, until: str | None, dry_run: bool
) -> Iterator[Verdict]:
    listing: Any = import_module("foldline.site.portable.reader_list")
    end = None if until is None else listing.moment_in(until, settings.zone, day_ends=True)
    if until is not None and end is None:
        raise click.BadParameter(f"{until!r} is no date. Write it as in 2026-12-31.", param_hint="--until")
    if end is None and (grant or product):
        raise click.UsageError("--grant and --product need --until: everything but staff’s own has an end.")
    kind = grant if grant is not None else listing.USUAL
    if kind not in listing.GIVEN:
        raise click.BadParameter(f"one of {', '.join(listing.GIVEN)}", param_hint="--grant")
    found = listing.ReaderList(file, listing.Grant(kind, product or 1, end), settings.zone, dry=dry_run)
    if found.unread:
        click.echo(f"Not read: the columns {', '.join(found.unread)}.")
    with bars() as begin:
        yield from found.run(begin(file.name))


def _told(verdicts: Iterator[Verdict], dry_run: bool) -> Tally:
    kinds: Any = import_module("foldline.site.portable.verdicts")
    tally: Tally = kinds.Tally()
    for verdict in verdicts:
        tally.add(verdict)
        if dry_run or verdict.outcome in (kinds.Outcome.REFUSED, kinds.Outcome.KEPT) or verdict.why:
            click.echo(str(verdict))
    return tally


def _close(tally: Tally, dry_run: bool) -> None:
    kinds: Any = import_module("foldline.site.portable.verdicts")
    files = list(dict.fromkeys(name for name, _ in tally.counts))
    for name in files:
        told = [f"{tally.counts[name, outcome]} {outcome}" for outcome in kinds.Outcome if tally.counts[name, outcome]]
        click.echo(f"{name}: {', '.join(told)}")
    new = tally.of(kinds.Outcome.NEW)
    if dry_run:
        click.echo("This was a dry run: nothing was written.")
    elif not new:
        click.echo("Nothing changed.")
    else:
        audit: Any = import_module("foldline.site.desk.audit")
        counted = ", ".join(f"{tally.counts[name, kinds.Outcome.NEW]} of {name}" for name in files)
        audit.record(audit.COMMAND_LINE, "imported", audit.Subject("readers"), after=counted)
    if tally.of(kinds.Outcome.REFUSED):
        sys.exit(1)
