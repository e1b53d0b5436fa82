"""Article records: what is public, and, in a file of its own that only an Opening reaches, what is sealed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from foldline.errors import StoreUnavailable
from foldline.pages.fragment import EMPTY, Fragment, trailer
from foldline.pages.record import HTML, FeedItem, FeedItems, Gone, PublicPage, Record, Redirect, Rest, Sheet
from foldline.policy.decide import Opening
from foldline.policy.facts import Access, Article
from foldline.stores.database import FAILURES, Connection, connect, forget_thoroughly, overwrite, text_of, transaction
from foldline.stores.home import Home

#: What stands in the facts of an article that was cut as it should be. In a text of theirs the quotes are escaped.
_NO_ALARMS = '"alarms": []'
#: What LIKE reads as something else.
_WILD = "%_\\"


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """An article ready to be stored: the page's parts as text, and the rest ("" where nothing is sealed).

    `version` must grow with every publication of the article. `walls` and `opened` are as `pages.layout` gives them. A
    free article has a rest where a rule may close it one day. `alarms` say what was odd about how it was cut. By its
    `headline` staff find it where no newsroom has it. `item` is what feeds say of it: all of it public.
    """

    path: str
    article: Article
    version: int
    before: str
    between: str
    after: str
    walls: Mapping[str, str]
    rest: str = ""
    opened: tuple[str, str] = ("", "")
    rest_after: str | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    digest: str = ""
    alarms: tuple[str, ...] = ()
    headline: str = ""
    item: str = ""


class PublicStore:
    """Reads public records. Holds no key to anything sealed."""

    def __init__(self, home: Home) -> None:
        self._connection = connect(home.public_db, read_only=True)

    def close(self) -> None:
        self._connection.close()

    def find(self, path: str) -> Record | None:
        """The record at exactly this path.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        try:
            # One statement, so that a record and its fragments are of one version.
            rows = self._connection.execute(
                "SELECT kind, article, version, facts, name, plain, deflated FROM records"
                " LEFT JOIN fragments ON fragments.path = records.path AND name <> 'item' WHERE records.path = ?",
                (path,),
            ).fetchall()
        except FAILURES as error:
            raise StoreUnavailable(f"public records: {error}") from error
        if not rows:
            return None
        return _record(path, rows[0][:4], {row[4]: Fragment(row[5], row[6]) for row in rows if row[4] is not None})

    def path_of(self, article: int) -> str | None:
        """Where an article lies.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        try:
            row = self._connection.execute(
                "SELECT path FROM records WHERE article = ? AND kind = 'article'", (article,)
            ).fetchone()
        except FAILURES as error:
            raise StoreUnavailable(f"public records: {error}") from error
        return str(row[0]) if row else None

    def items(self, feed: str) -> FeedItems | None:
        """The articles of a feed with what is said of each, in order; None where there is no feed at this path.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        try:
            row = self._connection.execute(
                "SELECT facts FROM records WHERE path = ? AND kind = 'page'", (feed,)
            ).fetchone()
            facts = json.loads(row[0]) if row is not None else {}
            if facts.get("items") is None:
                return None
            return FeedItems(facts.get("title") or "", _items(self._connection, facts["items"]))
        except FAILURES as error:
            raise StoreUnavailable(f"public records: {error}") from error

    def articles(self) -> list[Article]:
        """What the decider must know of every article, in the order of their paths.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        try:
            rows = self._connection.execute(
                "SELECT path, article, facts FROM records WHERE kind = 'article' ORDER BY path"
            ).fetchall()
        except FAILURES as error:
            raise StoreUnavailable(f"public records: {error}") from error
        return [_article(path, article, json.loads(facts)) for path, article, facts in rows]

    def alarmed(self) -> list[tuple[str, tuple[str, ...]]]:
        """(path, alarms) of every article that was not cut as it should be, in the order of their paths.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        try:
            rows = self._connection.execute(
                "SELECT path, facts FROM records WHERE kind = 'article' AND facts NOT LIKE ? ORDER BY path",
                (f"%{_NO_ALARMS}%",),
            ).fetchall()
        except FAILURES as error:
            raise StoreUnavailable(f"public records: {error}") from error
        return [(path, tuple(alarms)) for path, facts in rows if (alarms := json.loads(facts).get("alarms"))]

    def matching(self, words: str, most: int) -> list[tuple[str, str]]:
        """(path, headline) of so many articles whose path or headline holds these words, the newest first. A headline
        is "" where none was stored.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        headline, published = (text_of(self._connection, "facts", key) for key in ("headline", "published"))
        held = f"%{''.join(chr(92) + letter if letter in _WILD else letter for letter in words.lower())}%"
        try:
            return self._connection.execute(
                f"SELECT path, {headline} FROM records WHERE kind = 'article'"  # noqa: S608 - constants
                f" AND (lower(path) LIKE ? ESCAPE '\\' OR lower({headline}) LIKE ? ESCAPE '\\')"
                f" ORDER BY CAST(coalesce(nullif({published}, ''), '0') AS BIGINT) DESC, path LIMIT ?",
                (held, held, most),
            ).fetchall()
        except FAILURES as error:
            raise StoreUnavailable(f"public records: {error}") from error

    def headline(self, path: str) -> str:
        """The headline of the article at exactly this path; "" where none was stored.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        try:
            row = self._connection.execute("SELECT facts FROM records WHERE path = ?", (path,)).fetchone()
        except FAILURES as error:
            raise StoreUnavailable(f"public records: {error}") from error
        return json.loads(row[0]).get("headline") or "" if row else ""

    def article_paths(self) -> list[tuple[str, str]]:
        """(path, access level) of every article, in the order of their paths."""
        rows = self._connection.execute("SELECT path, facts FROM records WHERE kind = 'article' ORDER BY path")
        return [(path, json.loads(facts)["access"] or "unknown") for path, facts in rows]


def _items(connection: Connection, articles: Sequence[int]) -> tuple[FeedItem, ...]:
    if not articles:
        return ()
    marks = ", ".join("?" * len(articles))
    rows = connection.execute(
        "SELECT records.article, records.version, records.path, fragments.plain FROM records"  # noqa: S608 - marks
        " JOIN fragments ON fragments.path = records.path AND fragments.name = 'item'"
        f" WHERE records.kind = 'article' AND records.article IN ({marks})",
        tuple(articles),
    )
    known = {row[0]: FeedItem(row[0], row[1], row[2], row[3].decode()) for row in rows}
    return tuple(known[article] for article in articles if article in known)


def _record(path: str, row: tuple[str, int, int, str], fragments: dict[str, Fragment]) -> Record:
    kind, article, version, raw = row
    facts = json.loads(raw)
    if kind == "redirect":
        return Redirect(path, facts["to"])
    if kind == "gone":
        return Gone(path)
    if kind == "page":
        return Sheet(path, fragments["body"], facts.get("type", HTML), facts.get("modified", 0))
    return PublicPage(
        path=path,
        article=_article(path, article, facts),
        version=version,
        gated=facts["gated"],
        before=fragments["before"],
        between=fragments["between"],
        after=fragments["after"],
        walls={name[5:]: fragment for name, fragment in fragments.items() if name.startswith("wall:")},
        opened=(fragments.get("opened:0", EMPTY), fragments.get("opened:1", EMPTY)),
        headers=tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in facts.get("headers", ())),
        digest=facts.get("digest", ""),
    )


def _article(path: str, number: int, facts: Mapping[str, Any]) -> Article:
    access = Access(facts["access"]) if facts["access"] in list(Access) else None
    return Article(
        number,
        access,
        facts["section"],
        frozenset(facts["products"]),
        frozenset(facts.get("tags", ())),
        facts.get("published", 0),
        path,
    )


class SealedStore:
    """Reads what stands below the fold, for an Opening and for nothing else."""

    def __init__(self, home: Home) -> None:
        self._connection = connect(home.sealed_db, read_only=True)

    def rest(self, page: PublicPage, opening: Opening) -> Rest:
        """The rest of the version that `page` is the public half of.

        Raises:
            ValueError: the opening is of another article.
            StoreUnavailable: the file can't be read, or this version is no longer there.
        """
        if opening.article != page.article.id:
            raise ValueError("an opening opens its own article only")
        try:
            row = self._connection.execute(
                "SELECT plain, deflated, whole_end, after_plain, after_deflated FROM rests"
                " WHERE article = ? AND version = ?",
                (page.article.id, page.version),
            ).fetchone()
        except FAILURES as error:
            raise StoreUnavailable(f"sealed records: {error}") from error
        if row is None:
            raise StoreUnavailable("sealed records: this version was replaced")
        after = Fragment(row[3], row[4]) if row[3] is not None else None
        return Rest(Fragment(row[0], row[1]), row[2], after)


class RecordWriter:
    """Writes records, each in one transaction, the sealed half before the public half that points to it."""

    def __init__(self, home: Home) -> None:
        self._public = connect(home.public_db)
        self._sealed = connect(home.sealed_db)
        for connection in (self._public, self._sealed):
            # What is taken down must not lie in free pages of the file.
            forget_thoroughly(connection)

    def close(self) -> None:
        self._public.close()
        self._sealed.close()

    def put_article(self, record: ArticleRecord) -> None:
        """Store an article. The version before stays sealed for workers that still hold its public half."""
        names = {"before": record.before, "between": record.between, "after": record.after}
        names |= {f"wall:{name}": text for name, text in record.walls.items()}
        names |= {f"opened:{number}": text for number, text in enumerate(record.opened) if text}
        fragments = {name: Fragment.of(text) for name, text in names.items()}
        article = record.article
        if not record.rest and article.access is not None:
            # Nothing stands below the fold: whatever its level, the article is published as free.
            article = article._replace(access=Access.FREE)
        facts = {
            "access": article.access.value if article.access else None,
            "section": article.section,
            "products": sorted(article.products),
            "tags": sorted(article.tags),
            "published": article.published,
            "gated": bool(record.rest),
            "headers": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in record.headers],
            "digest": record.digest,
            "alarms": list(record.alarms),
            "headline": record.headline,
        }
        # The public half is locked before the sealed half is written: two hosts that store one article at once must not
        # leave the halves of two versions. It is seen after it.
        with self._replacing(record.path, "article", facts, article.id, record.version):
            if record.rest:
                self._seal(record, fragments)
            if record.item:
                fragments["item"] = Fragment(record.item.encode(), b"")
            self._put_fragments(record.path, fragments)
        self._sealed.execute("DELETE FROM rests WHERE article = ? AND version < ?", (article.id, record.version - 1))

    def _seal(self, record: ArticleRecord, fragments: Mapping[str, Fragment]) -> None:
        rest = Fragment.of(record.rest)
        whole: tuple[Fragment, ...] = (
            fragments["before"], rest, fragments["between"], fragments["wall:open"], fragments["after"],
        )  # fmt: skip
        after: tuple[bytes | None, bytes | None] = (None, None)
        if record.rest_after is not None:
            behind = Fragment.of(record.rest_after)
            whole, after = (rest, fragments["wall:open"], behind), (behind.plain, behind.deflated)
        self._sealed.execute(
            "INSERT INTO rests (article, version, plain, deflated, whole_end, after_plain, after_deflated)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (article, version) DO UPDATE SET plain = excluded.plain,"
            " deflated = excluded.deflated, whole_end = excluded.whole_end, after_plain = excluded.after_plain,"
            " after_deflated = excluded.after_deflated",
            (record.article.id, record.version, rest.plain, rest.deflated, trailer(whole), *after),
        )

    def number_of(self, path: str) -> int:
        """The number of an article that no newsroom numbers: the same for a path for ever."""
        self._public.execute("INSERT INTO numbers (path) VALUES (?) ON CONFLICT DO NOTHING", (path,))
        row = self._public.execute("SELECT id FROM numbers WHERE path = ?", (path,)).fetchone()
        return int(row[0])

    def known_number(self, path: str) -> int:
        """The number of an article that has one by its path; 0 where it has none."""
        row = self._public.execute("SELECT id FROM numbers WHERE path = ?", (path,)).fetchone()
        return int(row[0]) if row else 0

    def put_listing(self, path: str, html: str, content_type: str = HTML) -> None:
        """Store a page without a fold, or a list that machines read."""
        with self._replacing(path, "page", {} if content_type == HTML else {"type": content_type}):
            self._put_fragments(path, {"body": Fragment.of(html)})

    def put_feed(self, sheet: Sheet, title: str, items: Sequence[int]) -> None:
        """Store a list that machines read: its title, and the articles with these numbers."""
        facts = {"type": sheet.content_type, "modified": sheet.modified, "title": title, "items": list(items)}
        with self._replacing(sheet.path, "page", facts):
            self._put_fragments(sheet.path, {"body": sheet.body})

    def items(self, articles: Sequence[int]) -> tuple[FeedItem, ...]:
        """What feeds say of articles, in their order; those without a record are left out."""
        return _items(self._public, articles)

    def listing(self, path: str) -> str | None:
        """What `put_listing` stored, to tell whether it changed."""
        row = self._public.execute("SELECT plain FROM fragments WHERE path = ? AND name = 'body'", (path,)).fetchone()
        return row[0].decode() if row else None

    def put_redirect(self, path: str, to: str) -> None:
        """Let an old path lead to a new one."""
        with self._replacing(path, "redirect", {"to": to}):
            pass

    def put_gone(self, path: str) -> None:
        """Withdraw whatever stands at a path: it answers 410, and nothing of it stays sealed."""
        row = self._public.execute("SELECT article FROM records WHERE path = ?", (path,)).fetchone()
        with self._replacing(path, "gone", {}):
            pass
        if row and row[0]:
            self._sealed.execute("DELETE FROM rests WHERE article = ?", (row[0],))

    def settle(self) -> None:
        """Bring the files up to date with their logs, which still hold what was taken down. Where a reader is just
        then in the middle of one, it happens by itself later."""
        for connection in (self._public, self._sealed):
            overwrite(connection)

    def delete(self, path: str) -> None:
        """Forget a path: it answers 404."""
        self._public.execute("DELETE FROM records WHERE path = ?", (path,))

    def versions(self) -> dict[int, int]:
        """The stored version of each article."""
        rows = self._public.execute("SELECT article, version FROM records WHERE kind = 'article'")
        return dict(rows.fetchall())

    def paths(self, kind: str) -> set[str]:
        """Every path of one kind of record."""
        return {path for (path,) in self._public.execute("SELECT path FROM records WHERE kind = ?", (kind,))}

    @contextmanager
    def _replacing(
        self, path: str, kind: str, facts: Mapping[str, object], article: int = 0, version: int = 0
    ) -> Iterator[None]:
        with transaction(self._public, path.encode()):
            self._public.execute("DELETE FROM records WHERE path = ?", (path,))
            self._public.execute(
                "INSERT INTO records (path, kind, article, version, facts) VALUES (?, ?, ?, ?, ?)",
                (path, kind, article, version, json.dumps(facts)),
            )
            yield

    def _put_fragments(self, path: str, fragments: Mapping[str, Fragment]) -> None:
        self._public.executemany(
            "INSERT INTO fragments (path, name, plain, deflated) VALUES (?, ?, ?, ?)",
            [(path, name, fragment.plain, fragment.deflated) for name, fragment in fragments.items()],
        )
