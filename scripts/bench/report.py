"""The figures for a person: tables at the end of a run, and the same in `docs/performance.md`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from foldline.errors import FoldlineError
from scripts.bench.figures import (
    CACHED_PREVIEW,
    FORWARDED,
    NGINX,
    PASS,
    PREVIEW,
    PROXIED,
    SITE_PASS,
    SITE_PREVIEW,
    SITE_SUBJECTS,
    STATIC_PREVIEW,
    BeforeSite,
    Budget,
    Cached,
    Figures,
)  # fmt: skip

BEGIN, END = "<!-- figures: written by make bench -->", "<!-- /figures -->"

Cells = tuple[str, ...]
Sheet = tuple[str, Cells, list[Cells]]


def sheets(figures: Figures) -> list[Sheet]:
    """(title, column heads, rows) of every table; the first column is text, the others are figures."""
    return [
        _loads(figures),
        _before_a_site(figures.site, figures.cached),
        _one_by_one(figures),
        _budgets(figures.budgets()),
    ]


def _loads(figures: Figures) -> Sheet:
    heads = ("subject", "connections", "req/s", "ratio", "p99 µs", "ratio", "CPU µs", "ratio")
    rows: list[Cells] = [
        (
            row.subject,
            str(row.connections),
            f"{row.per_second:,.0f}",
            f"{row.per_second_ratio:.2f}",
            f"{row.p99:,.0f}",
            f"{row.p99_ratio:.1f}",
            f"{row.cpu:.1f}",
            f"{row.cpu_ratio:.1f}",
        )
        for row in figures.rows
    ]
    return "One worker on one core beside nginx static", heads, rows


def _before_a_site(site: BeforeSite, cached: Cached | None) -> Sheet:
    heads = ("subject, 32 connections", "req/s", "CPU µs", "beside", "ratio")
    beside = {FORWARDED: PROXIED, SITE_PASS: PASS, SITE_PREVIEW: PREVIEW}
    rows: list[Cells] = [
        (
            name,
            f"{site.per_second[name]:,.0f}",
            f"{site.cpu[name]:.1f}",
            beside.get(name, ""),
            f"{site.ratios[name]:.2f}" if name in site.ratios else "",
        )
        for name in SITE_SUBJECTS
    ]
    if cached is not None:
        for name in (STATIC_PREVIEW, CACHED_PREVIEW):
            rows.append((name, f"{cached.per_second[name]:,.0f}", f"{cached.cpu[name]:.1f}", "", ""))
        rows.append(("the same", "", "", NGINX, f"{cached.ratio:.2f}"))
        rows.append(("the same", "", "", STATIC_PREVIEW, f"{cached.same:.2f}"))
    mib = 1 << 20
    rows.append((f"grown by {site.articles:,} articles, in MiB", f"{site.grown / mib:.1f}", "", "caches' bound",
                 f"{site.memory_ratio:.2f}"))  # fmt: skip
    rows.append(("first visit to an article, in ms", f"{site.first:.1f}", "", "", ""))
    return "Before a site", heads, rows


def _one_by_one(figures: Figures) -> Sheet:
    heads = ("what", "gate", "beside", "ratio")
    memory, deciding = figures.memory, figures.deciding
    rows: list[Cells] = [("memory in MB, beside an empty worker", *_pair(memory.gate / 1e6, memory.empty / 1e6))]
    for number, cost in deciding.by_rules.items():
        rows.append((f"`decide` in µs, {number} rules, beside HMAC-SHA256", *_pair(cost, deciding.hmac)))
    rows.append(("a file of 50 rules in ms, read and checked", f"{deciding.reading / 1000:.1f}", "", ""))
    for seen in figures.browser:
        what = f"whole in the DOM in ms, {seen.line.name}, beside nginx"
        gate = median(seen.gate)
        for name, beside, ratio in (("", seen.static, seen.ratio), (" without headers", seen.bare, seen.bare_ratio)):
            rows.append((f"{what}{name}", f"{gate:.1f}", f"{median(beside):.1f}", f"{ratio:.2f}"))
    return "Memory, decisions and the browser", heads, rows


def _pair(gate: float, beside: float) -> tuple[str, str, str]:
    digits = 1 if beside > 10 else 2
    return f"{gate:.{digits}f}", f"{beside:.{digits}f}", f"{gate / beside:.2f}"


def _budgets(budgets: Iterable[Budget]) -> Sheet:
    heads = ("budget", "measured", "limit", "aim", "")
    return "Budgets", heads, [_budget(one) for one in budgets]


def _budget(one: Budget) -> Cells:
    sign = "≤" if one.most else "≥"
    aim = f"{sign} {one.aim:.2f}" if one.aim is not None else ""
    reached = " (aim reached)" if one.aim_met else ""
    return one.name, f"{one.value:.2f}", f"{sign} {one.limit:.2f}", aim, f"{'met' if one.met else 'NOT MET'}{reached}"


def show(figures: Figures, console: Console) -> None:
    """Print every table."""
    for title, heads, rows in sheets(figures):
        table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for number, head in enumerate(heads):
            table.add_column(
                head, justify="right" if number else "left", no_wrap=bool(number), min_width=0 if number else 20
            )
        for row in rows:
            style = "red" if "NOT MET" in row else ""
            table.add_row(*(cell.replace("`", "") for cell in row), style=style)
        console.print()
        console.print(table)


def markdown(figures: Figures) -> str:
    """The tables for the documentation, and what they were measured with."""
    versions = ", ".join(f"{name} {version}" for name, version in figures.versions.items())
    page = figures.page
    lines = [
        f"Whole page {page['whole']:,} bytes, preview {page['preview']:,} bytes. {versions}.",
    ]
    for title, heads, rows in sheets(figures):
        rule = ("---", *("---:" for _ in heads[1:]))
        lines += ["", f"**{title}**", "", *(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))]
    return "\n".join(lines)


def write_docs(figures: Figures, file: Path) -> None:
    """Replace what stands between the two marks.

    Raises:
        FoldlineError: the marks are not there.
    """
    text = file.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise FoldlineError(f"{file} has no place for figures: {BEGIN} … {END}")
    new = f"{BEGIN}\n\n{markdown(figures)}\n\n{END}"
    pattern = re.compile(re.escape(BEGIN) + ".*" + re.escape(END), re.DOTALL)
    file.write_text(pattern.sub(lambda _: new, text), encoding="utf-8")
