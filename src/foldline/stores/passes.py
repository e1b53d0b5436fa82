"""Pass facts: what the store knows of a session. One indexed read. The site writes them; a worker moves their end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from foldline.errors import StoreUnavailable
from foldline.signed.reader_pass import PassFacts
from foldline.stores.database import FAILURES, Connection, connect, transaction
from foldline.stores.home import Home

#: How long a visit may wait for the store, in seconds.
DEADLINE = 0.05

#: How long a write of a worker may wait for another one, in seconds, and how many sessions it moves on at once.
WRITE_WAIT = 0.5
BATCH = 500


class Use(NamedTuple):
    """That a session was used: at an epoch second, on a day (an ordinal), and when it ends from now on."""

    at: int
    day: int
    until: int


def pack_products(product_ends: Mapping[int, int]) -> str:
    """The column `products`: `1:1767225600,2:0`."""
    return ",".join(f"{product}:{end}" for product, end in sorted(product_ends.items()))


def unpack_products(column: str) -> dict[int, int]:
    """What `pack_products` packed."""
    pairs = (pair.split(":") for pair in column.split(",") if pair)
    return {int(product): int(end) for product, end in pairs}


class PassStore:
    """Reads the facts of a session from the site's database."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._connection: Connection | None = None

    def facts(self, session: bytes) -> PassFacts | None:
        """The facts of a session; None where the store knows none.

        Raises:
            StoreUnavailable: the database can't be read in time.
        """
        try:
            if self._connection is None:
                self._connection = connect(self._home.site_db, read_only=True, timeout=DEADLINE)
            row = self._connection.execute(
                "SELECT reader, products, session_until, ended_at, used_on, payment_failed"
                " FROM foldline_pass_facts WHERE session = ?",
                (session.hex(),),
            ).fetchone()
            if row is None:
                return None
            products = unpack_products(row[1])
            return PassFacts(bytes.fromhex(row[0]), session, products, row[2], bool(row[3]), row[4], bool(row[5]))
        except (*FAILURES, ValueError) as error:
            self.close()
            raise StoreUnavailable(f"pass facts: {error}") from error

    def roll(self, uses: Mapping[bytes, Use]) -> None:
        """Move on the ends of sessions that were used. One that has ended meanwhile stays ended.

        Raises:
            StoreUnavailable: not everything could be written; doing it again is safe.
        """
        rows = [(use.until, use.until, use.day, use.day, session.hex(), use.at) for session, use in uses.items()]
        try:
            connection = connect(self._home.site_db, existing=True, timeout=WRITE_WAIT)
            try:
                for start in range(0, len(rows), BATCH):
                    with transaction(connection):
                        connection.executemany(
                            "UPDATE foldline_pass_facts SET"
                            " session_until = CASE WHEN session_until < ? THEN ? ELSE session_until END,"
                            " used_on = CASE WHEN used_on < ? THEN ? ELSE used_on END"
                            " WHERE session = ? AND ended_at = 0 AND session_until > ?",
                            rows[start : start + BATCH],
                        )
            finally:
                connection.close()
        except FAILURES as error:
            raise StoreUnavailable(f"pass facts: {error}") from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
