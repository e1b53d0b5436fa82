"""What a meter store is asked to count, and what follows from the rows that it holds. Pure: every store settles by it.

Whoever is counted is an *owner*: a keyed hash of a reader's key, or of a device's number. An article is a keyed hash
too, mixed with the hash of the owner who read it (the row's *salt*), so that the same article is another hash for
everybody. A row that a device hands to a reader keeps its salt, because nobody knows which article stands behind a
hash; with the salt it can still be told whether a given article is the one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from foldline.signed.keys import Keyring

#: The hashes of one owner: under the newest secret first, then under those that are still verified.
Owner = tuple[bytes, ...]

READER, DEVICE = b"reader", b"device"


def reader_owner(keyring: Keyring, reader: bytes) -> Owner:
    """How the store knows a reader, by the key that stands in their passes."""
    return keyring.owner_hashes(READER, reader)


def device_owner(keyring: Keyring, device: bytes) -> Owner:
    """How the store knows a device, by the number that its meter carries."""
    return keyring.owner_hashes(DEVICE, device)


def article_names(keyring: Keyring, article: int) -> Callable[[bytes], tuple[bytes, ...]]:
    """What stands for an article, by the salt that it is mixed with."""
    name = article.to_bytes(8, "big")
    return lambda salt: keyring.name_hashes(salt, name)


class Row(NamedTuple):
    """One article that `owner` has read. `handed` tells that a device's row was handed to a reader already."""

    owner: bytes
    salt: bytes
    article: bytes
    handed: bool = False


class Charge(NamedTuple):
    """Count one article for `owner` in a window of a meter, up to `limit` articles.

    `window` is its number, `ends` its end in epoch seconds; `names` gives the article's hashes by salt. `device` is
    where the visit came from, `articles` what its cookie remembers of this meter and window, and `hidden` how many more
    the cookie counts: evidence in case the store knows less. A device that counts for itself is its own owner.
    """

    owner: Owner
    meter: str
    window: int
    ends: int
    limit: int
    names: Callable[[bytes], tuple[bytes, ...]]
    device: Owner = ()
    articles: tuple[bytes, ...] = ()
    hidden: int = 0

    @property
    def for_device(self) -> bool:
        return self.owner == self.device

    @property
    def owners(self) -> tuple[bytes, ...]:
        """Everybody whose rows are needed."""
        return tuple(dict.fromkeys((*self.owner, *self.device)))


class Counted(NamedTuple):
    """What a spend did: `counted` is False where it was refused, `before` tells that the article had been counted
    already. `articles` are what a device's cookie may remember from now on."""

    counted: bool
    used: int
    before: bool = False
    could_count: bool = True
    articles: tuple[bytes, ...] = ()


class Settled(NamedTuple):
    """What to write for a charge, in this order, and what to answer. `hand` are device rows to mark as handed."""

    counted: Counted
    insert: tuple[Row, ...] = ()
    hand: tuple[Row, ...] = ()
    delete: tuple[Row, ...] = ()


def settle(charge: Charge, rows: Sequence[Row]) -> Settled:
    """Settle a charge by the rows of all its owners in this meter and window, in the order in which they were written.

    Must be called, and its outcome written, while nobody else can write rows of these owners.
    """
    carried = _carried(charge, rows)
    kept = [row for row in rows if row.owner in charge.device] + carried
    if charge.for_device:
        return _count(charge, kept, carried)
    own = [row for row in rows if row.owner in charge.owner]
    own, taken, handed = _hand_over(charge, own, kept)
    marked = [row._replace(handed=True) if row in handed else row for row in carried]
    return _count(charge, own, [*marked, *taken])._replace(hand=tuple(row for row in handed if row not in carried))


def _carried(charge: Charge, rows: Iterable[Row]) -> list[Row]:
    """Rows of the device that only its cookie knows: they were counted, and the store has lost them."""
    known = {row.article for row in rows if row.owner in charge.device}
    missing = [article for article in dict.fromkeys(charge.articles) if article not in known]
    return [Row(charge.device[0], charge.device[0], article) for article in missing] if charge.device else []


def _hand_over(charge: Charge, own: list[Row], kept: Iterable[Row]) -> tuple[list[Row], list[Row], list[Row]]:
    """(the reader's rows afterwards, those among them that are new, the device's rows that were handed over). Each row
    is handed over once: who signs in later on the same device is not charged for it again."""
    handed = [row for row in kept if not row.handed]
    known = {row.article for row in own}
    salts = {row.article: row.salt for row in handed if row.article not in known}
    taken = [Row(charge.owner[0], salt, article) for article, salt in salts.items()]
    return [*own, *taken], taken, handed


def _count(charge: Charge, own: list[Row], written: list[Row]) -> Settled:
    """Count the article among the owner's rows, of which `written` are new (the device's own may be among them)."""
    salts = dict.fromkeys((*charge.owner, *charge.device, *(row.salt for row in own)))
    names = {name for salt in salts for name in charge.names(salt)}
    found = [row for row in own if row.article in names]
    if found:
        # Read by the reader and handed over by a device: it was one article all along.
        doubled = found[1:]
        insert = tuple(row for row in written if row not in doubled)
        delete = tuple(row for row in doubled if row not in written)
        left = [row for row in own if row not in doubled]
        return Settled(Counted(True, _used(charge, left), True, articles=_told(charge, left)), insert, delete=delete)
    used = _used(charge, own)
    if used >= charge.limit:
        return Settled(Counted(False, used, articles=_told(charge, own)), tuple(written))
    new = Row(charge.owner[0], charge.owner[0], charge.names(charge.owner[0])[0])
    told = _told(charge, own)
    if charge.for_device:
        told = (*told, new.article)
    return Settled(Counted(True, used + 1, articles=told), (*written, new))


def _used(charge: Charge, own: Sequence[Row]) -> int:
    if not charge.for_device:
        return len(own)
    # A store that was put back to an older copy knows less than the cookie: the higher of the two counts.
    return max(len(own), charge.hidden + len(charge.articles))


def _told(charge: Charge, own: Sequence[Row]) -> tuple[bytes, ...]:
    """What a device may remember: what its cookie holds, and what came later. The first `hidden` rows are what it was
    made to forget."""
    if not charge.for_device:
        return ()
    return tuple(dict.fromkeys((*charge.articles, *(row.article for row in own[charge.hidden :]))))
