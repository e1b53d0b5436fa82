"""One run, start to end: what is measured, in which order, and for how long."""

from __future__ import annotations

import contextlib
import gzip
import platform
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from foldline.errors import FoldlineError
from foldline.gate.response import security_headers
from foldline.pages.assets import load_assets
from scripts.bench.before_site import measure_before_site
from scripts.bench.browser import LOOPBACK, SLOW, Line, Seen, chromium, seen
from scripts.bench.cached import measure_cached
from scripts.bench.deciding import deciding
from scripts.bench.figures import NGINX, PASS, PREVIEW, SITE_SUBJECTS, Figures, Memory, rows_of
from scripts.bench.processes import Cores, Server, cores, empty_worker, gate_worker, get, nginx, tool
from scripts.bench.publication import LAST, PATH, Bench, prepare
from scripts.bench.wrk import Load, load

CONNECTIONS = (1, 32, 128)
#: Seconds after the last request until event lines are written and the worker is at rest.
REST = 2.5


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything. `seconds` is one run of wrk, `loads` are pairs of page loads for each line."""

    rounds: int = 5
    seconds: int = 3
    loads: int = 30
    lines: tuple[Line, ...] = (LOOPBACK, SLOW)
    decisions: int = 200
    articles: int = 10_000

    @property
    def steps(self) -> int:
        before_a_site = self.rounds * len(SITE_SUBJECTS) + -(-self.articles // 100)
        return (len(CONNECTIONS) * 3 + 3) * self.rounds + before_a_site + len(self.lines) * (self.loads + 1)


QUICK = Plan(rounds=3, seconds=1, loads=6, lines=(LOOPBACK,), decisions=60, articles=300)


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs side by side. `static` is nginx with the gate's headers, `bare` nginx without."""

    bare: Server
    static: Server
    gate: Server
    empty: Server


def measure(plan: Plan, folder: Path, progress: Progress) -> Figures:
    """Start everything in `folder`, measure, stop everything.

    Raises:
        FoldlineError: something is missing, or an answer was not the one that was to be measured.
    """
    where = cores()
    bench = prepare(folder / "home")
    task = progress.add_task("starting", total=plan.steps)

    def step(what: str) -> None:
        progress.update(task, advance=1, description=what)

    with contextlib.closing(bench.gate), _serving(bench, folder, where) as servers:
        _check(bench, servers)
        rows = rows_of(_rounds(plan, bench, servers, where, step))
        memory = _memory(plan, servers, where)
        site = measure_before_site(
            bench, servers.gate, servers.bare, folder, where, plan.rounds, plan.seconds, plan.articles, step
        )
        cached = measure_cached(bench, servers.bare, folder, where, plan.rounds, plan.seconds, step)
        progress.update(task, description="decide")
        decided = deciding(plan.decisions)
        browser = _browser(plan, bench, servers, step)
    page = {"whole": len(bench.whole), "preview": len(bench.preview), "cookie header": len(bench.cookie_header())}
    return Figures(rows, memory, decided, browser, page, site, _versions(), cached)


def bar() -> Progress:
    """The progress bar of a run."""
    return Progress(
        TextColumn("{task.description:<34}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )


@contextlib.contextmanager
def _serving(bench: Bench, folder: Path, where: Cores) -> Iterator[Servers]:
    with gate_worker(bench, where.server) as gate, empty_worker(where.server) as empty:
        prefix = bench.settings.publication.prefix
        files = {path: (asset.body, asset.gzip_body) for path, asset in load_assets(prefix).items()}
        files[PATH] = (bench.whole, gzip.compress(bench.whole, 9, mtime=0))
        files[f"{prefix}me"] = (get(f"{gate.url}{prefix}me", {"Cookie": bench.cookie_header()}), None)
        with (
            nginx(folder / "bare", files, where.server) as bare,
            nginx(folder / "static", files, where.server, security_headers(bench.url)) as static,
        ):
            yield Servers(bare, static, gate, empty)


def _check(bench: Bench, servers: Servers) -> None:
    """Each subject sends what it is measured for."""
    wanted: tuple[tuple[Server, dict[str, str], bytes], ...] = (
        (servers.bare, {}, bench.whole),
        (servers.static, {}, bench.whole),
        (servers.gate, {"Cookie": bench.cookie_header()}, bench.whole),
        (servers.gate, {}, bench.preview),
    )
    for server, headers, page in wanted:
        if get(server.url + PATH, headers) != page:
            raise FoldlineError(f"{server.name} does not send the page that is to be measured")
    if LAST.encode() in bench.preview or LAST.encode() not in bench.whole:
        raise FoldlineError("the fold is not between preview and rest")


def _rounds(
    plan: Plan, bench: Bench, servers: Servers, where: Cores, step: Callable[[str], None]
) -> Iterator[tuple[int, dict[str, Load]]]:
    for server in (servers.bare, servers.gate):
        load(server, PATH, {}, 32, 1, where.client)
    for _ in range(plan.rounds):
        for connections in CONNECTIONS:
            # A pass is fresh for five minutes: each round carries one that was signed for it.
            carried = {"Cookie": bench.cookie_header()}
            subjects: tuple[tuple[str, Server, dict[str, str]], ...] = (
                (NGINX, servers.bare, {}),
                (PASS, servers.gate, carried),
                (PREVIEW, servers.gate, {}),
            )
            loads = {}
            for name, server, headers in subjects:
                step(f"{name}, c{connections}")
                loads[name] = load(server, PATH, headers, connections, plan.seconds, where.client)
            yield connections, loads


def _memory(plan: Plan, servers: Servers, where: Cores) -> Memory:
    """Both workers after work and at rest."""
    for connections in CONNECTIONS:
        load(servers.empty, "/", {}, connections, plan.seconds, where.client)
    time.sleep(REST)
    held = sum(len(asset.body) + len(asset.gzip_body or b"") for asset in load_assets().values())
    return Memory(servers.gate.pss(), servers.empty.pss(), held)


def _browser(plan: Plan, bench: Bench, servers: Servers, step: Callable[[str], None]) -> tuple[Seen, ...]:
    with chromium() as browser:
        return tuple(
            seen(
                browser,
                bench,
                (servers.static, servers.bare),
                line,
                plan.loads,
                lambda line=line: step(f"Chromium, {line.name}"),  # type: ignore[misc]
            )
            for line in plan.lines
        )


def _versions() -> dict[str, str]:
    said = subprocess.run([tool("nginx"), "-v"], capture_output=True, text=True, check=True).stderr  # noqa: S603
    asked = [tool("chromium"), "--version"]
    browser = subprocess.run(asked, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return {
        "Python": platform.python_version(),
        "uvicorn": version("uvicorn"),
        "nginx": said.strip().rpartition("/")[2],
        "Chromium": browser.split()[1] if len(browser.split()) > 1 else "",
    }


def shorter(plan: Plan, rounds: int | None, seconds: int | None, loads: int | None) -> Plan:
    """A plan with some of its numbers given."""
    return replace(plan, rounds=rounds or plan.rounds, seconds=seconds or plan.seconds, loads=loads or plan.loads)
