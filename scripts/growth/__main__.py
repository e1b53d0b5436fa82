"""`python -m scripts.growth`: what things cost as a publication grows. Ends with 1 where a budget is not met."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from foldline.errors import FoldlineError
from scripts.bench.run import bar
from scripts.growth.drawing import picture
from scripts.growth.figures import LIMITS
from scripts.growth.invented import Size
from scripts.growth.report import markdown, show
from scripts.growth.run import SIZES, Plan, measure
from scripts.pages import PAGE, write

#: Which part of the page is written, and which picture, by where the publications lie.
PARTS = {False: ("growth", "growth.svg"), True: ("growth-postgresql", "growth-postgresql.svg")}
QUICK = (Size(1_000, 1_000), Size(20_000, 20_000))


@click.command()
@click.option("--quick", is_flag=True, help="A thousand and twenty thousand of each, three rounds: a minute.")
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True)
@click.option("--only", multiple=True, type=click.Choice(tuple(LIMITS)), help="This task alone; may be repeated.")
@click.option("--postgresql", is_flag=True, help="Copy the publications into a PostgreSQL, and measure them there.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the publications in this folder.")
@click.option("--json", "as_json", type=click.Path(dir_okay=False, path_type=Path), help="Write every figure there.")
@click.option("--write-docs", "into_docs", is_flag=True, help="Write table and picture into docs.")
def main(
    quick: bool,
    rounds: int,
    only: tuple[str, ...],
    postgresql: bool,
    keep: Path | None,
    as_json: Path | None,
    into_docs: bool,
) -> None:
    """Measure a page, a spend, a sign-in, a search, a rule change and a publication as a publication grows."""
    signal.signal(signal.SIGTERM, _stop)
    console = Console()
    plan = Plan(QUICK, min(rounds, 3), 2_000) if quick else Plan(SIZES, rounds)
    plan = replace(plan, tasks=only or plan.tasks, postgresql=postgresql, keep=keep)
    place = nullcontext(str(keep)) if keep else tempfile.TemporaryDirectory(prefix="foldline-growth-")
    try:
        with place as folder, bar() as progress:
            growth = measure(plan, Path(folder), progress)
    except FoldlineError as error:
        console.print(f"[red]{error}[/red]")
        sys.exit(2)
    except KeyboardInterrupt:
        console.print("stopped; nothing runs on")
        sys.exit(130)
    show(growth, console)
    if as_json:
        as_json.write_text(json.dumps(growth.as_data(), indent=2) + "\n", encoding="utf-8")
    if into_docs:
        part, drawn = PARTS[postgresql]
        write(part, markdown(growth))
        PAGE.with_name(drawn).write_text(picture(growth), encoding="utf-8")
    sys.exit(0 if all(budget.met for budget in growth.budgets()) else 1)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
