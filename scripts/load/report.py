"""A day for a person, and into the documentation."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from scripts.load.figures import Lived

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


def show(lived: Lived, console: Console) -> None:
    """Print all of it."""
    for heads, rows in (visits(lived), processes(lived)):
        table = Table(box=None, pad_edge=False)
        for number, head in enumerate(heads):
            table.add_column(head, justify="right" if number else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        console.print(table)
        console.print()
    console.print(summary(lived))
    for said in lived.told:
        console.print(f"[red]{said}[/red]")
