"""Reads a tutorial, and does what it says: saves its files, types its commands into a shell, compares what is printed.

A block of ```console is typed: a line after `$ ` is a command, one after `> ` goes on with it, and what stands under it
is what it must print. A line that is `…` stands for any lines, and `…` within a line for any letters. A block in
another language whose first line is `# NAME` is saved as that file. What can't be run here is a block of ```text.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.pages import ROOT

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (?P<name>[\w./-]+\.\w+)\n")
#: What only asks. A gate hears of a change within a second, as the tutorials say: who asks sooner asks again.
_ASKS = re.compile(r"(?:curl|cat|cmp|foldline mode --report|foldline check)\b(?!.*(?: > | -X| --data| -d ))")
#: Seconds for a command; and for what only asks, until it is answered as the tutorial says.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Command:
    """What is typed, and the lines that the tutorial shows for it."""

    typed: str
    shown: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Saved:
    """A file, as the reader saves it."""

    name: str
    text: str


@dataclass(slots=True)
class Tutorial:
    """What a reader does, in order. `unrun` are the blocks that say of themselves that they are not run."""

    steps: list[Command | Saved] = field(default_factory=list)
    unrun: list[str] = field(default_factory=list)

    @property
    def commands(self) -> list[Command]:
        return [step for step in self.steps if isinstance(step, Command)]


def read_tutorial(text: str) -> Tutorial:
    """Raises ValueError for a block of which it is not plain what a reader does with it."""
    made = Tutorial()
    for found in _FENCE.finditer(text):
        language, block, line = found["language"], found["text"], text[: found.start()].count("\n") + 2
        if language == "console":
            made.steps += _commands(block, line)
        elif language == "text":
            made.unrun.append(block)
        elif file := _FILE.match(block):
            made.steps.append(Saved(file["name"], block))
        else:
            raise ValueError(f"line {line}: a block of {language!r} is neither typed nor saved nor said not to be run")
    return made


def _commands(block: str, line: int) -> Iterator[Command]:
    typed, shown, at = "", list[str](), line
    for number, text in enumerate(block.splitlines(), line):
        if text.startswith("$ "):
            if typed:
                yield Command(typed, tuple(shown), at)
            typed, shown, at = text[2:], [], number
        elif text.startswith("> ") and typed and not shown:
            typed += "\n" + text[2:]
        elif typed:
            shown.append(text.rstrip())
        else:
            raise ValueError(f"line {number}: a console block begins with a command")
    if not typed:
        raise ValueError(f"line {line}: a console block without a command")
    yield Command(typed, tuple(shown), at)


def is_as_shown(shown: tuple[str, ...], printed: str) -> bool:
    """Whether what was printed is what the tutorial shows."""
    pattern = ""
    for line in shown:
        if line == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(map(re.escape, line.split("…"))) + r"[ ]*\n"
    # One newline more or less at the very end is nobody's mistake: a body of HTTP need not end in one.
    return re.fullmatch(pattern, printed.rstrip("\n") + "\n" if printed.strip("\n") else "") is not None


class Shell:
    """One bash for a whole tutorial: what is exported stays, and so does what runs in the background."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._mark = "the end of a command of the tutorial"

    def run(self, typed: str, patience: float = PATIENCE) -> str:
        """What a command printed, on both outputs.

        Raises:
            AssertionError: it did not end in time, or the shell did.
        """
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{typed}\nprintf '\\n{self._mark}\\n'\n".encode())
        self._process.stdin.flush()
        end, said = time.monotonic() + patience, b""
        mark = f"\n{self._mark}\n".encode()
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            while mark not in said:
                assert ready.select(max(0.0, end - time.monotonic())), (
                    f"{typed}: no end within {patience:.0f} s: {said!r}"
                )
                piece = os.read(self._process.stdout.fileno(), 1 << 16)
                assert piece, f"{typed}: the shell ended: {said!r}"
                said += piece
        return said.partition(mark)[0].decode("utf-8", "replace")

    def end(self) -> None:
        """The shell and all that was started from it, whatever it is doing."""
        for by in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, by)
            end = time.monotonic() + 10
            while time.monotonic() < end and _is_anybody_left(self._process.pid):
                self._process.poll()
                time.sleep(0.02)
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if stream:
                    stream.close()
        self._process.wait(10)


def _is_anybody_left(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Play:
    """How a tutorial is played here.

    `ports` are those of the tutorial and what stands for them in this run: in what is typed, saved and shown, and in
    the files of `written` once a command has made them. `up` says of what is started in the background, by its first
    words, how one sees that it runs: a port, or a word in a file.
    """

    folder: Path
    ports: Mapping[str, str]
    written: tuple[str, ...]
    up: Mapping[str, str | tuple[str, str]]

    def here(self, text: str) -> str:
        return re.sub(r"(?<![\w.])(?:" + "|".join(self.ports) + r")(?!\w)", lambda port: self.ports[port[0]], text)

    def run(self, tutorial: Tutorial) -> list[str]:
        """Every step, in order; what was typed.

        Raises:
            AssertionError: something was printed that the tutorial does not show.
        """
        shell = Shell(self.folder, _environ())
        typed = []
        try:
            for step in tutorial.steps:
                if isinstance(step, Saved):
                    (self.folder / step.name).write_text(self.here(step.text), encoding="utf-8")
                else:
                    self._type(shell, step)
                    typed.append(step.typed)
        finally:
            shell.end()
        return typed

    def _type(self, shell: Shell, command: Command) -> None:
        typed, shown = self.here(command.typed), tuple(map(self.here, command.shown))
        before = {name: (self.folder / name).exists() for name in self.written}
        end = time.monotonic() + PATIENCE
        printed = shell.run(typed)
        while not is_as_shown(shown, printed) and _ASKS.match(typed) and time.monotonic() < end:
            time.sleep(0.2)
            printed = shell.run(typed)
        assert is_as_shown(shown, printed), (
            f"line {command.line}: $ {typed}\nshown:\n{_text(shown)}\nprinted:\n{printed}"
        )
        for name, was_there in before.items():
            file = self.folder / name
            if not was_there and file.exists():
                file.write_text(self.here(file.read_text(encoding="utf-8")), encoding="utf-8")
        if typed.endswith("&"):
            self._wait_for(shell, typed)

    def _wait_for(self, shell: Shell, typed: str) -> None:
        [sign] = [sign for words, sign in self.up.items() if typed.startswith(words)]
        end = time.monotonic() + PATIENCE
        if isinstance(sign, str):
            seen = f"exec 3<>/dev/tcp/127.0.0.1/{self.here(sign)} && exec 3<&-"
        else:
            seen = f"grep -q {sign[1]} {sign[0]}"
        while time.monotonic() < end:
            if "up" in shell.run(f"({seen}) 2> /dev/null && echo up"):
                return
            time.sleep(0.05)
        raise AssertionError(f"$ {typed}\nnothing of it is seen after {PATIENCE:.0f} s")


def _text(lines: tuple[str, ...]) -> str:
    return "\n".join(lines)


def _environ() -> dict[str, str]:
    keep = {
        name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_", "WAGTAIL_"))
    }
    return keep | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{keep.get('PATH', os.defpath)}",
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
        "LC_ALL": "C.UTF-8",
    }
