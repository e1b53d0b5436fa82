"""A newspaper that is served as one is: `foldline serve` behind nginx with the shipped recipe, and a till beside it."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from foldline.config import Settings, load
from foldline.errors import FoldlineError
from foldline.site.billing.providers import TILL
from foldline.stores.crawlers import CrawlerStore, StoredList
from foldline.stores.home import Home
from foldline.stores.passes import pack_products
from foldline.stores.schema import connect
from scripts.bench.processes import pss_of, tool
from scripts.load.visits import CRAWLER, subscriber

START = 60.0
Faults = Sequence[tuple[str, str]]
_SETTINGS = """\
[publication]
name = "The Day"
url = "http://127.0.0.1:{front}"
tagline = "Everything that happens in one"
zone = "Europe/Berlin"
[plan.month]
name = "All of The Day"
amount = "4.00"
currency = "eur"
[listen]
port = {gate}
workers = {workers}
hops = 1
[desk]
port = {desk}
[caches]
purge = ["http://127.0.0.1:{purge}"]
[machines]
verified = ["googlebot"]
"""
#: What nginx needs around the recipe, and no more.
_AROUND = """{user}daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  include {folder}/foldline.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Used:
    """What one process has used: seconds of the processor, and bytes of memory, its proportional share."""

    name: str
    cpu: float
    pss: int


class Editor:
    """The newsroom's process."""

    def __init__(self, to: IO[str], back: IO[str]) -> None:
        self._to, self._back = to, back

    def do(self, what: str, version: int = 0) -> float:
        """Have something done; when it was done, in epoch seconds.

        Raises:
            FoldlineError: the process ended.
        """
        print(json.dumps([what, version]), file=self._to, flush=True)
        return self.heard()

    def heard(self) -> float:
        """When the next thing was done."""
        line = self._back.readline()
        if not line:
            raise FoldlineError("the newsroom's process ended")
        return float(json.loads(line)["done"])


@dataclass(frozen=True, slots=True)
class Paper:
    """What runs. `processes` are those that answer, by what they are called."""

    settings: Settings
    port: int
    editor: Editor
    roots: Mapping[str, int]

    def used(self) -> list[Used]:
        """What each process has used since it started."""
        found = []
        for name, pid in self.roots.items():
            children = psutil.Process(pid).children(recursive=True)
            for number, process in enumerate([psutil.Process(pid), *children]):
                with contextlib.suppress(psutil.Error, OSError):
                    found.append(_used(_called(name, process, number), process))
        return found


@contextlib.contextmanager
def paper(
    folder: Path, articles: int, subscribers: int, workers: int, say: IO[bytes] | int, faults: Faults = ()
) -> Iterator[Paper]:
    """Make a newspaper in `folder` and serve it, until the block is left. `say` takes what the processes log; `faults`
    are (what stands in nginx's recipe, what is put there), for whoever asks whether a fault would be seen.

    Raises:
        FoldlineError: something did not start.
    """
    ports = dict(zip(("front", "gate", "desk", "purge", "till"), _free_ports(5), strict=True))
    home = Home(folder / "home")
    home.make()
    text = _SETTINGS.format(workers=workers, **{name: ports[name] for name in ("front", "gate", "desk", "purge")})
    home.settings_file.write_text(text, encoding="utf-8")
    home.secret_file.write_text("of a day that never was, and of nobody's newspaper", encoding="utf-8")
    home.secret_file.chmod(0o600)
    settings = load(home, {})
    # What somebody set for a publication of their own is nothing of this one's.
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    environ = {**keep, "FOLDLINE_HOME": str(home.path), TILL: f"http://127.0.0.1:{ports['till']}"}
    module = [sys.executable, "-m"]
    with contextlib.ExitStack() as stack:
        command = [*module, "scripts.load.editor", str(articles)]
        editing = stack.enter_context(_running(command, environ, say, pipes=True))
        assert editing.stdin is not None
        assert editing.stdout is not None
        editor = Editor(editing.stdin, editing.stdout)
        editor.heard()
        _know(settings, subscribers)
        till = stack.enter_context(socket.create_server(("127.0.0.1", ports["till"])))
        listening = {**environ, "FOLDLINE_LISTEN_FD": str(till.fileno())}
        command = [*module, "foldline.server.demo.till_process"]
        tilling = stack.enter_context(_running(command, listening, say, keep=(till.fileno(),)))
        front = stack.enter_context(_nginx(folder / "nginx", settings, ports, environ, say, faults))
        served = stack.enter_context(_running([*module, "foldline.cli.main", "serve"], environ, say))
        _wait(ports["front"], served)
        roots = {"serve": served.pid, "nginx": front.pid, "till": tilling.pid}
        yield Paper(settings, ports["front"], editor, roots)


def _know(settings: Settings, subscribers: int) -> None:
    """The sessions of subscribers, and where the crawler comes from."""
    now = int(time.time())
    with contextlib.closing(connect(settings.home.site_db)) as database:
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            "INSERT INTO foldline_pass_facts (session, reader, products, session_until) VALUES (?, ?, ?, ?)",
            (
                (facts.session.hex(), facts.reader.hex(), pack_products(facts.product_ends), facts.session_until)
                for facts in map(subscriber, range(subscribers))
            ),
        )
        database.execute("COMMIT")
    with CrawlerStore(settings.home) as store:
        store.keep_list(StoredList("googlebot", (f"{CRAWLER}/32",), confirmed_at=now, tried_at=now))


@contextlib.contextmanager
def _nginx(
    folder: Path,
    settings: Settings,
    ports: Mapping[str, int],
    environ: Mapping[str, str],
    say: IO[bytes] | int,
    faults: Faults,
) -> Iterator[subprocess.Popen[str]]:
    folder.mkdir()
    asked = ["--listen", f"127.0.0.1:{ports['front']}", "--cache", "--cache-folder", str(folder / "cache"),
             "--purge", f"127.0.0.1:{ports['purge']}", "--home", str(settings.home.path)]  # fmt: skip
    command = [sys.executable, "-m", "foldline.cli.main", "recipe", "nginx", *asked]
    printed = subprocess.run(command, env=dict(environ), capture_output=True, text=True, check=False)  # noqa: S603
    if printed.returncode:
        raise FoldlineError(f"foldline recipe nginx: {printed.stderr.strip()}")
    text = printed.stdout
    for stands, put in faults:
        if stands not in text:
            raise FoldlineError(f"the recipe has no {stands!r} to be put another thing in its place")
        text = text.replace(stands, put)
    (folder / "foldline.conf").write_text(text, encoding="utf-8")
    user = f"user {pwd.getpwuid(0).pw_name}; " if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_AROUND.format(folder=folder, user=user), encoding="utf-8")
    with _running([tool("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf")], environ, say) as process:
        yield process


@contextlib.contextmanager
def _running(
    command: Sequence[str],
    environ: Mapping[str, str],
    say: IO[bytes] | int,
    *,
    keep: tuple[int, ...] = (),
    pipes: bool = False,
) -> Iterator[subprocess.Popen[str]]:
    """A process in a session of its own, so that Ctrl-C is ours alone."""
    pipe = subprocess.PIPE if pipes else None
    process = subprocess.Popen(  # noqa: S603 - our own modules, and nginx
        command, env=dict(environ), stdin=pipe, stdout=pipe or say, stderr=say, text=True, pass_fds=keep,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, served: subprocess.Popen[str]) -> None:
    """Until accounts are answered through nginx: then the gate, the site and nginx all do."""
    end = time.monotonic() + START
    request = b"GET /-/sign-in HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n" % port
    while time.monotonic() < end and served.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as asking:
            asking.sendall(request)
            if asking.recv(64).startswith(b"HTTP/1.1 200"):
                return
        time.sleep(0.1)
    raise FoldlineError("the newspaper of the day was not served; what its processes said stands above")


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in opened]


def _called(root: str, process: psutil.Process, number: int) -> str:
    words = process.cmdline()
    if "foldline.server.worker" in words:
        return "gate worker"
    if "foldline.server.site_process" in words:
        return words[-1]
    return root if not number or root != "nginx" else "nginx worker"


def _used(name: str, process: psutil.Process) -> Used:
    times = process.cpu_times()
    smaps = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
    return Used(name, times.user + times.system, pss_of(smaps))
