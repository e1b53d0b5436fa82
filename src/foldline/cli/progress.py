"""Bars for long work: on the terminal's error stream, none where it is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Step = Callable[[int, int], None]


@contextmanager
def bars() -> Iterator[Callable[[str], Step]]:
    """Gives a function that begins a bar by its name, and gives one that moves it: so many done, of so many."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def step(what: str) -> Step:
            task = progress.add_task(what, total=None)
            return lambda done, of: progress.update(task, completed=done, total=of)

        yield step


@contextmanager
def asking(what: str) -> Iterator[Callable[[str], None]]:
    """Gives a function that is told each address before it is asked, and shows it: nothing where it is no terminal."""
    console = Console(stderr=True, emoji=False, markup=False)
    count = 0
    with console.status(what) if console.is_terminal else nullcontext() as status:

        def told(url: str) -> None:
            nonlocal count
            count += 1
            if status is not None:
                status.update(f"{what} ({count}): {url[:90]}")

        yield told
