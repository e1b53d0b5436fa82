"""What an origin answered last for an article: all of it, so it lies with what is sealed, and is sent to nobody."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from foldline.errors import StoreUnavailable
from foldline.stores.database import sqlite
from foldline.stores.home import Home

#: Bytes of all pages together. What was asked for longest ago goes first.
MOST_BYTES = 512 << 20
#: That a page was asked for is written down once in so many seconds.
NOTED_EACH = 60
#: Nobody's question is under way for longer, in seconds: what was told of a page that long ago has done its work.
TOLD_FOR = 3600
#: What stands for every page where something is told.
EVERY_PAGE = b""

#: Nothing was told of a page since it was asked for. A moment in the future was told by a clock that has since been set
#: back. Its values: the page, when it was asked for, when the answer came.
_UNTOLD = "NOT EXISTS (SELECT 1 FROM told WHERE page IN (?, x'') AND (withdrawn OR (at >= ? AND at <= ? + 1)))"


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """One answer. `page` names the article; `fetched_at` is when these bytes came, `checked_at` when the origin last
    said that they hold, `fresh_until` how long nobody needs to ask (epoch seconds). `digest` changes with the bytes.

    `location` is where a redirect leads: a path of the site itself, or a whole URL elsewhere.
    """

    page: bytes
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    digest: str
    fetched_at: int
    checked_at: int
    fresh_until: int
    etag: bytes = b""
    last_modified: bytes = b""
    location: str = ""


class FetchedPages:
    """Reads in the thread of its user, writes from any. Several processes may use one file."""

    def __init__(self, home: Home, most: int = MOST_BYTES) -> None:
        self._reading = sqlite(home.fetched_db, read_only=True)
        self._writing = sqlite(home.fetched_db)
        # What is taken down must not lie in free pages of the file.
        self._writing.execute("PRAGMA secure_delete = ON")
        self._lock = threading.Lock()
        self._most = most

    def close(self) -> None:
        """Let go of the file, once nobody writes."""
        with self._lock:
            self._reading.close()
            self._writing.close()

    def get(self, page: bytes) -> FetchedPage | None:
        """What is kept of a page.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        try:
            row = self._reading.execute(
                "SELECT status, headers, body, digest, fetched_at, checked_at, fresh_until, etag, last_modified "
                "FROM fetched WHERE page = ?",
                (page,),
            ).fetchone()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"fetched pages: {error}") from error
        if row is None:
            return None
        status, headers, body, digest, fetched_at, checked_at, fresh_until, etag, modified = row
        fields = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in json.loads(headers))
        return FetchedPage(page, status, fields, body, digest, fetched_at, checked_at, fresh_until, etag, modified)

    def put(self, page: FetchedPage, asked_at: float) -> bool:
        """Keep an answer in place of the one before, and let go of what has no room. False where another process has
        heard from the origin since this one asked, at `asked_at`: what it heard is newer; and where the origin has told
        since then that the page is another now, or is withdrawn.

        Raises:
            StoreUnavailable: it can't be written.
        """
        headers = json.dumps([(name.decode("latin-1"), value.decode("latin-1")) for name, value in page.headers])
        size = len(page.body) + len(headers) + len(page.page)
        row = (page.page, page.status, headers, page.body, page.digest, page.fetched_at, page.checked_at)
        written = self._write(
            "INSERT INTO fetched (page, status, headers, body, digest, fetched_at, checked_at, fresh_until,"
            f" etag, last_modified, size, used_at) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE {_UNTOLD}"
            " ON CONFLICT (page) DO UPDATE SET status = excluded.status, headers = excluded.headers,"
            " body = excluded.body, digest = excluded.digest, fetched_at = excluded.fetched_at,"
            " checked_at = excluded.checked_at, fresh_until = excluded.fresh_until, etag = excluded.etag,"
            " last_modified = excluded.last_modified, size = excluded.size, used_at = excluded.used_at"
            # What was heard in the future was heard by a clock that has since been set back.
            " WHERE fetched.checked_at <= ? OR fetched.checked_at > ?",
            (
                *(*row, page.fresh_until, page.etag, page.last_modified, size, page.checked_at),
                *(page.page, asked_at, page.checked_at),
                *(asked_at, page.checked_at),
            ),
            trim=True,
        )
        return written > 0

    def still(self, page: bytes, digest: str, checked_at: int, fresh_until: int, asked_at: float) -> None:
        """The origin said that what is kept holds, when it was asked at `asked_at`.

        Raises:
            StoreUnavailable: it can't be written.
        """
        change = "UPDATE fetched SET checked_at = ?, fresh_until = ?, used_at = ? WHERE page = ? AND digest = ?"
        self._write(
            f"{change} AND {_UNTOLD}", (checked_at, fresh_until, checked_at, page, digest, page, asked_at, checked_at)
        )

    def used(self, page: bytes, now: int) -> None:
        """A page was shown without asking the origin, because it does not answer.

        Raises:
            StoreUnavailable: it can't be written.
        """
        self._write("UPDATE fetched SET used_at = ? WHERE page = ? AND used_at < ?", (now, page, now - NOTED_EACH))

    def expire(self, page: bytes) -> None:
        """Ask the origin before this page is used again.

        Raises:
            StoreUnavailable: it can't be written.
        """
        self._write("UPDATE fetched SET fresh_until = 0 WHERE page = ?", (page,))

    def drop(self, page: bytes) -> None:
        """Nothing of a page is kept any more.

        Raises:
            StoreUnavailable: it can't be written.
        """
        self._write("DELETE FROM fetched WHERE page = ?", (page,))

    def tell(self, changed: Iterable[bytes], withdrawn: Iterable[bytes], now: float) -> None:
        """The origin says that pages are others now, or are for nobody any more. All of it or nothing.

        What has changed is asked for before it is used again; where the origin does not answer then, it is still the
        last good. Of what is withdrawn nothing is kept until it is told of again as changed, by its own name. A page
        here is a path: all that it is asked with goes with it. `EVERY_PAGE` stands for all that are not withdrawn.

        Raises:
            StoreUnavailable: it can't be written.
        """
        with self._lock:
            try:
                self._writing.execute("BEGIN IMMEDIATE")
                try:
                    self._writing.execute("DELETE FROM told WHERE NOT withdrawn AND at < ?", (now - TOLD_FOR,))
                    for page in changed:
                        self._told(page, now, withdrawn=False)
                    for page in withdrawn:
                        self._told(page, now, withdrawn=True)
                except BaseException:
                    self._writing.execute("ROLLBACK")
                    raise
                self._writing.execute("COMMIT")
            except sqlite3.Error as error:
                raise StoreUnavailable(f"fetched pages: {error}") from error

    def settle(self) -> None:
        """As `stores.records.RecordWriter.settle`."""
        self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def withdrawn(self) -> frozenset[bytes]:
        """The paths that the origin has withdrawn.

        Raises:
            StoreUnavailable: the file can't be read.
        """
        try:
            rows = self._reading.execute("SELECT page FROM told WHERE withdrawn").fetchall()
        except sqlite3.Error as error:
            raise StoreUnavailable(f"fetched pages: {error}") from error
        return frozenset(page for (page,) in rows)

    def _told(self, page: bytes, now: float, *, withdrawn: bool) -> None:
        self._writing.execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?)", (page, now, withdrawn))
        if page == EVERY_PAGE:
            self._writing.execute("UPDATE fetched SET fresh_until = 0")
            return
        # A range and no LIKE: paths hold `%` and `_`. `@` is what follows `?` in ASCII.
        kept = (page, page + b"?", page + b"@")
        where = "WHERE page = ? OR (page >= ? AND page < ?)"
        change = "DELETE FROM fetched" if withdrawn else "UPDATE fetched SET fresh_until = 0"
        self._writing.execute(f"{change} {where}", kept)

    def weight(self) -> int:
        """Bytes of all that is kept."""
        return int(self._reading.execute("SELECT coalesce(sum(size), 0) FROM fetched").fetchone()[0])

    def _write(self, statement: str, values: tuple[object, ...], *, trim: bool = False) -> int:
        with self._lock:
            try:
                self._writing.execute("BEGIN IMMEDIATE")
                try:
                    rows = self._writing.execute(statement, values).rowcount
                    if trim:
                        self._trim()
                except BaseException:
                    self._writing.execute("ROLLBACK")
                    raise
                self._writing.execute("COMMIT")
                return rows
            except sqlite3.Error as error:
                raise StoreUnavailable(f"fetched pages: {error}") from error

    def _trim(self) -> None:
        over = self._writing.execute("SELECT coalesce(sum(size), 0) FROM fetched").fetchone()[0] - self._most
        if over <= 0:
            return
        oldest = self._writing.execute("SELECT page, size FROM fetched ORDER BY used_at, rowid").fetchall()
        for page, size in oldest:
            if over <= 0:
                break
            self._writing.execute("DELETE FROM fetched WHERE page = ?", (page,))
            over -= size
