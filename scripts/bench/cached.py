"""Cached previews: nginx with the recipe that ships before the gate, beside nginx over a file of the same bytes."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from urllib.request import Request, urlopen

import psutil

from foldline.errors import FoldlineError
from foldline.gate.response import security_headers
from scripts.bench.figures import BUDGETED, CACHED_PREVIEW, NGINX, STATIC_PREVIEW, Cached
from scripts.bench.processes import Cores, Server, listener, nginx, pinned, running, tool, wait_for
from scripts.bench.publication import PATH, Bench
from scripts.bench.wrk import Load, load

#: What nginx has around the recipe: the defaults of Debian's package, and connections that stay as in every other row.
_AROUND = """{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    keepalive_requests 100000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u;
    scgi_temp_path {folder}/s;
    include {folder}/foldline.conf;
}}
"""


def measure_cached(
    bench: Bench, whole: Server, folder: Path, where: Cores, rounds: int, seconds: int, step: Callable[[str], None]
) -> Cached:
    """Ask nginx over `whole`, the page of every other row, over a file of the preview with the gate's headers, and with
    the recipe, in turn. The gate is running; it is asked once for what the cache then holds.

    Raises:
        FoldlineError: the recipe was not printed, or an answer came not from the cache.
    """
    files = {PATH: (bench.preview, None)}
    measured = []
    with (
        nginx(folder / "preview", files, where.server, security_headers(bench.url)) as static,
        _with_the_recipe(bench, folder / "cached", where) as before,
    ):
        _check(bench, before)
        subjects: tuple[tuple[str, Server, dict[str, str]], ...] = (
            (NGINX, whole, {}),
            (STATIC_PREVIEW, static, {}),
            (CACHED_PREVIEW, before, {"Host": bench.settings.host}),
        )
        for _ in range(rounds):
            loads: dict[str, Load] = {}
            for name, server, headers in subjects:
                step(name)
                loads[name] = load(server, PATH, headers, BUDGETED, seconds, where.client)
            measured.append(loads)
    names = (NGINX, STATIC_PREVIEW, CACHED_PREVIEW)
    return Cached(
        {name: median(loads[name].per_second for loads in measured) for name in names},
        {name: median(loads[name].cpu for loads in measured) for name in names},
        median(loads[CACHED_PREVIEW].per_second / loads[NGINX].per_second for loads in measured),
        median(loads[CACHED_PREVIEW].per_second / loads[STATIC_PREVIEW].per_second for loads in measured),
    )


def _check(bench: Bench, before: Server) -> None:
    """The preview comes through, and the gate is not asked a second time."""
    asked = Request(before.url + PATH, headers={"Host": bench.settings.host})  # noqa: S310 - ours
    for _ in range(2):
        with urlopen(asked, timeout=5) as answer:  # noqa: S310
            if answer.read() != bench.preview:
                raise FoldlineError("nginx with the recipe does not send the preview")


@contextlib.contextmanager
def _with_the_recipe(bench: Bench, folder: Path, where: Cores) -> Iterator[Server]:
    folder.mkdir(parents=True)
    with listener() as one, listener() as other:
        port, purge = one.getsockname()[1], other.getsockname()[1]
    home = str(bench.settings.home.path)
    asked = ["--cache", "--cache-folder", str(folder / "kept"), "--purge", f"127.0.0.1:{purge}",
             "--listen", f"127.0.0.1:{port}", "--home", home]  # fmt: skip
    command = [sys.executable, "-m", "foldline.cli.main", "recipe", "nginx", *asked]
    environ = {**os.environ, **bench.environ}
    printed = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603
    if printed.returncode:
        raise FoldlineError(f"foldline recipe nginx: {printed.stderr.strip()}")
    (folder / "foldline.conf").write_text(printed.stdout, encoding="utf-8")
    user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(_AROUND.format(user=user, folder=folder), encoding="utf-8")
    run = [tool("nginx"), "-e", str(folder / "error.log"), "-c", str(config), "-p", str(folder)]
    with running(pinned(where.server, run), dict(os.environ), None) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(process, url + PATH, {"Host": bench.settings.host})
        worker = max(psutil.Process(process.pid).children(), key=lambda child: "worker" in " ".join(child.cmdline()))
        yield Server(CACHED_PREVIEW, url, worker.pid)
