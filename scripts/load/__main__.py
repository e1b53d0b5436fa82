"""`python -m scripts.load`: live a day of a newspaper. Ends with 1 where an answer was wrong, or none came."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from foldline.errors import FoldlineError
from scripts.load.mix import read_day
from scripts.load.report import markdown, mix, show
from scripts.load.run import live
from scripts.pages import write


@click.command()
@click.option("--seconds", type=click.IntRange(5, 3600), default=180, show_default=True, help="How long the day is.")
@click.option("--rate", type=click.IntRange(1, 2000), default=60, show_default=True, help="Requests a second, about.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Gate workers.")
@click.option("--json", "as_json", type=click.Path(dir_okay=False, path_type=Path), help="Write every figure there.")
@click.option("--write-docs", "into_docs", is_flag=True, help="Write the tables into docs/performance.md.")
@click.option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Where the processes' log goes.")
def main(seconds: int, rate: int, workers: int, as_json: Path | None, into_docs: bool, log: Path | None) -> None:
    """A breaking story, readers with and without passes, crawlers, sign-ins, payments, edits and a takedown."""
    signal.signal(signal.SIGTERM, _stop)
    console = Console()
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeElapsedColumn())
    try:
        with (
            tempfile.TemporaryDirectory(prefix="foldline-day-") as folder,
            Progress(*columns, console=console) as progress,
            log.open("ab") if log else open("/dev/null", "ab") as said,
        ):
            bar = progress.add_task("the newspaper is made", total=seconds)

            def step(at: float, what: str) -> None:
                progress.update(bar, completed=at)
                if what:
                    progress.update(bar, description=what)

            lived = live(read_day(), Path(folder), seconds=seconds, rate=rate, workers=workers, say=said, step=step)
    except (FoldlineError, subprocess.SubprocessError) as error:
        console.print(f"[red]{error}[/red]")
        sys.exit(2)
    except KeyboardInterrupt:
        console.print("stopped; nothing runs on")
        sys.exit(130)
    show(lived, console)
    if as_json:
        as_json.write_text(json.dumps(lived.as_data(), indent=2) + "\n", encoding="utf-8")
    if into_docs:
        write("mix", mix(read_day()))
        write("day", markdown(lived))
    sys.exit(0 if not lived.wrong and not lived.failed else 1)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
