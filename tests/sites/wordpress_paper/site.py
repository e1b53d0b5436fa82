"""Runs WordPress on PHP's own server, over a MariaDB of its own. Both are Debian's, as is WordPress."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from tests.sites.articles import Article, articles
from tests.sites.site import START, Site, wait_for

PACKAGE = Path("/usr/share/wordpress")
PROGRAMS = ("php", "mariadbd", "mariadb-install-db", "mariadb")
STYLES = ("plain", "more")
HERE = Path(__file__).parent


def missing() -> str:
    """What would have to be installed; "" where nothing."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    themes = list((PACKAGE / "wp-content" / "themes").glob("twenty*"))
    lacking += [] if themes else ["wordpress with a theme"]
    return ", ".join(lacking)


class WordPressSite(Site):
    """Changes go through WordPress's own functions, in a process beside the one that serves."""

    def __init__(self, orders: subprocess.Popen[str], url: str, style: str) -> None:
        self._orders = orders
        self._style = style
        self.url = url
        self.articles = []

    def path_of(self, article: Article) -> str:
        return f"/{article.published:%Y/%m}/{article.slug}/"

    def change(self, article: Article) -> None:
        blocks = [f"<!-- wp:paragraph -->\n<p>{one.text}</p>\n<!-- /wp:paragraph -->" for one in article.paragraphs]
        if self._style == "more":
            blocks.insert(len(article.preview), "<!-- wp:more -->\n<!--more-->\n<!-- /wp:more -->")
        self._order(
            {
                "slug": article.slug,
                "title": article.headline,
                "standfirst": article.standfirst,
                "content": "\n\n".join(blocks),
                "section": article.section,
                "tags": list(article.tags),
                "published": f"{article.published:%Y-%m-%d %H:%M:%S}",
            }
        )
        self.articles = sorted(
            [one for one in self.articles if one.number != article.number] + [article], key=lambda one: one.number
        )

    def unpublish(self, article: Article) -> None:
        self._order({"slug": article.slug, "gone": True})
        self.articles = [one for one in self.articles if one.number != article.number]

    def _order(self, order: Mapping[str, Any]) -> None:
        assert self._orders.stdin
        assert self._orders.stdout
        self._orders.stdin.write(json.dumps(order) + "\n")
        self._orders.stdin.flush()
        said = self._orders.stdout.readline().strip()
        if said != "done":
            raise RuntimeError(f"WordPress: {said or 'it ended'}")


@contextlib.contextmanager
def wordpress_site(
    folder: Path, *, variant: str = "a", style: str = "plain", count: int = 8, secret: str = "", address: str = ""
) -> Iterator[WordPressSite]:
    """The newspaper on a free port, in a new folder. With `style` "more", each article has its *more* block. `address`
    is what readers type, where that is not the server's own: it is in what names each article in feeds."""
    shutil.copytree(PACKAGE, folder / "site", ignore=shutil.ignore_patterns("wp-config.php"))
    for name in ("wp-config.php", "router.php", "orders.php"):
        shutil.copyfile(HERE / name, folder / "site" / name)
    with contextlib.ExitStack() as running, (folder / "errors.txt").open("ab") as errors:
        database = running.enter_context(_database(folder, errors))
        port = _free_port()
        keep = {name: value for name, value in os.environ.items() if not name.startswith("FOLDLINE_")}
        host = f"127.0.0.1:{port}"
        environ = {**keep, "PAPER_DATABASE": str(database), "PAPER_SECRET": secret}
        environ["PAPER_HOST"] = urlsplit(address).netloc or host
        php = ["php", "-d", "display_errors=stderr", "-d", "memory_limit=512M"]
        at = folder / "site"
        subprocess.run([*php, "orders.php", "install"], cwd=at, env=environ, stdout=errors, stderr=errors, check=True)
        orders = running.enter_context(
            _process(
                [*php, "orders.php"], at, environ, errors, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        site = WordPressSite(orders, f"http://{host}", style)
        for article in articles(variant, count):
            site.change(article)
        serves = {**environ, "PHP_CLI_SERVER_WORKERS": "3"}
        server = running.enter_context(
            _process([*php, "-S", host, "-t", str(at), "router.php"], at, serves, errors, stdout=subprocess.DEVNULL)
        )
        wait_for(site.url + "/", lambda: server.poll() is None)
        yield site
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _database(folder: Path, errors: IO[bytes]) -> Iterator[Path]:
    """A MariaDB that listens on a socket in the folder alone; the socket."""
    data, listens = folder / "data", folder / "db.sock"
    # Two of them at once would take each other's temporary tables.
    environ = {**os.environ, "TMPDIR": str(folder)}
    user = ["--user=root"] if os.geteuid() == 0 else []
    made = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    subprocess.run([*made, "--skip-test-db", *user], env=environ, stdout=errors, stderr=errors, check=True)
    runs = ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={listens}", "--skip-networking"]
    quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", f"--pid-file={folder / 'db.pid'}"]
    with _process([*runs, *quick, *user], folder, environ, errors, stdout=subprocess.DEVNULL) as server:
        end = time.monotonic() + START
        ask = ["mariadb", "--no-defaults", f"--socket={listens}", "--user=root", "-e", "CREATE DATABASE paper"]
        while subprocess.run(ask, stdout=errors, stderr=errors, check=False).returncode:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"MariaDB does not start: {folder / 'errors.txt'}")
            time.sleep(0.1)
        yield listens


@contextlib.contextmanager
def _process(
    command: list[str], folder: Path, environ: Mapping[str, str], errors: IO[bytes], **more: Any
) -> Iterator[subprocess.Popen[Any]]:
    """A program with its children, ended with the block."""
    with subprocess.Popen(
        command, cwd=folder, env=dict(environ), stderr=errors, start_new_session=True, **more
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
