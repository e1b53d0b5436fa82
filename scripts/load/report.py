"""A day for a person, and into the documentation."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from scripts.load.figures import Lived
from scripts.load.mix import ORDINARY, Day
from scripts.pages import table

Sheet = tuple[tuple[str, ...], list[tuple[str, ...]]]


def visits(lived: Lived) -> Sheet:
    """(heads, rows) of what came."""
    heads = ("visit", "requests", "p50 ms", "p95 ms", "p99 ms", "refused", "failed", "wrong")
    rows = [
        (
            row.kind,
            f"{row.requests:,}",
            *(f"{value:.1f}" for value in (row.p50, row.p95, row.p99)),
            *(f"{count:,}" for count in (row.refused, row.failed, row.wrong)),
        )
        for row in lived.rows
    ]
    return heads, rows


def processes(lived: Lived) -> Sheet:
    """(heads, rows) of what answered."""
    heads = ("process", "CPU s", "of a core", "memory MB")
    rows = [
        (one.name, f"{one.cpu:.1f}", f"{100 * one.cpu / lived.seconds:.0f} %", f"{one.pss / 1e6:.0f}")
        for one in lived.processes
    ]
    return heads, rows


def summary(lived: Lived) -> str:
    """In a sentence or two."""
    return (
        f"{lived.requests:,} requests in {lived.seconds:.0f} s through nginx to {lived.workers} gate workers, "
        f"{lived.wrong} wrong answers, {lived.failed} failed. After a change the old was last seen "
        f"{lived.latest['gate']:.2f} s later from the gate and {lived.latest['cache']:.2f} s from the cache. "
        f"The client was {lived.behind * 1e3:.0f} ms late at most; load average before it {lived.load:.1f}."
    )


def mix(day: Day) -> str:
    """The published mix, in Markdown."""
    rows = [(one.kind, one.what, f"{one.per_second:g}", "yes" if one.peaks else "") for one in day.coming]
    came = table(("visit", "what it does", "a second", "peaks"), rows)
    done = table(("part of the day", "the newsroom"), [(f"{act.at:.0%}", act.what) for act in day.acts])
    peak = (
        f"From {day.peak_from:.0%} to {day.peak_until:.0%} of the day those that peak come {day.peak:g} times as "
        f"often, {day.to_the_story:.0%} of them for the one story. There are {day.articles} articles and "
        f"{day.subscribers:,} subscribers. Rates are for `--rate {ORDINARY:g}`."
    )
    return f"{came}\n\n{done}\n\n{peak}"


def markdown(lived: Lived) -> str:
    """The figures of a day, for the documentation."""
    return "\n\n".join((summary(lived), table(*visits(lived)), table(*processes(lived))))


def show(lived: Lived, console: Console) -> None:
    """Print all of it."""
    for heads, rows in (visits(lived), processes(lived)):
        shown = Table(box=None, pad_edge=False)
        for number, head in enumerate(heads):
            shown.add_column(head, justify="right" if number else "left", no_wrap=True)
        for row in rows:
            shown.add_row(*row)
        console.print(shown)
        console.print()
    console.print(summary(lived))
    for said in lived.told:
        console.print(f"[red]{said}[/red]")
