"""A gate over a real home folder, without Django, a server or a clock that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from foldline.callers.crawlers import Crawlers, Listed
from foldline.callers.networks import read_range
from foldline.config import load
from foldline.errors import StoreUnavailable
from foldline.gate.request import Request
from foldline.gate.response import Response
from foldline.pages.wall import wall_key
from foldline.policy.facts import Access, Article
from foldline.policy.reasons import WALL_REASONS
from foldline.server.worker import Worker
from foldline.signed import cookies, reader_pass
from foldline.signed.reader_pass import Pass, PassFacts
from foldline.stores.address import Address
from foldline.stores.home import Home
from foldline.stores.records import ArticleRecord, RecordWriter
from foldline.stores.schema import connect, migrate
from foldline.testing.builders import databases

HOST = b"127.0.0.1:8080"
URL = "http://127.0.0.1:8080"
SECRET = "only-for-tests-" + "0123456789" * 4
START = 1_795_000_000
REST = "<p>The levee held, and the water went next door.</p>"
PREVIEW = "<p>The river came up in the night.</p>"
PATHS = {Access.FREE: "/free", Access.REGISTERED: "/registered", Access.METERED: "/metered"}
PATHS |= {Access.SUBSCRIBERS: "/subscribers", Access.BY_RULE: "/by-rule"}
SESSION, READER = b"s" * 16, b"r" * 16


class Clock:
    """A clock moved by hand."""

    def __init__(self, now: float = START) -> None:
        self.time = now

    def now(self) -> float:
        return self.time


@dataclass
class Newspaper:
    """One worker and the means to ask it. `jar` keeps cookies as a browser would."""

    home: Home
    clock: Clock
    worker: Worker
    jar: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, *headers: tuple[str, str], method: str = "GET") -> Response:
        return self.ask(method, path, headers)

    def read(self, article: int, *headers: tuple[str, str], script: bool = True) -> Response:
        body = f"article={article}" + ("&answer=fragment" if script else "")
        return self.ask("POST", "/-/read", [("sec-fetch-site", "same-origin"), *headers], body.encode())

    def ask(
        self, method: str, target: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b"", host: bytes = HOST
    ) -> Response:
        path, _, query = target.partition("?")
        sent = [(b"host", host)]
        if self.jar:
            sent.append((b"cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items()).encode()))
        sent += [(name.encode(), value.encode()) for name, value in headers]
        request = Request(method, path.encode("latin-1"), query.encode(), sent, "203.0.113.9", body)
        response = asyncio.run(self.worker.app.run(request))
        for name, value in response.headers:
            if name == b"set-cookie":
                cookie, *attributes = value.decode().split("; ")
                key, _, content = cookie.partition("=")
                self.jar[key] = content
                if "Max-Age=0" in attributes:
                    del self.jar[key]
        return response

    def sign_in(self, product_ends: dict[int, int] | None = None, *, payment_failed: bool = False) -> Pass:
        """Facts in the store and a pass in the jar, as the site makes them."""
        until = int(self.clock.time) + reader_pass.SESSION_SECONDS
        facts = PassFacts(READER, SESSION, product_ends or {}, until, payment_failed=payment_failed)
        self.store(facts)
        made = reader_pass.from_facts(facts, int(self.clock.time))
        self.jar[cookies.PASS] = reader_pass.issue(self.worker.state.keyring, made)
        return made

    def sign_in_without_store(self, product_ends: dict[int, int]) -> None:
        """A pass in the jar, while no store knows of it."""
        until = int(self.clock.time) + reader_pass.SESSION_SECONDS
        made = reader_pass.from_facts(PassFacts(READER, SESSION, product_ends, until), int(self.clock.time))
        self.jar[cookies.PASS] = reader_pass.issue(self.worker.state.keyring, made)

    def store(self, facts: PassFacts, change: bool = True) -> None:
        products = ",".join(f"{product}:{end}" for product, end in facts.product_ends.items())
        row = (
            facts.session.hex(),
            facts.reader.hex(),
            products,
            facts.session_until,
            int(facts.ended),
            facts.payment_failed,
        )
        connection = connect(self.home.site_db)
        connection.execute(
            "INSERT INTO foldline_pass_facts (session, reader, products, session_until, ended_at,"
            " payment_failed) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (session) DO UPDATE SET reader = excluded.reader,"
            " products = excluded.products, session_until = excluded.session_until, ended_at = excluded.ended_at,"
            " payment_failed = excluded.payment_failed, used_on = 0",
            row,
        )
        if change:
            self.change("session", facts.session.hex())
        connection.close()

    def change(self, kind: str, key: str) -> None:
        connection = connect(self.home.site_db)
        connection.execute(
            "INSERT INTO foldline_changes (kind, key, at) VALUES (?, ?, ?)", (kind, key, int(self.clock.time))
        )
        connection.close()

    def list_crawler(self, name: str = "googlebot", networks: str = "203.0.113.0/24") -> None:
        """Let the address that asks stand in a crawler's list."""
        listed = Listed(name, (read_range(networks),), int(self.clock.time) + 86_400)
        self.worker.state.crawlers = Crawlers((name,), (listed,))

    def break_records(self, half: str) -> None:
        """The `public` or the `sealed` half of the records can't be read any more, for real."""
        if self.home.database is not None:
            self._rename(f"foldline_{half}")
        else:
            getattr(self.worker.library, f"_{half}_store")._connection.close()

    def _rename(self, schema: str) -> None:
        with closing(connect(self.home.site_db)) as connection:
            connection.execute(f"ALTER SCHEMA {schema} RENAME TO away")

    def break_passes(self) -> None:
        """The store of passes stops answering, for real."""
        self.worker.parts.passes.close()
        if self.home.database is not None:
            self._rename("foldline_site")
            return
        self.home.site_db.rename(self.home.site_db.with_suffix(".away"))


def open_newspaper(
    folder: Path, meter_limit: int = 3, more_settings: str = "", database: Address | None = None
) -> Newspaper:
    home = Home(folder, database or databases.fresh())
    home.make()
    home.settings_file.write_text(
        f'[publication]\nname = "The Valley Post"\nurl = "{URL}"\nzone = "America/New_York"\n'
        f'[offer]\nproduct = "all of The Valley Post"\nprice = "4 € a month"\n[meter]\nlimit = {meter_limit}\n'
        f"{more_settings}",
        encoding="utf-8",
    )
    migrate(home)
    writer = RecordWriter(home)
    for number, access in enumerate(Access, 1):
        writer.put_article(record(number, access))
    for number in range(10, 20):
        writer.put_article(record(number, Access.METERED, f"/metered-{number}"))
    writer.put_listing("/", "<h1>The Valley Post</h1>")
    writer.put_listing(":404", "<h1>There is nothing here</h1>")
    writer.put_redirect("/old-name", "/metered")
    writer.put_gone("/withdrawn")
    writer.close()
    clock = Clock()
    worker = Worker(load(home, {"FOLDLINE_SECRET": SECRET}), 0, clock)
    worker.hear()
    return Newspaper(home, clock, worker)


def record(number: int, access: Access | None, path: str = "", version: int = 1, rest: str = REST) -> ArticleRecord:
    """An article in a few bytes."""
    told = {wall_key(reason, signed_in=known) for reason in WALL_REASONS for known in (False, True)}
    walls = {}
    for name in ("ask", "open", "free", *told):
        reason, _, known = name.partition(":")
        walls[name] = f'<aside data-reason="{reason}">{known}</aside>'
    if access is Access.FREE:
        rest = ""
    path = path or PATHS[access or Access.FREE]
    return ArticleRecord(
        path,
        Article(number, access, "Science", frozenset({1}), frozenset({"rivers"}), START - 3600, path),
        version,
        f"<article><h1>Article {number}</h1>{PREVIEW}<div class=rest>",
        "</div></article>",
        "<footer></footer>",
        walls,
        rest,
        (f"<article><h1>Article {number}</h1>", f"{PREVIEW}<div class=rest>"),
    )


__all__ = ["PREVIEW", "REST", "Newspaper", "StoreUnavailable", "open_newspaper", "record"]
