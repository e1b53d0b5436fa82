"""A site that is not ours, as files for nginx, and the home folder of a gate before it."""

from __future__ import annotations

import html
import secrets
import socket
import sqlite3
import time
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from foldline.config import Settings, load
from foldline.signed import cookies, reader_pass
from foldline.signed.keys import Keyring
from foldline.signed.reader_pass import PassFacts
from foldline.stores.home import Home
from foldline.stores.mode import Mode, ModeStore
from foldline.stores.rule_sets import RuleSetStore
from foldline.stores.schema import migrate
from scripts.bench.processes import listener
from scripts.bench.publication import PREVIEW_BYTES, WHOLE_BYTES, real_blocks

PASSED, ARTICLE = "/pages/the-long-read.html", "/articles/the-long-read.html"
LAST = "This sentence is the last of the site's long read."
#: Each of many articles, in bytes.
SMALL_BYTES = 6_000
#: What the gate puts into a preview of a site's page: wall, style and script.
_ADDED = 3_600

_SETTINGS = """\
[publication]
name = "The Bench"
url = "http://127.0.0.1:{port}"
zone = "Europe/Berlin"
[listen]
port = {port}
[log]
format = "json"
[metrics]
listen = "127.0.0.1:9101"
[origin]
url = "{origin}"
closed = ".closed"
"""
_MAP = """\
[[route]]
name = "articles"
kind = "article"
paths = ["/articles/{slug}.html"]
[[route]]
name = "pages"
kind = "passed"
paths = ["/pages/*"]
"""
_RULES = 'default-access = "metered"\n[meter.site]\nanonymous = 3\nregistered = 3\n'


@dataclass(frozen=True, slots=True)
class SiteHome:
    """A gate's home before the site, ready to be served on `gate`, a socket that listens already."""

    settings: Settings
    environ: dict[str, str]
    gate: socket.socket
    session: bytes

    @property
    def url(self) -> str:
        return self.settings.publication.url

    def cookie_header(self) -> str:
        """A subscriber's `Cookie` header, with a pass that is fresh now."""
        facts = PassFacts(b"r" * 16, self.session, {1: 0}, int(time.time()) + reader_pass.SESSION_SECONDS)
        token = reader_pass.issue(
            Keyring(self.settings.secrets, self.settings.host), reader_pass.from_facts(facts, int(time.time()))
        )
        return f"theme=dark; {cookies.PASS}={token}"


def files(articles: int) -> dict[str, tuple[bytes, bytes | None]]:
    """The site: one page of the bench's length, passed and as an article, and so many short articles."""
    blocks = [html.escape(block) for block in real_blocks() if not block.startswith(("#", "|", "-", ">", "1."))]
    long = _page("The long read", blocks, PREVIEW_BYTES - _ADDED, WHOLE_BYTES - _ADDED, LAST)
    made: dict[str, tuple[bytes, bytes | None]] = {PASSED: (long, None), ARTICLE: (long, None)}
    for number in range(articles):
        turned = blocks[number % len(blocks) :] + blocks[: number % len(blocks)]
        page = _page(f"Article {number}", turned, SMALL_BYTES // 2, SMALL_BYTES, f"The end of article {number}.")
        made[small_path(number)] = (page, None)
    return made


def small_path(number: int) -> str:
    """Where one of many articles lies."""
    return f"/articles/article-{number}.html"


def _page(title: str, blocks: list[str], above: int, whole: int, last: str) -> bytes:
    parts: tuple[list[str], list[str]] = ([], [])
    size = 400
    for block in islice(cycle(blocks), 400):
        line = f"<p>{block}</p>\n"
        if size + len(line.encode()) > whole:
            break
        parts[size > above].append(line)
        size += len(line.encode())
    head = f'<meta charset="utf-8"><title>{title}</title><meta property="og:type" content="article">'
    body = f'{"".join(parts[0])}<div class="closed">{"".join(parts[1])}<p>{last}</p>\n</div>'
    page = f"<html lang=en><head>{head}</head>\n<body><article><h1>{title}</h1><div class=body>{body}</div></article>"
    return f"<!doctype html>\n{page}<footer>The site's own</footer></body></html>\n".encode()


def prepare_site(folder: Path, origin: str) -> SiteHome:
    """Write a home folder for a gate before the site at `origin`, gating it."""
    gate = listener()
    home = Home(folder)
    home.make()
    port = gate.getsockname()[1]
    home.settings_file.write_text(_SETTINGS.format(port=port, origin=origin), encoding="utf-8")
    home.surfaces_file.write_text(_MAP, encoding="utf-8")
    migrate(home)
    environ = {"FOLDLINE_SECRET": secrets.token_urlsafe(48), "FOLDLINE_ORIGIN_SECRET": secrets.token_urlsafe(48)}
    now, session = int(time.time()), secrets.token_bytes(16)
    with RuleSetStore(home) as sets:
        sets.publish(_RULES, "the bench", "", now)
    with ModeStore(home) as modes:
        modes.set(Mode.GATE, "the bench", now)
    with sqlite3.connect(home.site_db) as database:
        database.execute(
            "INSERT INTO foldline_pass_facts (session, reader, products, session_until) VALUES (?, ?, '1:0', ?)",
            (session.hex(), (b"r" * 16).hex(), now + reader_pass.SESSION_SECONDS),
        )
    database.close()
    return SiteHome(load(home, environ), environ, gate, session)
