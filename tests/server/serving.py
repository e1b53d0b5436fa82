"""`foldline serve` for a home that a test made, and requests at it: so many a second, each answer judged."""

from __future__ import annotations

import contextlib
import http.client
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.outage.load import Asking, Verdict
from tests.server.caches import free_port

from foldline.config import load
from foldline.pages.record import PublicPage
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.records import PublicStore
from foldline.testing.answers import Answer

READY = 90.0
VERB = (sys.executable, "-m", "foldline.cli.main")


def environ_of(home: Home, more: Mapping[str, str] | None = None) -> dict[str, str]:
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    database = {} if home.database is None else {"FOLDLINE_DATABASE": home.database.url}
    return {**keep, "FOLDLINE_HOME": str(home.path), **database, **(more or {})}


def foldline(home: Home, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """One verb, run to its end."""
    return subprocess.run(
        [*VERB, *words], env=environ_of(home, environ), capture_output=True, text=True, timeout=READY, check=False
    )


SETTINGS = """\
[publication]
name = "The Valley Post"
url = "https://{host}"
zone = "America/New_York"

[listen]
port = {port}
workers = {workers}
hops = 1

[desk]
port = {desk}
"""
HOST = "valley-post.example"
#: Path of an article and its access.
ARTICLES = {"/the-two-diaries": "subscribers", "/the-bridge": "metered", "/the-ferry": "registered"}
CANARY = "the ferryman kept the seventh ledger under the floor of the boat"
_ARTICLE = """\
---
title: "What {path} says"
date: 2026-03-02T06:30:00Z
access: {access}
---

Rivers keep two diaries, and one of them is kept by the banks.

<!-- fold -->

What nobody had asked was where {canary}.
"""


def make_home(folder: Path, workers: int = 2, database: Address | None = None, **environ: str) -> Home:
    """A home folder with a newspaper of three articles, each with a rest in which `CANARY` stands."""
    home = Home(folder, database)
    home.make()
    text = SETTINGS.format(host=HOST, port=free_port(), desk=free_port(), workers=workers)
    home.settings_file.write_text(text, encoding="utf-8")
    home.secret_file.write_text(secrets.token_hex(32) + "\n", encoding="utf-8")
    home.secret_file.chmod(0o600)
    written = folder / "written"
    written.mkdir()
    for path, access in ARTICLES.items():
        text = _ARTICLE.format(path=path, access=access, canary=CANARY)
        (written / f"{path[1:]}.md").write_text(text, encoding="utf-8")
    for verb in (("migrate",), ("import", "markdown", str(written))):
        done = foldline(home, *verb, **environ)
        assert done.returncode == 0, done.stderr
    return home


def article_of(home: Home, path: str) -> int:
    """The number of an article."""
    store = PublicStore(home)
    try:
        found = store.find(path)
        assert isinstance(found, PublicPage), path
        return found.article.id
    finally:
        store.close()


@dataclass
class Serving:
    """A `foldline serve` that answers. `log` is what it says."""

    home: Home
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int:
        return load(self.home, {}).listen[1]

    def children(self) -> dict[int, str]:
        """Its processes by their ids, and which part each is."""
        found = {}
        for pid in map(int, Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()):
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                found[pid] = b" ".join(words[2:4]).decode().strip().removeprefix("foldline.server.")
        return found

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def serving(home: Home, log: Path, **environ: str) -> Iterator[Serving]:
    """`foldline serve` until the block ends."""
    with log.open("ab") as said:
        process = subprocess.Popen([*VERB, "serve"], env=environ_of(home, environ), stdout=said, stderr=said)
    made = Serving(home, process, log)
    try:
        end = time.monotonic() + READY
        while "Desk: http://" not in made.said():
            assert process.poll() is None, made.said()
            assert time.monotonic() < end, made.said()
            time.sleep(0.05)
        yield made
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Crowd:
    """Clients that ask `per_second` times a second until the block ends: half of them on connections of their own for
    each request, half on ones that they keep for as long as they are allowed to. `ports` are asked in turn."""

    host: str
    ports: tuple[int, ...]
    askings: tuple[Asking, ...]
    rest: bytes
    per_second: int = 200
    clients: int = 8
    verdict: Verdict = field(default_factory=Verdict)
    #: (kind, status, what) of each request that was not answered, or not with 200.
    unanswered: list[tuple[str, int, str]] = field(default_factory=list)
    kept: int = 0

    def __enter__(self) -> Crowd:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._begun = time.monotonic()
        self._threads = [threading.Thread(target=self._client, args=(number,)) for number in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *how: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def asked(self) -> int:
        return sum(self.verdict.asked.values())

    def _client(self, number: int) -> None:
        keeps = number % 2 == 0
        connection: http.client.HTTPConnection | None = None
        turn = number
        while not self._stop.wait(max(0.0, self._begun + turn / self.per_second - time.monotonic())):
            asking = self.askings[turn // self.clients * 3 % len(self.askings) - number % len(self.askings)]
            if connection is None:
                port = self.ports[turn % len(self.ports)]
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            answer, what = self._ask(connection, asking, keeps)
            if not keeps or connection.sock is None or what:
                connection.close()
                connection = None
            with self._lock:
                self.kept += keeps
                if what or answer.status != 200:
                    self.unanswered.append((asking.name, answer.status, what))
                self.verdict.judge(asking, answer, self.rest)
            turn += self.clients
        if connection is not None:
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection, asking: Asking, keeps: bool) -> tuple[Answer, str]:
        headers = {"Host": self.host, "Connection": "keep-alive" if keeps else "close"}
        headers |= {name.decode(): value.decode() for name, value in asking.carries}
        body = None
        if asking.read:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
            body = f"article={asking.read}&answer=fragment"
        try:
            connection.request(
                "POST" if asking.read else "GET", "/-/read" if asking.read else asking.path, body, headers
            )
            answer = connection.getresponse()
            return Answer(answer.status, (), answer.read()), ""
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, ()), repr(error)
