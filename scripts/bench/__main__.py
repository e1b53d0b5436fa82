"""`python -m scripts.bench`: measure, print, and end with 1 where a budget is not met."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from foldline.errors import FoldlineError
from scripts.bench.report import show, write_docs
from scripts.bench.run import QUICK, Plan, bar, measure, shorter

DOCS = Path(__file__).parents[2] / "docs" / "performance.md"


@click.command()
@click.option("--quick", is_flag=True, help="Under a minute: fewer and shorter runs, a browser on loopback only.")
@click.option("--rounds", type=click.IntRange(1), help="Rounds of nginx, pass, preview at each number of connections.")
@click.option("--seconds", type=click.IntRange(1), help="Length of one run of wrk.")
@click.option("--loads", type=click.IntRange(3), help="Page loads of each kind in Chromium.")
@click.option("--json", "as_json", type=click.Path(dir_okay=False, path_type=Path), help="Write every figure there.")
@click.option("--write-docs", "into_docs", is_flag=True, help="Write the tables into docs/performance.md.")
def main(
    quick: bool, rounds: int | None, seconds: int | None, loads: int | None, as_json: Path | None, into_docs: bool
) -> None:
    """Measure the gate beside nginx in one interleaved run, on loopback, in folders that go away."""
    signal.signal(signal.SIGTERM, _stop)
    console = Console()
    plan = shorter(QUICK if quick else Plan(), rounds, seconds, loads)
    try:
        with tempfile.TemporaryDirectory(prefix="foldline-bench-") as folder, bar() as progress:
            figures = measure(plan, Path(folder), progress)
    except FoldlineError as error:
        console.print(f"[red]{error}[/red]")
        sys.exit(2)
    except KeyboardInterrupt:
        console.print("stopped; nothing runs on")
        sys.exit(130)
    show(figures, console)
    if as_json:
        as_json.write_text(json.dumps(figures.as_data(), indent=2) + "\n", encoding="utf-8")
    if into_docs:
        write_docs(figures, DOCS)
    sys.exit(0 if all(budget.met for budget in figures.budgets()) else 1)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
