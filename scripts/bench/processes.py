"""The servers that are measured: pinned to one core, started for the run and stopped with it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from foldline.config import Settings
from foldline.errors import FoldlineError
from scripts.bench.publication import PATH

#: Seconds that a server has to answer its first request, and to end.
START, END = 15.0, 8.0

_NGINX = """\
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    types {{ text/html html; text/css css; text/javascript js; image/svg+xml svg; font/woff2 woff2; }}
    default_type text/html;
    charset utf-8;
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_timeout 65;
    keepalive_requests 100000000;
    open_file_cache max=100;
    gzip_static on;
    client_body_temp_path {folder}/tmp;
    proxy_temp_path {folder}/tmp;
    fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp;
    scgi_temp_path {folder}/tmp;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {folder}/site;
        {headers}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for whichever server is measured, one for whoever asks it."""

    server: int
    client: int


class Served(Protocol):
    """A home folder that a gate can serve on a socket that listens already."""

    @property
    def settings(self) -> Settings: ...

    @property
    def environ(self) -> Mapping[str, str]: ...

    @property
    def gate(self) -> socket.socket: ...

    @property
    def url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `pid` is the one process that answers."""

    name: str
    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time that the process has used."""
        times = psutil.Process(self.pid).cpu_times()
        return float(times.user + times.system)

    def pss(self) -> int:
        """The process's proportional share of memory, in bytes."""
        return pss_of(Path(f"/proc/{self.pid}/smaps_rollup").read_text(encoding="ascii"))


def pss_of(smaps_rollup: str) -> int:
    """The `Pss` line of proc(5)'s smaps_rollup, in bytes."""
    line = next(line for line in smaps_rollup.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024


def cores() -> Cores:
    """Two cores that this process may use.

    Raises:
        FoldlineError: there is only one, and a server and its client would share it.
    """
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise FoldlineError("the bench needs two cores: one for the server, one for wrk")
    return Cores(allowed[0], allowed[1])


def pinned(core: int, command: list[str]) -> list[str]:
    """A command on one core, which ends when we do, however we end."""
    return ["setpriv", "--pdeathsig", "TERM", "taskset", "-c", str(core), *command]


def tool(name: str) -> str:
    """Where a program lies; Debian keeps nginx where only root looks.

    Raises:
        FoldlineError: it is not installed.
    """
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise FoldlineError(f"{name} is missing: run scripts/system-packages as root")
    return found


@contextlib.contextmanager
def gate_worker(bench: Served, core: int, path: str = PATH) -> Iterator[Server]:
    """One gate worker as the supervisor starts it. It answers when it answers `path`."""
    environ = {
        **os.environ,
        **bench.environ,
        "FOLDLINE_HOME": str(bench.settings.home.path),
        "FOLDLINE_LISTEN_FD": str(bench.gate.fileno()),
        "FOLDLINE_WORKER": "0",
    }
    command = pinned(core, [sys.executable, "-m", "foldline.server.worker"])
    with running(command, environ, bench.gate) as process:
        wait_for(process, bench.url + path)
        yield Server("gate", bench.url, process.pid)


@contextlib.contextmanager
def empty_worker(core: int) -> Iterator[Server]:
    """The same server in the same configuration around an application that does nothing."""
    with contextlib.closing(listener()) as listening:
        environ = {**os.environ, "FOLDLINE_LISTEN_FD": str(listening.fileno())}
        command = pinned(core, [sys.executable, "-m", "scripts.bench.empty_worker"])
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with running(command, environ, listening) as process:
            wait_for(process, url + "/")
            yield Server("empty worker", url, process.pid)


#: What a proxy says to its origin; the connections stay.
_PROXY = """location / {{
            proxy_pass http://site;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
    upstream site {{
        server {upstream};
        keepalive 64;"""


@contextlib.contextmanager
def nginx(
    folder: Path,
    files: Mapping[str, tuple[bytes, bytes | None]],
    core: int,
    headers: Sequence[tuple[bytes, bytes]] = (),
    *,
    upstream: str = "",
    path: str = PATH,
) -> Iterator[Server]:
    """One nginx worker over `files`: path below the root -> (bytes, the same gzipped, or None); or before the host and
    port of `upstream`. It answers when it answers `path`."""
    (folder / "tmp").mkdir(parents=True)
    for name, (plain, packed) in files.items():
        file = folder / "site" / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(plain)
        if packed is not None:
            file.with_name(file.name + ".gz").write_bytes(packed)
    with listener() as listening:
        port = listening.getsockname()[1]
    user = f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    added = "\n        ".join(f'add_header {name.decode()} "{value.decode()}";' for name, value in headers)
    if upstream:
        added = _PROXY.format(upstream=upstream)
    config.write_text(_NGINX.format(user=user, folder=folder, port=port, headers=added), encoding="utf-8")
    command = pinned(core, [tool("nginx"), "-e", str(folder / "error.log"), "-c", str(config), "-p", str(folder)])
    url = f"http://127.0.0.1:{port}"
    with running(command, dict(os.environ), None) as process:
        wait_for(process, url + path)
        (worker,) = psutil.Process(process.pid).children()
        yield Server("nginx", url, worker.pid)


def listener() -> socket.socket:
    """A socket on a free port of loopback."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    listening.listen(1024)
    return listening


@contextlib.contextmanager
def running(
    command: list[str], environ: dict[str, str], keep: socket.socket | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run in a session of its own, so that Ctrl-C is ours alone and the order of the end too."""
    descriptors = () if keep is None else (keep.fileno(),)
    process = subprocess.Popen(command, env=environ, pass_fds=descriptors, start_new_session=True)  # noqa: S603
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process: subprocess.Popen[bytes], url: str, headers: Mapping[str, str] | None = None) -> None:
    """Until it answers.

    Raises:
        FoldlineError: it ended, or it is too late.
    """
    until = time.monotonic() + START
    while True:
        try:
            get(url, headers)
        except OSError as error:
            if process.poll() is not None or time.monotonic() > until:
                raise FoldlineError(f"a server did not start: {url}: {error}") from error
            time.sleep(0.05)
        else:
            return


def get(url: str, headers: Mapping[str, str] | None = None) -> bytes:
    """The body at an address of ours.

    Raises:
        OSError: nobody answers, or not with 2xx.
    """
    with urllib.request.urlopen(urllib.request.Request(url, headers=dict(headers or {})), timeout=5) as answer:  # noqa: S310
        body: bytes = answer.read()
    return body
