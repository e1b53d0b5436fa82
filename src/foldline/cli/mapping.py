"""`foldline map [URL]`: what the map says of a site's addresses, what it lacks, and what nobody decided about."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import click
from rich.table import Table

from foldline.cli.home import home_option
from foldline.cli.init import write_all
from foldline.cli.policy_check import table_console
from foldline.cli.progress import asking
from foldline.cli.shown import plain, some
from foldline.cli.survey_report import leak_lines
from foldline.clock import SystemClock
from foldline.config import OriginSettings, Settings, home_from, load
from foldline.errors import FoldlineError
from foldline.fold.page.spec import FoldSpec
from foldline.policy.review import Review, review
from foldline.policy.rules import Rules
from foldline.policy.rules_file import read_rules
from foldline.sources.origin.headers import SECRET
from foldline.sources.origin.ingest import article_of
from foldline.sources.origin.surface_file import PROFILES, profile
from foldline.sources.origin.surfaces import Kind, SurfaceMap
from foldline.sources.survey.crawl import Crawl, crawl
from foldline.sources.survey.guest import Bounds
from foldline.sources.survey.routes import map_text, routes_text
from foldline.stores.database import is_made
from foldline.stores.home import Home
from foldline.stores.rule_sets import RuleSetStore

PAGES, MOST_PAGES = 120, 2_000
#: Lines that a list in the report has.
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Known:
    """What decides here: a home folder's map and rules, or a profile and nothing. `called` says which."""

    home: Home
    settings: Settings | None
    surfaces: SurfaceMap
    called: str
    spec: FoldSpec | None
    rules: Rules
    rules_called: str

    @property
    def has_file(self) -> bool:
        """Whether the map is the publisher's own."""
        return self.home.surfaces_file.exists()

    @property
    def origin(self) -> OriginSettings | None:
        return self.settings.origin if self.settings is not None else None


@click.command(name="map")
@click.argument("url", required=False)
@click.option("--profile", "named", type=click.Choice(PROFILES), help="The map, where no home folder has one.")
@click.option("--pages", type=click.IntRange(1, MOST_PAGES), default=PAGES, show_default=True, help="Pages at most.")
@click.option("--write", is_flag=True, help="Write the proposed surfaces.toml, where there is none.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@home_option
def mapping(url: str | None, named: str | None, pages: int, write: bool, as_json: bool, home: Path | None) -> None:
    """Follow the links of the site at URL, or of the home folder's own origin, and say what each address is.

    robots.txt is kept to, and off this machine a page a second is asked. An origin of one's own is asked as the gate
    asks it, with its secret. Nothing is written without --write, and no file is overwritten.
    """
    known = _known(home, named)
    if url is None and known.origin is None:
        raise click.UsageError("Name a URL, or a home folder whose foldline.toml has an [origin].")
    if write and known.has_file:
        raise FoldlineError(f"{known.home.surfaces_file} is there already: nothing was written. Copy what is proposed.")
    found = _crawled(url, known, pages)
    decided = _decided(found, known)
    text = _text(found, known)
    if write and text:
        write_all(known.home, {known.home.surfaces_file: text})
    if as_json:
        click.echo(json.dumps(_data(found, known, decided, text), ensure_ascii=False, indent=1))
    else:
        _tell(found, known, decided, text, written=write)


def _known(home: Path | None, named: str | None) -> _Known:
    place = home_from(os.environ, home)
    settings = load(place, os.environ) if place.settings_file.exists() else None
    rules, called = _rules(place, settings)
    if settings is not None and settings.origin is not None:
        surfaces, spec = settings.origin.surfaces, settings.origin.spec
        map_called = "surfaces.toml" if place.surfaces_file.exists() else f"the profile {surfaces.profile}"
        return _Known(place, settings, surfaces, map_called, spec, rules, called)
    base = profile(named or "static")
    return _Known(place, settings, base, f"the profile {base.profile}", None, rules, called)


def _rules(home: Home, settings: Settings | None) -> tuple[Rules, str]:
    """What decides: the published set, else the draft, else nothing."""
    zone = settings.zone if settings is not None else ZoneInfo("UTC")
    if is_made(home.site_db):
        with RuleSetStore(home, read_only=True) as store:
            active = store.active()
        if active is not None:
            return read_rules(active.text, active.version, zone), f"the published rules {active.version}"
    if home.rules_file.exists():
        return read_rules(home.rules_file.read_text(encoding="utf-8"), "rules.toml", zone), "the draft rules.toml"
    return Rules(""), "no rules"


def _crawled(url: str | None, known: _Known, pages: int) -> Crawl:
    bounds = Bounds(pages=pages, seconds=60 + 3 * pages)
    origin, settings = known.origin, known.settings
    with asking("Mapping") as told:
        if url is not None or origin is None or settings is None:
            return asyncio.run(crawl(url or "", known.surfaces, known.spec, bounds, told))
        public = settings.publication.url
        # As the gate asks: the origin may be locked against everybody else.
        more = ((b"host", settings.host.encode()), (SECRET, origin.secret.encode()))
        return asyncio.run(crawl(origin.url, known.surfaces, known.spec, bounds, told, known_as=public, more=more))


def _decided(found: Crawl, known: _Known) -> Review:
    gated = [look for kind, look in found.pages if kind == Kind.ARTICLE.value and look.path in found.cuts]
    articles = [article_of(number, look.path, look.facts) for number, look in enumerate(gated, 1)]
    return review(known.rules, articles, int(SystemClock().now()))


def _head(known: _Known) -> tuple[str, ...]:
    return (
        "surfaces.toml: what each address of the site is, as `foldline map` proposed it. Every word: docs/origin.md.",
        f"Its routes come before those of {known.called}. Take the # away where you know what lies there.",
    )


def _text(found: Crawl, known: _Known) -> str:
    """A whole file where there is none, else the routes alone; "" where nothing is proposed."""
    if not found.proposed:
        return ""
    if known.has_file:
        return routes_text(found.proposed)
    return map_text(known.surfaces.profile or "static", found.proposed, _head(known))


def _tell(found: Crawl, known: _Known, decided: Review, text: str, *, written: bool) -> None:
    click.echo(f"{found.url}: {found.asked} questions, {len(found.pages)} pages. Map: {known.called}.")
    table = Table("addresses", "seen", "asked", "the map says", "looks like", box=None, pad_edge=False)
    table.columns[1].justify = table.columns[2].justify = "right"
    for group in found.groups:
        looks = ", ".join(f"{count} {what}" for what, count in group.looks.most_common(3))
        said = group.kind + (f" ({group.route})" if group.route and group.route != group.kind else "")
        table.add_row(plain(group.pattern), str(len(group.seen)), str(group.asked), said, plain(looks))
    console = table_console()
    console.print(table)
    for line in (*_articles(found, known, decided), *_rest(found)):
        click.echo(line)
    if not text:
        click.echo("The map lacks nothing for what was seen.")
    elif written:
        click.echo(f"Written: {known.home.surfaces_file}. Read it, then restart the gate.")
    else:
        where = "to be added to surfaces.toml" if known.has_file else "and not written: --write does"
        click.echo(f"\nProposed, {where}:\n")
        click.echo(text.rstrip())


def _articles(found: Crawl, known: _Known, decided: Review) -> Iterator[str]:
    levels = ", ".join(f"{count} {level}" for level, count in sorted(decided.levels.items()))
    yield f"{decided.total} pages that the map gates: {levels or 'none'}, by {known.rules_called}."
    if decided.undecided:
        yield f"Nobody decided about {len(decided.undecided)}, so they stay closed: {some(decided.undecided, _SHOWN)}"
    for problem in decided.errors:
        yield f"No decision opens them: {problem}"
    locked = [path for path, cut in found.cuts.items() if cut.locked]
    if locked:
        yield f"Without a certain fold, so headline and standfirst only ({len(locked)}): {some(locked, _SHOWN)}"


def _rest(found: Crawl) -> Iterator[str]:
    yield from map(plain, leak_lines(found.leaks))
    yield from map(plain, found.notes)
    if found.missed:
        yield "Without an answer: " + some([f"{url} ({why})" for url, why in found.missed.items()], _SHOWN)


def _data(found: Crawl, known: _Known, decided: Review, text: str) -> dict[str, object]:
    return {
        "url": found.url,
        "map": known.called,
        "rules": known.rules_called,
        "asked": found.asked,
        "groups": [
            {
                "pattern": group.pattern,
                "kind": group.kind,
                "route": group.route,
                "seen": len(group.seen),
                "asked": group.asked,
                "looks": dict(group.looks),
                "examples": list(group.seen)[:3],
            }
            for group in found.groups
        ],
        "unmapped": [urlsplit(url).path for group in found.groups if group.kind == "unmapped" for url in group.seen],
        "articles": decided.total,
        "levels": decided.levels,
        "undecided": list(decided.undecided),
        "errors": [asdict(problem) for problem in decided.errors],
        "locked": [path for path, cut in found.cuts.items() if cut.locked],
        "leaks": [asdict(leak) for leak in found.leaks],
        "proposed": [asdict(route) for route in found.proposed],
        "surfaces": text,
        "missed": found.missed,
        "notes": found.notes,
    }
