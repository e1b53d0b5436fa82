"""What every process of ours says to its standard error: one line for each event, as text or as JSON.

A log is read by more people than a database. So whatever is logged passes through here, and an exception is told by its
kind and by where it came from: its message may quote what a reader sent.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from foldline.errors import ConfigurationError

#: What stands in the place of what no log may hold.
TAKEN_OUT = "[…]"

#: Frames of an exception that are told, the last ones.
MOST_FRAMES = 12

_NAMES = "password|passwd|secret|token|key|code|session|cookie"
_CLEAN: tuple[tuple[re.Pattern[str], str], ...] = (
    # User and password in an address, or in the words of a database (RFC 3986, 3.2.1; libpq).
    (re.compile(r"(\w://)[^\s/@]*@"), rf"\1{TAKEN_OUT}@"),
    (re.compile(rf"(?i)\b({_NAMES})(\s*[=:]\s*)(?:'[^']*'|\"[^\"]*\"|[^\s,;&'\"]+)"), rf"\1\2{TAKEN_OUT}"),
    (re.compile(r"(__(?:Host|Secure)-[\w-]+=)[^\s;,'\"]+"), rf"\1{TAKEN_OUT}"),
    # A query: gifts and return addresses stand there.
    (re.compile(r"((?:/|\w)\?)[^\s'\"<>)]+"), rf"\1{TAKEN_OUT}"),
    (re.compile(r"[^\s@<>()\[\]\"'“”,;:=/]+@[^\s@<>()\[\]\"'“”,;:/]+"), f"{TAKEN_OUT}@{TAKEN_OUT}"),
    # Signed values, keys of feeds, sessions: nothing that people write is so long.
    (re.compile(r"[A-Za-z0-9_-]{32,}"), TAKEN_OUT),
)  # fmt: skip


def cleaned(text: str) -> str:
    """A text without what no log may hold: addresses, cookies, keys, passwords, queries."""
    for pattern, instead in _CLEAN:
        text = pattern.sub(instead, text)
    return text


def told(error: BaseException, trace: TracebackType | None) -> dict[str, Any]:
    """An exception by its kind and its frames, innermost last. Of its message only what the system said."""
    frames = []
    while trace is not None:
        code = trace.tb_frame.f_code
        module = trace.tb_frame.f_globals.get("__name__", code.co_filename)
        frames.append(f"{module}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    said = {"kind": f"{type(error).__module__}.{type(error).__qualname__}", "at": frames[-MOST_FRAMES:]}
    if isinstance(error, OSError) and error.strerror:
        said["system"] = cleaned(error.strerror)
    return said


class _Lines(logging.Formatter):
    """`process` is which of ours speaks: `worker 0`, `site`, `desk`, `serve`."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def parts(self, record: logging.LogRecord) -> dict[str, Any]:
        """What a line says, by name, in order."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        parts: dict[str, Any] = {
            "time": at,
            "level": record.levelname.lower(),
            "process": self._process,
            "pid": record.process,
            "event": record.name.removeprefix("foldline."),
            "message": cleaned(_message(record)),
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, Mapping):
            parts |= {name: cleaned(value) if isinstance(value, str) else value for name, value in fields.items()}
        if record.exc_info and record.exc_info[1] is not None:
            parts["error"] = told(record.exc_info[1], record.exc_info[2])
        return parts


class JsonLines(_Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.parts(record), ensure_ascii=False, default=str)


class TextLines(_Lines):
    """For people: time, level, process, message; the frames of an exception below it."""

    def format(self, record: logging.LogRecord) -> str:
        parts = self.parts(record)
        line = f"{parts['time']} {parts['level']:<7} {parts['process']}: {parts['message']}"
        if (error := parts.get("error")) is not None:
            line = "\n    ".join((f"{line} ({error['kind']})", *error["at"]))
        return line


def _message(record: logging.LogRecord) -> str:
    """Django names the path of a page that failed, and mailed links are paths: its route says enough."""
    request = getattr(record, "request", None)
    if request is not None and record.name.startswith("django."):
        match = getattr(request, "resolver_match", None)
        route = getattr(match, "route", None) or "an unknown page"
        return f"{getattr(record, 'status_code', '')} at {route}".strip()
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)


def begin(form: str, process: str) -> None:
    """From now on everything that this process logs, warns or dies of goes to standard error in one form."""
    handler = logging.StreamHandler()
    handler.setFormatter((JsonLines if form == "json" else TextLines)(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    for name in ("django.request", "django.security"):
        # Refused requests are counted by the gate; their lines would hold addresses that a stranger wrote.
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger("foldline.events").setLevel(logging.INFO)
    sys.excepthook = _died
    threading.excepthook = lambda args: _died(args.exc_type, args.exc_value, args.exc_traceback)


def _died(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    log = logging.getLogger("foldline.events")
    if isinstance(error, ConfigurationError):
        for problem in error.problems:
            log.critical("%s", problem)
    elif error is None or issubclass(kind, KeyboardInterrupt):
        log.critical("ended: %s", kind.__name__)
    else:
        log.critical("ended by an error that nobody expected", exc_info=(kind, error, trace))
