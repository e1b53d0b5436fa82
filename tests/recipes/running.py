"""A gate before a site, and real proxies before the gate, each run with what its recipe prints."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.recipes.lenient_site import SECRET

from foldline.cli.main import verbs
from foldline.clock import SystemClock
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.stores.home import Home
from foldline.stores.mode import Mode
from foldline.stores.rule_sets import RuleSetStore
from foldline.testing.answers import Answer
from foldline.testing.builders import HOST, home_at, in_mode
from foldline.testing.client import Headers, WireClient
from foldline.testing.passes import Carry, cookie, write_facts
from foldline.testing.processes import GateProcess

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CADDY = shutil.which("caddy")
PROGRAMS = {"nginx": (NGINX, "nginx-light"), "caddy": (CADDY, "caddy")}
#: Seconds until a proxy must answer.
START = 20.0
RULES = 'default-access = "metered"\n[meter.site]\nanonymous = 1\nregistered = 2\n'
MAP = """
profile = "static"

[[route]]
name = "shop"
kind = "passed"
paths = ["/shop/**"]
methods = "all"
"""
#: What nginx needs around a server block, and no more. Started as root, it would hand its work to a user who may not
#: enter this run's folder.
AROUND = """{user}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  types {{ text/html html; text/css css; application/json json; text/plain txt; }} default_type text/html;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  include {folder}/foldline.conf;
}}
"""
WORKER = ("-m", "foldline.server.worker")
USER = "user root; " if os.geteuid() == 0 else ""


@dataclass
class Paper:
    """A gate before a site."""

    home: Home
    gate: GateProcess
    carry: Carry
    folder: Path

    @property
    def registered(self) -> Headers:
        """Somebody signed in, who has bought nothing."""
        return cookie(reader_pass=self.carry.token(self.carry.facts("reader")))

    @property
    def subscriber(self) -> Headers:
        return cookie(reader_pass=self.carry.token(self.carry.facts("payer", {1: 4_000_000_000})))

    def stale(self, name: str, products: dict[int, int]) -> Headers:
        """A reader whose pass the gate must ask the store about, and signs again."""
        facts = self.carry.facts(name, products)
        write_facts(self.home, facts)
        return cookie(reader_pass=self.carry.token(facts, signed=1_000))


@contextlib.contextmanager
def opened(
    folder: Path, origin: int, program: Sequence[str] = (), mode: Mode = Mode.GATE, surfaces: str = MAP
) -> Iterator[Paper]:
    """A gate before the site on this port of loopback. `program` starts a worker that is another than ours, `surfaces`
    is the map."""
    settings = home_at(folder)
    with socket.create_server(("127.0.0.1", 0)) as asking:
        port = asking.getsockname()[1]
    text = settings.home.settings_file.read_text(encoding="utf-8")
    # The worker of a test is handed its socket; the recipe reads the port from the settings.
    text += f'\n[origin]\nurl = "http://127.0.0.1:{origin}"\n\n[listen]\nhops = 1\nport = {port}\n'
    settings.home.settings_file.write_text(text, encoding="utf-8")
    settings.home.surfaces_file.write_text(surfaces, encoding="utf-8")
    clock = SystemClock()
    with RuleSetStore(settings.home) as sets:
        sets.publish(RULES, "ada", "", int(clock.now()))
    in_mode(settings.home, mode, int(clock.now()))
    carry = Carry(keyring_of(settings), clock, window_at(int(clock.now()), settings.zone))
    write_facts(settings.home, carry.facts("payer", {1: 4_000_000_000}), carry.facts("reader"))
    secret = {"FOLDLINE_ORIGIN_SECRET": SECRET}
    with GateProcess(settings.home, HOST, program=program or WORKER, environ=secret) as gate:
        text = text.replace(f"port = {port}", f"port = {gate.address[1]}")
        settings.home.settings_file.write_text(text, encoding="utf-8")
        yield Paper(settings.home, gate, carry, folder)


def printed(home: Path, program: str, *options: str) -> str:
    """What `foldline recipe` prints."""
    words = ["recipe", program, "--home", str(home), *options]
    result = CliRunner(env={"FOLDLINE_ORIGIN_SECRET": SECRET}).invoke(verbs, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as asking:
        return int(asking.getsockname()[1])


@contextlib.contextmanager
def proxy(
    paper: Paper,
    program: str,
    *options: str,
    faults: Sequence[tuple[str, str]] = (),
    secret: str = SECRET,
    port: int = 0,
) -> Iterator[WireClient]:
    """A proxy with its recipe, and a client of it. `faults` are (what stands in the recipe, what is put there). It
    listens on a free port, or is told by them to listen on `port`."""
    if PROGRAMS[program][0] is None:
        pytest.skip(f"MISSING {program}: apt-get install {PROGRAMS[program][1]}")
    listen: tuple[str, ...] = ()
    if not port:
        port = free_port()
        listen = ("--listen", f"127.0.0.1:{port}")
    folder = paper.folder / f"{program}-{port}"
    folder.mkdir()
    if "--cache" in options:
        listen = (*listen, "--cache-folder", str(folder / "cache"), "--purge", f"127.0.0.1:{free_port()}")
    if program == "nginx":
        secret_file = folder / "secret"
        secret_file.touch(0o600)
        secret_file.write_text(f'set $foldline_secret "{secret}";\n', encoding="utf-8")
        listen = (*listen, "--secret-file", str(secret_file))
    text = printed(paper.home.path, program, *options, *listen)
    for stands, put in faults:
        assert stands in text, stands
        text = text.replace(stands, put)
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            _command(program, folder, text),
            stdout=said,
            stderr=said,
            env={**os.environ, "HOME": str(folder), "FOLDLINE_ORIGIN_SECRET": secret},
        )
    try:
        wait_for(port, process, folder)
        yield WireClient(("127.0.0.1", port), HOST.encode())
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command(program: str, folder: Path, text: str) -> list[str]:
    found = PROGRAMS[program][0]
    assert found is not None
    if program == "caddy":
        (folder / "Caddyfile").write_text(text, encoding="utf-8")
        return [found, "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    (folder / "foldline.conf").write_text(text, encoding="utf-8")
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=USER), encoding="utf-8")
    return [found, "-p", str(folder), "-c", str(folder / "nginx.conf")]


def wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Until something listens.

    Raises:
        AssertionError: it ended, or it is too late; with what it said.
    """
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError((folder / "said").read_text(encoding="utf-8"))


def body_of(answer: Answer) -> bytes:
    """The body of an answer, out of its chunks."""
    if answer.header(b"transfer-encoding") != b"chunked":
        return answer.body
    whole, rest = b"", answer.body
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return whole
        whole, rest = whole + rest[:length], rest[length + 2 :]
