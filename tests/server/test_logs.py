"""A line of the log tells what happened, and nothing that a reader carried."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.server.logs import TAKEN_OUT, JsonLines, TextLines, cleaned

FEED_KEY = "q" * 16 + "a2b3c4d5e6f7" + "zzzz"
TOKEN = "AQF7" + "x9_-Qw3e" * 9
SECRETS = ("ada.reader+x@valley.example", TOKEN, FEED_KEY, "0123456789abcdef" * 2, "hunter2-long")

SAYS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("alone", lambda secret: secret),
    ("in quotes", lambda secret: f"there is no '{secret}' here"),
    ("as a field", lambda secret: f"token={secret}; and more"),
    ("as a password", lambda secret: f"connection to postgresql://foldline:{secret}@db.example/x failed"),
    ("as libpq says it", lambda secret: f"host=db password='{secret}' user=foldline"),
    ("in a query", lambda secret: f"GET /the-lamp?gift={secret} failed"),
    ("as a cookie", lambda secret: f"cookie __Host-foldline-pass={secret}; x"),
)


def line(form: type[logging.Formatter], message: str, *, failed: Exception | None = None, **fields: object) -> str:
    record = logging.LogRecord("foldline.server.worker", logging.WARNING, "worker.py", 1, "%s", (message,), None)
    if failed is not None:
        try:
            raise failed
        except type(failed):
            record.exc_info = sys.exc_info()
    record.fields = fields
    return form("worker 0").format(record)


@pytest.mark.parametrize(("how", "says"), SAYS, ids=[how for how, _ in SAYS])
@pytest.mark.parametrize("form", [JsonLines, TextLines])
def test_no_line_holds_what_a_reader_carries(
    form: type[logging.Formatter], how: str, says: Callable[[str], str]
) -> None:
    for secret in SECRETS if how not in ("alone", "in quotes") else SECRETS[:-1]:
        said = line(form, says(secret), detail=says(secret))
        assert secret not in said, said
        assert TAKEN_OUT in said


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=32, max_size=200))
def test_no_long_word_gets_through(word: str) -> None:
    assert word not in cleaned(f"before {word} after")


def test_what_operators_need_stays() -> None:
    for said in (
        "worker 0 ended with -9; it is started again in 0.2 s",
        "pass facts: unable to open database file",
        "the cache http://127.0.0.1:6081 was not purged: it says 405 to PURGE. What it holds runs out within a minute.",
        "the job “publish and settle” failed (2 so far)",
        "not ready: it lacks rules, changes",
        "FL041 /srv/valley-post: 3 database changes wait. Run `foldline migrate` first.",
    ):
        assert cleaned(said) == said


def test_an_exception_is_told_by_its_kind_and_place_and_never_by_its_message() -> None:
    said = json.loads(line(JsonLines, "a visit failed", failed=ValueError("the text below the fold")))
    assert said["error"]["kind"] == "builtins.ValueError"
    assert said["error"]["at"][-1].endswith(" line")
    assert "below the fold" not in json.dumps(said)
    text = line(TextLines, "a visit failed", failed=ValueError("the text below the fold"))
    assert "builtins.ValueError" in text
    assert "below the fold" not in text


def test_what_the_system_said_of_a_file_is_told() -> None:
    said = json.loads(line(JsonLines, "events", failed=OSError(28, "No space left on device", "/home/ada@x.example")))
    assert said["error"]["system"] == "No space left on device"
    assert "ada" not in json.dumps(said)


def test_a_line_of_json_has_time_level_process_and_event() -> None:
    said = json.loads(line(JsonLines, "a “word”\nand a line", cache="http://127.0.0.1:6081", tries=3))
    assert said["time"][10] == "T"
    assert said["time"].endswith("Z")
    assert {name: said[name] for name in ("level", "process", "event", "message", "cache", "tries")} == {
        "level": "warning",
        "process": "worker 0",
        "event": "server.worker",
        "message": "a “word”\nand a line",
        "cache": "http://127.0.0.1:6081",
        "tries": 3,
    }


@pytest.mark.parametrize(
    "dies",
    [
        "raise ValueError('hunter2-long')",
        "import threading\nt = threading.Thread(target=lambda: int('hunter2-long'))\nt.start()\nt.join()",
        "import warnings; warnings.warn('password=hunter2-long')",
        "import logging; logging.getLogger('uvicorn.error').error('password=hunter2-long')",
    ],
    ids=["an exception", "a thread", "a warning", "a library"],
)
def test_whatever_a_process_dies_of_or_warns_of_is_one_line_of_json(dies: str) -> None:
    program = f"from foldline.server import logs\nlogs.begin('json', 'worker 0')\n{dies}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    said = [json.loads(text) for text in done.stderr.splitlines()]
    assert said
    assert all({"time", "level", "process", "event", "message"} <= set(one) for one in said)
    assert "hunter2" not in done.stderr
