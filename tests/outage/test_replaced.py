"""While every worker is replaced, and rules are published meanwhile, nobody gets what they may not have."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from pathlib import Path

from foldline.clock import SystemClock
from foldline.proof.pairs import SENTENCE
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, SUBSCRIBERS
from foldline.testing.processes import GateProcess
from foldline.testing.readers import readers_of
from foldline.testing.worlds import World, rests

SEEN = "Velkomar"
#: Every worker is replaced so many times.
ROUNDS = 2
#: (whether a subscriber asked, the status, whether the whole came).
Told = tuple[bool, int, bool]
RULES = 'default-access = "subscribers"\n'


def test_while_workers_are_replaced_each_reader_gets_their_own(tmp_path: Path) -> None:
    with World(tmp_path, rests(SENTENCE), SystemClock()) as world:
        subscriber = readers_of(world).subscriber
        with GateProcess(world.home, HOST, 2) as gate:
            answers: list[Told] = []
            over = threading.Event()

            def ask(pays: bool) -> None:
                while not over.is_set():
                    answer = _answer(gate, subscriber if pays else ())
                    if answer is not None:
                        answers.append((pays, answer.status, SEEN in answer.text))

            asking = [threading.Thread(target=ask, args=(pays,)) for pays in (True, False)]
            for thread in asking:
                thread.start()
            try:
                for number in range(2 * ROUNDS):
                    with RuleSetStore(world.home) as sets:
                        sets.publish(f"{RULES}# {number}\n", "ada", "", int(time.time()))
                    gate.processes.append(gate.start(number + 2))
                    gone = gate.processes.pop(0)
                    gone.send_signal(signal.SIGTERM if number % 2 else signal.SIGKILL)
                    gone.wait(20)
                    _until_answered(answers)
            finally:
                over.set()
                for thread in asking:
                    thread.join(20)
    told = Counter(answers)
    assert {status for _, status, _ in told} == {200}
    assert told[False, 200, True] == told[True, 200, False] == 0
    assert min(told[False, 200, False], told[True, 200, True]) > 10


def _answer(gate: GateProcess, carries: tuple[tuple[bytes, bytes], ...]) -> Answer | None:
    """None where a worker that is killed takes the answer with it, or the end of it."""
    try:
        answer = gate.client.ask("GET", SUBSCRIBERS.path.encode(), carries)
    except (OSError, ValueError, EOFError):
        return None
    whole = answer.status and len(answer.body) == int(answer.header(b"content-length") or 0)
    return answer if whole else None


def _until_answered(answers: list[Told]) -> None:
    """Until both readers were answered five times more, by whoever is left."""
    before, end = len(answers), time.monotonic() + 20
    while time.monotonic() < end:
        paying = Counter(pays for pays, _, _ in answers[before:])
        if min(paying[True], paying[False]) >= 5:
            return
        time.sleep(0.02)
    raise TimeoutError("nobody is answered any more")
