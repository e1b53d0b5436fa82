"""Fifty requests a second at workers that serve a newspaper, for a bounded time, each answer judged by who asked."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlencode

from foldline.testing.answers import Answer
from foldline.testing.client import WireClient
from foldline.testing.processes import GateProcess

PER_SECOND = 50
#: The most requests of one run.
MOST = 1000

Pairs = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """One kind of request. `whole` is what the table of failures says about it: True, False, or None where a meter may
    open it."""

    name: str
    path: str
    carries: Pairs = ()
    whole: bool | None = False
    read: int = 0

    def ask(self, client: WireClient) -> Answer:
        if not self.read:
            return client.ask("GET", self.path.encode(), self.carries)
        body = urlencode({"article": str(self.read), "answer": "fragment"}).encode()
        form = ((b"Content-Type", b"application/x-www-form-urlencoded"), (b"Sec-Fetch-Site", b"same-origin"))
        return client.ask("POST", b"/-/read", (*form, *self.carries), body)


@dataclass
class Verdict:
    """How often which kind of request was asked, and every answer that was wrong: (kind, status, what)."""

    asked: Counter[str] = field(default_factory=Counter)
    opened: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, int, str]] = field(default_factory=list)

    def judge(self, asking: Asking, answer: Answer, rest: bytes) -> None:
        self.asked[asking.name] += 1
        has_rest = rest in answer.body
        self.opened[asking.name] += has_rest
        if asking.whole is True and not has_rest:
            self.wrong.append((asking.name, answer.status, "a reader who may read was refused"))
        if asking.whole is False and has_rest:
            self.wrong.append((asking.name, answer.status, "a reader who may not read got the rest"))


def load(gate: GateProcess, askings: tuple[Asking, ...], rest: bytes, seconds: float) -> Verdict:
    """Ask all kinds in turn, `PER_SECOND` a second for `seconds`. An answer that never came counts as a refusal."""
    verdict = Verdict()
    start = time.monotonic()
    number = min(MOST, int(seconds * PER_SECOND))

    def one(turn: int) -> tuple[Asking, Answer]:
        asking = askings[turn % len(askings)]
        time.sleep(max(0.0, start + turn / PER_SECOND - time.monotonic()))
        try:
            return asking, asking.ask(gate.client)
        except OSError:
            return asking, Answer(0, ())

    with ThreadPoolExecutor(8) as pool:
        for asking, answer in pool.map(one, range(number)):
            verdict.judge(asking, answer, rest)
    return verdict
