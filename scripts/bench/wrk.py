"""wrk, and what it prints."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from foldline.errors import FoldlineError
from scripts.bench.processes import Server, pinned, tool

_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6}


@dataclass(frozen=True, slots=True)
class Load:
    """One run against one server. Latencies and `cpu` (of the server, per request) in microseconds."""

    requests: int
    per_second: float
    p50: float
    p99: float
    cpu: float = 0.0


def load(server: Server, path: str, headers: Mapping[str, str], connections: int, seconds: int, core: int) -> Load:
    """Ask for one path as fast as the answers come, over connections that stay open.

    Raises:
        FoldlineError: an answer was not 2xx or a connection broke; such a run measures nothing.
    """
    command = [tool("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    before = server.cpu_seconds()
    ran = subprocess.run(  # noqa: S603
        pinned(core, [*command, server.url + path]), capture_output=True, text=True, timeout=seconds + 20, check=True
    )
    cpu = server.cpu_seconds() - before
    read = parse(ran.stdout)
    return Load(read.requests, read.per_second, read.p50, read.p99, cpu / max(1, read.requests) * 1e6)


def parse(text: str) -> Load:
    """What wrk printed with `--latency`.

    Raises:
        FoldlineError: it reports errors, or does not look like wrk's report.
    """
    wrong = re.search(r"Non-2xx.*|Socket errors.*", text)
    if wrong:
        raise FoldlineError(f"wrk: {wrong[0].strip()}")
    done = re.search(r"(\d+) requests in", text)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    if not done or not rate:
        raise FoldlineError(f"wrk printed no report: {text[:200]!r}")
    return Load(int(done[1]), float(rate[1]), _percentile(50, text), _percentile(99, text))


def _percentile(which: int, text: str) -> float:
    found = re.search(rf"^\s*{which}%\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE)
    if not found:
        raise FoldlineError(f"wrk printed no {which}th percentile: {text[:200]!r}")
    return float(found[1]) * _UNITS[found[2]]
