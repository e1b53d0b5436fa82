"""The till's objects in one SQLite file: read, written and answered once per key, in one transaction each."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from foldline.site.billing.provider import Declined, NotAtProvider
from foldline.site.billing.till.delivery import Delivery, next_try, plan

Object = dict[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS object (
    seq INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, owner TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS object_owner ON object (kind, owner);
CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, question TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notice (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, subscription TEXT NOT NULL, created INTEGER NOT NULL,
    due_at INTEGER, newest_first INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL
);
"""


#: What objects of books that are older do not have.
_LATER: Mapping[str, Object] = MappingProxyType(
    {
        "checkout": {"code": "", "first_amount": 0, "first_intervals": 0, "promotion_codes": False, "tax": "none"},
        "subscription": {"off": 0, "off_left": 0, "off_until": None, "tax": "none"},
        "invoice": {"tax": 0},
    }
)


class Objects:
    """Checkouts, customers, subscriptions, invoices and notices. `owner` is by whom a kind is looked up."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All of the block is kept, or nothing."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def put(self, kind: str, owner: str, body: Object) -> None:
        """Write an object, new or not."""
        with self._lock:
            self._db.execute(
                "INSERT INTO object (id, kind, owner, body) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
                (body["id"], kind, owner, json.dumps(body)),
            )

    def get(self, kind: str, name: str) -> Object:
        """One object.

        Raises:
            NotAtProvider: there is none.
        """
        with self._lock:
            row = self._db.execute("SELECT body FROM object WHERE kind = ? AND id = ?", (kind, name)).fetchone()
        if row is None:
            raise NotAtProvider(kind)
        found: Object = json.loads(row[0])
        return {**_LATER.get(kind, {}), **found}

    def all(self, kind: str, owner: str | None = None) -> list[Object]:
        """Every object of a kind, oldest first; of one owner where `owner` is given."""
        question = "SELECT body FROM object WHERE kind = ?1 AND (?2 IS NULL OR owner = ?2) ORDER BY seq"
        with self._lock:
            return [{**_LATER.get(kind, {}), **json.loads(row[0])} for row in self._db.execute(question, (kind, owner))]

    def answered(self, key: str, question: Object) -> Object | None:
        """What was answered when `key` came first.

        Raises:
            Declined: `idempotency`, the key came with another question.
        """
        with self._lock:
            row = self._db.execute("SELECT question, answer FROM answer WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        if row[0] != json.dumps(question, sort_keys=True):
            raise Declined("idempotency")
        answer: Object = json.loads(row[1])
        return answer

    def remember(self, key: str, question: Object, answer: Object) -> None:
        with self._lock:
            asked = json.dumps(question, sort_keys=True)
            self._db.execute("INSERT INTO answer VALUES (?, ?, ?)", (key, asked, json.dumps(answer)))

    @property
    def delivery(self) -> Delivery:
        with self._lock:
            row = self._db.execute("SELECT value FROM setting WHERE name = 'delivery'").fetchone()
        return Delivery(row[0]) if row else Delivery.AT_ONCE

    @delivery.setter
    def delivery(self, value: Delivery) -> None:
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO setting VALUES ('delivery', ?)", (value.value,))

    def tell(self, kind: str, subscription: str, now: int) -> None:
        """Note down a notice; it is sent as the delivery set now has it."""
        planned = plan(self.delivery, now)
        name = f"evt_{secrets.token_hex(12)}"
        state = "held" if planned.due_at is None else "waiting"
        row = (name, kind, subscription, now, planned.due_at, planned.newest_first, state)
        with self._lock:
            self._db.executemany(
                "INSERT INTO notice (id, kind, subscription, created, due_at, newest_first, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [row] * planned.copies,
            )

    def due_notices(self, now: int) -> list[Object]:
        """What is to be sent, in its order."""
        with self._lock:
            rows = self._db.execute(
                "SELECT seq, id, kind, subscription, created, tries FROM notice WHERE state = 'waiting' "
                "AND due_at <= ? ORDER BY CASE WHEN newest_first THEN -seq ELSE seq END LIMIT 100",
                (now,),
            ).fetchall()
        names = ("seq", "id", "kind", "subscription", "created", "tries")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def notice_sent(self, notice: Object, taken: bool, now: int) -> None:
        """What came of a try."""
        tries = notice["tries"] + 1
        due = None if taken else next_try(tries, now)
        state = "told" if taken else "waiting" if due is not None else "given up"
        with self._lock:
            self._db.execute(
                "UPDATE notice SET tries = ?, due_at = ?, state = ? WHERE seq = ?", (tries, due, state, notice["seq"])
            )

    def release(self, now: int) -> None:
        """Send what was held back or given up."""
        with self._lock:
            self._db.execute(
                "UPDATE notice SET state = 'waiting', due_at = ?, tries = 0 WHERE state IN ('held', 'given up')", (now,)
            )

    def last_notices(self, most: int = 40) -> list[Object]:
        """The newest notices, newest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, kind, subscription, created, tries, state FROM notice ORDER BY seq DESC LIMIT ?", (most,)
            ).fetchall()
        names = ("id", "kind", "subscription", "created", "tries", "state")
        return [dict(zip(names, row, strict=True)) for row in rows]
