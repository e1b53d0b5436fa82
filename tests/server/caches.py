"""Real caches before a gate, with the configuration that `foldline recipe` prints for its home."""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from foldline.cli.recipe import recipe
from foldline.testing.answers import Answer

START = 30.0
Change = Callable[[str], str]
#: Started as root, nginx would hand its work to a user who may not enter this run's folder.
USER = "user root;\n" if os.geteuid() == 0 else ""


def program(name: str, package: str) -> str:
    """Where a program lies. A test that needs one which is missing says so."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        pytest.skip(f"MISSING {name}: apt-get install {package}")
    return found


def free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


def same(text: str) -> str:
    return text


def printed(home: Path, *arguments: str) -> str:
    """What `foldline recipe …` prints for a home."""
    answer = CliRunner().invoke(recipe, [*arguments, "--home", str(home)], env={"FOLDLINE_ORIGIN_SECRET": "x" * 40})
    assert answer.exit_code == 0, answer.output
    return answer.output


@dataclass
class Cache:
    """A cache that listens. `purge` is where it takes one."""

    name: str
    port: int
    purge: str
    host: str
    process: subprocess.Popen[bytes]
    folder: Path

    def ask(
        self, method: str, path: str, *headers: tuple[bytes, bytes], body: bytes = b"", source: str = "127.0.0.1"
    ) -> Answer:
        """One request on a connection of its own, from the loopback address `source`. The body comes as it was
        packed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(source, 0))
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", self.host)
            for name, value in headers:
                connection.putheader(name.decode(), value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            answer = connection.getresponse()
            told = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in answer.getheaders())
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def get(self, path: str, *headers: tuple[bytes, bytes]) -> Answer:
        return self.ask("GET", path, *headers)


@contextlib.contextmanager
def _running(command: list[str], ports: tuple[int, ...], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        end = time.monotonic() + START
        for port in ports:
            while True:
                with socket.socket() as asking:
                    if asking.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if process.poll() is not None or time.monotonic() > end:
                    raise TimeoutError(f"nothing listens: {(folder / 'said').read_text()[-2000:]}")
                time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def nginx_before(
    home: Path, host: str, folder: Path, change: Change = same, purge_port: int = 0, way: str = "", secret: str = ""
) -> Iterator[Cache]:
    """nginx with `recipe nginx --cache` and one more option, `way`; `change` spoils the recipe."""
    command = program("nginx", "nginx-light")
    folder.mkdir()
    port, purge = free_port(), purge_port or free_port()
    listens = ("--listen", f"127.0.0.1:{port}", "--purge", f"127.0.0.1:{purge}", "--cache-folder", f"{folder}/kept")
    ways = (way, "--secret-file", f"{folder}/secret") if way else ()
    (folder / "secret").write_text(f'set $foldline_secret "{secret}";\n', encoding="utf-8")
    (folder / "foldline.conf").write_text(change(printed(home, "nginx", "--cache", *listens, *ways)), encoding="utf-8")
    paths = " ".join(f"{name}_temp_path {folder}/{name};" for name in ("fastcgi", "uwsgi", "scgi", "proxy"))
    (folder / "nginx.conf").write_text(
        f"{USER}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body; {paths} include {folder}/foldline.conf; }}\n",
        encoding="utf-8",
    )
    arguments = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with _running([command, *arguments], (port, purge), folder) as process:
        yield Cache("nginx", port, f"http://127.0.0.1:{purge}", host, process, folder)


@contextlib.contextmanager
def varnish_before(home: Path, host: str, folder: Path, change: Change = same, port: int = 0) -> Iterator[Cache]:
    """Varnish with `recipe varnish`; `change` spoils the recipe."""
    command = program("varnishd", "varnish")
    program("gcc", "gcc")  # it compiles its configuration
    folder.mkdir()
    port = port or free_port()
    (folder / "foldline.vcl").write_text(change(printed(home, "varnish")), encoding="utf-8")
    arguments = ["-F", "-n", str(folder / "run"), "-a", f"127.0.0.1:{port}", "-f", str(folder / "foldline.vcl")]
    small = ["-s", "malloc,64m", "-p", "thread_pool_min=10", "-j", "none"]
    with _running([command, *arguments, *small], (port,), folder) as process:
        yield Cache("varnish", port, f"http://127.0.0.1:{port}", host, process, folder)


CACHES = {"nginx": nginx_before, "varnish": varnish_before}
#: nginx that sends what is passed, or wholes, without the gate.
WAYS = {f"nginx {way}": functools.partial(nginx_before, way=way) for way in ("--direct", "--authz")}


def replaced(*pairs: tuple[str, str]) -> Change:
    """A recipe with what these regular expressions find replaced. Each must be there: else nothing was spoilt."""

    def change(text: str) -> str:
        for pattern, by in pairs:
            text, times = re.subn(pattern, by, text)
            assert times, f"{pattern} is not in the recipe"
        return text

    return change


def listens_at(home: Path, port: int) -> None:
    """Tell a home where its gate listens, so that recipes name it."""
    file = home / "foldline.toml"
    file.write_text(file.read_text(encoding="utf-8") + f"\n[listen]\nport = {port}\nhops = 1\n", encoding="utf-8")
