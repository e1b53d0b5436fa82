"""A connection to PostgreSQL that behaves as a store expects: bounded in time, found again after a loss, and silent
about what was asked. Imported only where a publication lies there."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, TypeVar

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import TransactionStatus

from foldline.stores.address import Address, Schema
from foldline.stores.database import LOCK_SECONDS, Failed
from foldline.stores.postgres_session import Bounded, Limits, opened

Result = TypeVar("Result")

#: The least that a statement may take, in seconds, however short its user waits: a network and a busy server are
#: slower than a file. And how long one may take that nobody waits for.
SHORTEST, LONGEST = 1.0, 60.0
#: Nobody tries to connect again so soon after a failure, in seconds, each time longer up to the second figure.
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0

#: Class 08 is about connections, 57P about a server that ends or starts, 25006 about one that became a copy.
_LOST = ("08", "57P", "25006")
#: No such table, column or schema.
_NOT_MADE = ("42P01", "42703", "3F000")


class _Truth(Dumper):
    """True and False as a 1 and a 0 that fit a column of numbers and one of truths."""

    oid = 0

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"


class Rows(psycopg.Cursor[tuple[Any, ...]]):
    """What was found; nothing where a statement finds nothing by its nature, as SQLite says it."""

    def fetchone(self) -> tuple[Any, ...] | None:
        return super().fetchone() if self.description else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        return super().fetchall() if self.description else []


class _Pauses:
    """When a server that could not be reached is tried again: by all connections of a process together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed: dict[Address, tuple[float, float]] = {}

    def check(self, address: Address) -> None:
        """Raises Failed while the server is left alone."""
        with self._lock:
            until, _ = self._failed.get(address, (0.0, 0.0))
        if time.monotonic() < until:
            raise Failed("left alone after a failure to connect")

    def failed(self, address: Address) -> None:
        with self._lock:
            _, pause = self._failed.get(address, (0.0, FIRST_PAUSE / 2))
            pause = min(2 * pause, LONGEST_PAUSE)
            self._failed[address] = (time.monotonic() + pause, pause)

    def well(self, address: Address) -> None:
        with self._lock:
            self._failed.pop(address, None)


_pauses = _Pauses()


class PostgresConnection:
    """A `Connection` to a schema. A connection that was lost while nothing was under way is made anew when it is asked
    to read or to begin; what was under way fails."""

    def __init__(self, place: Schema, *, read_only: bool = False, timeout: float = LOCK_SECONDS) -> None:
        """Nothing is connected before something is asked."""
        self._place = place
        self._statement = max(SHORTEST, timeout) if timeout < LOCK_SECONDS else LONGEST
        self._read_only = read_only
        self._lock = timeout
        self._begun = False
        self._raw: Bounded | None = None

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> psycopg.Cursor[tuple[Any, ...]]:
        """One statement; `?` stands for each of the parameters."""
        query = spelled(sql)
        return self._asked(lambda raw: raw.execute(query, parameters), again=sql.startswith("SELECT"))

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> psycopg.Cursor[tuple[Any, ...]]:
        """One statement for each row of parameters; `rowcount` is of all of them."""
        query, rows = spelled(sql), list(parameters)

        def ask(raw: Bounded) -> psycopg.Cursor[tuple[Any, ...]]:
            cursor = raw.cursor()
            cursor.executemany(query, rows)
            return cursor

        return self._asked(ask)

    def script(self, text: str) -> None:
        """Several statements without values."""
        self._asked(lambda raw: raw.execute(text.encode()))

    def begin(self, keys: Iterable[bytes] = ()) -> None:
        """Begin a transaction that holds the locks of these keys, or the schema's own, until its end. They are taken in
        one order, so that two who want the same never wait for each other."""
        locks = sorted({lock_number(b"%s:%s" % (self._place.name.encode(), key)) for key in keys or (b"",)})
        taken = "".join(f"; SELECT pg_advisory_xact_lock({number})" for number in locks)
        try:
            self._asked(lambda raw: raw.execute(f"BEGIN{taken}".encode()), again=True)
        except Failed:
            self.roll_back()
            raise
        self._begun = True

    def commit(self) -> None:
        """End a transaction with its effects. Raises Failed where it has none, because something in it failed."""
        try:
            said = self._asked(lambda raw: raw.execute(b"COMMIT")).statusmessage
        finally:
            self._begun = False
        if said != "COMMIT":
            raise Failed("the transaction was rolled back")

    def roll_back(self) -> None:
        """End a transaction without its effects; where the connection is lost it has ended already."""
        self._begun = False
        raw = self._raw
        try:
            if raw is not None and not raw.closed and raw.info.transaction_status != TransactionStatus.IDLE:
                raw.execute(b"ROLLBACK")
        except psycopg.Error:
            self.close()

    def close(self) -> None:
        """Let go of the server. What is asked afterwards connects anew."""
        if self._raw is not None:
            self._raw.close()
            self._raw = None

    def __del__(self) -> None:
        """Who lets go of a connection to a file has closed it, too."""
        self.close()

    def _asked(self, ask: Callable[[Bounded], Result], *, again: bool = False) -> Result:
        if self._raw is not None and not self._begun and _was_left(self._raw):
            self.close()
        if self._raw is not None:
            try:
                return ask(self._raw)
            except psycopg.Error as error:
                if self._begun or not _is_lost(error, self._raw):
                    raise failed(error) from None
                # Whoever asks next must not meet it again.
                self.close()
                if not again:
                    raise failed(error) from None
        self._raw = self._connect()
        try:
            return ask(self._raw)
        except psycopg.Error as error:
            raise failed(error) from None

    def _connect(self) -> Bounded:
        address = self._place.address
        _pauses.check(address)
        try:
            limits = Limits(self._lock, self._statement)
            raw = opened(address, self._place.name, limits, read_only=self._read_only)
        except psycopg.Error as error:
            _pauses.failed(address)
            raise failed(error) from None
        _pauses.well(address)
        raw.cursor_factory = Rows
        raw.adapters.register_dumper(bool, _Truth)
        return raw


def _was_left(raw: Bounded) -> bool:
    """Whether the server has let go of a connection on which nothing is under way: it says so, or ends it, unasked."""
    if raw.closed:
        return True
    # Not `select`, which knows no number from 1024 on: a worker holds thousands of readers' connections.
    looks = select.poll()
    looks.register(raw.fileno(), select.POLLIN)
    return bool(looks.poll(0))


def _is_lost(error: psycopg.Error, raw: Bounded) -> bool:
    """Whether an error is about the connection, and not about what was asked. A server that hangs is not asked again:
    whoever waits has waited long enough."""
    if isinstance(error, psycopg.errors._WaitTimeout):
        return False
    return raw.closed or (error.sqlstate or "").startswith(_LOST)


def failed(error: psycopg.Error) -> Failed:
    """The same in words without values: what PostgreSQL says of a row holds what stands in it."""
    what = error.diag.message_primary or str(error).partition("\n")[0] or type(error).__name__
    behind = ". Run `foldline migrate` first." if error.sqlstate in _NOT_MADE else ""
    return Failed(what + behind, error.sqlstate or "")


@lru_cache(maxsize=1024)
def spelled(sql: str) -> bytes:
    """A statement with `?` for its values as psycopg wants it. No text within it holds a question mark."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


def lock_number(name: bytes) -> int:
    """The number of an advisory lock; of two names that have the same, one waits for the other in vain."""
    return int.from_bytes(blake2b(name, digest_size=8, person=b"foldline").digest(), signed=True)
