"""`foldline import markdown FOLDER`: Markdown files become articles, and a report says what became of each."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from foldline.checks import CHECKS
from foldline.cli.home import home_option, ready_django, settings_of
from foldline.cli.importing_institutions import institutions
from foldline.cli.importing_print import print_subscriptions
from foldline.cli.importing_readers import readers
from foldline.cli.progress import bars
from foldline.config import Settings
from foldline.errors import Problem
from foldline.fold.cut import FoldRule
from foldline.policy.facts import Access
from foldline.sources.articles.imported import FileResult
from foldline.sources.articles.markdown_files import markdown_files, read_authors, read_folder

if TYPE_CHECKING:
    from foldline.site.newsroom.importing import Report

#: How many warnings a terminal shows; the report file has them all.
SHOWN = 10


@click.group(name="import")
def importing() -> None:
    """Bring articles and readers in from elsewhere."""


importing.add_command(readers)
importing.add_command(institutions)
importing.add_command(print_subscriptions)


@importing.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--access",
    type=click.Choice([level.value for level in Access]),
    default=Access.METERED.value,
    show_default=True,
    help="For files that name no access level.",
)
@click.option("--section", default=None, help="For files that name no section.")
@click.option("--authors", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="YAML: key, then name.")
@click.option(
    "--pictures",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="A folder with the pictures that the files name; may be given more than once.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, and keep nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the full report into this file.")
@home_option
def markdown(
    folder: Path,
    access: str,
    section: str | None,
    authors: Path | None,
    pictures: tuple[Path, ...],
    dry_run: bool,
    report: Path | None,
    home: Path | None,
) -> None:
    """Import every Markdown file below FOLDER. A second run of the same files changes nothing.

    Exit code 1 where a file could not be imported; the others are.
    """
    settings = settings_of(home)
    _prepared(settings)
    results = read_folder(
        folder,
        access=access,
        section=section,
        known_authors=read_authors(authors) if authors else None,
        zone=settings.publication.zone,
        picture_folders=pictures,
        rule=FoldRule(settings.fold_paragraphs, settings.fold_characters),
    )
    done = _import(results, folder, dry_run)
    lines = list(_told(done, dry_run))
    for line in (*lines, *_problems(done, SHOWN, report)):
        click.echo(line)
    if report is not None:
        full = "\n".join((*lines, *_problems(done, None, None)))
        report.write_text(full + "\n", encoding="utf-8")
    if done.errors:
        sys.exit(1)


def _prepared(settings: Settings) -> None:
    prepare = ready_django(settings)
    prepare.migrate(settings)


def _import(results: Iterator[FileResult], folder: Path, dry_run: bool) -> Report:
    # Django is set up by now, and nothing of the site may be imported before.
    from foldline.site.newsroom import publishing
    from foldline.site.newsroom.importing import Report, import_files
    from foldline.site.newsroom.press import open_press

    done = Report()
    with bars() as step:
        files = len(markdown_files(folder))
        read = step("Reading and keeping")
        for done in import_files(results, folder.resolve().name, dry_run=dry_run):
            read(done.files, files)
        if not dry_run:
            with open_press() as press:
                publishing.repair(press, step("Publishing"), step("Writing lists"))
    return done


def _told(done: Report, dry_run: bool) -> Iterator[str]:
    counts = {outcome.value: count for outcome, count in done.outcomes.items()}
    if done.files and done.nothing_changed and not done.errors:
        yield f"Nothing changed: {done.files} files, all of them imported before."
    elif not done.files:
        yield "There is no Markdown file (.md, .markdown) in this folder."
    else:
        would = "would be " if dry_run else ""
        yield f"{done.files} files"
        for outcome, word in (("imported", "imported"), ("updated", "updated"), ("unchanged", "unchanged")):
            verb = would if word != "unchanged" else ""
            yield f"{counts.get(outcome, 0):>6} {verb}{word}"
        yield f"{counts.get('refused', 0):>6} could not be imported"
        if done.nothing_changed:
            yield "Nothing changed."
    if done.scheduled:
        yield f"{done.scheduled:>6} of them have a date that is still to come, and appear then"


def _problems(done: Report, most: int | None, file: Path | None) -> Iterator[str]:
    if done.errors:
        yield ""
        yield f"{len(done.errors)} errors"
        yield from (f"  {_line(problem)}" for problem in done.errors)
    if done.warnings:
        yield ""
        yield f"{len(done.warnings)} warnings"
        for id_, count in Counter(problem.id for problem in done.warnings).most_common():
            yield f"{count:>6} {id_} {CHECKS[id_]}"
        yield ""
        yield from (f"  {_line(problem)}" for problem in done.warnings[:most])
        if most is not None and len(done.warnings) > most:
            where = f"in {file}" if file else "with --report FILE"
            yield f"  … and {len(done.warnings) - most} more: all of them {where}."


def _line(problem: Problem) -> str:
    return f"{problem.where}: {problem.id} {problem.what} {problem.hint}".rstrip()
