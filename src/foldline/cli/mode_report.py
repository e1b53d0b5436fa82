"""`foldline mode --report`: what the gate would have done while it stood in shadow."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from foldline.cli.moment import written
from foldline.cli.policy_check import table_console
from foldline.config import Settings
from foldline.errors import StoreUnavailable
from foldline.insight.shadow import read_lines
from foldline.insight.shadow_report import ShadowReport, report_of
from foldline.policy.decide import Outcome
from foldline.stores.database import is_made
from foldline.stores.mode import Mode, ModeStore
from foldline.stores.mode_in_force import standing
from foldline.stores.records import PublicStore

#: Rows of a table of paths or articles; the rest are counted.
MOST_ROWS = 25

Name = Callable[[str], str]
Row = tuple[str | int, ...]


def tell_report(settings: Settings, since: int | None, *, as_json: bool) -> None:
    """Print the report; from the beginning of the last shadow where no moment is given."""
    began = shadow_began(settings) if since is None else since
    report = report_of(read_lines(settings.home.shadow_events), began)
    name = _namer(settings)
    if as_json:
        click.echo(json.dumps(as_data(report, name)))
        return
    stands = standing(settings.home, settings.unsaid_mode)
    console = table_console()
    _head(report, settings, console)
    for table in _tables(report, name):
        console.print()
        console.print(table)
    if report.outcomes[Outcome.OPENS_IF]:
        console.print()
        console.print(
            "Nobody's meter is counted in shadow: of those that a meter would count, some may have met a wall."
        )
    if stands.mode is Mode.SHADOW:
        console.print()
        console.print("The site is open. `foldline mode gate` gates it.")


def shadow_began(settings: Settings) -> int:
    """When the last shadow began, in epoch seconds; 0 for one that began with the home."""
    with ModeStore(settings.home, read_only=True) as store:
        history = store.history(10_000)
    began, before = 0, Mode.SHADOW
    for said in reversed(history):
        if said.mode is Mode.SHADOW and before is Mode.GATE:
            began = said.at
        before = said.mode
    return began


def as_data(report: ShadowReport, name: Name) -> dict[str, Any]:
    """The report as JSON data. Articles are named by their paths."""
    return {
        "since": report.since or report.first or int(time.time()),
        "visits": report.visits,
        "would_have_opened": report.outcomes[Outcome.OPENS],
        "would_have_counted": report.outcomes[Outcome.OPENS_IF],
        "would_have_walled": report.would_have_walled,
        "share_walled": round(report.share, 4),
        "walled_with_a_valid_pass": sum(walled.with_pass for walled in report.walled.values()),
        "walled_by_reason": {
            reason: {"visits": walled.visits, "with_a_valid_pass": walled.with_pass}
            for reason, walled in sorted(report.walled.items(), key=lambda item: -item[1].visits)
        },
        "walled_passes": [
            {"reason": reason, "rule": rule, "article": name(article), "visits": visits}
            for (reason, rule, article), visits in report.with_pass.most_common()
        ],
        "closed": [
            {"why": why, "path": path, "requests": requests} for (why, path), requests in report.closed.most_common()
        ],
        "rewritten": [
            {"line": line, "path": path, "requests": requests}
            for (line, path), requests in report.rewritten.most_common()
        ],
        "unmapped": [{"path": path, "requests": requests} for path, requests in report.unmapped.most_common()],
        "undecided": [
            {"why": why, "path": path, "visits": visits} for (why, path), visits in report.undecided.most_common()
        ],
        "without_a_fold": [{"article": name(article), "why": why} for article, why in report.locked.items()],
        "cut_fell_back": [{"article": name(article), "why": why} for article, why in report.fell_back.items()],
    }


def _head(report: ShadowReport, settings: Settings, console: Console) -> None:
    since = report.since or report.first
    when = f"since {written(since, settings.zone)}" if since else "so far"
    walled, with_pass = report.would_have_walled, sum(one.with_pass for one in report.walled.values())
    visits = "1 visit" if report.visits == 1 else f"{report.visits:,} visits"
    said = f"{when}: {visits} to articles, would have walled {walled:,} ({100 * report.share:.1f} %)"
    if with_pass:
        said += f", of these {with_pass:,} by readers with a valid pass: why →"
    console.print(said, soft_wrap=True)


def _tables(report: ShadowReport, name: Name) -> Iterable[Table]:
    if report.with_pass:
        passes = [(why, rule or "-", name(article), n) for (why, rule, article), n in report.with_pass.most_common()]
        yield _table("readers with a valid pass, walled", ("reason", "rule", "article", "visits"), passes)
    yield _table("visits to articles", ("what", "visits", "with a valid pass"), _rows_of_visits(report))
    if report.undecided:
        undecided = [(why, path, n) for (why, path), n in report.undecided.most_common()]
        yield _table("not decided", ("why", "path", "visits"), undecided)
    if report.closed:
        closed = [(why, path, n) for (why, path), n in report.closed.most_common()]
        yield _table("would have closed", ("why", "path", "requests"), closed)
    if report.rewritten:
        rewritten = [(line, path, n) for (line, path), n in report.rewritten.most_common()]
        yield _table("would have cut each article in it", ("line of the map", "path", "requests"), rewritten)
    if report.unmapped:
        yield _table("would have closed: no line of the map names", ("path", "requests"), report.unmapped.most_common())
    for title, cuts in (
        ("no certain fold: headline and standfirst", report.locked),
        ("the cut fell back to a stricter one", report.fell_back),
    ):
        if cuts:
            yield _table(title, ("article", "why"), [(name(article), why) for article, why in cuts.items()])


def _rows_of_visits(report: ShadowReport) -> list[Row]:
    rows: list[Row] = [
        ("would have opened", report.outcomes[Outcome.OPENS], ""),
        ("preview, then counted by a meter", report.outcomes[Outcome.OPENS_IF], ""),
    ]
    for reason, walled in sorted(report.walled.items(), key=lambda item: -item[1].visits):
        rows.append((f"walled: {reason}", walled.visits, walled.with_pass or ""))
    return rows


def _table(title: str, columns: tuple[str, ...], rows: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        numbers = column in ("visits", "requests", "with a valid pass")
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in rows[:MOST_ROWS]:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else cell for cell in row))
    if len(rows) > MOST_ROWS:
        table.add_row(f"and {len(rows) - MOST_ROWS:,} more: --json has all of them")
    return table


def _namer(settings: Settings) -> Name:
    """An article's path by its number; the number where it is gone."""
    store = PublicStore(settings.home) if is_made(settings.home.public_db) else None

    def name(article: str) -> str:
        try:
            path = store.path_of(int(article)) if store is not None and article.isdecimal() else None
        except StoreUnavailable:
            path = None
        return path or f"article {article}"

    return name
