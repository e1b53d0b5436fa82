"""The examples, started as their README says, twice each: the second with other texts below the fold."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from foldline.clock import SystemClock
from foldline.config import Settings, load
from foldline.policy.window import window_at
from foldline.server.gate_state import keyring_of
from foldline.testing.answers import Answer
from foldline.testing.client import Headers, WireClient
from foldline.testing.passes import DAY, Carry, cookie, write_facts

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
#: Each example, and where its articles lie.
PATHS = {
    "flask": "/articles/{}",
    "starlette": "/articles/{}",
    "django": "/articles/{}/",
    "wagtail": "/{}/",
}
FREE, METERED, SECOND = "why-bridges-have-gaps", "what-a-tide-table-knows", "half-a-sheet-of-paper"
REGISTERED, SUBSCRIBERS = "a-lamp-for-every-cape", "why-maps-stretch-the-north"
SLUGS = (FREE, METERED, SECOND, REGISTERED, SUBSCRIBERS)
#: Seconds until an example must answer. Migrations of a slow machine are among them.
START = 120.0


@dataclass
class Example:
    """One that runs. `host` is what readers type."""

    name: str
    folder: Path
    settings: Settings
    client: WireClient
    carry: Carry
    rests: dict[str, list[str]]

    def path(self, slug: str) -> str:
        return PATHS[self.name].format(slug)

    def get(self, path: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Answer:
        return self.client.ask(method, path.encode(), headers)

    def article(self, slug: str, *headers: tuple[bytes, bytes], method: str = "GET") -> Answer:
        return self.get(self.path(slug), *headers, method=method)

    def read(self, slug: str, *headers: tuple[bytes, bytes]) -> Answer:
        """What the page's script sends."""
        number = re.search(rb'data-article="(\d+)"', self.article(slug).body)
        assert number
        body = urlencode({"article": number[1].decode(), "answer": "fragment"}).encode()
        form = ((b"Content-Type", b"application/x-www-form-urlencoded"), (b"Sec-Fetch-Site", b"same-origin"))
        return self.client.ask("POST", b"/-/read", (*form, *headers), body)

    def shows_rest(self, answer: Answer, slug: str) -> bool:
        """Whether a text below the fold stands in an answer: all of it, or nothing."""
        found = {text in answer.text for text in self.rests[slug]}
        assert len(found) == 1, f"half a rest of {slug}"
        return found.pop()

    def reader(self, kind: str) -> Headers:
        """What a reader of a kind carries."""
        now = int(self.carry._clock.now())
        products = {"subscriber": {1: 0}, "lapsed": {1: now - DAY}, "registered": {}}
        return cookie(reader_pass=self.carry.token(self.carry.facts(kind, products[kind])))


def commands(readme: str) -> list[str]:
    """What a README has one type first, without what the tests' own environment has installed already."""
    block = re.search(r"^```console\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert block
    typed = [line.removeprefix("$ ") for line in block[1].splitlines()]
    assert 3 <= len(typed) <= 6
    kept = [line for line in typed if not line.startswith(("cd ", "pip install "))]
    assert len(kept) == len(typed) - 2
    return kept


@contextmanager
def running(name: str, folder: Path) -> Iterator[tuple[Example, Example]]:
    """An example and its twin. The first is made ready as its README says; the second is a copy of that, with other
    texts."""
    ports = (_free_port(), _free_port())
    host = f"127.0.0.1:{ports[0]}"
    one, other = folder / "one" / name, folder / "other" / name
    _copy(name, one, ports[0], host)
    *before, last = commands((one / "README.md").read_text(encoding="utf-8"))
    _run(one, before)
    shutil.copytree(one.parent, other.parent)
    _tell_otherwise(other.parent / "articles.toml")
    _run(other, [line.rpartition(" && ")[2] for line in before if "write_articles" in line])
    with (
        _started(one, last) as first,
        _started(
            other, last.replace(f":{ports[0]}", f":{ports[1]}").replace(f"port {ports[0]}", f"port {ports[1]}")
        ) as second,
    ):
        yield _ready(name, one, first, ports[0], host), _ready(name, other, second, ports[1], host)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _copy(name: str, to: Path, port: int, host: str) -> None:
    """A copy at a free port. Its twin has the same address: what readers type stands in pages."""
    unkept = shutil.ignore_patterns("__pycache__", "db.sqlite3", "secret", "*.db*", "articles", "events", "run", "mail")
    shutil.copytree(EXAMPLES / name, to, ignore=unkept)
    shutil.copy(EXAMPLES / "articles.toml", to.parent / "articles.toml")
    for path in to.rglob("*"):
        if path.suffix in (".md", ".toml", ".py"):
            text = path.read_text(encoding="utf-8")
            text = text.replace("127.0.0.1:8080", host).replace("--port 8080", f"--port {port}")
            path.write_text(text.replace("port = 8081", "port = 0"), encoding="utf-8")


def _tell_otherwise(articles: Path) -> None:
    texts = iter(range(100))

    def told(_: re.Match[str]) -> str:
        return f'rest = ["Ending number {next(texts)} is another.", {_SHORT * 9}]'

    changed, count = re.subn(r"^rest = .*$", told, articles.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count == len(SLUGS)
    articles.write_text(changed, encoding="utf-8")


_SHORT = '"It has many short paragraphs.", '


def _environ(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    # A server that leaves something in its user's home leaves it with the example.
    own = {"PATH": f"{Path(sys.executable).parent}:{kept['PATH']}", "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **own, "PYTHONPATH": str(ROOT / "src")}


def _run(folder: Path, lines: list[str]) -> None:
    script = ["bash", "-e", "-c", "\n".join(lines)]
    ended = subprocess.run(script, cwd=folder, env=_environ(folder), timeout=START, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@contextmanager
def accounts_of(paper: Example) -> Iterator[Path]:
    """What the README has one type in another terminal, by somebody whose shell names their own Django."""
    typed = re.findall(
        r"^\$ (foldline serve .*)$", (paper.folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(typed) == 1
    with _started(paper.folder, f"env DJANGO_SETTINGS_MODULE=newspaper.settings {typed[0]}", "accounts.log"):
        yield paper.folder / "accounts.log"


@contextmanager
def _started(folder: Path, line: str, log: str = "said.log") -> Iterator[subprocess.Popen[bytes]]:
    with (folder / log).open("wb") as said:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {line}"],
            cwd=folder,
            env=_environ(folder),
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ready(name: str, folder: Path, process: subprocess.Popen[bytes], port: int, host: str) -> Example:
    client = WireClient(("127.0.0.1", port), host.encode())
    end = time.monotonic() + START
    while True:
        try:
            if client.ask("GET", b"/-/me").status == 200:
                break
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > end:
            said = (folder / "said.log").read_text(encoding="utf-8", errors="replace")
            raise TimeoutError(f"{name} does not answer:\n{said}")
        time.sleep(0.05)
    settings = load(folder / "home", {})
    clock = SystemClock()
    carry = Carry(keyring_of(settings), clock, window_at(int(clock.now()), settings.zone))
    facts = (carry.facts("subscriber", {1: 0}), carry.facts("registered"))
    write_facts(settings.home, *facts, carry.facts("lapsed", {1: int(clock.now()) - DAY}))
    articles = tomllib.loads((folder.parent / "articles.toml").read_text(encoding="utf-8"))["article"]
    return Example(name, folder, settings, client, carry, {found["slug"]: found["rest"] for found in articles})
