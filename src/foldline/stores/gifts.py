"""Gifts: who gave which article, on how many devices each was opened, and which were taken back.

They lie beside the meter. Each call is one transaction: it raises StoreUnavailable, and has then done nothing or all.
"""

from __future__ import annotations

from typing import NamedTuple

from foldline.errors import StoreUnavailable
from foldline.signed.counting import Owner
from foldline.signed.gift import GiftLink, Redeemed, Redemption
from foldline.stores.database import FAILURES, Connection, row_lock
from foldline.stores.meter_file import MeterFile

#: The longest name that a giver may have shown, in characters.
LONGEST_NAME = 60

_COLUMNS = "gift, article, made_at, ends, most, opened, taken_back, giver, published"

#: Gifts that have ended and count in no month that runs, and openers of gifts that have ended.
_OVER = "ends <= ? AND counts_until <= ?"
_FORGOTTEN = "gift NOT IN (SELECT gift FROM foldline_gifts WHERE ends > ?)"


class Giving(NamedTuple):
    """Give an article. `number` is a new random one; `month` is the number of the month that it counts in, and
    `counts_until` its end; `most` is how many devices may open it, `per_month` how many articles the owner may give."""

    number: bytes
    owner: Owner
    article: int
    month: int
    counts_until: int
    now: int
    ends: int
    most: int
    per_month: int
    giver: str = ""


class Given(NamedTuple):
    """One gift as it stands. Moments are epoch seconds; `taken_back` is 0 for one that was not."""

    number: bytes
    article: int
    made_at: int
    ends: int
    most: int
    opened: int
    taken_back: int
    giver: str
    published: bool

    @property
    def link(self) -> GiftLink:
        return GiftLink(self.number, self.article, self.ends)

    def runs(self, now: int) -> bool:
        """Whether its link may still open something, were anybody left to open it."""
        return not self.taken_back and self.ends > now


class Gave(NamedTuple):
    """What became of a wish to give. `gift` is None where the month's number is spent; `used` counts this one; `before`
    tells that it had been given already, and cost nothing now."""

    gift: Given | None
    used: int
    before: bool = False


class SqliteGifts(MeterFile):
    """The store of gifts, beside the meter. Not to be asked by two threads at once."""

    def give(self, giving: Giving) -> Gave:
        """Give an article, once a month for each owner: the same one again is the same gift while it runs."""
        with self._transaction(*giving.owner) as connection:
            marks = _marks(giving.owner)
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM foldline_gifts WHERE owner IN ({marks}) AND month = ?",  # noqa: S608 - marks
                (*giving.owner, giving.month),
            ).fetchall()
            mine = [_given(row) for row in rows]
            for gift in mine:
                if gift.article == giving.article and gift.runs(giving.now):
                    return Gave(gift, len(mine), True)
            if len(mine) >= giving.per_month:
                return Gave(None, len(mine))
            return Gave(_insert(connection, giving, giving.owner[0], published=False), len(mine) + 1)

    def publish(self, giving: Giving) -> Given:
        """A gift of the publication's own, beside every quota."""
        with self._transaction(giving.number) as connection:
            return _insert(connection, giving, b"", published=True)

    def redeem(self, redemption: Redemption) -> Redeemed:
        """Count a device once, and never more devices than the gift is for, whoever else opens it at the same time."""
        with self._transaction(redemption.number) as connection:
            found = _one(connection, redemption.number)
            if found is None or found.article != redemption.article or not found.runs(redemption.now):
                return Redeemed(False)
            opened = Redeemed(True, giver=found.giver, ends=found.ends, published=found.published)
            before = connection.execute(
                f"SELECT 1 FROM foldline_gift_openers WHERE gift = ? AND opener IN ({_marks(redemption.openers)})",  # noqa: S608 - marks
                (redemption.number, *redemption.openers),
            ).fetchone()
            if before is not None:
                return opened._replace(before=True)
            if redemption.again or found.opened >= found.most:
                return Redeemed(False)
            connection.execute(
                "INSERT INTO foldline_gift_openers (gift, opener) VALUES (?, ?)",
                (redemption.number, redemption.openers[0]),
            )
            connection.execute("UPDATE foldline_gifts SET opened = opened + 1 WHERE gift = ?", (redemption.number,))
            return opened

    def of(self, owner: Owner) -> tuple[Given, ...]:
        """What somebody gave, the newest first."""
        query = f"SELECT {_COLUMNS} FROM foldline_gifts WHERE owner IN ({_marks(owner)}) ORDER BY id DESC"  # noqa: S608
        with self._transaction() as connection:
            return tuple(_given(row) for row in connection.execute(query, owner))

    def over(self, now: int) -> tuple[int, int]:
        """(gifts, openers) beyond their time: what `prune` would delete."""
        with self._transaction() as connection:
            gifts = connection.execute(f"SELECT COUNT(*) FROM foldline_gifts WHERE {_OVER}", (now, now)).fetchone()[0]  # noqa: S608
            openers = connection.execute(f"SELECT COUNT(*) FROM foldline_gift_openers WHERE {_FORGOTTEN}", (now,))  # noqa: S608
            return gifts, openers.fetchone()[0]

    def published(self) -> tuple[Given, ...]:
        """What the publication gave, the newest first."""
        query = f"SELECT {_COLUMNS} FROM foldline_gifts WHERE published = 1 ORDER BY id DESC"  # noqa: S608
        with self._transaction() as connection:
            return tuple(_given(row) for row in connection.execute(query))

    def used(self, owner: Owner, month: int) -> int:
        """How many articles somebody gave in a month."""
        query = f"SELECT COUNT(*) FROM foldline_gifts WHERE owner IN ({_marks(owner)}) AND month = ?"  # noqa: S608
        with self._transaction() as connection:
            count: int = connection.execute(query, (*owner, month)).fetchone()[0]
            return count

    def take_back(self, number: bytes, now: int, owner: Owner = ()) -> Given | None:
        """Take a gift back: its owner's, or without one the publication's own. None for what is not theirs; done twice
        it is the same. Whoever opened it is forgotten."""
        with self._transaction(number) as connection:
            whose = f"owner IN ({_marks(owner)})" if owner else "published = 1"
            connection.execute(
                f"UPDATE foldline_gifts SET taken_back = ? WHERE gift = ? AND taken_back = 0 AND {whose}",  # noqa: S608
                (now, number, *owner),
            )
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM foldline_gifts WHERE gift = ? AND {whose}",  # noqa: S608 - marks
                (number, *owner),
            ).fetchone()
            if row is None:
                return None
            connection.execute("DELETE FROM foldline_gift_openers WHERE gift = ?", (number,))
        self._overwrite()
        return _given(row)

    def forget(self, owner: Owner, now: int) -> tuple[GiftLink, ...]:
        """Forget who gave: their gifts are taken back, and stay without a name until they would have ended, so that
        what they opened closes. Which ones."""
        with self._transaction(*owner) as connection:
            where = f"owner IN ({_marks(owner)})"
            rows = connection.execute(f"SELECT {_COLUMNS} FROM foldline_gifts WHERE {where}", owner).fetchall()  # noqa: S608
            gifts = [_given(row).link for row in rows]
            connection.execute(
                f"UPDATE foldline_gifts SET owner = ?, giver = '', taken_back = ? WHERE {where}",  # noqa: S608
                (b"", now, *owner),
            )
            connection.executemany(
                "DELETE FROM foldline_gift_openers WHERE gift = ?", [(gift.number,) for gift in gifts]
            )
        self._overwrite()
        return tuple(gifts)

    def taken_back(self, now: int) -> tuple[tuple[bytes, int], ...]:
        """(number, end) of the gifts whose openings may run and must not. It waits for nobody who writes."""
        query = "SELECT gift, ends FROM foldline_gifts WHERE ends > ? AND taken_back > 0"
        try:
            return tuple(self._open().execute(query, (now,)).fetchall())
        except (*FAILURES, OSError) as error:
            self.close()
            raise StoreUnavailable(f"gifts: {error}") from error

    def prune(self, now: int) -> int:
        """Delete who opened what has ended, and gifts that count nowhere any more. How many rows there were."""
        with self._transaction() as connection:
            deleted = connection.execute(f"DELETE FROM foldline_gift_openers WHERE {_FORGOTTEN}", (now,)).rowcount  # noqa: S608
            deleted += connection.execute(f"DELETE FROM foldline_gifts WHERE {_OVER}", (now, now)).rowcount  # noqa: S608
        self._overwrite()
        return deleted


def _insert(connection: Connection, giving: Giving, owner: bytes, *, published: bool) -> Given:
    connection.execute(
        "INSERT INTO foldline_gifts (gift, owner, published, article, month, counts_until, made_at, ends, most, giver)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            giving.number,
            owner,
            published,
            giving.article,
            giving.month,
            giving.counts_until,
            giving.now,
            giving.ends,
            giving.most,
            giving.giver[:LONGEST_NAME],
        ),
    )
    found = _one(connection, giving.number)
    assert found is not None
    return found


def _one(connection: Connection, number: bytes) -> Given | None:
    query = f"SELECT {_COLUMNS} FROM foldline_gifts WHERE gift = ?{row_lock(connection)}"  # noqa: S608 - constants
    row = connection.execute(query, (number,)).fetchone()
    return _given(row) if row is not None else None


def _given(row: tuple[bytes, int, int, int, int, int, int, str, int]) -> Given:
    number, article, made_at, ends, most, opened, taken_back, giver, published = row
    return Given(number, article, made_at, ends, most, opened, taken_back, giver, bool(published))


def _marks(values: tuple[bytes, ...]) -> str:
    return ",".join("?" * len(values))
