"""How the last rolling restart went: written by the supervisor, read by `foldline restart` and `foldline check`."""

from __future__ import annotations

import fcntl
import json
from dataclasses import asdict, dataclass

from foldline.errors import Problem
from foldline.stores.home import Home
from foldline.stores.small_file import keep_small, read_small


@dataclass(frozen=True, slots=True)
class Outcome:
    """`pid` is the supervisor's, `number` counts what it was asked for, `at` is in epoch seconds. `problems`, a line
    each, say why the old processes run on; with none the new ones run."""

    pid: int
    number: int
    at: int
    problems: tuple[str, ...]


def keep_outcome(home: Home, outcome: Outcome) -> None:
    """Write it down beside the processes' sockets."""
    keep_small(home.restarted, json.dumps(asdict(outcome)))


def last_outcome(home: Home) -> Outcome | None:
    """The last one; None where there is none, or none that can be read."""
    try:
        found = json.loads(read_small(home.restarted) or "")
        return Outcome(int(found["pid"]), int(found["number"]), int(found["at"]), tuple(map(str, found["problems"])))
    except (ValueError, KeyError, TypeError):
        return None


def supervisor_of(home: Home) -> int | None:
    """The process id of whoever serves from this folder; None where nobody does."""
    try:
        with home.lock_file.open("r", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read())
    except (OSError, ValueError):
        pass
    return None


def restart_problems(home: Home) -> tuple[Problem, ...]:
    """FL350 where what runs is not what the settings, the secret and the installed code say."""
    outcome, pid = last_outcome(home), supervisor_of(home)
    if outcome is None or not outcome.problems or outcome.pid != pid:
        return ()
    hint = "Mend that and run `foldline restart`. Until then the processes of before serve, with what they began with."
    return (Problem("FL350", f"the last restart was refused: {'; '.join(outcome.problems)}", str(home.path), hint),)
