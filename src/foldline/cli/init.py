"""`foldline init URL`: looks at a site, shows where the gate would cut it, and with `--write` writes the settings."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import click

from foldline.cli.home import home_option
from foldline.cli.progress import asking
from foldline.cli.survey_report import report_data, tell_survey
from foldline.config import home_from
from foldline.errors import FoldlineError
from foldline.sources.survey.files import rules_text, settings_text
from foldline.sources.survey.guest import Bounds
from foldline.sources.survey.survey import Survey, survey
from foldline.stores.home import Home

#: So many articles are looked at unless it is said otherwise, and at most.
ARTICLES, MOST_ARTICLES = 8, 40


@click.command()
@click.argument("url")
@click.option("--write", is_flag=True, help="Write foldline.toml, rules.toml and, where one is needed, surfaces.toml.")
@click.option(
    "--articles",
    type=click.IntRange(1, MOST_ARTICLES),
    default=ARTICLES,
    show_default=True,
    help="How many articles are looked at.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@home_option
def init(url: str, write: bool, articles: int, as_json: bool, home: Path | None) -> None:
    """Look at the site at URL, and propose how it is gated: which pages are articles, and where each would be cut.

    robots.txt is kept to, and off this machine a page a second is asked. Nothing is written without --write, and what
    is there is never overwritten. Exit code 1 where nothing can be proposed or written.
    """
    place = home_from(os.environ, home)
    if write:
        refuse_what_is_there(place)
    with asking("Looking") as told:
        found = asyncio.run(survey(url, articles, bounds_for(articles), told))
    written = _write(place, found) if write and found.articles else ()
    if as_json:
        click.echo(json.dumps(report_data(found, written), ensure_ascii=False, indent=1))
    else:
        tell_survey(found, written, place)
    if not found.articles:
        sys.exit(1)


def bounds_for(articles: int) -> Bounds:
    """How much is asked for so many articles: some pages will turn out to be none."""
    return Bounds(pages=20 + articles * 4, seconds=120.0 + articles * 8)


def refuse_what_is_there(home: Home) -> None:
    """Before a site is asked at all.

    Raises:
        FoldlineError: one of the files is there already.
    """
    there = [file.name for file in (home.settings_file, home.rules_file, home.surfaces_file) if file.exists()]
    if there:
        raise FoldlineError(
            f"{home.path} has {', '.join(there)} already: nothing was written. "
            "Name another folder with --home, or move what is there away."
        )


def _write(home: Home, found: Survey) -> tuple[str, ...]:
    texts = {home.settings_file: settings_text(found), home.rules_file: rules_text(found)}
    if found.map_text:
        texts[home.surfaces_file] = found.map_text
    write_all(home, texts)
    return tuple(file.name for file in texts)


def write_all(home: Home, texts: dict[Path, str]) -> None:
    """All files or none; none that is there is touched.

    Raises:
        FoldlineError: the folder can't be written to, or a file appeared meanwhile.
    """
    made: list[Path] = []
    try:
        home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file, text in texts.items():
            with file.open("x", encoding="utf-8") as out:
                made.append(file)
                out.write(text)
    except OSError as error:
        for file in made:
            file.unlink(missing_ok=True)
        raise FoldlineError(f"{home.path} can't be written to: {error.strerror}. Nothing was written.") from error
