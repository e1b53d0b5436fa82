"""A publication with one long article, made as the newsroom makes one, in a home folder of its own."""

from __future__ import annotations

import re
import secrets
import socket
import sqlite3
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from foldline.config import Settings, load
from foldline.errors import FoldlineError
from foldline.fold.cut import FoldRule
from foldline.pages.layout import ArticlePage, Layout
from foldline.pages.public import Term
from foldline.pages.wall import give_note
from foldline.pages.words import load_words
from foldline.policy.facts import Article
from foldline.signed import cookies, reader_pass
from foldline.signed.keys import Keyring
from foldline.signed.reader_pass import PassFacts
from foldline.sources.articles.compose import Composed, compose
from foldline.sources.articles.draft import Draft
from foldline.stores.home import Home
from foldline.stores.records import ArticleRecord, RecordWriter
from foldline.stores.schema import migrate

#: The whole page that the limits in the design were measured with, in bytes, and how far from it ours may be.
WHOLE_BYTES, TOLERANCE = 40_826, 1_500
PREVIEW_BYTES = 17_500
COOKIE_BYTES = 350
PATH = "/the-long-read"
LAST = "This sentence is the last of the long read."

_ID = 41
_PRODUCT = 1
_SETTINGS = """\
[publication]
name = "The Bench"
url = "http://127.0.0.1:{port}"
tagline = "One article, many readers"
zone = "Europe/Berlin"
[offer]
product = "The Bench, every article"
price = "5 a month"
[listen]
port = {port}
[log]
format = "json"
[metrics]
listen = "127.0.0.1:9101"
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """A publication that is ready to be served on `gate`, a socket that listens already."""

    settings: Settings
    secret: str
    gate: socket.socket
    whole: bytes
    preview: bytes
    session: bytes

    @property
    def url(self) -> str:
        return self.settings.publication.url

    @property
    def environ(self) -> dict[str, str]:
        return {"FOLDLINE_SECRET": self.secret}

    def cookie_header(self) -> str:
        """A subscriber's `Cookie` header with a pass that is fresh now, padded by what analytics leave on a device."""
        facts = PassFacts(b"r" * 16, self.session, {_PRODUCT: 0}, int(time.time()) + reader_pass.SESSION_SECONDS)
        held = reader_pass.from_facts(facts, int(time.time()))
        token = reader_pass.issue(Keyring(self.settings.secrets, self.settings.host), held)
        before = "_ga=GA1.1.1841306617.1767225600; _ga_9XK2M4T7QD=GS1.1.1767225600.3.1.1767225912.60.0.0; theme=dark"
        header = f"{before}; {cookies.PASS}={token}; consent="
        return header + "v" * max(1, COOKIE_BYTES - len(header))


def prepare(folder: Path) -> Bench:
    """Write the home folder and store the article.

    Raises:
        FoldlineError: the article could not be cut where it should be, or its page is not of the size wanted.
    """
    gate = socket.socket()
    gate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    gate.bind(("127.0.0.1", 0))
    gate.listen(1024)
    home = Home(folder)
    home.make()
    home.settings_file.write_text(_SETTINGS.format(port=gate.getsockname()[1]), encoding="utf-8")
    migrate(home)
    secret = secrets.token_urlsafe(48)
    settings = load(home, {"FOLDLINE_SECRET": secret})
    layout = Layout(settings.publication, load_words(settings.publication.language))
    made = _of_size(layout)
    page = made.page
    record = ArticleRecord(
        path=PATH,
        article=Article(_ID, made.public.access, "science", frozenset((_PRODUCT,))),
        version=1,
        before=page.before,
        between=page.between,
        after=page.after,
        walls=page.walls,
        rest=made.rest,
        opened=page.opened,
    )
    writer = RecordWriter(home)
    writer.put_article(record)
    writer.close()
    session = secrets.token_bytes(16)
    _sign_in(home, session)
    give = give_note(_ID, settings.publication, load_words(settings.publication.language))
    whole = "".join((page.before, made.rest, page.between, page.walls["open"], give, page.after))
    preview = "".join((page.before, page.between, page.walls["ask"], page.after))
    return Bench(settings, secret, gate, whole.encode(), preview.encode(), session)


def _sign_in(home: Home, session: bytes) -> None:
    with sqlite3.connect(home.site_db) as database:
        database.execute(
            "INSERT INTO foldline_pass_facts (session, reader, products, session_until) VALUES (?, ?, ?, ?)",
            (session.hex(), (b"r" * 16).hex(), f"{_PRODUCT}:0", int(time.time()) + reader_pass.SESSION_SECONDS),
        )
    database.close()


def _of_size(layout: Layout) -> Composed[ArticlePage]:
    """The article with as many blocks as make its whole page about WHOLE_BYTES long."""
    blocks = list(real_blocks())
    all_blocks = range(len(blocks))
    above = bisect_left(all_blocks, PREVIEW_BYTES, lo=1, key=lambda n: _sizes(_composed(layout, blocks, n, n + 1))[1])
    below = bisect_right(
        all_blocks, WHOLE_BYTES, lo=above, key=lambda n: _sizes(_composed(layout, blocks, above, n))[0]
    )
    below = min(below, len(blocks)) - 1
    made = _composed(layout, blocks, above, below)
    short = WHOLE_BYTES - _sizes(made)[0]
    if not -TOLERANCE < short < TOLERANCE:
        raise FoldlineError(f"the bench's page misses {WHOLE_BYTES} bytes by {short}")
    if made.how != "marker" or made.alarms:
        raise FoldlineError(f"the bench's article was not cut at its marker: {made.how} {made.alarms}")
    return made


def _sizes(made: Composed[ArticlePage]) -> tuple[int, int]:
    """(whole, preview) in bytes."""
    page = made.page
    shell = len((page.before + page.between + page.after).encode())
    return shell + len((made.rest + page.walls["open"]).encode()), shell + len(page.walls["ask"].encode())


def _composed(layout: Layout, blocks: list[str], above: int, below: int) -> Composed[ArticlePage]:
    body = "\n\n".join((*blocks[:above], "<!-- fold -->", *blocks[above:below], LAST))
    draft = Draft(
        id=_ID,
        path=PATH,
        headline="The long read that every reader of a benchmark opens",
        standfirst="Prose of the demonstration's own newspaper, one article after the other, up to a known length.",
        byline="The Bench",
        published_at=datetime(2026, 4, 9, 6, 30, tzinfo=UTC),
        access="metered",
        body=body,
        section=Term("Science", "/section/science"),
        tags=(Term("measuring", "/tag/measuring"),),
    )
    return compose(draft, layout, FoldRule())


def real_blocks() -> Iterator[str]:
    """Headings, paragraphs, quotations, lists and tables of the demonstration's articles, pictures left out."""
    folder = files("foldline.server").joinpath("demo", "articles")
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        _, front, body = file.read_text(encoding="utf-8").split("---\n", 2)
        title = re.search(r'^title: "?(.+?)"?$', front, re.MULTILINE)
        yield f"## {title[1] if title else file.name}"
        for block in re.split(r"\n{2,}", body.strip()):
            if not re.match(r"<!--|!\[|\[\^|```", block):
                yield block
