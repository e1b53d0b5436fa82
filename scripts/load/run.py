"""One day, start to end."""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import IO

import uvloop

from scripts.load.client import Web
from scripts.load.figures import Lived, rows_of, told_of
from scripts.load.judge import Judge
from scripts.load.mix import Act, Day, arrivals
from scripts.load.paper import Faults, Paper, Used, paper
from scripts.load.visits import Visits

Step = Callable[[float, str], None]


def live(
    day: Day,
    folder: Path,
    *,
    seconds: float,
    rate: float,
    workers: int,
    say: IO[bytes] | int,
    step: Step,
    faults: Faults = (),
) -> Lived:
    """Live a day in so many seconds. `step` hears how far it has come, and what happens.

    Raises:
        FoldlineError: the newspaper could not be served.
    """
    load = os.getloadavg()[0]
    with paper(folder, day.articles, day.subscribers, workers, say, faults) as served:
        judge = Judge()
        before = served.used()
        behind = uvloop.run(_live(day, served, judge, seconds, rate, step))
        after = served.used()
    return Lived(
        rows_of(judge),
        _since(before, after),
        seconds,
        workers,
        {"gate": judge.latest[False], "cache": judge.latest[True]},
        behind,
        load,
        told_of(judge),
    )


async def _live(day: Day, served: Paper, judge: Judge, seconds: float, rate: float, step: Step) -> float:
    web = Web(served.port, served.settings.host)
    visits = Visits(served.settings, web, judge, day)
    began, behind = time.monotonic(), 0.0
    acting = asyncio.create_task(_act(day, served, judge, began, seconds, step))
    tasks: set[asyncio.Task[None]] = set()
    try:
        for arrival in arrivals(day, seconds, rate):
            due = began + arrival.at
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            behind = max(behind, time.monotonic() - due)
            task = asyncio.create_task(visits.kinds[arrival.kind](arrival, due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            step(arrival.at, "")
        await acting
        if tasks:
            await asyncio.gather(*tasks)
    finally:
        acting.cancel()
        web.close()
    return behind


async def _act(day: Day, served: Paper, judge: Judge, began: float, seconds: float, step: Step) -> None:
    """The newsroom works in a thread of its own: its process answers when it is done."""
    version = 0
    for act in day.acts:
        await asyncio.sleep(max(0.0, began + act.at * seconds - time.monotonic()))
        version += act.does in ("publish", "edit")
        done = await asyncio.to_thread(served.editor.do, act.does, version)
        _note(act, judge, done)
        step(act.at * seconds, act.what)


def _note(act: Act, judge: Judge, done: float) -> None:
    if act.does in ("publish", "edit"):
        judge.versions.append(done)
    elif act.does == "withdraw":
        judge.withdrawn = done


def _since(before: list[Used], after: list[Used]) -> tuple[Used, ...]:
    """What the processes of a name used in the meantime, all together, and the memory that they have now."""
    cpu: dict[str, float] = defaultdict(float)
    memory: dict[str, int] = defaultdict(int)
    for sign, some in ((-1, before), (1, after)):
        for one in some:
            cpu[one.name] += sign * one.cpu
    for one in after:
        memory[one.name] += one.pss
    return tuple(Used(name, cpu[name], memory[name]) for name in sorted(cpu))
