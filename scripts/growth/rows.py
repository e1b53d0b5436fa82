"""Readers and articles by the million, all of them invented: the rows that a publication of such a size would have.

A row is a model's own, or one that the stores' writer wrote, with another number in it: nothing here knows a column
that it does not change. The same number is always the same reader. Needs Django to be set up for the home folder.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.db import connection as django_connection
from django.db.models import Model

from foldline.config import Settings
from foldline.fold.feed.model import Item
from foldline.pages.fragment import Fragment, trailer
from foldline.policy.facts import Access
from foldline.policy.facts import Article as Facts
from foldline.policy.reasons import WALL_REASONS
from foldline.policy.rule import SITE
from foldline.policy.window import window_at
from foldline.signed.counting import article_names, reader_owner
from foldline.signed.keys import Keyring
from foldline.signed.reader_pass import SESSION_SECONDS
from foldline.site.billing.lifecycle import State
from foldline.site.billing.models import BillingEvent, OwnedEntitlement, Subscription
from foldline.site.billing.provider import Status
from foldline.site.newsroom import press
from foldline.site.newsroom.models import Article, Author, Authorship, Edition, Section, Tag
from foldline.site.readers.models import (
    WHOLE_PUBLICATION,
    Change,
    Entitlement,
    PassFacts,
    Reader,
    ReaderSession,
    SignInCode,
)
from foldline.stores.home import Home
from foldline.stores.passes import pack_products
from foldline.stores.records import ArticleRecord, RecordWriter
from foldline.stores.schema import connect
from foldline.syndication.feeds.item import Told, written
from scripts.growth.invented import (
    AUTHORS,
    FILLING,
    FIRST,
    READ,
    READS,
    SECTIONS,
    TAGS,
    Size,
    address,
    headline,
    last_words,
    path,
    published,
    reader_key,
    session_key,
    subscribes,
)  # fmt: skip

#: As `Reader.objects.join` leaves it.
_NO_PASSWORD = {"password": "!"}
_AT_ONCE = 20_000


Step = Callable[[int], None]


def fill(settings: Settings, size: Size, step: Step = lambda done: None) -> None:
    """Let an empty publication have `size`. `step` hears of rows as they come.

    Raises:
        sqlite3.Error: the files can't be written, or something is there already.
    """
    _fill_readers(settings, size.readers, step)
    _fill_meter(settings, size.readers, step)
    _fill_newsroom(settings.home, size.articles, step)
    _fill_records(settings.home, size.articles, step)
    # All of it was made with the templates of today: nothing is to be published again when it is served.
    Edition.objects.update_or_create(pk=1, defaults={"fingerprint": press.fingerprint(), "closing": press.closing()})


def _fill_readers(settings: Settings, last: int, step: Step) -> None:
    now = int(time.time())
    until, paid = now + SESSION_SECONDS, now + 20 * 86_400
    run, end = datetime.fromtimestamp(now - 86_400, UTC), datetime.fromtimestamp(paid, UTC)
    numbers = range(1, last + 1)
    paying = [number for number in numbers if subscribes(number)]
    packed = {True: pack_products({WHOLE_PUBLICATION: paid}), False: pack_products({})}
    with _bulk(settings.home.site_db) as database:
        put = _Table(database, step)
        put.rows(
            Reader(joined_at=run, **_NO_PASSWORD), ("id", "email", "key"),
            ((n, address(n), reader_key(n).hex()) for n in numbers),
        )  # fmt: skip
        put.rows(
            EmailAddress(verified=True, primary=True), ("id", "user_id", "email"), ((n, n, address(n)) for n in numbers)
        )
        put.rows(
            ReaderSession(started_at=run), ("id", "reader_id", "django_key", "pass_session"),
            ((n, n, f"{n:032}", session_key(n).hex()) for n in numbers),
        )  # fmt: skip
        put.rows(
            PassFacts(session_until=until), ("session", "reader", "products"),
            ((session_key(n).hex(), reader_key(n).hex(), packed[subscribes(n)]) for n in numbers),
        )  # fmt: skip
        put.rows(
            Session(session_data="e30:" + "x" * 250, expire_date=end),
            ("session_key",),
            ((f"{n:032}",) for n in numbers),
        )
        put.rows(
            Entitlement(
                product_id=WHOLE_PUBLICATION, kind=Entitlement.Kind.PAID, starts_at=run, ends_at=end, given_at=run
            ),
            ("id", "reader_id"),
            ((n, n) for n in paying),
        )
        put.rows(_subscription(now, paid), ("id", "reader_id", "provider_id", "customer"),
                 ((n, n, f"sub_{n:012}", f"cus_{n:012}") for n in paying))  # fmt: skip
        put.rows(OwnedEntitlement(), ("id", "subscription_id", "entitlement_id"), ((n, n, n) for n in paying))
        put.rows(
            BillingEvent(
                at=now, heard=BillingEvent.Heard.NOTICE, what="subscribed", before=State.NONE, after=State.ACTIVE,
                until=paid, version=now,
            ),
            ("id", "subscription_id"), ((n, n) for n in paying),
        )  # fmt: skip
        put.rows(
            SignInCode(code_hash="0" * 64, network="0" * 64, asked_at=run, spent_at=run),
            ("id", "reader_id", "lookup", "address"),
            ((n, n, f"{n:064}", hashlib.sha256(address(n).encode()).hexdigest()) for n in numbers if n % 20 == 0),
        )
        put.rows(
            Change(kind="session", at=now - 86_400), ("key",),
            ((session_key(n).hex(),) for n in numbers if n % 10 == 0),
        )  # fmt: skip


def _subscription(now: int, paid: int) -> Subscription:
    return Subscription(
        provider="till", plan="month", products=str(WHOLE_PUBLICATION), grace_days=3, state=State.ACTIVE,
        status=Status.ACTIVE, period_end=paid, cancel_at_period_end=False, paused=False, refunded=False, disputed=False,
        amount=400, currency="eur", created=now, version=now, seen=now,
    )  # fmt: skip


def _fill_meter(settings: Settings, last: int, step: Step) -> None:
    keyring = Keyring(settings.secrets, settings.host)
    window = window_at(int(time.time()), settings.zone)
    names = [article_names(keyring, article) for article in range(1, READ + 1)]

    def rows() -> Iterator[tuple[object, ...]]:
        for number in range(1, last + 1):
            if number % READS == 0:
                owner = reader_owner(keyring, reader_key(number))[0]
                for name in names:
                    yield owner, SITE, window.number, window.ends, owner, name(owner)[0]

    with _bulk(settings.home.meter_db) as database:
        columns = ("owner", "meter", "window_number", "ends", "salt", "article")
        _Table(database, step).many("foldline_meter", {}, columns, rows())


def _fill_newsroom(home: Home, last: int, step: Step) -> None:
    numbers = range(1, last + 1)
    with _bulk(home.site_db) as database:
        put = _Table(database, step)
        sections = [(n, f"Section {n}", f"section-{n}", n) for n in range(1, SECTIONS + 1)]
        put.rows(Section(), ("id", "name", "slug", "order"), sections)
        put.rows(Tag(), ("id", "name", "slug"), [(n, f"Tag {n}", f"tag-{n}") for n in range(1, TAGS + 1)])
        authors = [(n, f"Author {n}", f"author-{n}") for n in range(1, AUTHORS + 1)]
        put.rows(Author(), ("id", "name", "slug"), authors)
        listed = [json.dumps(_lists_of(number)) for number in range(SECTIONS * TAGS)]
        put.rows(
            Article(
                standfirst="Made for a measurement.", body=FILLING, access=Access.METERED.value, version=1,
                settled_version=1,
            ),
            ("id", "headline", "slug", "published_slug", "published_at", "section_id", "listed_in"),
            (
                (n, headline(n), path(n)[1:], path(n)[1:], published(n).isoformat(sep=" ")[:19], n % SECTIONS + 1,
                 listed[n % len(listed)])
                for n in numbers
            ),
        )  # fmt: skip
        tagged = Article.tags.through._meta.db_table
        put.many(tagged, {}, ("article_id", "tag_id"), ((n, n % TAGS + 1) for n in numbers))
        put.rows(Authorship(), ("id", "article_id", "author_id"), ((n, n, n % AUTHORS + 1) for n in numbers))


def _lists_of(number: int) -> list[str]:
    return ["/", f"/section/section-{number % SECTIONS + 1}", f"/tag/tag-{number % TAGS + 1}",
            f"/author/author-{number % AUTHORS + 1}"]  # fmt: skip


def _fill_records(home: Home, last: int, step: Step) -> None:
    """One article is written as each is, and its rows are copied with another number, and the text that bears it."""
    template = _template(home)
    with closing(connect(home.public_db)) as public, closing(connect(home.sealed_db)) as sealed:
        kept = dict(public.execute("SELECT name, plain FROM fragments WHERE path = ?", (template.path,)).fetchall())
        fragments = {name: Fragment.of(plain) for name, plain in kept.items()}
        facts = json.loads(
            public.execute("SELECT facts FROM records WHERE path = ?", (template.path,)).fetchone()[0]
        )  # fmt: skip
        public.execute("DELETE FROM records WHERE path = ?", (template.path,))
        sealed.execute("DELETE FROM rests WHERE article = ?", (template.article.id,))
    same = [(name, fragment) for name, fragment in sorted(fragments.items()) if name != "before"]

    def public_rows(numbers: Iterable[int]) -> Iterator[tuple[object, ...]]:
        for n in numbers:
            told = facts | {"headline": headline(n), "published": int(published(n).timestamp()),
                            "section": f"section-{n % SECTIONS + 1}", "tags": [f"tag-{n % TAGS + 1}"]}  # fmt: skip
            yield path(n), "article", n, 1, json.dumps(told)

    def fragment_rows(numbers: Iterable[int]) -> Iterator[tuple[object, ...]]:
        for n in numbers:
            before, where = Fragment.of(_before(n)), path(n)
            yield where, "before", before.plain, before.deflated
            for name, fragment in same:
                yield where, name, fragment.plain, fragment.deflated

    def sealed_rows(numbers: Iterable[int]) -> Iterator[tuple[object, ...]]:
        for n in numbers:
            rest = Fragment.of(_rest(n))
            whole = (Fragment(_before(n).encode(), b""), rest, fragments["between"], fragments["wall:open"],
                     fragments["after"])  # fmt: skip
            yield n, 1, rest.plain, rest.deflated, trailer(whole)

    with _bulk(home.public_db) as public, _bulk(home.sealed_db) as sealed:
        open_, shut = _Table(public, step), _Table(sealed, lambda done: None)
        for start in range(1, last + 1, _AT_ONCE):
            some = range(start, min(start + _AT_ONCE, last + 1))
            open_.many("records", {}, ("path", "kind", "article", "version", "facts"), public_rows(some))
            open_.many("fragments", {}, ("path", "name", "plain", "deflated"), fragment_rows(some))
            shut.many("rests", {}, ("article", "version", "plain", "deflated", "whole_end"), sealed_rows(some))


def _before(number: int) -> str:
    return f"<!doctype html><title>{headline(number)}</title><main><h1>{headline(number)}</h1><p>{FILLING}</p>"


def _rest(number: int) -> str:
    return f"<p>{FILLING}</p><p>{last_words(number).decode()}</p>"


def _template(home: Home) -> ArticleRecord:
    """One record, written by the stores' own writer. Its walls are short: a million pages must fit a disk."""
    walls = {
        name: f'<p class="wall">{name}</p>' for name in (*(reason.value for reason in WALL_REASONS), "ask", "open")
    }
    record = ArticleRecord(
        path="/a-template", version=1,
        article=Facts(2**40, Access.METERED, "section-1", frozenset((WHOLE_PUBLICATION,))),
        before=_before(0), between="<hr>", after="</main>", walls=walls, rest=_rest(0), opened=("<p>", "</p>"),
        headline=headline(0), item=_item(),
    )  # fmt: skip
    with closing(RecordWriter(home)) as writer:
        writer.put_article(record)
    return record


def _item() -> str:
    """What feeds say of the article, as it is stored."""
    item = Item("http://127.0.0.1/a-template", title=headline(0), id="a-template", published=FIRST)
    return written(Told(item, f"<p>{FILLING}</p>", "", gated=True))


class _Table:
    """Inserts many rows into a table, of which some columns differ."""

    def __init__(self, database: sqlite3.Connection, step: Step) -> None:
        self._database = database
        self._step = step

    def rows(self, like: Model, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
        """Rows of a model, all of them like one that is not saved but for these columns."""
        same = {
            field.column: field.get_db_prep_save(getattr(like, field.attname), django_connection)
            for field in like._meta.concrete_fields
            if not (field.primary_key and getattr(like, field.attname) in (None, "")) and field.column not in columns
        }
        self.many(like._meta.db_table, same, columns, rows)

    def many(
        self, table: str, same: Mapping[str, Any], columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]
    ) -> None:
        """Rows of which the columns in `same` do not differ."""
        literals = [self._database.execute("SELECT quote(?)", (value,)).fetchone()[0] for value in same.values()]
        names = ", ".join(f'"{name}"' for name in (*columns, *same))
        values = ", ".join((*("?" for _ in columns), *literals))
        statement = f'INSERT INTO "{table}" ({names}) VALUES ({values})'  # noqa: S608 - names and values of our own
        left = iter(rows)
        while some := list(islice(left, _AT_ONCE)):
            self._database.executemany(statement, some)
            self._step(len(some))


@contextmanager
def _bulk(file: Any) -> Iterator[sqlite3.Connection]:
    """One transaction. What is half made after a crash is made anew: nothing waits for the disk."""
    with closing(connect(file, timeout=60)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -400000")
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("BEGIN IMMEDIATE")
        yield database
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
