"""A newspaper as its operator runs it: `foldline serve` on a home folder, with every process of it, and readers."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from tests.billing.till_room import until
from tests.readers.processes import DeskBrowser

from foldline.pages.record import PublicPage
from foldline.server.demo.mailbox import read_mails
from foldline.stores.home import Home
from foldline.stores.records import PublicStore

SECRET = "an-operators-secret-" + "0123456789" * 4
#: Seconds until everything answers.
START = 60.0

SETTINGS = """\
[publication]
name = "The Fold"
url = "http://127.0.0.1:{port}"
zone = "America/New_York"

[plan.month]
name = "All of The Fold"
amount = "4.00"
currency = "eur"

[meter]
limit = 3

[listen]
port = {port}
workers = {workers}

[desk]
port = {desk}

[log]
format = "json"

[metrics]
listen = "127.0.0.1:{metrics}"
"""

_SEED = """
import sys
from pathlib import Path
from foldline.cli.demo import seed, write_settings
from foldline.stores.home import Home
seed(write_settings(Home(Path(sys.argv[1])), 8080, 8081))
"""


def clean_environ(**more: str) -> dict[str, str]:
    """This environment without anything of Foldline's or Django's, and with these."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("FOLDLINE_", "DJANGO_"))}
    return {**keep, **more}


@cache
def _seeded(base: Path) -> Path:
    """A home folder with the demonstration's newspaper, as it was left."""
    folder = base / "seeded-newspaper"
    subprocess.run(
        [sys.executable, "-c", _SEED, str(folder)], env=clean_environ(FOLDLINE_TILL="http://127.0.0.1:9"), check=True
    )
    return folder


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def newspaper_at(base: Path, folder: Path, workers: int = 1) -> Home:
    """A home folder with settings of its own and the demonstration's articles and readers."""
    shutil.copytree(_seeded(base), folder)
    home = Home(folder)
    write_settings(home, workers)
    home.secret_file.write_text(SECRET + "\n", encoding="ascii")
    home.secret_file.chmod(0o600)
    return home


def write_settings(home: Home, workers: int = 1) -> None:
    """Settings with free ports."""
    port, desk, metrics = free_ports(3)
    text = SETTINGS.format(port=port, desk=desk, metrics=metrics, workers=workers)
    home.settings_file.write_text(text, encoding="utf-8")


def verb(home: Home, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A verb, typed on the machine where the newspaper lies."""
    command = [sys.executable, "-m", "foldline.cli.main", *words, "--home", str(home.path)]
    return subprocess.run(
        command, env=clean_environ(**environ), capture_output=True, text=True, timeout=120, check=False
    )


@dataclass
class Running:
    """What `foldline serve` serves. `said` is a file with everything that its processes wrote."""

    home: Home
    said: Path
    ports: Mapping[str, int]
    process: subprocess.Popen[bytes] = field(repr=False)

    def ask(self, part: str, target: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        """(status, body) of a request to the `gate`, the `desk` or the `metrics`."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.ports[part], timeout=20)) as line:
            line.request(method, target, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = line.getresponse()
            return answer.status, answer.read()

    def read(self, article: int, gift: str = "", **headers: str) -> tuple[int, bytes]:
        """What the script's request for the rest of an article is answered with."""
        form = urlencode({"article": str(article), "answer": "fragment"} | ({"gift": gift} if gift else {}))
        told = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", **headers}
        with closing(http.client.HTTPConnection("127.0.0.1", self.ports["gate"], timeout=20)) as line:
            line.request("POST", "/-/read", form, told)
            answer = line.getresponse()
            return answer.status, answer.read()

    def number_of(self, path: str) -> int:
        """The number of the article at a path."""
        with closing(PublicStore(self.home)) as records:
            found = records.find(path)
        assert isinstance(found, PublicPage)
        return found.article.id

    def codes(self, address: str) -> list[str]:
        """The codes that were mailed to an address, the newest first."""
        mails = read_mails(self.home.mail, f"http://127.0.0.1:{self.ports['gate']}")
        return [mail.code for mail in mails if mail.to == address and mail.code]

    def device(self) -> DeskBrowser:
        """A device that carries nothing."""
        return DeskBrowser(self.ports["gate"])

    def signed_in(self, address: str) -> DeskBrowser:
        """A device of somebody who has just signed in by a code."""
        device = self.device()
        device.get("/-/sign-in")
        before = len(self.codes(address))
        assert device.post("/-/sign-in", {"email": address, "next": "/"}).status == 303
        until(lambda: len(self.codes(address)) > before)
        device.get("/-/sign-in/code")
        assert device.post("/-/sign-in/code", {"code": self.codes(address)[0]}).status == 303
        return device


@contextmanager
def running(home: Home, said: Path, **environ: str) -> Iterator[Running]:
    """`foldline serve`, until the block ends."""
    from foldline.config import load

    settings = load(home, {"FOLDLINE_SECRET": SECRET})
    ports = {"gate": settings.listen[1], "desk": settings.desk[1]}
    if settings.metrics is not None:
        ports["metrics"] = settings.metrics[1]
    with said.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "foldline.cli.main", "serve", "--home", str(home.path)],
            stdout=file,
            stderr=file,
            env=clean_environ(**environ),
        )
    paper = Running(home, said, ports, process)
    try:
        _wait(lambda: _answers(paper), process)
        yield paper
    finally:
        process.terminate()
        process.wait(20)


def _answers(paper: Running) -> bool:
    try:
        return (
            paper.ask("gate", "/-/ready")[0] == 200
            and paper.ask("gate", "/-/sign-in", Host=f"127.0.0.1:{paper.ports['gate']}")[0] == 200
            and paper.ask("desk", "/")[0] in (200, 302, 303)
            and ("metrics" not in paper.ports or paper.ask("metrics", "/metrics")[0] == 200)
        )
    except OSError:
        return False


def _wait(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START
    while not condition():
        if process.poll() is not None:
            raise AssertionError(f"`foldline serve` ended with {process.returncode}")
        if time.monotonic() > end:
            raise TimeoutError("`foldline serve` does not answer")
        time.sleep(0.1)
