"""The figures of growth for a person, and into the documentation."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from scripts.growth.figures import Growth
from scripts.pages import table


def cells(growth: Growth) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """(heads, rows): each task's processor time in milliseconds at each size, how it grew, and its limit."""
    heads = (
        "task, CPU in ms",
        *(f"{size.readers:,} / {size.articles:,}" for size in growth.sizes),
        "ratio",
        "limit",
        "",
    )
    limits = {budget.name: budget for budget in growth.budgets()}
    rows = []
    for task in growth.costs:
        budget = limits[task]
        found = tuple(f"{seconds * 1e3:.{2 if seconds < 0.01 else 1}f}" for seconds in growth.cpu(task))
        verdict = "met" if budget.met else "NOT MET"
        rows.append((task, *found, f"{budget.value:.2f}", f"≤ {budget.limit:.1f}", verdict))
    memory = growth.budgets()[-1]
    nothing = ("",) * (len(growth.sizes) - 1)
    mib = f"{growth.grown / (1 << 20):.1f} MiB"
    verdict = "met" if memory.met else "NOT MET"
    rows.append((memory.name, *nothing, mib, f"{memory.value:.2f}", f"≤ {memory.limit:.1f}", verdict))
    return heads, rows


def markdown(growth: Growth) -> str:
    """The table for the documentation, and how it was measured."""
    versions = ", ".join(f"{name} {version}" for name, version in growth.versions.items())
    rounds = len(next(iter(growth.costs.values())))
    said = f"Readers / articles. {versions}, {rounds} rounds, load average at the start {growth.load:.1f}."
    return f"{said}\n\n{table(*cells(growth))}"


def show(growth: Growth, console: Console) -> None:
    """Print the table."""
    heads, rows = cells(growth)
    shown = Table(title="readers / articles", title_justify="left", box=None, pad_edge=False)
    for number, head in enumerate(heads):
        shown.add_column(head, justify="right" if number else "left")
    for row in rows:
        shown.add_row(*row, style="red" if "NOT MET" in row else "")
    console.print(shown)
    console.print(f"load average at the start {growth.load:.1f}; made in {[round(s) for s in growth.made]} s")
